//! Grids and strips of contacts, as they are made: a cell a contact, row by row.
//!
//! Owns no state; runs on the main thread. Invariant: contacts lie to each other as their places do, and one that has no
//! room is not drawn over another.

use super::scalp::{Powers, mark};
use super::waterfall::shade;
use crate::pipeline::view::View;
use crate::tui::figures::cut;
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Cells of a contact, at most; from the last on its label is written beside its shade.
const WIDEST: u16 = 7;
const LABELLED: u16 = 5;
/// What is taken for one row or column.
const SAME: f32 = 1e-4;

/// Draws contacts `(channel, place)`.
pub(super) fn render(
    state: &State,
    view: &View,
    powers: &Powers,
    contacts: &[(usize, [f32; 2])],
    area: Rect,
    buffer: &mut Buffer,
) {
    let lattice = lattice(&contacts.iter().map(|(_, place)| *place).collect::<Vec<_>>());
    let columns = lattice.iter().map(|(column, _)| column + 1).max().unwrap_or(1) as u16;
    let rows = lattice.iter().map(|(_, row)| row + 1).max().unwrap_or(1) as u16;
    if area.is_empty() {
        return;
    }
    let width = (area.width / columns.max(1)).clamp(1, WIDEST);
    let height = (area.height / rows.max(1)).clamp(1, 2);
    let left = area.x + area.width.saturating_sub(width * columns) / 2;
    let top = area.y + area.height.saturating_sub(height * rows) / 2;
    for ((channel, _), (column, row)) in contacts.iter().zip(lattice) {
        let (x, y) = (left.saturating_add(width * column as u16), top.saturating_add(height * row as u16));
        if x + width > area.right() || y >= area.bottom() {
            continue;
        }
        let (sign, style) = mark(state, powers, *channel);
        if let Some(power) = powers.good(*channel) {
            let (letter, heat) = shade(&state.theme, powers.part(power));
            // Contacts stay apart where there is room for a blank.
            let filled = if width > 2 { width - 1 } else { width };
            for line in y..(y + height).min(area.bottom()) {
                buffer.set_string(x, line, letter.repeat(filled.into()), heat);
            }
        }
        let label = view.facts.montage.channels.get(*channel).map_or("", |channel| channel.label.as_str());
        let text =
            if width >= LABELLED { format!("{sign}{}", cut(label, 4 - sign.chars().count())) } else { sign.to_owned() };
        buffer.set_stringn(x, y, text, width.into(), style);
    }
}

/// Column and row of each place on the lattice that they lie on, from the upper left.
fn lattice(places: &[[f32; 2]]) -> Vec<(usize, usize)> {
    let steps = |of: fn(&[f32; 2]) -> f32| {
        let mut all: Vec<f32> = places.iter().map(of).filter(|v| v.is_finite()).collect();
        all.sort_by(f32::total_cmp);
        all.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > SAME).fold(f32::MAX, f32::min)
    };
    let pitch = steps(|place| place[0]).min(steps(|place| place[1]));
    let left = places.iter().map(|[x, _]| *x).fold(f32::MAX, f32::min);
    let top = places.iter().map(|[_, y]| *y).fold(f32::MIN, f32::max);
    // A cast of what is not a number gives zero; places lie in the unit disc, so that counts are small.
    let count = |far: f32| ((far / pitch).round() as usize).min(usize::from(u8::MAX));
    places.iter().map(|[x, y]| (count(x - left), count(top - y))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::electrode::GridShapes;
    use crate::signal::{Channel, ChannelKind, Montage, Unit};

    #[test]
    fn contacts_lie_on_their_lattice() {
        let labels = (1..=16).map(|n| format!("G{n}")).chain((1..=4).map(|n| format!("LT{n}")));
        let channel = |label: String| Channel { kind: ChannelKind::Ecog, ..Channel::named(&label, Unit::parse("uV")) };
        let montage = Montage { channels: labels.map(channel).collect() }.located(&GridShapes::new());
        let places: Vec<[f32; 2]> = montage.positions().into_iter().flatten().collect();
        let found = lattice(&places);
        assert_eq!([found[0], found[7], found[8], found[15]], [(0, 0), (7, 0), (0, 1), (7, 1)]);
        assert_eq!([found[16], found[19]], [(9, 0), (12, 0)], "a column is left free between grids");
        assert_eq!(lattice(&[[0.0, 0.0]]), [(0, 0)]);
    }
}
