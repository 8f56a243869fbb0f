//! `run`: acquire, train and serve.

use super::arguments::{Format, RunArguments};
use super::status::StatusLines;
use super::{Unusable, interrupt, sockets, usable, written};
use anyhow::Context;
use crossbeam_channel::RecvTimeoutError;
use neurostream::config::Config;
use neurostream::format::atomic;
use neurostream::lsl::Library;
use neurostream::pipeline::{
    MonotonicClock, Options, Outcome, Plan, Running, Shutdown, Stages, configure, open_source, start,
};
use neurostream::signal::Clock;
use neurostream::source::SourceError;
use neurostream::tui;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for a View before the stages are looked at again.
const NAP: Duration = Duration::from_millis(50);

/// Runs until the source ends or somebody asks.
pub fn run(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let mut config = configuration(arguments)?;
    if let Some(seconds) = arguments.duration {
        usable(seconds > 0.0 && seconds.is_finite(), || format!("--duration {seconds}: must be above 0 seconds"))?;
    }
    refuse_taken_summary(arguments, &config)?;
    if let Some(path) = &config.record.file {
        written::refuse_no_place("--record", path)?;
    }
    let clock: Arc<dyn Clock> = Arc::new(MonotonicClock::new());
    let shutdown = Shutdown::default();
    interrupt::listen(&shutdown).context("signals cannot be waited for")?;

    let library = library(&config, arguments.publish.is_some())?;
    let (embeddings, record) = (config.serve.embeddings.clone(), config.record.file.clone());
    let mut duration_s = arguments.duration;
    let mut all_well = true;
    for number in 1u32.. {
        let of_session = |path: &PathBuf| numbered(path, number);
        config.serve.embeddings = embeddings.as_ref().map(of_session);
        config.record.file = record.as_ref().map(of_session);
        let summary = arguments.summary.as_ref().map(of_session);
        let session =
            Session { arguments, config: &config, library: library.as_ref(), clock: &clock, number, duration_s };
        let Some(outcome) = session.run(&shutdown)? else { return Ok(ExitCode::from(interrupt::AT_ONCE)) };
        all_well &= session.report(&outcome, summary.as_deref());
        let Some(taken_s) = outcome.changed_after_s.filter(|_| all_well && !shutdown.is_requested()) else { break };
        duration_s = duration_s.map(|seconds| seconds - taken_s);
        if duration_s.is_some_and(|left| left <= 0.0) {
            break;
        }
        let next = number + 1;
        writeln!(io::stderr(), "neurostream: session {next} begins; its files have -{next} in their names")?;
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(super::FAILED) })
}

/// From a source that is opened to its end, or to its return with other channels or at another rate: that is another
/// session, with weights, normalisation and files of its own.
struct Session<'a> {
    arguments: &'a RunArguments,
    config: &'a Config,
    library: Option<&'a Library>,
    clock: &'a Arc<dyn Clock>,
    number: u32,
    duration_s: Option<f64>,
}

impl Session<'_> {
    /// Runs it; none if somebody would not wait for its end.
    fn run(&self, program: &Shutdown) -> anyhow::Result<Option<Outcome>> {
        let Self { arguments, config, library, clock, number, duration_s } = *self;
        let shutdown = program.session();
        let load = || library.cloned().map_or_else(|| Library::load(config.lsl.library.as_deref()), Ok);
        let source = match open_source(config, load, &**clock, &|| !shutdown.is_requested()) {
            Err(SourceError::Interrupted) => return Ok(None),
            Err(error) if is_bundled(arguments) => {
                return Err(anyhow::Error::from(error).context(
                    "the bundled recording is not here: name a source with --replay FILE, --lsl or --synthetic, or write it \
                     with `neurostream synth recordings/synthetic-16ch.edf`",
                ));
            }
            opened => opened?,
        };
        let plan = Plan::new(config, source.facts())?;
        let socket = sockets::for_run(&config.serve.socket);
        // What an earlier session learnt is of other channels.
        let resume = arguments.resume && number == 1;
        let options = Options { duration_s, resume, library: library.cloned(), socket };
        let stages = Stages::wire(&plan, source, &options, &**clock)?;
        let mut running = start(&plan, stages, Arc::clone(clock), &shutdown)?;

        let on_screen = !arguments.headless && io::stdout().is_terminal();
        if on_screen && dashboard(arguments, &mut running, clock) {
            return Ok(None);
        }
        let mut lines = StatusLines::new(arguments.format);
        if !shutdown.is_requested() {
            status_lines(&mut lines, &mut running);
        }
        let outcome = running.finish();
        if !on_screen && let Some(view) = &outcome.last {
            // With nobody at the other end the exit code still tells.
            let _ = lines.tell(view);
        }
        Ok(Some(outcome))
    }

    /// Prints and writes the summary, and says what went wrong; true if nothing did.
    fn report(&self, outcome: &Outcome, summary: Option<&Path>) -> bool {
        let arguments = self.arguments;
        let mut failures = outcome.failures.clone();
        if let Some(path) = summary
            && let Err(error) = atomic::write(path, outcome.summary.to_json().as_bytes())
        {
            failures.push(format!("{}: the summary cannot be written: {error}", path.display()));
        }
        let mut out = io::stdout().lock();
        // With nobody at the other end the exit code still tells.
        if arguments.headless && arguments.format == Format::Json {
            let _ = writeln!(out, "{}", outcome.summary.to_line());
        } else {
            let _ = write!(out, "{}", outcome.summary.to_text());
            for note in &outcome.notes {
                let _ = writeln!(out, "  {note}");
            }
        }
        for failure in &failures {
            let _ = writeln!(io::stderr(), "neurostream: {failure}");
        }
        failures.is_empty()
    }
}

