//! The bands of the selected channel: how much power lies in each.
//!
//! Owns no state; runs on the main thread. Invariant: a band is a number as well as a bar, and one that the stream's rate
//! cannot show has neither.

use super::frame::{bar, frame, inset, row, title};
use super::spectrum::channel_name;
use crate::dsp::spectra::Rhythm;
use crate::pipeline::view::View;
use crate::tui::figures::{UNKNOWN, measure};
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What letter, hertz and figures take of a line.
const FIGURES: usize = 23;
/// With less room than this for the bar, hertz are left out.
const NARROW: usize = 6;

/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let parts = [Span::styled(channel_name(state, view), theme.selected), Span::styled("µV²", theme.text)];
    let inner = inset(frame(theme, area, title(theme, area.width, "Bands", parts), buffer));
    let density = view.spectra.as_ref().and_then(|spectra| Some((spectra.of(state.selected)?, spectra.bin_hz)));
    let powers = Rhythm::ALL.map(|band| {
        let (density, bin_hz) = density?;
        band.power(density, bin_hz).filter(|power| power.is_finite())
    });
    let sum: f64 = powers.iter().flatten().sum();
    let highest = powers.iter().flatten().copied().fold(0.0, f64::max);
    let room = usize::from(inner.width).saturating_sub(FIGURES);
    let with_hertz = room >= NARROW;
    for (place, (band, power)) in Rhythm::ALL.iter().zip(powers).enumerate() {
        let (from, to) = band.hz();
        let mut line = Line::from(Span::styled(format!("{} ", band.letter()), theme.title));
        if with_hertz {
            line.push_span(Span::styled(format!("{:<6}", format!("{from}-{to}")), theme.label));
        }
        let cells = if with_hertz { room } else { room + 6 };
        let part = power.filter(|_| highest > 0.0).map_or(0.0, |power| power / highest);
        line.spans.extend(bar(theme, theme.bar, part, cells));
        let share = power.filter(|_| sum > 0.0).map_or(String::new(), |power| format!("{:.0} %", 100.0 * power / sum));
        let power = power.map_or(UNKNOWN.to_owned(), measure);
        line.push_span(Span::styled(format!(" {power:>8}"), theme.text));
        line.push_span(Span::styled(format!(" {share:>5}"), theme.label));
        row(inner, place as u16, &line, buffer);
    }
}
