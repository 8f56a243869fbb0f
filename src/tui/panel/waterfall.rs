//! The waterfall: the spectrum of the selected channel over time, the newest line on top.
//!
//! Owns no state; runs on the main thread. Invariant: how much is said by the character of a cell; its colour only tells it
//! more finely. A time without an estimate is a blank line.

use super::frame::{frame, row, title};
use super::spectrum::{AXIS, Shown, channel_name, hertz};
use crate::dsp::spectra::Segment;
use crate::pipeline::view::View;
use crate::tui::figures::setting;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// From little to much.
const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
/// Lines from one time that is written down to the next.
const TICK: u16 = 4;

/// A cell for a part of a scale, 0 to 1.
pub(super) fn shade(theme: &Theme, part: f64) -> (&'static str, Style) {
    let of = |count: usize| ((part * count as f64) as usize).min(count - 1);
    (SHADES[of(SHADES.len())], theme.heat_at(part))
}

/// What the characters stand for, from `lower` to `upper`: `░ 0 ▒ 8 ▓ 16 █ 24 dB`.
pub(super) fn legend(lower: f64, upper: f64, unit: &str) -> String {
    let from = |place: usize| setting((lower + (upper - lower) * place as f64 / SHADES.len() as f64).round());
    let parts: Vec<String> = (1..SHADES.len()).map(|place| format!("{} {}", SHADES[place], from(place))).collect();
    format!("{} {unit}", parts.join(" ")).replace('-', "−")
}

/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let shown = Shown::of(state, view);
    let scale = shown.as_ref().map(Shown::scale);
    let mut parts = vec![Span::styled(channel_name(state, view), theme.selected)];
    parts.extend(scale.map(|(lower, upper)| Span::styled(legend(lower, upper, "dB"), theme.text)));
    let inner = frame(theme, area, title(theme, area.width, "Waterfall", parts), buffer);
    let (Some(shown), Some((lower, upper))) = (shown, scale) else { return };
    let newest_s = shown.spectra.newest.end_s;
    let plot = Rect { x: inner.x + AXIS.min(inner.width), width: inner.width.saturating_sub(AXIS + 1), ..inner };
    let plot = Rect { height: plot.height.saturating_sub(1), ..plot };
    if plot.width < 8 || plot.height < 1 {
        return;
    }
    let bins = shown.density.len();
    let step_s = shown.spectra.step_s;
    for segment in state.segments.iter().filter(|segment| segment.end_s <= newest_s) {
        let line = ((newest_s - segment.end_s) / step_s).round();
        let levels = state.selected.checked_mul(shown.spectra.bins).and_then(|first| segment.levels.get(first..));
        let Some(levels) = levels.and_then(|levels| levels.get(..bins)) else { continue };
        if line < f64::from(plot.height) {
            draw(theme, levels, (lower, upper), Rect { y: plot.y + line as u16, height: 1, ..plot }, buffer);
        }
    }
    for line in (0..plot.height).step_by(TICK.into()) {
        let text = match line {
            0 => "0 s".to_owned(),
            line => format!("−{}", setting(f64::from(line) * step_s)),
        };
        row(Rect { width: AXIS - 1, ..inner }, line, &Line::styled(text, theme.label).right_aligned(), buffer);
    }
    hertz(state, shown.reach_hz, Rect { y: plot.bottom(), height: 1, ..plot }, buffer);
}

/// One line: of each cell the highest level of its bins.
fn draw(theme: &Theme, levels: &[u8], (lower, upper): (f64, f64), line: Rect, buffer: &mut Buffer) {
    let width = usize::from(line.width);
    for cell in 0..width {
        let from = cell * levels.len() / width;
        let to = ((cell + 1) * levels.len() / width).max(from + 1);
        let highest = levels.get(from..to).into_iter().flatten().max().and_then(|level| Segment::decibels(*level));
        if let Some(decibels) = highest {
            let (letter, style) = shade(theme, ((decibels - lower) / (upper - lower)).clamp(0.0, 1.0));
            buffer.set_string(line.x + cell as u16, line.y, letter, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_and_their_legend_agree() {
        let theme = Theme::plain(false);
        let shades: String = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0].map(|part| shade(&theme, part).0).concat();
        assert_eq!(shades, "  ░▒▓██");
        assert_eq!(legend(-10.0, 40.0, "dB"), "░ 0 ▒ 10 ▓ 20 █ 30 dB");
        assert_eq!(shade(&theme, f64::NAN).0, " ");
    }
}
