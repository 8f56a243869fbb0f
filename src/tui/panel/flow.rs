//! The flow: what each consumer got and lost, how long an embedding takes, where it goes.
//!
//! Owns no state; runs on the main thread. Invariant: every fill is a number as well as a bar.

use super::frame::{bar, column, frame, inset, row, title};
use crate::pipeline::view::{Latency, Ledger, NoveltyView, ServingView, TeachingView, View};
use crate::tui::Theme;
use crate::tui::figures::{count, cut, measure, milliseconds, setting};
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::borrow::Cow;

/// Cells of a fill bar beside names and figures, at least and at most.
const BAR: [u16; 2] = [4, 16];
/// What names and figures take of a line.
const FIGURES: u16 = 32;
/// Fills that are worth a look, and that are wrong.
const FULL: [f32; 2] = [0.5, 0.8];
/// Width of a line that has room for words.
const LONG: usize = 58;
/// Bins of the latency histogram in a factor of ten, and where it begins.
const BINS_PER_DECADE: usize = 8;
const FIRST_DECADE_MS: f64 = 0.01;

/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let gaps = if view.gaps > 0 { theme.warn } else { theme.text };
    let heading = title(theme, area.width, "Flow", [Span::styled(format!("gaps {}", count(view.gaps)), gaps)]);
    let inner = inset(frame(theme, area, heading, buffer));
    let mut lines = Vec::new();
    let acquired = view.ledgers.first().map_or(0, |ledger| ledger.acquired);
    row(inner, 0, &Line::styled("ring    lost", theme.label).right_aligned(), buffer);
    lines.push(Line::from(vec![Span::styled("frames ", theme.label), Span::styled(count(acquired), theme.text)]));
    for (place, ledger) in view.ledgers.iter().enumerate() {
        let line = inner.height.min(lines.len() as u16);
        row(inner, line, &losses(state, ledger, inner.width), buffer);
        let branch = match (place, place + 1 == view.ledgers.len()) {
            (0, true) => "acquire ─▶ ",
            (0, false) => "acquire ┬▶ ",
            (_, false) => "        ├▶ ",
            (_, true) => "        └▶ ",
        };
        let name = Span::styled(ledger.consumer.to_string(), theme.text);
        lines.push(Line::from(vec![Span::styled(branch, theme.border), name]));
    }
    lines.push(latency(state, view));
    lines.extend(view.teaching.as_ref().map(|teaching| told(state, teaching, inner.width.into())));
    if let Some([viewers, missed]) = view.viewers.filter(|counts| counts.iter().any(|count| *count > 0)) {
        let text = format!("{} attached, {} Views missed", count(viewers), count(missed));
        lines.push(Line::from(vec![Span::styled("viewers  ", theme.label), Span::styled(text, theme.text)]));
    }
    let novelty = view.novelty.as_ref().filter(|novelty| novelty.windows > 0).map(|novelty| novel(theme, novelty));
    let rest: Vec<Line<'_>> = serving(state, &view.serving, inner.width.into()).into_iter().chain(novelty).collect();
    let histogram = histogram(state, &view.histogram, inner.width.into());
    // Facts come before the picture of what p50 and p99 say already.
    if lines.len() + histogram.len() + rest.len() <= inner.height.into() {
        lines.extend(histogram);
    }
    lines.extend(rest);
    let stages = stages(state, &view.stages);
    if stages.iter().all(|line| line.width() <= inner.width.into()) && lines.len() + stages.len() <= inner.height.into()
    {
        lines.extend(stages);
    }
    for (place, line) in lines.iter().take(inner.height.into()).enumerate() {
        row(inner, place as u16, line, buffer);
    }
}

/// Fill and losses of one consumer, at the right.
fn losses<'a>(state: &State, ledger: &Ledger, width: u16) -> Line<'a> {
    let theme = &state.theme;
    let style = match ledger.fill {
        fill if fill > FULL[1] => theme.bad,
        fill if fill > FULL[0] => theme.warn,
        _ => theme.bar,
    };
    let fill = f64::from(if ledger.fill.is_finite() { ledger.fill.clamp(0.0, 1.0) } else { 0.0 });
    let [full, empty] = bar(theme, style, fill, width.saturating_sub(FIGURES).clamp(BAR[0], BAR[1]).into());
    let lost = if ledger.lost > 0 { theme.bad } else { theme.text };
    Line::from(vec![
        full,
        empty,
        Span::styled(format!(" {:>3.0}%", fill * 100.0), theme.text),
        Span::styled(format!(" {:>6}", few(ledger.lost)), lost),
    ])
    .right_aligned()
}

/// A count in six or seven cells.
fn few(value: u64) -> String {
    if value < 1_000_000 { count(value) } else { measure(value as f64) }
}

fn latency<'a>(state: &State, view: &View) -> Line<'a> {
    let (theme, latency) = (&state.theme, &view.latency);
    let mut line = Line::from(Span::styled("latency", theme.label));
    for (name, value) in [(" p50 ", latency.p50), (" p99 ", latency.p99), (" max ", latency.max)] {
        line.push_span(Span::styled(name, theme.label));
        line.push_span(Span::styled(milliseconds(value), theme.text));
    }
    line.push_span(Span::styled(" ms", theme.label));
    line
}

