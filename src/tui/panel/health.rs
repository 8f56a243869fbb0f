//! The health of what is trained: every figure of the last look at it, with the line beyond which it is a sign of an alarm.
//!
//! Owns no state; runs on the main thread. Invariant: a figure that was not measured has no row.

use super::frame::{column, frame, inset, row, title};
use crate::learn::{COSINE_BINS, Examination, Limit, limit};
use crate::pipeline::view::{GateView, View};
use crate::tui::figures::{count, measure};
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Width of the names, and of the figures beside them.
const NAME: usize = 22;
const FIGURE: usize = 8;
/// Width of the names beside histograms.
const SPREAD: usize = 13;

/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let (theme, gate) = (&state.theme, &view.trainer.gate);
    let looked = gate.examination.as_deref().map_or(String::new(), |found| format!("step {}", count(found.step)));
    let heading = title(theme, area.width, "Health", [Span::styled(looked, theme.text)]);
    let inner = inset(frame(theme, area, heading, buffer));
    let mut lines = gate_lines(state, gate);
    match gate.examination.as_deref() {
        Some(found) => lines.extend(figures(state, found)),
        None => lines.push(Line::styled("nothing to judge by yet", theme.label)),
    }
    let spread = gate.examination.as_deref().map_or_else(Vec::new, |found| cosines(state, found, inner.width.into()));
    // They are pictures of figures that stand above: where there is no room for all of it, these say enough.
    if lines.len() + spread.len() <= inner.height.into() {
        lines.extend(spread);
    }
    for (place, line) in lines.iter().take(inner.height.into()).enumerate() {
        row(inner, place as u16, line, buffer);
    }
}

/// What the gate did, and what it waits for; alarms with their reasons.
fn gate_lines<'a>(state: &State, gate: &GateView) -> Vec<Line<'a>> {
    let theme = &state.theme;
    let label = |text: &str| Span::styled(format!("{text:<NAME$}"), theme.label);
    let refused = if gate.refused > 0 { theme.warn } else { theme.text };
    let mut lines = vec![Line::from(vec![
        label("candidates refused"),
        Span::styled(format!("{:>FIGURE$}", count(gate.refused)), refused),
        Span::styled(format!("  {} rolled back", count(gate.rollbacks)), theme.label),
    ])];
    let waits = match (gate.held, gate.on_trial) {
        (true, _) => Some("held by hand".to_owned()),
        (false, Some([seen, all])) => Some(format!("a candidate on trial, window {seen} of {all}")),
        (false, None) => None,
    };
    lines.extend(waits.map(|text| Line::styled(text, theme.title)));
    let alarms = gate.examination.iter().flat_map(|found| &found.alarms);
    lines.extend(alarms.map(|(alarm, text)| Line::styled(format!("{}: {text}", alarm.word()), theme.bad)));
    lines
}

fn figures<'a>(state: &State, found: &Examination) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let mut tell = |key: &str, name: &str, value: Option<f64>, note: String| {
        if let Some(value) = value {
            lines.push(figure(state, key, name, value, note));
        }
    };
    let of = |text: &str, value: Option<f64>| value.map_or(String::new(), |value| format!("{text} {}", measure(value)));
    let chance = of("chance", found.loss_chance);
    tell("loss", "loss on new signal", found.loss, format!("{} {chance}", of("served", found.served_loss)));
    tell("ratio", "worse than served by", found.ratio, String::new());
    tell("cka", "CKA with served", found.cka, String::new());
    for (key, value) in found.figures.named() {
        let name = match key {
            "rankme" => "RankMe",
            "cosine" => "mean cosine",
            "positive" => "cosine of two views",
            "negative" => "of two windows",
            "accuracy" => "views told apart",
            "amplitude" => "amplitude explains",
            "line" => "line noise explains",
            // It stands beside what it is the chance of.
            "chance" => continue,
            other => other,
        };
        let note = if key == "accuracy" { of("chance", Some(found.figures.chance)) } else { String::new() };
        tell(key, name, (found.windows > 0).then_some(value), note);
    }
    tell("rejected", "artefact windows", Some(found.rejected), String::new());
    tell("loud", "loud windows", Some(found.loud), String::new());
    tell("gradient", "gradient norm", Some(found.gradient_norm), String::new());
    tell("age", "age of the memory", Some(found.age_s), "s".to_owned());
    tell("drift", "drift of embeddings", found.drift.map(|drift| drift.embedding), String::new());
    tell("drift", "drift of band power", found.drift.map(|drift| drift.power), String::new());
    tell("windows", "held windows", Some(found.windows as f64), String::new());
    lines
}

/// How the cosines of two views of one window, and of views of two windows, spread from -1 to 1, each by its highest column:
/// the farther apart, the better windows are told apart.
fn cosines<'a>(state: &State, found: &Examination, width: usize) -> Vec<Line<'a>> {
    let theme = &state.theme;
    let cells = width.saturating_sub(SPREAD) / COSINE_BINS;
    if found.windows == 0 || cells == 0 {
        return Vec::new();
    }
    let cells = cells.min(2);
    let name = |text: &str| Span::styled(format!("{text:<SPREAD$}"), theme.label);
    let mut lines = vec![Line::default()];
    for (text, bins) in ["two views", "two windows"].into_iter().zip(&found.figures.cosines) {
        let highest = bins.iter().copied().max().unwrap_or(0);
        let bars: String = bins.iter().map(|count| column(*count, highest).repeat(cells)).collect();
        lines.push(Line::from(vec![name(text), Span::styled(bars, theme.curve)]));
    }
    let half = COSINE_BINS * cells / 2;
    let axis = format!("{:<half$}{:<rest$}{}", "−1", "0", "1", rest = half - 1);
    lines.push(Line::from(vec![name("cosine"), Span::styled(axis, theme.label)]));
    lines
}

/// A row: the name, the figure, and the line that it must not cross or what else there is to say.
fn figure<'a>(state: &State, key: &str, name: &str, value: f64, note: String) -> Line<'a> {
    let theme = &state.theme;
    let limit = limit(key);
    let is_beyond = limit.is_some_and(|limit| limit.is_crossed_by(value));
    let style = if is_beyond { theme.warn } else { theme.text };
    let note = match limit {
        Some(Limit::Below(line)) => format!("alarm < {}", measure(line)),
        Some(Limit::Above(line)) => format!("alarm > {}", measure(line)),
        None => note,
    };
    Line::from(vec![
        Span::styled(format!("{name:<NAME$}"), theme.label),
        Span::styled(format!("{:>FIGURE$}", measure(value)), style),
        Span::styled(if is_beyond { " ! " } else { "  " }, theme.warn),
        Span::styled(note, theme.label),
    ])
}