/// The name of a session's file: `a.csv`, `a-2.csv`, `a-3.csv`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or(String::new(), |ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}-{number}{ending}"))
}

/// True if nobody named a source: the built-in configuration plays the bundled recording.
fn is_bundled(arguments: &RunArguments) -> bool {
    let RunArguments { config, replay, lsl, synthetic, set, .. } = arguments;
    config.is_none() && replay.is_none() && lsl.is_empty() && !synthetic && set.is_empty()
}

/// The configuration with the command line laid over it.
fn configuration(arguments: &RunArguments) -> anyhow::Result<Config> {
    let mut document = written::document(arguments.config.as_deref(), &arguments.set)?;
    let text = |path: &Path| path.display().to_string();
    let (replay, speed) = (arguments.replay.as_deref(), arguments.speed.as_deref());
    let (lsl, markers) = (&arguments.lsl, &arguments.markers);
    written::put_source(&mut document, replay, lsl, markers, arguments.synthetic, speed);
    if arguments.repeat {
        document.put(&["source", "loop"], true);
    }
    if let Some(method) = &arguments.method {
        document.put(&["train", "method"], method.as_str());
    }
    if arguments.no_train {
        document.put(&["train", "enabled"], false);
    }
    if let Some(classes) = &arguments.teach {
        document.put(&["teach", "enabled"], true);
        let classes: Vec<toml::Value> =
            classes.split(',').map(str::trim).filter(|c| !c.is_empty()).map(Into::into).collect();
        if !classes.is_empty() {
            document.put(&["teach", "classes"], classes);
        }
    }
    if let Some(folder) = &arguments.checkpoint {
        document.put(&["train", "checkpoint"], folder.as_str());
    }
    if let Some(name) = &arguments.publish {
        document.put(&["serve", "lsl", "name"], name.as_str());
    }
    if let Some(path) = &arguments.embeddings {
        document.put(&["serve", "embeddings"], text(path));
    }
    if let Some(path) = &arguments.record {
        document.put(&["record", "file"], text(path));
    }
    if let Some(path) = &arguments.socket {
        document.put(&["serve", "socket"], text(path));
    }
    if let Some(address) = &arguments.metrics {
        document.put(&["metrics", "listen"], address.as_str());
    }
    written::put_seed(&mut document, arguments.seed)?;
    Ok(configure(&document)?)
}

/// A summary that cannot be written is known before an hour of recording, not after it; it replaces nothing but an earlier one.
fn refuse_taken_summary(arguments: &RunArguments, config: &Config) -> Result<(), Unusable> {
    let Some(path) = &arguments.summary else { return Ok(()) };
    written::refuse_taken(path, "--summary", "summary of a run", 1_000_000, |v| v["frames"].is_object())?;
    let is_shared = config.serve.embeddings.as_ref() == Some(path);
    usable(!is_shared, || format!("--summary {}: the embeddings go into this file; name another", path.display()))
}

