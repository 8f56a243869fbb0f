//! What is written reads back, at every byte and past every fault of the disk.
//!
//! Owns nothing; the test runner runs it. Invariant: each test has a folder of its own.

use super::{
    ChannelNote, ClockOffset, Place, Samples, StreamDescription, ValueFormat, Values, XdfError, XdfFile, XdfWriter,
};
use crate::format::disk::Existing;
use crate::signal::Stamp;
use std::io::Cursor;
use std::path::Path;

fn signal() -> StreamDescription {
    let note = |label: &str| ChannelNote {
        label: label.to_owned(),
        unit: "microvolts".to_owned(),
        kind: "EEG".to_owned(),
        ..ChannelNote::default()
    };
    StreamDescription {
        name: "amp".to_owned(),
        content_type: "EEG".to_owned(),
        channels: 2,
        rate_hz: 100.0,
        notes: vec![note("C3"), note("C4")],
        ..StreamDescription::default()
    }
}

fn markers() -> StreamDescription {
    let (name, content_type) = ("markers".to_owned(), "Markers".to_owned());
    StreamDescription { name, content_type, channels: 1, format: ValueFormat::String, ..StreamDescription::default() }
}

/// Twenty seconds of two streams; returns the file's bytes.
fn session(path: &Path) -> Vec<u8> {
    let mut writer = XdfWriter::create(path, Some("2026-11-25T10:00:00+0100"), Existing::Refuse).unwrap();
    let eeg = writer.add_stream(&signal()).unwrap();
    let events = writer.add_stream(&markers()).unwrap();
    for chunk in 0..40 {
        let stamps: Vec<f64> = (0..50).map(|i| 1000.0 + f64::from(chunk * 50 + i) / 100.0).collect();
        let frames: Vec<f32> = (0..100).map(|i| (chunk * 100 + i) as f32).collect();
        writer.write_frames(eeg, &stamps, &frames).unwrap();
        writer.write_offset(eeg, ClockOffset { at_s: stamps[0], offset_s: 2.5 }).unwrap();
        if chunk % 10 == 3 {
            writer.write_text(events, stamps[7], &format!("stimulus {chunk} é")).unwrap();
        }
        writer.step(Stamp(f64::from(chunk) * 0.5)).unwrap();
    }
    assert_eq!(writer.finish().unwrap().samples, [2000, 4]);
    std::fs::read(path).unwrap()
}

fn open(bytes: &[u8]) -> XdfFile<Cursor<&[u8]>> {
    XdfFile::from_reader("composed.xdf", Cursor::new(bytes), bytes.len() as u64).unwrap()
}

/// All samples of a stream, read in pieces of this size.
fn all(file: &mut XdfFile<Cursor<&[u8]>>, stream: usize, piece: usize) -> (Vec<f64>, Vec<f64>, Vec<String>) {
    let (mut place, mut samples) = (Place::default(), Samples::default());
    let (mut stamps, mut numbers, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    while file.read(stream, &mut place, piece, &mut samples).unwrap() {
        assert_eq!(samples.first, stamps.len() as u64);
        stamps.extend(&samples.stamps);
        numbers.extend((0..samples.values.len()).filter_map(|i| samples.values.number(i)));
        texts.extend(samples.values.texts().iter().cloned());
    }
    (stamps, numbers, texts)
}

#[test]
fn what_is_written_reads_back_in_pieces_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = session(&folder.path().join("a.xdf"));
    let mut file = open(&bytes);
    assert_eq!(file.warnings(), Vec::<String>::new());
    assert_eq!(file.datetime(), Some("2026-11-25T10:00:00+0100"));
    assert_eq!(file.streams()[0].description, signal());
    let whole = all(&mut file, 0, 5000);
    assert_eq!((whole.0.len(), whole.1[3999]), (2000, 3999.0));
    for piece in [1, 7, 50, 333] {
        assert_eq!(all(&mut file, 0, piece), whole);
    }
    assert_eq!(all(&mut file, 1, 1).2, ["stimulus 3 é", "stimulus 13 é", "stimulus 23 é", "stimulus 33 é"]);
    let timeline = file.timeline(0).unwrap();
    assert_eq!((timeline.samples, timeline.segments.len()), (2000, 1));
    assert!((timeline.effective_rate_hz - 100.0).abs() < 1e-6);
    assert!((timeline.seconds(100, 1001.0) - 1003.5).abs() < 1e-6);
    let mut place = timeline.place_before(1015.0);
    let mut samples = Samples::default();
    file.read(0, &mut place, 1, &mut samples).unwrap();
    assert!(timeline.seconds(samples.first, samples.stamps[0]) <= 1015.0);
}

