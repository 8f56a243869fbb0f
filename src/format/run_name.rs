//! Run numbers in the names of recordings.
//!
//! Pure. Invariant: the next name differs from the one before and keeps its folder and its ending.

use std::path::{Path, PathBuf};

/// The name of the run after this one: `run-07` becomes `run-08` wherever it stands in the name, as BIDS counts; a name
/// without a run was the first, and gets `_run-02` before its ending.
#[must_use]
pub(super) fn next(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = path.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()));
    let counted = stem.rfind("run-").and_then(|at| {
        let (before, rest) = stem.split_at(at + 4);
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let next = number.parse::<u64>().ok()?.checked_add(1)?;
        Some(format!("{before}{next:0digits$}{after}"))
    });
    path.with_file_name(counted.unwrap_or_else(|| format!("{stem}_run-02")) + &ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_where_they_stand() {
        for (name, following) in [
            ("a/night.edf", "a/night_run-02.edf"),
            ("night_run-02.edf", "night_run-03.edf"),
            ("sub-01_run-09_eeg.bdf", "sub-01_run-10_eeg.bdf"),
            ("run-99.xdf", "run-100.xdf"),
            ("run-.edf", "run-_run-02.edf"),
            ("two.dots.edf", "two.dots_run-02.edf"),
            ("run-18446744073709551615.edf", "run-18446744073709551615_run-02.edf"),
            ("none", "none_run-02"),
        ] {
            assert_eq!(next(Path::new(name)), Path::new(following));
        }
    }
}
