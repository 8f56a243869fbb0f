//! What the writer promises: names, crashes, clipping, padding, annotations that come late.
//!
//! Owns nothing; the test runner runs it. Invariant: each test has a folder of its own.

use super::{Annotation, EdfError, EdfFile, EdfHeader, EdfSignal, EdfWriter, Existing, Record, Written};
use std::path::Path;

fn create(path: &Path, existing: Existing) -> Result<EdfWriter, EdfError> {
    let signals = [EdfSignal::microvolts("C3", 4, 3276.8), EdfSignal::microvolts("C4", 4, 3276.8)];
    EdfWriter::create(path, &EdfHeader::new(1.0), &signals, existing)
}

fn note(onset_s: f64, text: &str) -> Annotation {
    Annotation { onset_s, duration_s: None, text: text.to_owned() }
}

fn read(path: &Path, signal: usize) -> Vec<f64> {
    let mut file = EdfFile::open(path).unwrap();
    let (mut record, mut samples) = (Record::default(), Vec::new());
    for index in 0..file.header().records {
        file.read_record(index, &mut record).unwrap();
        record.physical_into(signal, &mut samples).unwrap();
    }
    samples
}

#[test]
fn an_interrupted_recording_is_readable_at_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let mut writer = create(&path, Existing::Refuse).unwrap();
    writer.write_frames(&[10.0; 2 * 9]).unwrap();
    let bytes = std::fs::read(writer.path()).unwrap();
    drop(writer);
    let header_bytes = 4 * 256;
    let record_bytes = (bytes.len() - header_bytes) / 2;
    for end in header_bytes..=bytes.len() {
        let file = EdfFile::from_reader("a.edf", std::io::Cursor::new(&bytes[..end]), end as u64).unwrap();
        assert_eq!(file.header().records, ((end - header_bytes) / record_bytes) as u64);
        assert!(file.warnings()[0].contains("-1"), "{:?}", file.warnings());
    }
    assert!(!path.exists());
}

#[test]
fn a_file_is_replaced_only_when_asked_and_only_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(create(&path, Existing::Refuse), Err(EdfError::Exists { .. })));
    let mut writer = create(&path, Existing::Replace).unwrap();
    writer.write_frames(&[1.0; 8]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    writer.finish().unwrap();
    assert_eq!(read(&path, 1).len(), 4);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the .partial file is gone");
}

#[test]
fn two_recorders_cannot_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let mut first = create(&path, Existing::Refuse).unwrap();
    assert!(matches!(create(&path, Existing::Refuse), Err(EdfError::Partial { .. })));
    std::fs::write(&path, "came in between").unwrap();
    assert!(matches!(first.finish(), Err(EdfError::Exists { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"came in between");
}

#[test]
fn clipped_and_unknown_samples_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let mut writer = create(&path, Existing::Refuse).unwrap();
    writer.write_frames(&[5000.0, -5000.0, f32::NAN, f32::INFINITY, 3276.8, -3276.8, 0.0, 0.0]).unwrap();
    assert_eq!(writer.finish().unwrap().clipped_samples, 4);
    let step = 2.0 * 3276.8 / 65_535.0;
    let left = read(&path, 0);
    assert!(left.iter().zip([3276.8, 0.0, 3276.8, 0.0]).all(|(got, given)| (got - given).abs() <= step), "{left:?}");
    let right = read(&path, 1);
    assert!(
        right.iter().zip([-3276.8, 3276.8, -3276.8, 0.0]).all(|(got, given)| (got - given).abs() <= step),
        "{right:?}"
    );
}

#[test]
fn the_last_record_is_padded_and_marked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let mut writer = create(&path, Existing::Refuse).unwrap();
    let frames: Vec<f32> = (0..10).flat_map(|frame| [frame as f32, -(frame as f32)]).collect();
    for frame in frames.chunks(2) {
        writer.write_frames(frame).unwrap();
    }
    let written = writer.finish().unwrap();
    assert_eq!((written.records, written.padded_frames), (3, 2));
    let back: Vec<i32> = read(&path, 1).iter().map(|x| x.round() as i32).collect();
    assert_eq!(back, [0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -9, -9]);
    let mut file = EdfFile::open(&path).unwrap();
    let padding = Annotation { onset_s: 2.5, duration_s: Some(0.5), text: "padding".to_owned() };
    assert_eq!(file.annotations().unwrap(), [padding]);
}

#[test]
fn annotations_find_room_or_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let mut writer = create(&path, Existing::Refuse).unwrap();
    writer.annotate(&note(0.0, &"long ".repeat(100)));
    (0..20).for_each(|i| writer.annotate(&note(f64::from(i), "a text of thirty-two characters.")));
    writer.write_frames(&[0.0; 16]).unwrap();
    writer.annotate(&note(2.0, "end"));
    let written = writer.finish().unwrap();
    let mut file = EdfFile::open(&path).unwrap();
    let kept = file.annotations().unwrap().len() as u64;
    assert_eq!(file.warnings(), Vec::<String>::new());
    assert!(kept >= 6, "{kept}");
    assert_eq!((written.shortened_annotations, written.dropped_annotations), (1, 22 - kept));

    let late = folder.path().join("late.edf");
    let mut writer = create(&late, Existing::Refuse).unwrap();
    writer.write_frames(&[0.0; 8]).unwrap();
    writer.annotate(&note(1.0, "end"));
    assert_eq!(writer.finish().unwrap(), Written { path: late.clone(), records: 1, ..Written::default() });
    assert_eq!(EdfFile::open(&late).unwrap().annotations().unwrap(), [note(1.0, "end")]);
}

#[test]
fn parts_of_frames_and_records_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = create(&folder.path().join("a.edf"), Existing::Refuse).unwrap();
    assert!(matches!(writer.write_frames(&[0.0; 3]), Err(EdfError::Shape { given: 3, .. })));
    assert!(matches!(writer.write_record(&[vec![0.0; 4], vec![0.0; 5]]), Err(EdfError::Shape { given: 9, .. })));
    writer.write_frames(&[0.0; 2]).unwrap();
    assert!(matches!(writer.write_record(&[[0.0; 4]; 2]), Err(EdfError::Shape { .. })));
}
