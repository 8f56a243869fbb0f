//! Conversions of recordings with gaps, several rates, and parts of them.
//!
//! Owns nothing; the test runner runs it. Invariant: each sample holds its own number, so that where it lands shows what it is.

use super::{Conversion, ConvertError, convert};
use crate::format::edf::{Annotation, EdfFile, EdfHeader, EdfSignal, EdfWriter, Existing, Gap, Record, StartTime};
use crate::format::xdf::{StreamDescription, ValueFormat, XdfFile, XdfWriter};
use std::path::{Path, PathBuf};

/// Ten records of a second at 1000 and 400 Hz; before the sixth two and a half seconds are missing.
fn mixed(folder: &Path) -> PathBuf {
    let path = folder.join("mixed.edf");
    let signals = [EdfSignal::microvolts("fast", 1000, 1000.0), EdfSignal::microvolts("slow", 400, 1000.0)];
    let header = EdfHeader { start: StartTime::new((2025, 5, 31), (23, 59, 58)), onset_s: 0.5, ..EdfHeader::new(1.0) };
    let mut writer = EdfWriter::create(&path, &header, &signals, Existing::Replace).unwrap();
    for record in 0..10 {
        let onset_s = 0.5 + f64::from(record) + if record >= 5 { 2.5 } else { 0.0 };
        writer.begin_record_at(onset_s).unwrap();
        writer.annotate(&Annotation { onset_s: onset_s + 0.25, duration_s: Some(0.5), text: format!("n{record}") });
        let samples = |rate: usize| (0..rate).map(|i| onset_s + i as f64 / rate as f64).collect::<Vec<f64>>();
        writer.write_record(&[samples(1000), samples(400)]).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// Onset and value of each sample of a signal.
fn samples(path: &Path, signal: usize) -> Vec<(f64, f64)> {
    let mut file = EdfFile::open(path).unwrap();
    let (mut record, mut all) = (Record::default(), Vec::new());
    for index in 0..file.header().records {
        file.read_record(index, &mut record).unwrap();
        let mut values = Vec::new();
        record.physical_into(signal, &mut values).unwrap();
        let rate_hz = file.rate_hz(signal).unwrap();
        all.extend(values.iter().enumerate().map(|(i, value)| (record.onset_s() + i as f64 / rate_hz, *value)));
    }
    all
}

fn texts(path: &Path) -> Vec<(String, f64)> {
    let mut file = EdfFile::open(path).unwrap();
    file.annotations().unwrap().iter().map(|a| (a.text.clone(), a.onset_s)).collect()
}

#[test]
fn several_rates_and_a_gap_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (mixed(folder.path()), folder.path().join("out.edf"));
    let done = convert(&from, &to, &Conversion::default(), Existing::Refuse).unwrap();
    assert_eq!((done.format.as_str(), done.channels, done.samples, done.annotations), ("EDF+D", 2, 14_000, 10));
    for signal in 0..2 {
        assert_eq!(samples(&to, signal), samples(&from, signal));
    }
    assert_eq!(EdfFile::open(&to).unwrap().header().start, EdfFile::open(&from).unwrap().header().start);
    let expected = texts(&from).into_iter().chain([(EdfWriter::GAP.to_owned(), 5.5)]);
    let (mut expected, mut found): (Vec<_>, Vec<_>) = (expected.collect(), texts(&to));
    expected.sort_by(|a, b| a.1.total_cmp(&b.1));
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    assert_eq!(found, expected);
    assert!(matches!(convert(&from, &to, &Conversion::default(), Existing::Refuse), Err(ConvertError::Edf(_))));
}

#[test]
fn a_part_begins_and_ends_within_records() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (mixed(folder.path()), folder.path().join("out.bdf"));
    for (gap, format) in [(Gap::Leave, "BDF+D"), (Gap::Hold, "BDF+C")] {
        let part = Conversion { from_s: Some(3.5), to_s: Some(9.0), gap, ..Conversion::default() };
        let done = convert(&from, &to, &part, Existing::Replace).unwrap();
        assert_eq!(done.format, format);
        // Seconds of the recording count from its first sample, half a second after its start.
        let header = EdfFile::open(&to).unwrap().header().clone();
        assert_eq!(header.start_datetime().as_deref(), Some("2025-06-01T00:00:02"));
        for signal in 0..2 {
            for (at_s, value) in samples(&to, signal) {
                let was_s = at_s + 4.0;
                let held = (5.5..8.0).contains(&was_s) || was_s > 9.4995;
                let last_s = if was_s < 8.0 { 5.5 } else { 9.5 };
                let off = if held { last_s - value } else { was_s - value };
                let within = if held { 0.3 } else { 0.02 };
                assert!(off.abs() <= within, "{format}, signal {signal}: {value} at {was_s} s");
            }
        }
    }
    let nothing = Conversion { from_s: Some(5.1), to_s: Some(7.4), ..Conversion::default() };
    assert!(matches!(convert(&from, &to, &nothing, Existing::Replace), Err(ConvertError::Nothing { .. })));
}

