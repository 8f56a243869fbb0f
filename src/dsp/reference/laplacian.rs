//! Who lies around whom: neighbours for the surface Laplacian.
//!
//! Pure. A scalp is a lattice whose rows are those of the 10-10 system, from Fp to I, and whose columns are its numbers; a
//! grid is its own. Invariant: neighbours are listed in the order of the montage, so that sums have one order.

use crate::signal::Montage;
use crate::signal::electrode::{Contact, Electrode};

/// How far away the neighbours of a Laplacian lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One step of the 10-10 system, about 3 cm, or one contact: the small Laplacian.
    Nearest,
    /// Two steps, which is one of the 10-20 system, about 6 cm, or two contacts: the large one (McFarland et al., 1997).
    NextNearest,
}

/// A place in a lattice; none for the scalp, a name for a grid.
#[derive(Clone, Debug, PartialEq)]
struct Cell<'a> {
    grid: Option<&'a str>,
    row: i32,
    column: i32,
}

/// Rows of the 10-10 system, front to back, by what its names begin with. In the sparse ones every second column is taken.
const ROWS: [&[&str]; 10] =
    [&["Fp"], &["AF"], &["F"], &["FC", "FT"], &["C", "T"], &["CP", "TP"], &["P"], &["PO"], &["O"], &["I"]];
const SPARSE: [i32; 5] = [0, 1, 7, 8, 9];

/// Of each channel its neighbours; none where its place is not known. `contacts` says which channels belong to grids.
pub(super) fn neighbours(montage: &Montage, contacts: &[Option<Contact>], reach: Reach) -> Vec<Vec<usize>> {
    let cells: Vec<Vec<Cell<'_>>> = montage
        .channels
        .iter()
        .zip(contacts)
        .map(|(channel, contact)| match contact {
            Some(c) => vec![Cell { grid: Some(&c.grid), row: c.row as i32, column: c.column as i32 }],
            None => channel.electrode().map(on_scalp).unwrap_or_default(),
        })
        .collect();
    let list = |own: usize| {
        let is_near =
            |other: &usize| *other != own && cells[own].iter().any(|a| cells[*other].iter().any(|b| near(a, b, reach)));
        (0..cells.len()).filter(is_near).collect()
    };
    (0..cells.len()).map(list).collect()
}

fn near(a: &Cell<'_>, b: &Cell<'_>, reach: Reach) -> bool {
    let steps = if reach == Reach::Nearest { 1 } else { 2 };
    let is_sparse = a.grid.is_none() && SPARSE.contains(&a.row);
    let across = if is_sparse { 2 } else { steps };
    let (down, beside) = ((a.row - b.row).abs(), (a.column - b.column).abs());
    a.grid == b.grid && ((down == steps && beside == 0) || (down == 0 && beside == across))
}

/// The cells of an electrode: its own, and for the ends of two columns (Fp1, O1) both.
fn on_scalp(Electrode { name, .. }: Electrode) -> Vec<Cell<'static>> {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'z');
    let Some(row) = ROWS.iter().position(|names| names.contains(&letters)) else { return Vec::new() };
    let columns: Vec<i32> = match (letters, name[letters.len()..].parse::<i32>()) {
        (_, Err(_)) => vec![0],
        ("Fp" | "O", Ok(1)) => vec![-2, -4],
        ("Fp" | "O", Ok(2)) => vec![2, 4],
        ("I", Ok(number)) => vec![if number == 1 { -2 } else { 2 }],
        (_, Ok(number)) if number % 2 == 1 => vec![-(number + 1) / 2],
        (_, Ok(number)) => vec![number / 2],
    };
    columns.into_iter().map(|column| Cell { grid: None, row: row as i32, column }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::electrode::{GridShapes, contacts};
    use crate::signal::{Channel, ChannelKind};

    fn around(labels: &[&str], kind: ChannelKind, label: &str, reach: Reach) -> Vec<String> {
        let channel = |c: &Channel| Channel { kind, ..c.clone() };
        let montage = Montage { channels: Montage::of_labels(labels).channels.iter().map(channel).collect() };
        let montage = montage.located(&GridShapes::new());
        let lists = neighbours(&montage, &contacts(&montage.channels, &GridShapes::new()), reach);
        lists[montage.find(label).unwrap()].iter().map(|&i| labels[i].to_owned()).collect()
    }

    #[test]
    fn on_the_scalp_the_system_says_who_is_near() {
        let ten_ten: Vec<&str> = "Fp1 Fpz Fp2 AF7 AF3 AFz AF4 AF8 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCz FC2 FC4 FC6 FT8 T7 C5 C3 C1 \
            Cz C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPz CP2 CP4 CP6 TP8 P7 P5 P3 P1 Pz P2 P4 P6 P8 PO7 PO3 POz PO4 PO8 O1 Oz O2 Iz".split(' ').collect();
        for (label, small, large) in [
            ("C3", "FC3 C5 C1 CP3", "F3 T7 Cz P3"),
            ("Cz", "FCz C1 C2 CPz", "Fz C3 C4 Pz"),
            ("Fz", "AFz F1 F2 FCz", "Fpz F3 F4 Cz"),
            ("T7", "FT7 C5 TP7", "F7 C3 P7"),
            ("AF3", "Fp1 AF7 AFz F3", "AF7 AFz FC3"),
            ("O1", "PO7 PO3 Oz", "P7 P3 Oz"),
            ("Fp2", "Fpz AF4 AF8", "Fpz F4 F8"),
            ("POz", "Pz PO3 PO4 Oz", "CPz PO3 PO4 Iz"),
        ] {
            assert_eq!(around(&ten_ten, ChannelKind::Eeg, label, Reach::Nearest).join(" "), small, "{label}");
            assert_eq!(around(&ten_ten, ChannelKind::Eeg, label, Reach::NextNearest).join(" "), large, "{label}");
        }
        let ten_twenty = ["EEG F3", "EEG T3", "EEG C3", "EEG Cz", "EEG P3", "EEG C4"];
        assert_eq!(
            around(&ten_twenty, ChannelKind::Eeg, "C3", Reach::NextNearest),
            ["EEG F3", "EEG T3", "EEG Cz", "EEG P3"]
        );
        assert!(around(&ten_twenty, ChannelKind::Eeg, "C3", Reach::Nearest).is_empty());
    }

    #[test]
    fn on_a_grid_its_numbers_do() {
        let labels: Vec<String> = (1..=32).map(|n| format!("G{n}")).chain((1..=4).map(|n| format!("S{n}"))).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let near = |label, reach| around(&labels, ChannelKind::Ecog, label, reach).join(" ");
        assert_eq!(near("G10", Reach::Nearest), "G2 G9 G11 G18");
        assert_eq!(near("G10", Reach::NextNearest), "G12 G26");
        assert_eq!(near("G8", Reach::Nearest), "G7 G16", "the end of a row and the next one do not meet");
        assert_eq!(near("S2", Reach::Nearest), "S1 S3");
    }
}
