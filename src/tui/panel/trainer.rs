//! The trainer: its loss over the steps, and the figures that tell whether it learns.
//!
//! Owns no state; runs on the main thread. Invariant: a loss that is not finite is a gap in the curve and a dash as a
//! figure.

use super::braille::{Band, DotGrid};
use super::frame::{bar, frame, inset, row, title};
use super::header::trainer_word;
use crate::pipeline::view::{TrainerView, View};
use crate::tui::figures::{UNKNOWN, count, cut, measure};
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Lines of figures below the curve.
const FIGURES: u16 = 4;
/// The first label; the others are as wide.
const LABEL: &str = "loss    ";
/// Width of the numbers beside the curve.
const AXIS: u16 = 6;
/// Cells of the memory's bar beside its figures, at least and at most.
const BAR: [usize; 2] = [4, 16];
/// The highest losses, one in this many, may leave the curve at its top: the first steps would flatten the rest.
const OUTLIERS: usize = 50;

/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let (theme, trainer) = (&state.theme, &view.trainer);
    let (word, word_style) = trainer_word(state, trainer.state);
    let method = Span::styled(cut(&trainer.method, 20), theme.text);
    let rate = Span::styled(format!("lr {}", measure(trainer.learning_rate)), theme.label);
    let heading = title(theme, area.width, "Trainer", [method, Span::styled(word, word_style), rate]);
    let inner = inset(frame(theme, area, heading, buffer));
    let curve = Rect { height: inner.height.saturating_sub(FIGURES), ..inner };
    if curve.height >= 2 && curve.width > AXIS + 4 {
        loss_curve(state, trainer, curve, buffer);
    }
    let below = Rect { y: inner.y + curve.height, height: inner.height - curve.height, ..inner };
    for (place, line) in figures(state, view, inner.width).iter().enumerate() {
        row(below, place as u16, line, buffer);
    }
}

fn figures<'a>(state: &State, view: &View, width: u16) -> [Line<'a>; FIGURES as usize] {
    let (theme, trainer) = (&state.theme, &view.trainer);
    let label = |text| Span::styled(text, theme.label);
    let text = |text: String| Span::styled(text, theme.text);
    let last = trainer.losses.last().map_or(UNKNOWN.to_owned(), |(_, loss)| measure(f64::from(*loss)));
    let chance = trainer.chance.map_or(String::new(), |chance| format!("chance {}", measure(f64::from(chance))));
    let (held, capacity) = trainer.memory;
    let fill = if capacity > 0 { held as f64 / capacity as f64 } else { 0.0 };
    let memory = format!(" of {} windows", count(capacity as u64));
    let held = format!("  {}", count(held as u64));
    let cells = usize::from(width).saturating_sub(LABEL.len() + held.len() + memory.len()).clamp(BAR[0], BAR[1]);
    let [full, empty] = bar(theme, theme.bar, fill, cells);
    let dimension = match view.serving.dimension {
        0 => String::new(),
        dimension => format!(" of {dimension}"),
    };
    let skipped = if trainer.skipped > 0 { theme.bad } else { theme.text };
    [
        Line::from(vec![label(LABEL), Span::styled(pad(&last), theme.title), label_owned(state, chance)]),
        Line::from(vec![
            label("step    "),
            text(pad(&count(trainer.steps))),
            text(measure(trainer.steps_per_s)),
            label("/s  "),
            Span::styled(count(trainer.skipped), skipped),
            label(" skipped"),
        ]),
        Line::from(vec![
            label("std     "),
            text(pad(&measure(f64::from(trainer.std)))),
            label("RankMe "),
            text(measure(f64::from(trainer.rankme))),
            label_owned(state, dimension),
        ]),
        Line::from(vec![label("memory  "), full, empty, text(held), label_owned(state, memory)]),
    ]
}

/// The second column of figures begins at the same place in each line.
fn pad(text: &str) -> String {
    format!("{text:<10}")
}

fn label_owned<'a>(state: &State, text: String) -> Span<'a> {
    Span::styled(text, state.theme.label)
}

