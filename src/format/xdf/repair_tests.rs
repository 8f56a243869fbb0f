//! Broken files become whole ones, nothing that can be read is lost, and what is lost is told.
//!
//! Owns nothing; the test runner runs it. Invariant: the source is left as it was.

use super::{Place, Repaired, Samples, XdfError, XdfFile, repair};
use crate::format::disk::Existing;
use std::path::Path;

const GOLDEN: &[u8] = include_bytes!("golden/labrecorder.xdf");

/// All stamps and values of all streams.
fn everything(path: &Path) -> (Vec<(Vec<f64>, String)>, Vec<String>) {
    let mut file = XdfFile::open(path).unwrap();
    let mut streams = Vec::new();
    for stream in 0..file.streams().len() {
        let (mut place, mut samples, mut stamps, mut values) =
            (Place::default(), Samples::default(), Vec::new(), String::new());
        while file.read(stream, &mut place, 100, &mut samples).unwrap() {
            stamps.extend(&samples.stamps);
            values.push_str(&format!("{:?}", samples.values));
        }
        streams.push((stamps, values));
    }
    let warnings = file.warnings();
    (streams, warnings)
}

fn repaired(bytes: &[u8], check: impl FnOnce(&Path, &Path, &Repaired)) {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("broken.xdf"), folder.path().join("out.xdf"));
    std::fs::write(&path, bytes).unwrap();
    let told = repair(&path, &out, Existing::Refuse).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the source stays");
    assert!(matches!(repair(&path, &out, Existing::Refuse), Err(XdfError::Exists { .. })));
    check(&path, &out, &told);
}

#[test]
fn a_sound_file_stays_as_it_is() {
    repaired(GOLDEN, |_, out, told| {
        assert_eq!(std::fs::read(out).unwrap(), GOLDEN);
        assert_eq!((told.mended.len(), told.lost.len()), (0, 0), "{told:?}");
    });
}

#[test]
fn whatever_byte_it_is_cut_off_at_all_that_reads_is_kept() {
    // The descriptions of the streams are in the first bytes.
    for keep in (4_000..GOLDEN.len()).step_by(997).chain([GOLDEN.len() - 1]) {
        repaired(&GOLDEN[..keep], |path, out, told| {
            let (before, _) = everything(path);
            let (after, warnings) = everything(out);
            assert_eq!(before, after, "cut off at {keep}");
            assert_eq!(warnings, Vec::<String>::new(), "cut off at {keep}");
            assert!(!told.mended.is_empty(), "cut off at {keep}: {told:?}");
            let counted: Vec<u64> = after.iter().map(|(stamps, _)| stamps.len() as u64).collect();
            assert_eq!(told.streams.iter().map(|(_, samples)| *samples).collect::<Vec<_>>(), counted);
        });
    }
}

#[test]
fn damage_in_the_middle_is_left_out_and_told() {
    for at in (5_000..GOLDEN.len() - 4_000).step_by(1_511) {
        let mut bytes = GOLDEN.to_vec();
        bytes[at..at + 40].fill(0xa5);
        repaired(&bytes, |path, out, _| {
            let ((before, warnings), (after, _)) = (everything(path), everything(out));
            assert_eq!(before, after, "damaged at {at}: {warnings:?}");
        });
    }
}
