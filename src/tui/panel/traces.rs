//! The traces: one row a channel, its name before, its root mean square behind.
//!
//! Owns no state; runs on the main thread. Invariant: a peak may reach half a row into its neighbour's, and ends there;
//! markers cover no trace; a bad channel is marked behind its name, dimmed, and says why instead of its root mean square.

use super::braille::{Band, DotGrid};
use super::columns::{Bins, around, range};
use super::frame::{frame, row, title};
use crate::dsp::quality::{Reason, Reasons};
use crate::pipeline::view::View;
use crate::signal::Channel;
use crate::tui::figures::{cut, microvolts, setting};
use crate::tui::layout::{channels_on_page, trace_rows};
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::ops::Range;

/// Widest name of a channel, in cells.
const LABEL: usize = 8;
/// Width of the root mean squares.
const RMS: u16 = 6;
/// A plot narrower than this gives up the root mean squares, then the names.
const PLOT: u16 = 20;
/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let page = Page::of(state, view, trace_rows(area));
    let inner = frame(&state.theme, area, panel_title(state, view, &page, area.width), buffer);
    if page.channels.is_empty() || inner.is_empty() {
        return;
    }
    let label = page.label_width(view);
    let with_rms = inner.width > label + RMS + PLOT;
    let label = if inner.width > label + PLOT { label } else { 0 };
    let rms = if with_rms { RMS + 1 } else { 0 };
    let rows = trace_rows(area);
    let plot = Rect { x: inner.x + label, width: inner.width - label - rms, height: rows, ..inner };
    let bins = Bins::of(view, state.past.iter().map(AsRef::as_ref), state.shown_s(), state.back_s);

    let mut grid = DotGrid::new(plot);
    let mut edges = (0.0, 0.0);
    for slot in page.slots() {
        let band = page.band(slot, grid.rows());
        let channel = page.channels.start + slot;
        let columns = bins.columns(channel, grid.columns());
        let bad = reasons(view, channel);
        let style = match (bad.is_empty(), page.is_selected(state, channel)) {
            (false, _) => state.theme.bad_trace,
            (true, true) => state.theme.selected_trace,
            (true, false) => state.theme.traces[channel % 2],
        };
        let voltage = view.facts.montage.channels.get(channel).is_none_or(|c| c.unit.is_voltage());
        edges = if voltage { around(&columns, state.scale_uv()) } else { range(&columns) };
        grid.curve(columns, &Band { rows: band.clone(), reach: band.len() / 2, lower: edges.0, upper: edges.1 }, style);
        let middle = ((band.start + band.end.max(band.start + 1) - 1) / 2 / 4) as u16;
        let line = Rect { y: plot.y + middle, height: 1, ..inner };
        if label > 0 {
            row(Rect { width: label, ..line }, 0, &page.label(state, view, channel), buffer);
        }
        if with_rms {
            let value = view.traces.rms.get(channel).copied().filter(|_| voltage).unwrap_or(f32::NAN);
            // What a person said comes before what was measured.
            let marked = Some(Reason::Marked).filter(|marked| bad.has(*marked));
            let line = match marked.or_else(|| bad.iter().next()) {
                Some(reason) => Line::styled(reason.word(), state.theme.bad),
                None => Line::styled(microvolts(value.into()), state.theme.label),
            };
            let line = line.right_aligned();
            row(Rect { x: inner.right() - RMS, width: RMS, y: plot.y + middle, height: 1 }, 0, &line, buffer);
        }
    }
    grid.render(buffer);
    markers(state, &bins, plot, area, buffer);
    if rows < inner.height {
        time_axis(state, Rect { y: plot.bottom(), height: 1, ..plot }, buffer);
        if with_rms {
            let unit = Rect { x: inner.right() - RMS, width: RMS, y: plot.bottom(), height: 1 };
            row(unit, 0, &Line::styled("rms µV", state.theme.label).right_aligned(), buffer);
        }
    }
    if state.solo && label > 3 && plot.height >= 4 {
        solo_axis(state, edges, Rect { x: inner.x, width: label - 1, ..plot }, buffer);
    }
}

/// The channels on screen.
struct Page {
    channels: Range<usize>,
    /// Rows are shared by this many channels, fewer of which may be left on the last page.
    slots: usize,
    of: usize,
}

impl Page {
    fn of(state: &State, view: &View, rows: u16) -> Self {
        let of = view.facts.montage.len();
        let selected = state.selected.min(of.saturating_sub(1));
        if state.solo {
            return Self { channels: selected..(selected + 1).min(of), slots: 1, of };
        }
        let slots = channels_on_page(rows, of);
        let first = selected / slots * slots;
        Self { channels: first..(first + slots).min(of), slots, of }
    }

    fn slots(&self) -> Range<usize> {
        0..self.channels.len()
    }

    /// Rows of dots of one slot.
    fn band(&self, slot: usize, rows: usize) -> Range<usize> {
        slot * rows / self.slots..(slot + 1) * rows / self.slots
    }

