//! Where the power of a band lies, or what the model looks at: on a scalp seen from above, on grids of contacts, or, where no place is known, by channel.
//!
//! Owns no state; runs on the main thread. Invariant: between electrodes it is interpolated from good channels alone, and a
//! bad channel is marked with a character.

use super::frame::{bar, frame, row, title};
use super::grid;
use super::waterfall::{legend, shade};
use crate::dsp::spectra::decibels;
use crate::pipeline::view::View;
use crate::signal::ChannelKind;
use crate::tui::figures::{UNKNOWN, cut, measure};
use crate::tui::layout::channels_on_page;
use crate::tui::state::State;
use crate::tui::topic::Topic;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Where the head ends in the disc of places; electrodes on the ears and below lie outside.
const HEAD: f64 = 0.8;
/// Electrodes that a picture of a head needs.
const FEW: usize = 3;
/// A cell is about twice as high as it is wide.
const ASPECT: f64 = 2.0;
/// Decibels from the lowest shade to the highest, at least.
const SPAN_DB: f64 = 5.0;
/// Letters of a label on the head.
const LABEL: usize = 3;

/// The power of the chosen band of each channel in decibels, or how far the embedding moves without it in percent of the most;
/// and the edges of the scale.
pub(super) struct Powers {
    /// `[C]`; none where it is not known, or no voltage.
    pub of: Vec<Option<f64>>,
    /// `[C]`: true where something is wrong with it.
    pub bad: Vec<bool>,
    pub lower: f64,
    pub upper: f64,
}

impl Powers {
    fn of(state: &State, view: &View) -> Self {
        let channels = &view.facts.montage.channels;
        let saliency = view.trainer.gate.saliency.as_deref().map(Vec::as_slice).unwrap_or_default();
        let most = f64::from(saliency.iter().copied().filter(|moved| moved.is_finite()).fold(0.0, f32::max));
        let power = |(place, channel): (usize, &crate::signal::Channel)| {
            let value = match state.topic {
                Topic::Band(band) => {
                    let spectra = view.spectra.as_deref().filter(|_| channel.unit.is_voltage())?;
                    decibels(band.power(spectra.of(place)?, spectra.bin_hz)?.max(1e-6))
                }
                Topic::Saliency => 100.0 * f64::from(*saliency.get(place)?) / most.max(1e-9),
            };
            Some(value).filter(|value| value.is_finite())
        };
        let of: Vec<Option<f64>> = channels.iter().enumerate().map(power).collect();
        let bad: Vec<bool> = (0..of.len()).map(|c| view.quality.get(c).is_some_and(|why| !why.is_empty())).collect();
        let good = of.iter().zip(&bad).filter(|(_, bad)| !**bad).filter_map(|(power, _)| *power);
        let (low, high) = good.fold((f64::MAX, f64::MIN), |(low, high), power| (low.min(power), high.max(power)));
        if state.topic == Topic::Saliency {
            return Self { of, bad, lower: 0.0, upper: 100.0 };
        }
        let (lower, high) = if low <= high { (low.floor(), high.ceil()) } else { (0.0, 0.0) };
        Self { of, bad, lower, upper: high.max(lower + SPAN_DB) }
    }

    /// The power of a channel that may be looked at.
    pub fn good(&self, channel: usize) -> Option<f64> {
        self.of.get(channel).copied().flatten().filter(|_| !self.bad[channel])
    }

    /// Where a power lies between the edges, 0 to 1.
    pub fn part(&self, decibels: f64) -> f64 {
        ((decibels - self.lower) / (self.upper - self.lower)).clamp(0.0, 1.0)
    }
}