/// Where the time goes: the median of each stage, three a line.
fn stages<'a>(state: &State, stages: &[(Cow<'static, str>, Latency)]) -> Vec<Line<'a>> {
    let theme = &state.theme;
    let mut lines = Vec::new();
    for few in stages.chunks(3) {
        let mut line = Line::from(Span::styled(if lines.is_empty() { "stages   " } else { "         " }, theme.label));
        for (place, (name, latency)) in few.iter().enumerate() {
            line.push_span(Span::styled(format!("{}{name} ", if place > 0 { "  " } else { "" }), theme.label));
            line.push_span(Span::styled(milliseconds(latency.p50), theme.text));
        }
        lines.push(line);
    }
    if let Some(last) = lines.last_mut() {
        last.push_span(Span::styled(" ms", theme.label));
    }
    lines
}

/// What the heads tell of the last window, and how well they did.
fn told<'a>(state: &State, teaching: &TeachingView, width: usize) -> Line<'a> {
    let theme = &state.theme;
    let label = |text: String| Span::styled(text, theme.label);
    let mut line = Line::from(label("class    ".to_owned()));
    let exam = &teaching.exam;
    let [right, chance] = [exam.accuracy, exam.chance].map(|share| (100.0 * share).round());
    let tested = match exam.windows {
        0 => String::new(),
        _ if width < LONG => format!("  {right}/{chance} %"),
        windows => format!("  {right} % of {} right, chance {chance} %", count(windows)),
    };
    let known = teaching.classes.iter().filter(|(_, windows)| *windows > 0).count();
    match teaching.now.and_then(|(class, confidence)| Some((teaching.classes.get(class)?, confidence))) {
        Some(((name, _), confidence)) => {
            let confidence = format!(" {:.0} %", 100.0 * confidence);
            let room = width.saturating_sub(line.width() + confidence.len() + tested.len());
            line.push_span(Span::styled(cut(name, room.max(4)), theme.title));
            line.push_span(Span::styled(confidence, theme.text));
            line.push_span(label(tested));
        }
        None => line.push_span(label(cut(&format!("{known} of 2 states: press l"), width.saturating_sub(9)))),
    }
    line
}

/// How unlike everything before the last window is.
fn novel<'a>(theme: &Theme, novelty: &NoveltyView) -> Line<'a> {
    let mut line = Line::from(Span::styled("novelty  ", theme.label));
    match novelty.last {
        Some((p, _)) => {
            let style = if p <= novelty.limit { theme.warn } else { theme.text };
            let text = if p >= 0.001 { format!("p {p:.3}") } else { format!("p {p:.0e}") };
            line.push_span(Span::styled(text, style));
        }
        None => line.push_span(Span::styled("no window yet", theme.label)),
    }
    let alarms = if novelty.alarms == 1 { "alarm" } else { "alarms" };
    let style = if novelty.alarms > 0 { theme.warn } else { theme.label };
    line.push_span(Span::styled(format!("  {} {alarms}", count(novelty.alarms)), style));
    line.push_span(Span::styled(format!(" in {:.1} min", 60.0 * novelty.hours), theme.label));
    line
}

/// The histogram over the decades that have anything in them, and their names below.
fn histogram<'a>(state: &State, bins: &[u32], width: usize) -> [Line<'a>; 2] {
    let theme = &state.theme;
    let (Some(first), Some(last)) = (bins.iter().position(|n| *n > 0), bins.iter().rposition(|n| *n > 0)) else {
        return [Line::styled("no embedding yet", theme.label), Line::default()];
    };
    let decades = first / BINS_PER_DECADE..last / BINS_PER_DECADE + 1;
    let cells = (width / (decades.len() * BINS_PER_DECADE)).clamp(1, 3);
    // The slow end says more than the fast one where both do not fit.
    let most = width / (BINS_PER_DECADE * cells);
    let decades = decades.start.max(decades.end.saturating_sub(most.max(1)))..decades.end;
    let highest = bins.iter().copied().max().unwrap_or(1);
    let mut bars = String::new();
    let mut names = String::new();
    for decade in decades {
        let from = decade * BINS_PER_DECADE;
        for bin in from..from + BINS_PER_DECADE {
            bars.push_str(&column(bins.get(bin).copied().unwrap_or(0), highest).repeat(cells));
        }
        let name = setting(FIRST_DECADE_MS * 10_f64.powi(decade.min(12) as i32));
        names.push_str(&format!("{name:<width$}", width = BINS_PER_DECADE * cells));
    }
    let names = format!("{} ms", names.trim_end());
    [Line::styled(bars, theme.curve), Line::styled(names, theme.label)]
}

/// Where the embeddings go.
fn serving<'a>(state: &State, serving: &ServingView, width: usize) -> Vec<Line<'a>> {
    let theme = &state.theme;
    let label = |text: &'static str| Span::styled(text, theme.label);
    let room = width.saturating_sub(9);
    let mut lines = Vec::new();
    if let Some((name, heard)) = &serving.outlet {
        let (word, style) = if *heard { ("heard", theme.good) } else { ("nobody listens", theme.warn) };
        let rate = match serving.rate_hz {
            0.0 => "at markers".to_owned(),
            rate_hz => format!("{} Hz", measure(rate_hz)),
        };
        let shape = format!("{} ch {rate}", serving.dimension);
        let name = cut(name, room.saturating_sub(shape.len() + word.len() + 2).max(4));
        lines.push(Line::from(vec![
            label("LSL out  "),
            Span::styled(format!("{name} {shape} "), theme.text),
            Span::styled(word, style),
        ]));
    }
    if let Some(file) = &serving.file {
        lines.push(Line::from(vec![label("file     "), Span::styled(cut(file, room), theme.text)]));
    }
    let made = format!("{} embeddings of {}", count(serving.embeddings), serving.dimension);
    lines.push(Line::from(vec![label("made     "), Span::styled(made, theme.text)]));
    lines
}