    /// One channel is not marked among itself.
    fn is_selected(&self, state: &State, channel: usize) -> bool {
        self.channels.len() > 1 && state.selected == channel
    }

    fn label_width(&self, view: &View) -> u16 {
        let channels = view.facts.montage.channels.get(self.channels.clone()).unwrap_or_default();
        let widest = channels.iter().map(|c| Span::raw(&c.label).width()).max().unwrap_or(0);
        widest.clamp(3, LABEL) as u16 + 2
    }

    fn label<'a>(&self, state: &State, view: &'a View, channel: usize) -> Line<'a> {
        let label = view.facts.montage.channels.get(channel).map_or("", |c: &Channel| c.label.as_str());
        let (pointer, style) =
            if self.is_selected(state, channel) { ("▸", state.theme.selected) } else { (" ", state.theme.text) };
        let mut line = Line::styled(format!("{pointer}{}", cut(label, LABEL)), style);
        if !reasons(view, channel).is_empty() {
            line.push_span(Span::styled("✗", state.theme.bad));
        }
        line
    }
}

/// What is wrong with a channel.
fn reasons(view: &View, channel: usize) -> Reasons {
    view.quality.get(channel).copied().unwrap_or_default()
}

fn panel_title<'a>(state: &State, view: &View, page: &Page, width: u16) -> Line<'a> {
    let theme = &state.theme;
    let shown = match page.channels.len() {
        0 => format!("none of {}", page.of),
        1 => format!("{} of {}", page.channels.end, page.of),
        _ => format!("{}-{} of {}", page.channels.start + 1, page.channels.end, page.of),
    };
    let auto = if state.auto_scale { " auto" } else { "" };
    let bad = view.quality.iter().filter(|reasons| !reasons.is_empty()).count();
    let bad = if bad > 0 { format!("{bad} bad") } else { String::new() };
    let parts = [
        Span::styled(shown, theme.text),
        Span::styled(bad, theme.bad),
        Span::styled(format!("{} µV/row{auto}", setting(state.scale_uv())), theme.text),
        Span::styled(format!("{} s", setting(state.shown_s())), theme.text),
        Span::styled(cut(&view.traces.filters, 60), theme.label),
    ];
    title(theme, width, "Traces", parts)
}

/// Dashed lines in the blanks between the traces, which take the same colour there, and texts on the lower frame.
fn markers(state: &State, bins: &Bins<'_>, plot: Rect, panel: Rect, buffer: &mut Buffer) {
    let mut in_sight = bins.markers(plot.width);
    in_sight.iter_mut().for_each(|(x, _)| *x += plot.x);
    in_sight.sort_by_key(|(x, _)| *x);
    for (place, (x, text)) in in_sight.iter().enumerate() {
        for y in plot.top()..plot.bottom() {
            let Some(cell) = buffer.cell_mut((*x, y)) else { continue };
            if cell.symbol() == " " {
                cell.set_symbol("┊");
            }
            cell.set_style(state.theme.marker);
        }
        // A text ends before the next marker; where several share a cell the last one is read.
        let until = in_sight.get(place + 1).map_or(panel.right() - 1, |(next, _)| next.saturating_sub(1).max(*x));
        let width = until.saturating_sub(*x);
        if width > 0 {
            let text = cut(text, width.into());
            buffer.set_stringn(*x, panel.bottom() - 1, text, width.into(), state.theme.marker);
        }
    }
}

/// Seconds before the newest sample.
fn time_axis(state: &State, area: Rect, buffer: &mut Buffer) {
    let (shown_s, width) = (state.shown_s(), f64::from(area.width));
    let spacing = |step: &f64| width * step / shown_s;
    let Some(step_s) = [0.5, 1.0, 2.0, 5.0, 10.0].into_iter().find(|step| spacing(step) >= 9.0) else { return };
    let style = state.theme.label;
    for tick in 1..=(shown_s / step_s) as u16 {
        let text = format!("−{}", setting(f64::from(tick) * step_s + state.back_s));
        let centre = width - spacing(&step_s) * f64::from(tick);
        let x = (centre as u16).saturating_sub(if centre >= 1.0 { 1 } else { 0 });
        buffer.set_stringn(area.x + x, area.y, text, usize::from(area.width - x.min(area.width)), style);
    }
    let end = if state.back_s > 0.0 { format!("−{} s", setting(state.back_s)) } else { "0 s".to_owned() };
    row(area, 0, &Line::styled(end, style).right_aligned(), buffer);
}

/// The values at the edges of a channel that is shown alone.
fn solo_axis(state: &State, (lower, upper): (f64, f64), area: Rect, buffer: &mut Buffer) {
    for (place, value) in [(0, upper), (area.height - 1, lower)] {
        let text = cut(&setting(value).replace('-', "−"), area.width.into());
        row(area, place, &Line::styled(text, state.theme.label).right_aligned(), buffer);
    }
}