/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let channels = &view.facts.montage.channels;
    let placed = |kind: ChannelKind| -> Vec<(usize, [f32; 2])> {
        let of_kind = channels.iter().enumerate().filter(|(_, channel)| channel.kind == kind);
        of_kind.filter_map(|(place, channel)| Some((place, channel.position?))).collect()
    };
    let (scalp, grids) = (placed(ChannelKind::Eeg), placed(ChannelKind::Ecog));
    let powers = Powers::of(state, view);
    let name = match (scalp.len() >= FEW, grids.is_empty()) {
        (true, _) => "Scalp",
        (false, false) => "Grids",
        (false, true) => "Channels",
    };
    let bad = powers.bad.iter().filter(|bad| **bad).count();
    let (what, unit, nothing) = match state.topic {
        Topic::Band(band) => {
            let (from, to) = band.hz();
            (format!("{} {from}-{to} Hz", band.letter()), "dB µV²", "no power in this band yet")
        }
        Topic::Saliency => ("moves the embedding".to_owned(), "% of the most", "no look at the model yet"),
    };
    let parts = [
        Span::styled(what, theme.text),
        Span::styled(if bad > 0 { format!("{bad} bad") } else { String::new() }, theme.bad),
    ];
    let inner = frame(theme, area, title(theme, area.width, name, parts), buffer);
    if powers.of.iter().all(Option::is_none) {
        let line = Line::styled(nothing, theme.label);
        row(inner, inner.height / 2, &line.centered(), buffer);
        return;
    }
    let picture = Rect { height: inner.height.saturating_sub(1), ..inner };
    match name {
        "Scalp" => head(state, view, &powers, &scalp, picture, buffer),
        "Grids" => grid::render(state, view, &powers, &grids, picture, buffer),
        _ => return by_channel(state, view, &powers, inner, buffer),
    }
    let scale = Line::styled(legend(powers.lower, powers.upper, unit), theme.label);
    row(inner, picture.height, &scale.centered(), buffer);
}

/// What stands for a channel on the picture: its style, and a sign where something is wrong with it.
pub(super) fn mark(state: &State, powers: &Powers, channel: usize) -> (&'static str, Style) {
    match (powers.bad.get(channel), channel == state.selected) {
        (Some(true), _) => ("✗", state.theme.bad),
        (_, true) => ("▸", state.theme.selected),
        (_, false) => ("", state.theme.title),
    }
}

/// From cells to places on the head.
struct Disc {
    centre: (f64, f64),
    /// Cells from the middle to the rim, across.
    across: f64,
    reach: f64,
}

impl Disc {
    fn of(area: Rect, electrodes: &[(usize, [f32; 2])]) -> Self {
        let far = electrodes.iter().map(|(_, [x, y])| f64::from(x.hypot(*y))).filter(|far| far.is_finite());
        let reach = far.fold(HEAD, f64::max) + 0.04;
        // The first row is for the nose.
        let (width, height) = (f64::from(area.width), f64::from(area.height.saturating_sub(1)));
        let across = (width / 2.0).min(height / 2.0 * ASPECT).max(0.5);
        let centre = (f64::from(area.x) + width / 2.0, f64::from(area.y) + 1.0 + height / 2.0);
        Self { centre, across, reach }
    }

    /// The middle of a cell.
    fn place(&self, x: u16, y: u16) -> [f64; 2] {
        let unit = self.reach / self.across;
        let (x, y) = (f64::from(x) + 0.5 - self.centre.0, self.centre.1 - f64::from(y) - 0.5);
        [x * unit, y * unit * ASPECT]
    }

    fn cell(&self, [x, y]: [f32; 2]) -> (u16, u16) {
        let unit = self.across / self.reach;
        // A cast of what is below zero or not a number gives zero.
        ((self.centre.0 + f64::from(x) * unit) as u16, (self.centre.1 - f64::from(y) * unit / ASPECT) as u16)
    }
}

