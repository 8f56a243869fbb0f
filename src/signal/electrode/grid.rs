//! Intracranial grids and strips, by the numbers of their contacts.
//!
//! Pure. Invariant: contacts are numbered row by row from 1, as makers print them on grids, and a contact beyond the
//! rows of its grid has no place.

use super::numbered;
use crate::signal::{Channel, ChannelKind};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Rows and columns of a grid; a strip has one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridShape {
    /// Rows.
    pub rows: usize,
    /// Columns: contacts in a row.
    pub columns: usize,
}

/// The shapes that a user has written, by what stands before the number in the labels of the grid, in capitals.
pub type GridShapes = BTreeMap<String, GridShape>;

/// Shapes of grids as they are made.
const COMMON: [GridShape; 9] = [
    GridShape { rows: 2, columns: 8 },
    GridShape { rows: 4, columns: 5 },
    GridShape { rows: 4, columns: 6 },
    GridShape { rows: 4, columns: 8 },
    GridShape { rows: 6, columns: 8 },
    GridShape { rows: 8, columns: 8 },
    GridShape { rows: 10, columns: 10 },
    GridShape { rows: 8, columns: 16 },
    GridShape { rows: 16, columns: 16 },
];

impl GridShape {
    /// The most probable shape of a grid whose highest number is `contacts`: the common one of this size, of which one in
    /// sixteen may be missing at the end (62 are 8x8), otherwise one row.
    #[must_use]
    pub fn guess(contacts: usize) -> Self {
        let fits = |shape: &&Self| (shape.contacts() - shape.contacts() / 16..=shape.contacts()).contains(&contacts);
        // Two to fifteen in a row are strips.
        COMMON.iter().filter(|_| contacts >= 16).find(fits).copied().unwrap_or(Self { rows: 1, columns: contacts })
    }

    /// How many contacts it has.
    #[must_use]
    pub fn contacts(&self) -> usize {
        self.rows * self.columns
    }
}

impl FromStr for GridShape {
    type Err = &'static str;

    /// Reads `8x8`: rows, then columns.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let side = |text: &str| text.trim().parse().ok().filter(|n| (1..=256).contains(n));
        let sides = text.split_once(['x', 'X', '×']).and_then(|(r, c)| Some((side(r)?, side(c)?)));
        let (rows, columns) = sides.ok_or("must be rows x columns of a grid, such as \"8x8\", each from 1 to 256")?;
        Ok(Self { rows, columns })
    }
}

impl fmt::Display for GridShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.rows, self.columns)
    }
}

/// A contact of a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// What stands before the number in the label.
    pub grid: String,
    /// Its row, from 0.
    pub row: usize,
    /// Its column, from 0.
    pub column: usize,
}

/// Of each channel the contact that it is: of intracranial channels whose label ends in a number within their grid.
#[must_use]
pub fn contacts(channels: &[Channel], shapes: &GridShapes) -> Vec<Option<Contact>> {
    let named: Vec<Option<(String, usize)>> =
        channels.iter().map(|c| (c.kind == ChannelKind::Ecog).then(|| numbered(&c.label)).flatten()).collect();
    let all = shapes_of(&named, shapes);
    let contact = |(grid, number): (String, usize)| {
        let shape = all.get(&grid).filter(|shape| number <= shape.contacts())?;
        let (row, column) = ((number - 1) / shape.columns, (number - 1) % shape.columns);
        Some(Contact { grid, row, column })
    };
    named.into_iter().map(|name| name.and_then(contact)).collect()
}

fn shapes_of(named: &[Option<(String, usize)>], written: &GridShapes) -> GridShapes {
    let mut highest: BTreeMap<&String, usize> = BTreeMap::new();
    for (grid, number) in named.iter().flatten() {
        let most = highest.entry(grid).or_default();
        *most = (*most).max(*number);
    }
    let shape = |(grid, most): (&String, usize)| {
        (grid.clone(), written.get(grid).copied().unwrap_or_else(|| GridShape::guess(most)))
    };
    highest.into_iter().map(shape).collect()
}