#[test]
fn xdf_has_each_rate_as_a_stream_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to, back) = (mixed(folder.path()), folder.path().join("a.xdf"), folder.path().join("back.edf"));
    convert(&from, &to, &Conversion::default(), Existing::Refuse).unwrap();
    let mut file = XdfFile::open(&to).unwrap();
    let names: Vec<String> = file.streams().iter().map(|stream| stream.description.name.clone()).collect();
    assert_eq!(names, ["mixed 1000 Hz", "mixed 400 Hz", "annotations"]);
    assert_eq!(file.timeline(0).unwrap().segments.len(), 2);
    assert!(convert(&to, &back, &Conversion::default(), Existing::Refuse).is_err(), "two streams could be meant");
    let fast = Conversion { stream: Some("mixed 1000 Hz".to_owned()), ..Conversion::default() };
    let done = convert(&to, &back, &fast, Existing::Refuse).unwrap();
    assert_eq!((done.format.as_str(), done.channels, done.samples, done.annotations), ("EDF+D", 1, 10_000, 10));
    for ((at_s, value), (was_s, original)) in samples(&back, 0).into_iter().zip(samples(&from, 0)) {
        // XDF begins with its first sample.
        assert!((at_s + 0.5 - was_s).abs() < 1e-6 && (value - original).abs() < 0.02, "{value} at {at_s} s");
    }
    let durations: Vec<Option<f64>> =
        EdfFile::open(&back).unwrap().annotations().unwrap().iter().map(|a| a.duration_s).collect();
    assert_eq!(durations.iter().filter(|duration| **duration == Some(0.5)).count(), 10, "{durations:?}");
}

#[test]
fn whole_numbers_of_a_stream_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xdf"), folder.path().join("a.edf"));
    let mut writer = XdfWriter::create(&from, None, Existing::Refuse).unwrap();
    let description =
        StreamDescription { channels: 1, rate_hz: 100.0, format: ValueFormat::Int16, ..StreamDescription::default() };
    let stream = writer.add_stream(&description).unwrap();
    let numbers: Vec<i16> = (0..300_i32).map(|n| (n * 211 - 31_000) as i16).collect();
    let stamps: Vec<f64> = (0..300).map(|n| 7.0 + f64::from(n) / 100.0).collect();
    writer.write(stream, &stamps, &crate::format::xdf::Values::Int16(numbers.clone())).unwrap();
    writer.finish().unwrap();
    convert(&from, &to, &Conversion::default(), Existing::Refuse).unwrap();
    let found: Vec<f64> = samples(&to, 0).into_iter().map(|(_, value)| value).collect();
    assert_eq!(found, numbers.iter().map(|n| f64::from(*n)).collect::<Vec<_>>());
}

#[test]
fn what_lies_before_a_frame_is_passed_over_also_where_records_do_not_follow_on() {
    use crate::signal::{Block, Stamp};
    use crate::source::{Progress, ReplaySource, Selection, Source};
    let folder = tempfile::tempdir().unwrap();
    let path = mixed(folder.path());
    let frames = |from: u64| {
        let mut source = ReplaySource::open_bare(&path, &Selection::default(), 0.25).unwrap();
        source.pass_over(from);
        let (mut all, mut block) = (Vec::new(), Block::default());
        while source.step(Stamp::default(), &mut block, &mut Vec::new()).unwrap() == Progress::Frames {
            all.extend(block.samples.iter().enumerate().map(|(i, sample)| (block.first + i as u64, *sample)));
            block.clear();
        }
        all
    };
    let whole = frames(0);
    assert_eq!((whole.len(), whole[9999].0), (10_000, 12_499));
    for (from, record) in [(999, 0), (1000, 1), (4999, 4), (6000, 4), (7499, 4), (7500, 5), (9600, 7), (99_999, 9)] {
        assert_eq!(frames(from), whole[1000 * record..], "from frame {from}");
    }
}