fn head(
    state: &State,
    view: &View,
    powers: &Powers,
    electrodes: &[(usize, [f32; 2])],
    area: Rect,
    buffer: &mut Buffer,
) {
    if area.width < 12 || area.height < 6 {
        return;
    }
    let theme = &state.theme;
    let disc = Disc::of(area, electrodes);
    let known: Vec<([f64; 2], f64)> = electrodes
        .iter()
        .filter_map(|(channel, [x, y])| Some(([f64::from(*x), f64::from(*y)], powers.good(*channel)?)))
        .collect();
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let [right, front] = disc.place(x, y);
            if right.hypot(front) <= HEAD
                && let Some(power) = between(&known, [right, front])
            {
                let (letter, style) = shade(theme, powers.part(power));
                buffer.set_string(x, y, letter, style);
            }
        }
    }
    let (nose_x, nose_y) = disc.cell([0.0, HEAD as f32]);
    buffer.set_string(nose_x.min(area.right() - 1), nose_y.saturating_sub(1).max(area.y), "▲", theme.label);
    // The selected one first: labels that would cover another one are left out.
    let mut order: Vec<&(usize, [f32; 2])> = electrodes.iter().collect();
    order.sort_by_key(|(channel, _)| (*channel != state.selected, !powers.bad.get(*channel).is_some_and(|bad| *bad)));
    let mut taken: Vec<(u16, u16, u16)> = Vec::new();
    for (channel, place) in order {
        let (sign, style) = mark(state, powers, *channel);
        let label = view.facts.montage.channels.get(*channel).map_or(String::new(), short);
        let (x, y) = disc.cell(*place);
        for text in [format!("{sign}{label}"), if sign.is_empty() { "·".to_owned() } else { sign.to_owned() }] {
            let width = Span::raw(&text).width() as u16;
            let left = x
                .saturating_sub(width.saturating_sub(1) / 2)
                .clamp(area.x, area.right().saturating_sub(width).max(area.x));
            let is_free = !taken.iter().any(|(from, to, at)| *at == y && left <= *to && left + width >= *from);
            if is_free && (area.top()..area.bottom()).contains(&y) {
                buffer.set_stringn(left, y, &text, usize::from(area.right() - left), style);
                taken.push((left, left + width, y));
                break;
            }
        }
    }
}

/// A label as the system spells it, in a few letters.
fn short(channel: &crate::signal::Channel) -> String {
    channel.electrode().map_or_else(|| cut(&channel.label, LABEL), |electrode| electrode.name.to_owned())
}

/// What lies between electrodes: their mean, weighted by the fourth power of nearness (Shepard, 1968).
fn between(known: &[([f64; 2], f64)], [x, y]: [f64; 2]) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for ([right, front], power) in known {
        let squared = (x - right).powi(2) + (y - front).powi(2) + 1e-4;
        let weight = 1.0 / (squared * squared);
        sum += weight * power;
        weights += weight;
    }
    (weights > 0.0).then(|| sum / weights)
}

/// A bar a channel, on the page of the selected one.
fn by_channel(state: &State, view: &View, powers: &Powers, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let channels = &view.facts.montage.channels;
    let slots = channels_on_page(area.height, channels.len()).min(area.height.into()).max(1);
    let first = state.selected / slots * slots;
    let label = channels.iter().map(|channel| Span::raw(&channel.label).width()).max().unwrap_or(0).clamp(3, 8);
    for (line, channel) in (first..channels.len()).take(slots).enumerate() {
        let (sign, style) = mark(state, powers, channel);
        let name = cut(&channels[channel].label, label);
        let gap = label - Span::raw(&name).width();
        let power = powers.of[channel];
        let cells = usize::from(area.width).saturating_sub(label + 12);
        let part = power.map_or(0.0, |power| powers.part(power));
        let mut line_of = Line::from(vec![
            Span::styled(format!("{sign:<1}"), style),
            Span::styled(name, if channel == state.selected { theme.selected } else { theme.text }),
            Span::raw(" ".repeat(gap + 1)),
        ]);
        line_of.spans.extend(bar(theme, theme.bar, part, cells));
        let unit = if state.topic == Topic::Saliency { "%" } else { "dB" };
        let value = power.map_or(UNKNOWN.to_owned(), measure);
        line_of.push_span(Span::styled(format!(" {value:>5} {unit}"), theme.label));
        row(area, line as u16, &line_of, buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_an_electrode_its_own_power_counts_and_half_way_both() {
        let known = [([-0.5, 0.0], 10.0), ([0.5, 0.0], 20.0)];
        assert!((between(&known, [-0.5, 0.0]).unwrap() - 10.0).abs() < 0.01);
        assert!((between(&known, [0.0, 0.3]).unwrap() - 15.0).abs() < 1e-9);
        assert_eq!(between(&[], [0.0, 0.0]), None);
    }

    #[test]
    fn cells_and_places_are_each_other_s() {
        let disc = Disc::of(Rect::new(3, 2, 40, 21), &[(0, [0.0, 0.66]), (1, [0.7, 0.0])]);
        for (x, y) in [(5, 4), (23, 12), (40, 20)] {
            let [right, front] = disc.place(x, y);
            assert_eq!(disc.cell([right as f32, front as f32]), (x, y));
        }
        assert!(disc.cell([0.0, 0.7]).1 < disc.cell([0.0, -0.7]).1, "the nose is up");
    }
}
