//! The map of embeddings: where the windows of the last minutes lie to each other.
//!
//! Owns no state; runs on the main thread. Invariant: a point's character says what its colour says, both axes have one scale,
//! and of windows that share a cell the newest is seen.

use super::frame::{frame, inset, row, title};
use crate::pipeline::view::{EmbeddingMap, MapPoint, View};
use crate::tui::figures::{age, count, cut};
use crate::tui::keys::MapBy;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Ages, from the oldest quarter of what is in sight to the newest.
const AGES: [&str; 4] = ["·", "•", "○", "●"];
/// The newest window.
const NOW: &str = "◆";
/// What is of no class, or before the first marker.
const NONE: &str = "·";
/// A cell is about twice as high as it is wide.
const ASPECT: f64 = 2.0;
/// Steps of the scale, so that it does not change with every window.
const STEPS: [f64; 6] = [1.0, 1.5, 2.0, 3.0, 5.0, 7.0];
/// Entries of the legend at most.
const ENTRIES: usize = 40;

/// Draws the map.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let map = view.map.as_deref();
    let windows = map.map_or(0, |map| map.points.len());
    let mut parts = vec![
        Span::styled(format!("by {}", state.map_by.word()), theme.text),
        Span::styled(format!("{} windows", count(windows as u64)), theme.text),
    ];
    parts.extend(map.map(|map| {
        let [x, y] = map.shares.map(|share| format!("{:.0} %", 100.0 * share));
        Span::styled(format!("{x} and {y} of the variance"), theme.label)
    }));
    let inner = frame(theme, area, title(theme, area.width, "Embeddings", parts), buffer);
    let Some(map) = map.filter(|map| !map.points.is_empty() && !inner.is_empty()) else {
        let line = Line::styled("no embeddings yet", theme.label);
        row(inner, inner.height / 2, &line.centered(), buffer);
        return;
    };
    let unit = unit(map, inner);
    let (left, top) = (f64::from(inner.width) / 2.0, f64::from(inner.height) / 2.0);
    let newest = map.points.len() - 1;
    let sight = Sight::of(map);
    for (place, point) in map.points.iter().enumerate() {
        let (x, y) = (left + f64::from(point.x) / unit, top - f64::from(point.y) / unit / ASPECT);
        // A cast of what is below zero or not a number gives zero.
        let (x, y) = ((x as u16).min(inner.width - 1), (y as u16).min(inner.height - 1));
        let (letter, style) = look(state.map_by, theme, &sight, point);
        let (letter, style) = if place == newest { (NOW.to_owned(), theme.selected) } else { (letter, style) };
        buffer.set_stringn(inner.x + x, inner.y + y, letter, 1, style);
    }
}

/// Units of the map in the width of a cell, so that all points are in sight.
fn unit(map: &EmbeddingMap, inner: Rect) -> f64 {
    let half = |cells: u16| (f64::from(cells) / 2.0 - 0.5).max(0.5);
    let across = |point: &MapPoint| f64::from(point.x.abs()) / half(inner.width);
    let up = |point: &MapPoint| f64::from(point.y.abs()) / half(inner.height) / ASPECT;
    let needed =
        map.points.iter().map(|point| across(point).max(up(point))).filter(|n| n.is_finite()).fold(0.0, f64::max);
    if needed <= 0.0 {
        return 1.0;
    }
    let decade = 10_f64.powf(needed.log10().floor());
    let step = STEPS.iter().find(|step| **step * decade >= needed);
    step.map_or(10.0 * decade, |step| step * decade)
}

/// The times between which the windows lie.
struct Sight {
    from_s: f64,
    to_s: f64,
}

impl Sight {
    fn of(map: &EmbeddingMap) -> Self {
        let end = |point: Option<&MapPoint>| point.map_or(0.0, |point| point.end_s);
        Self { from_s: end(map.points.first()), to_s: end(map.points.last()) }
    }

    /// Which quarter a time lies in.
    fn quarter(&self, at_s: f64) -> usize {
        let part = (at_s - self.from_s) / (self.to_s - self.from_s);
        // A cast of what is below zero or not a number gives zero.
        ((part * AGES.len() as f64) as usize).min(AGES.len() - 1)
    }
}

/// Letters and styles for what has a place in a list.
fn lettered(theme: &Theme, place: Option<usize>) -> (String, Style) {
    match place {
        Some(place) => {
            let letter = char::from(b'a' + (place % 26) as u8);
            (letter.to_string(), theme.kinds[place % theme.kinds.len()])
        }
        None => (NONE.to_owned(), theme.label),
    }
}

/// The same for a quarter of the time in sight.
fn aged(theme: &Theme, quarter: usize) -> (String, Style) {
    (AGES[quarter].to_owned(), theme.heat[(quarter + 1) * theme.heat.len() / AGES.len() - 1])
}

