//! Bipolar montages that everyone knows by name.
//!
//! Plain tables, after guideline 3 of the American Clinical Neurophysiology Society (2016), in names of the 10-10 system.

/// LB-18, the double banana: temples and centre of each side, then the midline.
pub(super) const DOUBLE_BANANA: [(&str, &str); 18] = [
    ("Fp1", "F7"),
    ("F7", "T7"),
    ("T7", "P7"),
    ("P7", "O1"),
    ("Fp2", "F8"),
    ("F8", "T8"),
    ("T8", "P8"),
    ("P8", "O2"),
    ("Fp1", "F3"),
    ("F3", "C3"),
    ("C3", "P3"),
    ("P3", "O1"),
    ("Fp2", "F4"),
    ("F4", "C4"),
    ("C4", "P4"),
    ("P4", "O2"),
    ("Fz", "Cz"),
    ("Cz", "Pz"),
];

/// TB-18: from left to right, front to back.
pub(super) const TRANSVERSE: [(&str, &str); 18] = [
    ("F7", "Fp1"),
    ("Fp1", "Fp2"),
    ("Fp2", "F8"),
    ("F7", "F3"),
    ("F3", "Fz"),
    ("Fz", "F4"),
    ("F4", "F8"),
    ("T7", "C3"),
    ("C3", "Cz"),
    ("Cz", "C4"),
    ("C4", "T8"),
    ("P7", "P3"),
    ("P3", "Pz"),
    ("Pz", "P4"),
    ("P4", "P8"),
    ("P7", "O1"),
    ("O1", "O2"),
    ("O2", "P8"),
];
