//! Property tests: what is written reads back, and no bytes whatever make the reader panic.
//!
//! Owns nothing; the test runner runs it. Invariant: cases are made from a seed that a failure prints.

use super::{Annotation, EdfFile, EdfHeader, EdfSignal, EdfWriter, Existing, Record, StartTime};
use proptest::prelude::*;
use std::io::Cursor;

fn signals() -> impl Strategy<Value = Vec<EdfSignal>> {
    let range = (0.001_f64..90_000.0, any::<bool>(), -1.0_f64..1.0);
    let signal = ("[A-Z][a-z0-9]{0,15}", range, 1_usize..40).prop_map(|(label, (half, inverted, shift), samples)| {
        let (low, high) = (half * shift - half, half * shift + half);
        let (physical_min, physical_max) = if inverted { (high, low) } else { (low, high) };
        EdfSignal { physical_min, physical_max, ..EdfSignal::microvolts(&label, samples, 1.0) }
    });
    proptest::collection::vec(signal, 1..6)
}

fn annotations() -> impl Strategy<Value = Vec<Annotation>> {
    // Tenths of a microsecond: what the format keeps exactly.
    let annotation = (-1_000_i64..10_000_000, proptest::option::of(0_u32..1_000_000), "[ -~äµ中]{1,20}").prop_map(
        |(onset, duration, text)| Annotation {
            onset_s: onset as f64 / 1e4,
            duration_s: duration.map(|d| f64::from(d) / 1e3),
            text,
        },
    );
    proptest::collection::vec(annotation, 0..6)
}

fn header() -> EdfHeader {
    let start = StartTime::new((2031, 12, 5), (7, 8, 9));
    EdfHeader { start, annotation_bytes: 640, ..EdfHeader::new(0.5) }
}

/// Samples that sweep the physical range of a signal.
fn sweep(signal: &EdfSignal, record: usize) -> Vec<f64> {
    let at = |frame: usize| ((record * 31 + frame * 17) % 101) as f64 / 100.0;
    (0..signal.samples_per_record)
        .map(|f| signal.physical_min + at(f) * (signal.physical_max - signal.physical_min))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_reads_back(signals in signals(), annotations in annotations(), records in 1_usize..5) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.edf");
        let mut writer = EdfWriter::create(&path, &header(), &signals, Existing::Refuse).unwrap();
        annotations.iter().for_each(|annotation| writer.annotate(annotation));
        for record in 0..records {
            let samples: Vec<Vec<f64>> = signals.iter().map(|signal| sweep(signal, record)).collect();
            writer.write_record(&samples).unwrap();
        }
        let written = writer.finish().unwrap();
        prop_assert_eq!((written.records, written.clipped_samples, written.dropped_annotations), (records as u64, 0, 0));

        let mut file = EdfFile::open(&path).unwrap();
        prop_assert_eq!(file.header().start, header().start);
        prop_assert_eq!(file.annotations().unwrap(), &annotations[..]);
        prop_assert!(file.discontinuities().unwrap().is_empty());
        prop_assert_eq!(file.warnings(), Vec::<String>::new());
        let (mut record, mut samples) = (Record::default(), Vec::new());
        for index in 0..records {
            file.read_record(index as u64, &mut record).unwrap();
            prop_assert_eq!(record.onset_s(), index as f64 * 0.5);
            for (number, signal) in signals.iter().enumerate() {
                samples.clear();
                record.physical_into(number, &mut samples).unwrap();
                let step = file.signals()[number].gain().abs();
                for (got, given) in samples.iter().zip(sweep(signal, index)) {
                    prop_assert!((got - given).abs() <= 0.500_001 * step, "{} for {}, step {}", got, given, step);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), version in 0..3) {
        let version: &[u8] = [&b"0       "[..], b"\xffBIOSEMI", b""][version as usize];
        read_everything(&[version, &bytes].concat());
    }

    #[test]
    fn mutated_files_never_panic(
        edits in proptest::collection::vec((0_usize..2_600, mutation()), 1..8),
        keep in 0_usize..2_600,
        bdf in any::<bool>(),
    ) {
        let mut bytes = small_file();
        if bdf {
            bytes.splice(..8, b"\xffBIOSEMI".iter().copied());
        }
        for (at, new) in edits {
            for (place, byte) in bytes.iter_mut().skip(at).zip(new) {
                *place = byte;
            }
        }
        if keep > 1_300 {
            bytes.truncate(keep);
        }
        read_everything(&bytes);
    }
}

/// Bytes that are likely to reach deep into a parser.
fn mutation() -> impl Strategy<Value = Vec<u8>> {
    let telling = prop::sample::select(vec![
        "-1      ",
        "0       ",
        "99999999",
        "1e308   ",
        "-1e308  ",
        "nan     ",
        "1e-320  ",
        "65535   ",
        "9999",
        "+1\u{14}\u{14}\0",
        "+9e9\u{14}",
        "\u{15}\u{14}\0",
        "EDF+D",
        "EDF Annotations ",
        "yy",
        "29.02.23",
    ]);
    prop_oneof![telling.prop_map(|t| t.as_bytes().to_vec()), proptest::collection::vec(any::<u8>(), 1..9)]
}

/// Two signals and three records, 2,594 bytes.
fn small_file() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let signals = [EdfSignal::microvolts("C3", 100, 500.0), EdfSignal::microvolts("C4", 61, 500.0)];
    let mut writer = EdfWriter::create(&path, &header(), &signals, Existing::Refuse).unwrap();
    writer.annotate(&Annotation { onset_s: 0.25, duration_s: Some(0.5), text: "blink".to_owned() });
    for record in 0..3 {
        writer.write_record(&[sweep(&signals[0], record), sweep(&signals[1], record)]).unwrap();
    }
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

/// Calls everything that reads; an error is as good as a value, a panic is not.
fn read_everything(bytes: &[u8]) {
    let Ok(mut file) = EdfFile::from_reader("fuzz.edf", Cursor::new(bytes), bytes.len() as u64) else { return };
    let (mut record, mut samples, mut microvolts, mut frames) = (Record::default(), Vec::new(), Vec::new(), Vec::new());
    let ordinary: Vec<usize> = file.ordinary_signals().collect();
    let records = file.header().records;
    assert!(records <= bytes.len() as u64, "more records than bytes");
    for index in (0..records.min(4)).rev() {
        file.read_record(index, &mut record).unwrap();
        assert!(record.onset_s().is_finite());
        for &signal in &ordinary {
            record.physical_into(signal, &mut samples).unwrap();
            record.microvolts_into(signal, &mut microvolts).unwrap();
        }
        record.frames_into(&ordinary, &mut frames).ok();
    }
    assert_eq!(samples.len(), microvolts.len());
    assert!(frames.is_empty() || frames.len() == samples.len());
    assert!(file.read_record(records, &mut record).is_err());
    file.annotations().unwrap();
    file.discontinuities().unwrap();
    assert!(file.warnings().iter().all(|warning| !warning.contains('\n')));
}
