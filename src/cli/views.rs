//! `views`: a window of a recording beside its augmented views.

use super::arguments::ViewsArguments;
use super::{Unusable, usable, written};
use neurostream::config::{Config, SignalConfig};
use neurostream::dsp::Scaling;
use neurostream::format::atomic;
use neurostream::pipeline::{Excerpt, ExcerptError, MonotonicClock, Plan, configure, excerpt, open_source};
use neurostream::plot::{Chart, Colour, Curve, Panel};
use neurostream::source::Selection;
use neurostream::tui;
use neurostream::window::{Augmentation, Augmenter, WindowShape};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Channels shown where nobody names any.
const SHOWN: usize = 12;
/// Cells where the output is no terminal.
const WIDTH: u16 = 110;
/// Latest start, in seconds, where nobody names one: conditioning goes through all that lies before.
const LATEST_S: f64 = 60.0;
/// Colours that the colour-blind can tell apart too (Okabe & Ito, 2008).
const COLOURS: [Colour; 4] = [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167]];
const WINDOW: Colour = [40; 3];
/// The window below its views.
const BELOW: Colour = [185; 3];

/// Draws the window and its views, in the terminal and as a picture.
pub fn views(arguments: &ViewsArguments) -> anyhow::Result<ExitCode> {
    usable((1..=8).contains(&arguments.views), || format!("--views {}: must be from 1 to 8", arguments.views))?;
    if let Some(at_s) = arguments.at {
        usable(at_s >= 0.0 && at_s.is_finite(), || format!("--at {at_s}: must be 0 seconds or more"))?;
    }
    if let Some(path) = &arguments.png {
        refuse_taken_picture(path)?;
    }
    let config = configuration(arguments)?;
    let source =
        open_source(&config, || unreachable!("a recording needs no liblsl"), &MonotonicClock::new(), &|| true)?;
    let plan = Plan::new(&config, source.facts())?;
    let shown = shown_channels(arguments, &plan)?;
    let (total, rate_hz) = (plan.facts.frames.unwrap_or(0), plan.facts.rate_hz);
    let middle_s = total.saturating_sub(plan.window as u64) as f64 / 2.0 / rate_hz;
    let found = match excerpt(&plan, source, arguments.at.unwrap_or(middle_s.min(LATEST_S))) {
        Err(ExcerptError::Source(error)) => return Err(error.into()),
        Err(error) => return Err(Unusable(format!("--at: {error}")).into()),
        Ok(found) => found,
    };
    let chart = drawn(&plan, &found, arguments.views, &shown);
    let mut out = io::stdout().lock();
    let is_terminal = io::stdout().is_terminal();
    let theme = super::run::theme(arguments.ascii);
    let width = if is_terminal { tui::terminal::width().unwrap_or(WIDTH) } else { WIDTH };
    write!(out, "{}", tui::chart(&chart, width, &theme, is_terminal))?;
    for note in &plan.notes {
        writeln!(out, "{note}")?;
    }
    let mixes = plan.trainer.augmentations.iter().any(|step| matches!(step.what, Augmentation::Mixup(_)));
    if !found.silenced.is_empty() {
        let bad: Vec<&str> = found.silenced.iter().map(|&c| plan.montage.channels[c].label.as_str()).collect();
        writeln!(out, "silenced, since they were found bad: {}", bad.join(", "))?;
    }
    if !plan.judge().is_learnable(found.quality) {
        writeln!(out, "a trainer would not learn from this window: {:.0} % of it is good", 100.0 * found.quality)?;
    }
    if mixes && found.following.is_none() {
        writeln!(out, "no window follows that could be mixed in: mixup is left out")?;
    }
    if let Some(path) = &arguments.png {
        let bytes = chart.to_png()?;
        atomic::write(path, &bytes)
            .map_err(|error| anyhow::anyhow!("{}: the picture cannot be written: {error}", path.display()))?;
        writeln!(out, "{}: {} kB", path.display(), bytes.len().div_ceil(1000))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The configuration with the recording as its source, played as fast as it goes.
fn configuration(arguments: &ViewsArguments) -> anyhow::Result<Config> {
    let mut document = written::document(arguments.config.as_deref(), &arguments.set)?;
    for other in ["lsl", "synthetic", "loop"] {
        document.remove("source", other);
    }
    document.put(&["source", "replay"], arguments.recording.display().to_string());
    document.put(&["source", "speed"], "max");
    written::put_seed(&mut document, arguments.seed)?;
    Ok(configure(&document)?)
}

/// A picture replaces nothing but a picture.
fn refuse_taken_picture(path: &Path) -> Result<(), Unusable> {
    let name = path.display();
    written::refuse_no_place("--png", path)?;
    let is_png = || {
        let mut start = [0; 8];
        let read = std::fs::File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut start));
        read.is_ok() && start == *b"\x89PNG\r\n\x1a\n"
    };
    usable(!path.exists() || is_png(), || {
        format!("--png {name}: this is there already and is no PNG; name another file")
    })
}