/// Loss over steps, with what chance gives as a dotted line.
fn loss_curve(state: &State, trainer: &TrainerView, area: Rect, buffer: &mut Buffer) {
    let Some((lower, upper)) = edges(trainer) else {
        let line = Line::styled("no loss yet", state.theme.label);
        row(area, area.height / 2, &line.centered(), buffer);
        return;
    };
    for (place, value) in [(0, upper), (area.height - 1, lower)] {
        let line = Line::styled(measure(value), state.theme.label).right_aligned();
        row(Rect { width: AXIS - 1, ..area }, place, &line, buffer);
    }
    let plot = Rect { x: area.x + AXIS, width: area.width - AXIS, ..area };
    let mut grid = DotGrid::new(plot);
    let band = Band { rows: 0..grid.rows(), reach: 0, upper, lower };
    let columns = grid.columns();
    if let Some(chance) = trainer.chance.map(f64::from).filter(|chance| chance.is_finite()) {
        let place = band.row(chance);
        for column in (0..columns).step_by(3) {
            grid.stroke(column, place, place, state.theme.label);
        }
    }
    grid.curve(loss_columns(&trainer.losses, columns), &band, state.theme.curve);
    grid.render(buffer);
}

/// The values at the edges of the curve: all losses but the outliers at the top, and chance.
fn edges(trainer: &TrainerView) -> Option<(f64, f64)> {
    let mut losses: Vec<f64> = trainer.losses.iter().map(|(_, l)| f64::from(*l)).filter(|l| l.is_finite()).collect();
    losses.sort_by(f64::total_cmp);
    let (low, high) = (*losses.first()?, *losses.get(losses.len() - 1 - losses.len() / OUTLIERS)?);
    let chance = trainer.chance.map(f64::from).filter(|chance| chance.is_finite());
    let (low, high) = chance.map_or((low, high), |chance| (low.min(chance), high.max(chance)));
    if low < high { Some((low, high)) } else { Some((low - 0.5, low + 0.5)) }
}

/// Minimum and maximum of the losses in each column of steps; columns between two losses lie on a line between them.
fn loss_columns(losses: &[(u64, f32)], columns: usize) -> Vec<Option<(f64, f64)>> {
    let mut values: Vec<Option<(f64, f64)>> = vec![None; columns];
    let (Some((first, _)), Some((last, _))) = (losses.first(), losses.last()) else { return values };
    let steps = last.saturating_sub(*first).max(1) as f64;
    let column = |step: u64| {
        let part = (step.saturating_sub(*first) as f64 / steps).min(1.0);
        (part * columns.saturating_sub(1) as f64) as usize
    };
    let mut before: Option<(usize, f64)> = None;
    for (step, loss) in losses {
        let (at, loss) = (column(*step), f64::from(*loss));
        if !loss.is_finite() {
            before = None;
            continue;
        }
        let (from, start) = before.unwrap_or((at, loss));
        for (place, value) in values.iter_mut().enumerate().take(at + 1).skip(from) {
            let part = if at > from { (place - from) as f64 / (at - from) as f64 } else { 1.0 };
            let here = start + (loss - start) * part;
            let (low, high) = value.unwrap_or((here, here));
            *value = Some((low.min(here), high.max(here)));
        }
        before = Some((at, loss));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_losses_are_joined_and_dense_ones_keep_their_extremes() {
        assert_eq!(loss_columns(&[(0, 4.0), (10, 2.0)], 3), [4.0, 3.0, 2.0].map(|v| Some((v, v))));
        let dense = loss_columns(&[(0, 1.0), (1, 9.0), (2, 1.0), (3, 1.0), (4, 1.0)], 2);
        assert_eq!(dense, [Some((1.0, 9.0)), Some((1.0, 1.0))]);
    }

    #[test]
    fn losses_that_are_not_finite_are_gaps() {
        let values = loss_columns(&[(0, 1.0), (1, f32::NAN), (2, 1.0)], 3);
        assert_eq!(values, [Some((1.0, 1.0)), None, Some((1.0, 1.0))]);
    }

    #[test]
    fn no_steps_no_curve() {
        assert_eq!(loss_columns(&[], 2), [None, None]);
        assert_eq!(loss_columns(&[(7, 1.0)], 0), []);
    }
}
