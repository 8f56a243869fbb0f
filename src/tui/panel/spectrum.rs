//! The spectrum of the selected channel: decibels over hertz.
//!
//! Owns no state; runs on the main thread. Invariant: its scale of decibels and its axis of hertz are those of the waterfall.

use super::braille::{Band, DotGrid};
use super::frame::{frame, row, title};
use crate::dsp::spectra::{Spectra, decibels};
use crate::pipeline::view::View;
use crate::tui::chart::columns;
use crate::tui::figures::{cut, setting};
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Width of the numbers beside a plot.
pub(super) const AXIS: u16 = 6;
/// Decibels between two lines of the scale, and the lowest it may show.
const STEP_DB: f64 = 10.0;
const LOWEST_DB: f64 = -60.0;
/// Cells between two hertz that are written down, at least.
const APART: f64 = 7.0;
/// Below this the display's high-pass shapes the curve more than the signal does.
const FIRST_HZ: f64 = 0.75;

/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let shown = Shown::of(state, view);
    let mut parts = vec![Span::styled(channel_name(state, view), theme.selected)];
    if let Some(shown) = &shown {
        parts.push(Span::styled("dB µV²/Hz".to_owned(), theme.text));
        parts.push(Span::styled(format!("Welch {} s", setting(round(shown.spectra.length_s))), theme.label));
        parts.push(Span::styled(format!("bins {} Hz", setting(round(shown.spectra.bin_hz))), theme.label));
        parts.push(Span::styled(cut(&view.traces.filters, 40), theme.label));
    }
    let inner = frame(theme, area, title(theme, area.width, "Spectrum", parts), buffer);
    let Some(shown) = shown else {
        let line = Line::styled("no whole segment yet", theme.label);
        row(inner, inner.height / 2, &line.centered(), buffer);
        return;
    };
    let plot = Rect { x: inner.x + AXIS.min(inner.width), width: inner.width.saturating_sub(AXIS + 1), ..inner };
    let plot = Rect { height: plot.height.saturating_sub(1), ..plot };
    if plot.width < 8 || plot.height < 2 {
        return;
    }
    let (lower, upper) = shown.scale();
    let mut grid = DotGrid::new(plot);
    let band = Band { rows: 0..grid.rows(), reach: 0, upper, lower };
    let values: Vec<f32> = shown.density.iter().map(|d| decibels(f64::from(*d)).max(lower) as f32).collect();
    let dots = grid.columns();
    // What is left out at the low end still has its place, so that hertz lie where the axis says.
    let skipped = (FIRST_HZ / shown.reach_hz * dots as f64) as usize;
    let curve = columns(&values, dots).into_iter().enumerate().map(|(dot, value)| value.filter(|_| dot >= skipped));
    grid.curve(curve, &band, theme.curve);
    grid.render(buffer);
    let step = if plot.height >= 8 { STEP_DB } else { (upper - lower).max(STEP_DB) };
    let lines = ((upper - lower) / step).round() as u16;
    for line in 0..=lines {
        let value = upper - f64::from(line) * step;
        let y = (f64::from(line) * f64::from(plot.height - 1) / f64::from(lines.max(1))).round() as u16;
        let text = Line::styled(setting(value).replace('-', "−"), theme.label).right_aligned();
        row(Rect { width: AXIS - 1, ..inner }, y, &text, buffer);
    }
    hertz(state, shown.reach_hz, Rect { y: plot.bottom(), height: 1, ..plot }, buffer);
}

/// Two digits behind the point are enough for lengths and bins.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The selected channel, by name and place.
pub(super) fn channel_name(state: &State, view: &View) -> String {
    let label = view.facts.montage.channels.get(state.selected).map_or("", |channel| channel.label.as_str());
    cut(label, 12)
}

/// What there is to show of the selected channel.
pub(super) struct Shown<'a> {
    pub spectra: &'a Spectra,
    /// From 0 Hz to where the axis ends.
    pub density: &'a [f32],
    pub reach_hz: f64,
}

impl<'a> Shown<'a> {
    /// None before there is an estimate, or where it is not finite.
    pub fn of(state: &State, view: &'a View) -> Option<Self> {
        let spectra = view.spectra.as_deref().filter(|spectra| spectra.bin_hz.is_finite() && spectra.bin_hz > 0.0)?;
        let density = spectra.of(state.selected)?;
        let bins = (state.reach_hz() / spectra.bin_hz).round().min(density.len() as f64) as usize + 1;
        let bins = bins.clamp(2, density.len().max(2));
        let density = density.get(..bins)?;
        let reach_hz = (bins - 1) as f64 * spectra.bin_hz;
        density.iter().all(|power| power.is_finite()).then_some(Self { spectra, density, reach_hz })
    }

    /// Decibels at the lower and upper edge: whole steps that hold all of the curve.
    pub fn scale(&self) -> (f64, f64) {
        let first = (FIRST_HZ / self.spectra.bin_hz).ceil() as usize;
        let all = self.density.iter().skip(first).map(|power| decibels(f64::from(*power)).clamp(LOWEST_DB, 200.0));
        let (low, high) = all.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return (0.0, STEP_DB);
        }
        let (lower, upper) = ((low / STEP_DB).floor() * STEP_DB, (high / STEP_DB).ceil() * STEP_DB);
        (lower, if upper > lower { upper } else { lower + STEP_DB })
    }
}

/// The axis of hertz below a plot.
pub(super) fn hertz(state: &State, reach_hz: f64, area: Rect, buffer: &mut Buffer) {
    let (width, style) = (f64::from(area.width), state.theme.label);
    let fits = |step: &f64| width * step / reach_hz >= APART;
    let Some(step) = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0].into_iter().find(fits) else { return };
    for tick in 0..=(reach_hz / step + 1e-9) as u16 {
        let hz = f64::from(tick) * step;
        let text = if tick == 0 { "0 Hz".to_owned() } else { setting(hz) };
        let x = (width * hz / reach_hz) as u16;
        let x = if tick == 0 { x } else { x.saturating_sub(text.len() as u16 / 2) };
        if x + text.len() as u16 <= area.width {
            buffer.set_string(area.x + x, area.y, text, style);
        }
    }
}