#[test]
fn every_format_keeps_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let given = [
        Values::Float32(vec![f32::MIN_POSITIVE, f32::NAN, -0.0, 1e30]),
        Values::Double64(vec![f64::EPSILON, f64::INFINITY, -1.0, 0.1]),
        Values::String(vec![String::new(), "é".repeat(300), "a\0b".to_owned(), "x".to_owned()]),
        Values::Int8(vec![i8::MIN, -1, 0, i8::MAX]),
        Values::Int16(vec![i16::MIN, -1, 0, i16::MAX]),
        Values::Int32(vec![i32::MIN, -1, 0, i32::MAX]),
        Values::Int64(vec![i64::MIN, -1, (1 << 53) + 1, i64::MAX]),
    ];
    let mut writer = XdfWriter::create(&path, None, Existing::Refuse).unwrap();
    for values in &given {
        let stream = writer.add_stream(&StreamDescription { format: values.format(), ..signal() }).unwrap();
        writer.write(stream, &[0.5, 0.75], values).unwrap();
    }
    writer.finish().unwrap();
    let bytes = std::fs::read(path).unwrap();
    let mut file = open(&bytes);
    for (stream, values) in given.iter().enumerate() {
        let (mut place, mut samples) = (Place::default(), Samples::default());
        assert!(file.read(stream, &mut place, 10, &mut samples).unwrap());
        assert_eq!(samples.stamps, [0.5, 0.75]);
        assert_eq!(format!("{:?}", samples.values), format!("{values:?}"));
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_read_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = session(&folder.path().join("a.xdf"));
    let mut most = 0;
    for end in (4..bytes.len()).step_by(13) {
        let mut file = open(&bytes[..end]);
        let samples = if file.streams().is_empty() { 0 } else { file.timeline(0).unwrap().samples };
        assert!(samples >= most, "fewer samples in {end} bytes");
        // A chunk of 50 samples of 17 bytes, and whatever small chunks lie before it.
        assert!(samples as usize * 17 + 3000 + end / 10 >= end, "{samples} samples of {end} bytes");
        most = samples;
    }
    assert_eq!(most, 2000);
}

#[test]
fn damage_costs_what_lies_before_the_next_boundary() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = session(&folder.path().join("a.xdf"));
    let middle = bytes.len() / 2 - 2000;
    for width in [1, 40, 900] {
        let mut damaged = bytes.clone();
        damaged[middle..middle + width].fill(0xee);
        let mut file = open(&damaged);
        let (stamps, ..) = all(&mut file, 0, 64);
        // Ten seconds at most, and not more than they hold.
        assert!(stamps.len() >= 1000 && stamps.len() <= 2000, "{width}: {}", stamps.len());
        assert_eq!(stamps.last(), Some(&1019.99));
        file.timeline(0).unwrap();
        assert!(width == 1 || !file.warnings().is_empty());
    }
}

#[test]
fn what_does_not_fit_a_stream_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let mut writer = XdfWriter::create(&path, None, Existing::Refuse).unwrap();
    let eeg = writer.add_stream(&signal()).unwrap();
    assert!(matches!(writer.write_frames(eeg, &[1.0], &[1.0]), Err(XdfError::Shape { .. })));
    assert!(matches!(writer.write_frames(eeg, &[f64::NAN], &[1.0, 2.0]), Err(XdfError::Shape { .. })));
    assert!(matches!(writer.write_text(eeg, 1.0, "x"), Err(XdfError::Shape { .. })));
    assert!(matches!(writer.write_frames(9, &[1.0], &[1.0, 2.0]), Err(XdfError::Shape { .. })));
    writer.end_stream(eeg).unwrap();
    assert!(matches!(writer.write_frames(eeg, &[1.0], &[1.0, 2.0]), Err(XdfError::Shape { .. })));
    assert!(matches!(XdfWriter::create(&path, None, Existing::Refuse), Err(XdfError::Partial { .. })));
    writer.finish().unwrap();
    assert!(matches!(XdfWriter::create(&path, None, Existing::Refuse), Err(XdfError::Exists { .. })));
}
