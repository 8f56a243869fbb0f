//! Broken files become whole ones, nothing that can be read is lost, and what is lost is told.
//!
//! Owns nothing; the test runner runs it. Invariant: the source is left as it was, unless it is asked to be replaced.

use super::{Annotation, EdfError, EdfFile, EdfHeader, EdfSignal, EdfWriter, Existing, Record, Resolution, repair};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

const SIGNALS: usize = 2;
const HEADER: usize = 256 * (SIGNALS + 2);
const RECORDS: usize = 5;

/// Five records of two signals with an annotation each.
fn sound(folder: &Path, resolution: Resolution) -> PathBuf {
    let path = folder.join("sound.edf");
    let signals = ["C3", "C4"].map(|label| EdfSignal::microvolts(label, 10, 1000.0));
    let header = EdfHeader { resolution, ..EdfHeader::new(1.0) };
    let mut writer = EdfWriter::create(&path, &header, &signals, Existing::Replace).unwrap();
    for record in 0..RECORDS {
        writer.annotate(&Annotation { onset_s: record as f64, duration_s: None, text: format!("note {record}") });
        writer.write_record(&[[record as f64; 10], [-(record as f64); 10]]).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// The numbers of the records in a file, as its samples have them; it has to read without a warning.
fn numbers(path: &Path) -> Vec<i32> {
    let mut file = EdfFile::open(path).unwrap_or_else(|error| panic!("{error}"));
    file.annotations().unwrap();
    assert_eq!(file.warnings(), Vec::<String>::new());
    let (mut record, mut samples) = (Record::default(), Vec::new());
    for index in 0..file.header().records {
        file.read_record(index, &mut record).unwrap();
        record.physical_into(0, &mut samples).unwrap();
    }
    samples.chunks(10).map(|ten| ten[0].round() as i32).collect()
}

/// Breaks the sound file, repairs it, and returns the numbers of its records, what was mended and what was lost.
fn broken(resolution: Resolution, harm: impl FnOnce(&mut Vec<u8>)) -> (Vec<i32>, Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(sound(folder.path(), resolution)).unwrap();
    harm(&mut bytes);
    let (path, out) = (folder.path().join("broken.edf"), folder.path().join("out.edf"));
    std::fs::write(&path, &bytes).unwrap();
    let repaired = repair(&path, &out, Existing::Refuse).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the source stays");
    assert_eq!((&repaired.path, repaired.records as usize), (&out, numbers(&out).len()));
    (numbers(&out), repaired.mended, repaired.lost)
}

fn put(bytes: &mut [u8], at: usize, text: &[u8]) {
    bytes[at..at + text.len()].copy_from_slice(text);
}

#[test]
fn recordings_that_were_not_closed_are_closed() {
    for resolution in [Resolution::Bits16, Resolution::Bits24] {
        let (records, mended, lost) = broken(resolution, |bytes| put(bytes, 236, b"-1      "));
        assert_eq!((records, mended.len(), lost.len()), (vec![0, 1, 2, 3, 4], 1, 0), "{mended:?}");
        let (records, mended, lost) = broken(resolution, |bytes| {
            put(bytes, 236, b"-1      ");
            bytes.truncate(bytes.len() - 7);
        });
        assert_eq!((records, mended.len(), lost.len()), (vec![0, 1, 2, 3], 1, 1), "{lost:?}");
        assert!(lost[0].contains("after the last whole record"), "{lost:?}");
    }
}

#[test]
fn headers_are_set_right_where_they_contradict_themselves() {
    for (at, text) in [
        (236, &b"3       "[..]),
        (236, b"9       "),
        (236, b"many    "),
        (184, b"99999999"),
        (252, b"xx  "),
        (8, b"M\xfcller\0"),
        (168, b"02/03/09"),
        (168, b"today   "),
        (HEADER - 256 * 3 + 3 * 96, b"C\xb53"),
    ] {
        let (records, mended, _) = broken(Resolution::Bits16, |bytes| put(bytes, at, text));
        assert_eq!(records, [0, 1, 2, 3, 4], "{at}: {mended:?}");
        assert!(!mended.is_empty(), "{at}");
    }
}

#[test]
fn annotations_that_do_not_parse_are_left_out_and_counted() {
    let record = 2 * 2 * 10 + 240;
    let (records, mended, lost) = broken(Resolution::Bits16, |bytes| put(bytes, HEADER + 2 * record + 40, &[0xff; 12]));
    assert_eq!((records.len(), mended.len(), lost.len()), (RECORDS, 1, 1), "{mended:?} {lost:?}");
    assert!(lost[0].starts_with("1 annotation list") && mended[0].contains("follow on"), "{mended:?} {lost:?}");
}

#[test]
fn a_gap_that_the_header_does_not_announce_is_announced() {
    let folder = tempfile::tempdir().unwrap();
    let path = sound(folder.path(), Resolution::Bits16);
    let mut bytes = std::fs::read(&path).unwrap();
    let record = 2 * 2 * 10 + 240;
    put(&mut bytes, HEADER + 3 * record + 40, b"+9\x14\x14\0");
    std::fs::write(&path, &bytes).unwrap();
    let repaired = repair(&path, &path, Existing::Replace).unwrap();
    assert_eq!((repaired.format.to_string().as_str(), repaired.lost.len()), ("EDF+D", 0), "{repaired:?}");
    let mut file = EdfFile::open(&path).unwrap();
    assert_eq!(file.discontinuities().unwrap(), [(3, 9.0), (4, 4.0)]);
}

#[test]
fn what_scales_samples_is_never_invented() {
    let folder = tempfile::tempdir().unwrap();
    let path = sound(folder.path(), Resolution::Bits16);
    let sound = std::fs::read(&path).unwrap();
    let physical_min = 256 + 3 * (16 + 80 + 8);
    for (at, text, kept) in [(physical_min, &b"abc     "[..], 0), (0, b"7       ", 0), (236, b"-1      ", 100)] {
        let mut bytes = sound.clone();
        put(&mut bytes, at, text);
        if kept > 0 {
            bytes.truncate(kept);
        }
        std::fs::write(&path, &bytes).unwrap();
        let out = folder.path().join("out.edf");
        assert!(repair(&path, &out, Existing::Refuse).is_err(), "{at}");
        assert!(!out.exists());
    }
    std::fs::write(&path, &sound).unwrap();
    assert!(matches!(repair(&path, &path, Existing::Refuse), Err(EdfError::Exists { .. })));
    let repaired = repair(&path, &path, Existing::Replace).unwrap();
    assert_eq!((repaired.mended.len(), repaired.lost.len()), (0, 0), "{repaired:?}");
    assert_eq!(std::fs::read(&path).unwrap(), sound, "a sound file stays as it is");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_repaired_reads(edits in proptest::collection::vec((0_usize..2_500, any::<[u8; 3]>()), 0..6), keep in 0_usize..3_000) {
        let folder = tempfile::tempdir().unwrap();
        let path = sound(folder.path(), Resolution::Bits16);
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, new) in edits {
            bytes.iter_mut().skip(at).zip(new).for_each(|(place, byte)| *place = byte);
        }
        bytes.truncate(keep);
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(repaired) = repair(&path, &path, Existing::Replace) {
            let mut file = EdfFile::open(&path).unwrap_or_else(|error| panic!("{error}: {repaired:?}"));
            prop_assert_eq!(file.header().records, repaired.records);
            file.annotations().unwrap();
            let of_length = |warning: &String| warning.contains("is -1 (") || warning.contains("bytes after");
            prop_assert!(!file.warnings().iter().any(of_length), "{:?}", file.warnings());
        }
    }
}