/// Where contacts lie in the unit disc: grids side by side in order of their names, two contacts apart, row 0 on top.
///
/// How grids lie to each other on a brain their labels do not tell.
pub(in crate::signal) fn places(contacts: &[Option<Contact>]) -> Vec<Option<[f32; 2]>> {
    let mut widths: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = 1;
    for contact in contacts.iter().flatten() {
        let width = widths.entry(&contact.grid).or_default();
        *width = (*width).max(contact.column + 1);
        rows = rows.max(contact.row + 1);
    }
    let mut lefts = BTreeMap::new();
    let mut across = 0;
    for (grid, width) in widths {
        lefts.insert(grid, across);
        across += width + 1;
    }
    let (width, height) = (across.saturating_sub(2) as f32, (rows - 1) as f32);
    let radius = (width.hypot(height) / 2.0).max(0.5);
    let place = |contact: &Contact| {
        let left = lefts.get(contact.grid.as_str()).copied().unwrap_or_default();
        let (x, y) = ((left + contact.column) as f32 - width / 2.0, height / 2.0 - contact.row as f32);
        [x / radius, y / radius]
    };
    contacts.iter().map(|contact| contact.as_ref().map(place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Montage, Unit};

    fn grid(labels: &[&str]) -> Vec<Channel> {
        let channel = |label: &&str| Channel { kind: ChannelKind::Ecog, ..Channel::named(label, Unit::parse("uV")) };
        labels.iter().map(channel).collect()
    }

    #[test]
    fn shapes_are_guessed_from_the_highest_number_and_read_as_written() {
        for (contacts, shape) in [
            (64, "8x8"),
            (62, "8x8"),
            (32, "4x8"),
            (16, "2x8"),
            (20, "4x5"),
            (8, "1x8"),
            (4, "1x4"),
            (256, "16x16"),
            (50, "1x50"),
        ] {
            assert_eq!(GridShape::guess(contacts).to_string(), shape);
        }
        assert_eq!("4 x 8".parse(), Ok(GridShape { rows: 4, columns: 8 }));
        for wrong in ["", "8", "0x8", "8x", "x", "8x8x8", "1000x1", "-1x8"] {
            assert!(wrong.parse::<GridShape>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn contacts_lie_row_by_row_and_grids_side_by_side() {
        let labels: Vec<String> = (1..=64).map(|n| format!("G{n}")).chain((1..=4).map(|n| format!("LT{n}"))).collect();
        let channels = grid(&labels.iter().map(String::as_str).collect::<Vec<_>>());
        let found = contacts(&channels, &GridShapes::new());
        let at = |c: usize| found[c].as_ref().map(|c| (c.grid.as_str(), c.row, c.column)).unwrap();
        assert_eq!((at(0), at(7), at(8), at(63)), (("G", 0, 0), ("G", 0, 7), ("G", 1, 0), ("G", 7, 7)));
        assert_eq!(at(64), ("LT", 0, 0));
        let places = places(&found);
        let place = |c: usize| places[c].unwrap();
        assert!(places.iter().all(|p| p.is_some_and(|[x, y]| x.hypot(y) <= 1.001)));
        let apart = |a: usize, b: usize| (place(a)[0] - place(b)[0]).hypot(place(a)[1] - place(b)[1]);
        assert!((apart(0, 1) - apart(0, 8)).abs() < 1e-6 && (apart(7, 64) - 2.0 * apart(0, 1)).abs() < 1e-6);
        assert!(place(0)[1] > place(8)[1], "row 0 is on top");
    }

    #[test]
    fn a_written_shape_is_taken_and_what_lies_beyond_it_has_no_place() {
        let channels = grid(&["G1", "G5", "G9", "ref"]);
        let shapes = GridShapes::from([("G".to_owned(), GridShape { rows: 2, columns: 4 })]);
        let found = contacts(&channels, &shapes);
        assert_eq!(found[1], Some(Contact { grid: "G".to_owned(), row: 1, column: 0 }));
        assert_eq!((&found[2], &found[3]), (&None, &None));
        assert!(
            contacts(&Montage::of_labels(&["G1", "G2"]).channels, &shapes).iter().all(Option::is_none),
            "EEG is no grid"
        );
        assert_eq!(places(&contacts(&grid(&["D1"]), &GridShapes::new())), [Some([0.0, 0.0])]);
    }
}
