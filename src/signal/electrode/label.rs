//! Labels as people write them.
//!
//! Pure. Invariant: what amplifiers and recording software add to the name of an electrode makes no difference, and
//! what names two electrodes (a derivation such as `Fpz-Cz`) stays whole.

/// What software writes before the name.
const PREFIXES: [&str; 5] = ["EEG", "ECOG", "SEEG", "IEEG", "POL"];
/// What it writes behind the name: the reference that the amplifier had.
const REFERENCES: [&str; 8] = ["REF", "LE", "RE", "AVG", "AV", "AR", "CAR", "LER"];
/// The same in names of ears and mastoids.
const EARS: [&str; 8] = ["A1", "A2", "A1A2", "A1+A2", "M1", "M2", "M1M2", "M1+M2"];
/// Names of the 10-20 system (Jasper, 1958) that the 10-10 system has changed (ACNS, 2016).
const OLD_NAMES: [(&str, &str); 4] = [("T3", "T7"), ("T4", "T8"), ("T5", "P7"), ("T6", "P8")];

/// The label in capitals without what was written around it: `EEG Fc5-Ref` and `fc5.` are `FC5`, `T3` is `T7`.
#[must_use]
pub fn plain_label(label: &str) -> String {
    let bare = bare(label);
    let names: Vec<&str> = bare.split('-').map(renamed).collect();
    names.join("-")
}

/// True if two labels mean one electrode.
#[must_use]
pub fn same_electrode(a: &str, b: &str) -> bool {
    a == b || plain_label(a) == plain_label(b)
}

fn renamed(name: &str) -> &str {
    OLD_NAMES.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new)
}

/// The label without what was written around it, old names being kept.
fn bare(label: &str) -> String {
    let ends: &[char] = &['.', ' '];
    let capitals = label.trim().trim_end_matches(ends).to_uppercase();
    let mut name = capitals.as_str();
    for prefix in PREFIXES {
        if let Some(rest) = name.strip_prefix(prefix)
            && let Some(rest) = rest.strip_prefix([' ', '-', '_', ':'])
            && !rest.trim().is_empty()
        {
            name = rest.trim();
        }
    }
    if let Some(at) = name.rfind(['-', ' ', '_']) {
        let (electrode, reference) = (name[..at].trim_end(), &name[at + 1..]);
        // `A1-A2` says how two ears differ, and `EOG LE` which eye it is: neither is decoration.
        let is_ear = EARS.contains(&reference) && !EARS.contains(&electrode);
        let is_apart = name[at..].starts_with(' ');
        let is_decoration = if is_apart { reference == "REF" } else { is_ear || REFERENCES.contains(&reference) };
        if is_decoration && !electrode.is_empty() {
            name = electrode;
        }
    }
    name.trim_end_matches(ends).to_owned()
}

/// What stands before the number at the end of a label, and the number: `LG12`, `grid 12` and `POL LG012-Ref`.
pub(in crate::signal) fn numbered(label: &str) -> Option<(String, usize)> {
    let bare = bare(label);
    let prefix = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = bare[prefix.len()..].parse().ok().filter(|n| (1..=9999).contains(n))?;
    Some((prefix.trim_end_matches([' ', '-', '_', '.']).to_owned(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_around_a_name_makes_no_difference() {
        for label in [
            "EEG C3-Ref",
            "C3.",
            "C3..",
            "c3",
            "EEG-C3",
            "C3-A1A2",
            "EEG C3-LE",
            " c3 ",
            "eeg_C3",
            "C3-M2",
            "EEG C3 REF",
        ] {
            assert_eq!(plain_label(label), "C3", "{label}");
        }
        for (label, plain) in [
            ("Fc5.", "FC5"),
            ("FP1", "FP1"),
            ("EEG Fp1-LE", "FP1"),
            ("EEG T3", "T7"),
            ("T6-Ref", "P8"),
            ("EEG Fpz-Cz", "FPZ-CZ"),
            ("T3-C3", "T7-C3"),
            ("A1-A2", "A1-A2"),
            ("A1-Ref", "A1"),
            ("EOG LE", "EOG LE"),
            ("ECG M1", "ECG M1"),
            ("EEG", "EEG"),
            ("EEG Channel-1", "CHANNEL-1"),
            ("-Ref", "-REF"),
            ("", ""),
            ("...", ""),
            ("µ-Ref", "Μ"),
        ] {
            assert_eq!(plain_label(label), plain, "{label}");
        }
        assert!(same_electrode("EEG T3-Ref", "t7") && !same_electrode("C3", "C4"));
    }

    #[test]
    fn a_number_ends_the_label_of_a_contact() {
        let of = |label| numbered(label).map(|(prefix, number)| format!("{prefix}:{number}"));
        for (label, contact) in
            [("G1", "G:1"), ("LG012", "LG:12"), ("grid 3", "GRID:3"), ("POL T3-Ref", "T:3"), ("7", ":7")]
        {
            assert_eq!(of(label).as_deref(), Some(contact), "{label}");
        }
        for label in ["Cz", "", "G0", "G99999999999999999999", "G-", "grid"] {
            assert_eq!(of(label), None, "{label}");
        }
    }
}