fn numbered(theme: &Theme, generation: u64) -> (String, Style) {
    ((generation % 10).to_string(), theme.kinds[(generation % theme.kinds.len() as u64) as usize])
}

fn look(by: MapBy, theme: &Theme, sight: &Sight, point: &MapPoint) -> (String, Style) {
    match by {
        MapBy::Time => {
            let quarter = sight.quarter(point.end_s);
            aged(theme, quarter)
        }
        MapBy::Marker => lettered(theme, point.marker),
        MapBy::Class => lettered(theme, point.class),
        MapBy::Generation => numbered(theme, point.generation),
    }
}

/// Draws what the characters mean, and how many windows each stands for.
pub(in crate::tui) fn legend(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let inner = inset(frame(theme, area, title(theme, area.width, "Legend", []), buffer));
    let Some(map) = view.map.as_deref() else { return };
    let mut lines = vec![entry(state, (NOW.to_owned(), theme.selected), "now", None, inner.width)];
    for (look, text, windows) in entries(state, view, map) {
        lines.push(entry(state, look, &text, Some(windows), inner.width));
    }
    for (place, line) in lines.iter().take(inner.height.into()).enumerate() {
        row(inner, place as u16, line, buffer);
    }
}

fn entry<'a>(
    state: &State,
    (letter, style): (String, Style),
    text: &str,
    windows: Option<usize>,
    width: u16,
) -> Line<'a> {
    let windows = windows.map_or(String::new(), |windows| count(windows as u64));
    let room = usize::from(width).saturating_sub(3 + windows.len());
    let text = cut(text, room);
    let gap = room.saturating_sub(Span::raw(&text).width()) + 1;
    Line::from(vec![
        Span::styled(letter, style),
        Span::styled(format!(" {text}"), state.theme.text),
        Span::raw(" ".repeat(gap)),
        Span::styled(windows, state.theme.label),
    ])
}

/// Looks with what they mean and how many windows have them; those that no window has are left out.
fn entries(state: &State, view: &View, map: &EmbeddingMap) -> Vec<((String, Style), String, usize)> {
    let theme = &state.theme;
    let of = |is: &dyn Fn(&MapPoint) -> bool| map.points.iter().filter(|point| is(point)).count();
    let mut all = Vec::new();
    match state.map_by {
        MapBy::Time => {
            let sight = Sight::of(map);
            let quarter_s = (sight.to_s - sight.from_s) / AGES.len() as f64;
            for quarter in (0..AGES.len()).rev() {
                let back = (AGES.len() - quarter) as f64 * quarter_s;
                let windows = of(&|point| sight.quarter(point.end_s) == quarter);
                all.push((aged(theme, quarter), format!("up to {} old", age(back)), windows));
            }
        }
        MapBy::Generation => {
            let mut generations: Vec<u64> = map.points.iter().map(|point| point.generation).collect();
            generations.sort_unstable();
            generations.dedup();
            for generation in generations.into_iter().rev() {
                let windows = of(&|point| point.generation == generation);
                all.push((numbered(theme, generation), format!("generation {generation}"), windows));
            }
        }
        MapBy::Marker | MapBy::Class => {
            let by_marker = state.map_by == MapBy::Marker;
            let place = |point: &MapPoint| if by_marker { point.marker } else { point.class };
            let classes: Vec<&str> =
                view.teaching.iter().flat_map(|teaching| &teaching.classes).map(|(name, _)| name.as_str()).collect();
            let names: Vec<&str> = if by_marker { map.markers.iter().map(String::as_str).collect() } else { classes };
            for (number, name) in names.iter().enumerate() {
                all.push((
                    lettered(theme, Some(number)),
                    (*name).to_owned(),
                    of(&|point| place(point) == Some(number)),
                ));
            }
            let none = if by_marker { "before the first marker" } else { "no class told" };
            all.push((lettered(theme, None), none.to_owned(), of(&|point| place(point).is_none())));
        }
    }
    all.retain(|(_, _, windows)| *windows > 0);
    all.truncate(ENTRIES);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_has_all_points_in_sight_and_changes_in_steps() {
        let map = |far: f32| EmbeddingMap {
            points: vec![MapPoint { x: far, ..MapPoint::default() }],
            ..EmbeddingMap::default()
        };
        let area = Rect::new(0, 0, 41, 11);
        assert_eq!([20.0, 20.1, 30.0, 200.0].map(|far| unit(&map(far), area)), [1.0, 1.5, 1.5, 10.0]);
        assert_eq!([0.0, f32::NAN, f32::INFINITY].map(|far| unit(&map(far), area)), [1.0; 3]);
    }
}