/// liblsl where it is wanted. A stream that is only configured to go out is worth a warning; all else works without.
fn library(config: &Config, asked: bool) -> anyhow::Result<Option<Library>> {
    if config.source.lsl.is_none() && config.serve.lsl.is_none() {
        return Ok(None);
    }
    match Library::load(config.lsl.library.as_deref()) {
        Ok(library) => Ok(Some(library)),
        Err(error) if asked || config.source.lsl.is_some() => Err(error.into()),
        Err(error) => {
            writeln!(io::stderr(), "neurostream: embeddings are not published: {error}")?;
            Ok(None)
        }
    }
}

/// The theme that the environment asks for.
pub(super) fn theme(ascii: bool) -> tui::Theme {
    let [no_color, term, colorterm, colorfgbg] = ["NO_COLOR", "TERM", "COLORTERM", "COLORFGBG"].map(std::env::var_os);
    let around = tui::Surroundings {
        no_color: no_color.as_deref(),
        term: term.as_deref(),
        colorterm: colorterm.as_deref(),
        colorfgbg: colorfgbg.as_deref(),
    };
    let is_smooth = colorterm.as_deref().is_some_and(|said| said == "truecolor" || said == "24bit");
    tui::Theme::of(tui::Look::of(around), ascii).smooth(is_smooth)
}

/// Shows the dashboard until the run is over or the terminal is lost; true if a person would not wait.
fn dashboard(arguments: &RunArguments, running: &mut Running, clock: &Arc<dyn Clock>) -> bool {
    let (commands_in, commands) = crossbeam_channel::bounded(16);
    let theme = theme(arguments.ascii);
    let views = running.views.clone();
    let quiet = Quiet::begin();
    // Commands are carried out beside the screen, which may stall.
    let shown = std::thread::scope(|scope| {
        let running = &*running;
        let obeying = std::thread::Builder::new().name("commands".to_owned()).spawn_scoped(scope, move || {
            for command in &commands {
                running.obey(command);
            }
        });
        let shown = tui::run(theme, tui::Role::Run, &views, &commands_in, &**clock);
        drop(commands_in);
        drop(obeying);
        shown
    });
    drop(quiet);
    match shown {
        Ok(tui::Ended::RunOver) => false,
        Ok(tui::Ended::AtOnce) => true,
        Ok(tui::Ended::TerminalLost(error)) => {
            // A run outlives its screen; without one there is nobody to ask, so it goes on headless.
            let _ = writeln!(io::stderr(), "neurostream: the terminal is lost ({error}); the run goes on without it");
            false
        }
        Ok(tui::Ended::Failed(why)) => {
            let _ = writeln!(io::stderr(), "neurostream: the dashboard failed ({why}); the run goes on without it");
            false
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "neurostream: no dashboard: {error}");
            false
        }
    }
}

/// Keeps what libraries write to stderr (liblsl does) off the dashboard.
struct Quiet(Option<std::os::fd::OwnedFd>);

impl Quiet {
    fn begin() -> Self {
        let kept = rustix::io::dup(io::stderr()).ok();
        let quiet = kept.is_some()
            && std::fs::File::options()
                .write(true)
                .open("/dev/null")
                .is_ok_and(|null| rustix::stdio::dup2_stderr(null).is_ok());
        Self(kept.filter(|_| quiet))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(kept) = self.0.take() {
            let _ = rustix::stdio::dup2_stderr(kept);
        }
    }
}

/// Prints status lines until the run is over.
fn status_lines(lines: &mut StatusLines, running: &mut Running) {
    let mut read = true;
    while running.attend() {
        match running.views.recv_timeout(NAP) {
            // Once nobody reads the lines any more the run itself goes on.
            Ok(view) => read = read && lines.show(&view).is_ok(),
            Err(RecvTimeoutError::Timeout) => {}
            // Telemetry is done; the other stages are still completing what they write.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(NAP),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;
    use std::path::Path;

    #[test]
    fn files_of_later_sessions_have_a_number() {
        for (path, second, third) in
            [("a/b.csv", "a/b-2.csv", "a/b-3.csv"), ("s-1.x.json", "s-1.x-2.json", "s-1.x-3.json"), ("r", "r-2", "r-3")]
        {
            let names = [1, 2, 3].map(|number| numbered(Path::new(path), number));
            assert_eq!(names.each_ref().map(|name| name.to_str()), [Some(path), Some(second), Some(third)]);
        }
    }
}