fn shown_channels(arguments: &ViewsArguments, plan: &Plan) -> anyhow::Result<Vec<usize>> {
    let channels = &plan.montage.channels;
    if arguments.channels.is_empty() {
        return Ok((0..channels.len().min(SHOWN)).collect());
    }
    let signal = SignalConfig { channels: arguments.channels.clone(), ..SignalConfig::default() };
    let wanted = Selection::read(&signal).map_err(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Unusable(format!("--channels: {}", told.join("; ")))
    })?;
    Ok(wanted.pick(&plan.facts.name, channels.clone())?.into_iter().map(|(index, _)| index).collect())
}

/// Makes the views and arranges them: the window, then each view over the window in grey.
fn drawn(plan: &Plan, found: &Excerpt, count: usize, shown: &[usize]) -> Chart {
    let labels: Vec<&str> = plan.montage.labels().collect();
    let (channels, rate_hz, seed) = (labels.len(), plan.facts.rate_hz, plan.config.seed);
    let shape = WindowShape { frames: plan.window, channels, rate_hz };
    let mut augmenter = Augmenter::new(plan.trainer.augmentations.clone(), shape, seed);
    // The window's own mean is the middle of each row, so that a shift of a view is seen.
    let middles: Vec<f32> =
        shown.iter().map(|&c| found.window[c..].iter().step_by(channels).sum::<f32>() / plan.window as f32).collect();
    let row = |samples: &[f32], place: usize| -> Vec<f32> {
        samples[shown[place]..].iter().step_by(channels).map(|v| v - middles[place]).collect()
    };
    let curve = |samples: &[f32], colour, thickness| Curve {
        rows: (0..shown.len()).map(|place| row(samples, place)).collect(),
        colour,
        thickness,
    };
    let window = curve(&found.window, WINDOW, 1.4);
    let mut sizes: Vec<f32> = window.rows.iter().flatten().map(|v| v.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    // A few peaks may reach into the rows beside them.
    let half_row = sizes[(sizes.len() - 1) * 199 / 200].max(1e-3);
    let mut panels = vec![Panel { title: "window".to_owned(), curves: vec![window], notes: Vec::new() }];
    for which in 0..count {
        let mut view = found.window.clone();
        augmenter.view(&mut view, found.following.as_deref(), 0, which as u64);
        let mut notes: Vec<String> =
            augmenter.drawn().iter().map(|drawn| drawn.in_words(rate_hz, &labels).to_string()).collect();
        if notes.is_empty() {
            notes.push("nothing: it is the window itself".to_owned());
        }
        let curves = vec![curve(&found.window, BELOW, 1.2), curve(&view, COLOURS[which % COLOURS.len()], 1.4)];
        panels.push(Panel { title: format!("view {}", which + 1), curves, notes });
    }
    let augment = &plan.config.augment;
    let how = match (&augment.preset, &augment.steps) {
        (_, Some(steps)) => format!("{} steps", steps.len()),
        (preset, None) => format!("preset {}", preset.as_deref().unwrap_or("eeg")),
    };
    let all = if shown.len() < channels { format!(", {} of {channels} channels", shown.len()) } else { String::new() };
    Chart {
        title: format!("{} at {:.3} s, {how}, seed {seed}{all}", plan.facts.name, found.at_s),
        labels: shown.iter().map(|&channel| labels[channel].to_owned()).collect(),
        seconds: (found.at_s, found.at_s + (plan.window - 1) as f64 / rate_hz),
        half_row,
        unit: if plan.conditioning.scale != Scaling::Microvolts { "sd" } else { "µV" },
        panels,
    }
}
