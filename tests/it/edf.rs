//! EDF and BDF against real recordings: every file of `../shared/data/edf` and of `../shared/data/malformed`.
//!
//! Owns nothing; the test runner runs it. Invariant: the expected values come from an independent decoder that was
//! checked against edfio, pyedflib and MNE, and are never made from this reader's output.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and says what it skips")]

use neurostream::format::edf::{
    EdfError, EdfFile, EdfHeader, EdfSignal, EdfWriter, Existing, Record, most_common_rate,
};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A folder of third-party recordings, or `None` where they are not at hand; CI has to have them.
fn recordings(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: ../shared/data is not here");
    assert!(std::env::var_os("CI").is_none(), "../shared/data has to be here in CI: {}", path.display());
    None
}

fn open(path: &Path) -> EdfFile {
    EdfFile::open(path).unwrap_or_else(|error| panic!("{error}"))
}

/// All samples of a signal in its own unit.
fn physical(file: &mut EdfFile, signal: usize) -> Vec<f64> {
    let (mut record, mut samples) = (Record::default(), Vec::new());
    for index in 0..file.header().records {
        file.read_record(index, &mut record).unwrap();
        record.physical_into(signal, &mut samples).unwrap();
    }
    samples
}

#[track_caller]
fn assert_close(what: &str, got: f64, expected: f64, scale: f64) {
    assert!((got - expected).abs() <= 1e-9 * scale.abs().max(f64::MIN_POSITIVE), "{what}: {got} instead of {expected}");
}

/// Numbers as written in JSON, whose parser may be off by the last bit.
#[track_caller]
fn assert_numbers(what: &str, got: &[f64], expected: &Value) {
    let expected: Vec<f64> = expected.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert_eq!(got.len(), expected.len(), "{what}");
    for (g, e) in got.iter().zip(&expected) {
        assert!((g - e).abs() <= 1e-11 * e.abs().max(1.0), "{what}: {got:?} instead of {expected:?}");
    }
}

fn check_channel(what: &str, file: &mut EdfFile, signal: usize, expected: &Value) {
    let header = file.signals()[signal].clone();
    let number = |key: &str| expected[key].as_f64().unwrap();
    assert_eq!(header.label, expected["label"].as_str().unwrap(), "{what}");
    assert_eq!(header.dimension, expected["dimension"].as_str().unwrap(), "{what}");
    assert_eq!(header.samples_per_record as f64, number("samples_per_record"), "{what}");
    assert_close(&format!("rate of {what}"), file.rate_hz(signal).unwrap(), number("rate_hz"), number("rate_hz"));
    let scaling = [header.physical_min, header.physical_max, header.digital_min.into(), header.digital_max.into()];
    assert_eq!(scaling, ["pmin", "pmax", "dmin", "dmax"].map(number), "{what}");

    let samples = physical(file, signal);
    assert_eq!(samples.len() as f64, number("n_samples"), "{what}");
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    let variance = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / samples.len() as f64;
    // A mean near zero is only known relative to the spread that it is the mean of.
    assert_close(&format!("mean of {what}"), mean, number("mean"), number("mean").abs().max(number("std")));
    assert_close(&format!("std of {what}"), variance.sqrt(), number("std"), number("std"));
    assert_numbers(what, &samples[..8], &expected["first8"]);
    assert_numbers(what, &samples[samples.len() - 8..], &expected["last8"]);
    let gain = header.gain();
    let outside = |x: &&f64| {
        let digital = ((**x - header.physical_min) / gain).round() + f64::from(header.digital_min);
        digital < f64::from(header.digital_min) || digital > f64::from(header.digital_max)
    };
    assert_eq!(samples.iter().filter(outside).count() as f64, number("out_of_digital_range"), "{what}: clamped?");
}

fn check_file(path: &Path, expected: &Value) {
    let name = path.display();
    let mut file = open(path);
    let header = file.header().clone();
    assert_eq!(header.format.to_string(), expected["format"].as_str().unwrap(), "{name}");
    assert_eq!(header.start_datetime().as_deref(), expected["start_datetime"].as_str(), "{name}");
    assert_eq!(header.patient, expected["header"]["patient"].as_str().unwrap(), "{name}");
    assert_eq!(header.recording, expected["header"]["recording"].as_str().unwrap(), "{name}");
    assert_eq!(Some(header.records), expected["records_in_file"].as_u64(), "{name}");
    assert_numbers(
        &name.to_string(),
        &[header.record_duration_s],
        &serde_json::json!([expected["header"]["record_duration"]]),
    );
    assert_eq!(Some(file.signals().len() as u64), expected["header"]["n_signals"].as_u64(), "{name}");

    let texts: Vec<&Value> = expected["annotations"].as_array().unwrap().iter().map(|a| &a[2]).collect();
    let times: Vec<&Value> = expected["annotations"].as_array().unwrap().iter().flat_map(|a| [&a[0], &a[1]]).collect();
    let annotations = file.annotations().unwrap();
    assert_eq!(annotations.iter().map(|a| a.text.as_str()).collect::<Vec<_>>(), texts, "{name}");
    for (got, expected) in annotations.iter().flat_map(|a| [Some(a.onset_s), a.duration_s]).zip(times) {
        assert_eq!(got.is_none(), expected.is_null(), "{name}");
        got.iter().for_each(|&s| assert_numbers(&name.to_string(), &[s], &serde_json::json!([expected])));
    }
    let gaps = file.discontinuities().unwrap();
    let expected_gaps = expected["discontinuities"].as_array().unwrap();
    assert_eq!(gaps.len(), expected_gaps.len(), "{name}");
    for (&(record, onset_s), expected) in gaps.iter().zip(expected_gaps) {
        assert_numbers(&name.to_string(), &[record as f64, onset_s], expected);
    }
    let (first, last) = (&expected["record_onsets_first_last"][0], &expected["record_onsets_first_last"][1]);
    check_onsets(&mut file, first, last, &name.to_string());

    let channels = expected["channels"].as_array().unwrap();
    assert_eq!(file.ordinary_signals().count(), channels.len(), "{name}");
    for (signal, channel) in file.ordinary_signals().collect::<Vec<_>>().into_iter().zip(channels) {
        check_channel(&format!("signal {signal} of {name}"), &mut file, signal, channel);
    }
}

/// Onsets of the first and the last records; the oracle lists none where no annotation gives them.
fn check_onsets(file: &mut EdfFile, first: &Value, last: &Value, name: &str) {
    let (mut record, records) = (Record::default(), file.header().records);
    let mut onsets = |indices: &mut dyn Iterator<Item = u64>| -> Vec<f64> {
        let onset = |index| {
            file.read_record(index, &mut record).unwrap();
            record.onset_s()
        };
        indices.map(onset).collect()
    };
    let listed = first.as_array().unwrap().len() as u64;
    assert_numbers(name, &onsets(&mut (0..listed)), first);
    assert_numbers(name, &onsets(&mut (records - listed..records)), last);
}

#[test]
fn every_real_recording_reads_as_expected() {
    let Some(root) = recordings("edf") else { return };
    let mut checked = 0;
    for folder in std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let Some(recording) = path.to_str().unwrap().strip_suffix(".expected.json") else { continue };
            let expected: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            check_file(Path::new(recording), &expected);
            checked += 1;
        }
    }
    let manifest = std::fs::read_to_string(root.join("manifest.tsv")).unwrap();
    assert_eq!(checked, manifest.lines().skip(1).count(), "files in {}", root.display());
}

#[test]
fn records_out_of_order_are_the_same_as_in_order() {
    let Some(root) = recordings("edf") else { return };
    let mut file = open(&root.join("edfarray/edfPlusD.edf"));
    let forward = physical(&mut file, 5);
    let mut record = Record::default();
    let mut backward: Vec<Vec<f64>> = Vec::new();
    for index in (0..file.header().records).rev() {
        let mut samples = Vec::new();
        file.read_record(index, &mut record).unwrap();
        record.physical_into(5, &mut samples).unwrap();
        backward.insert(0, samples);
    }
    assert_eq!(forward, backward.concat());
}

#[test]
fn volts_become_microvolts_and_mixed_rates_are_refused_as_frames() {
    let Some(root) = recordings("edf") else { return };
    let mut file = open(&root.join("mne-python/test_uneven_samp.edf"));
    let group = most_common_rate(&file).unwrap();
    assert_eq!((group.samples_per_record, group.signals.as_slice()), (1000, &[0][..]));
    let mut record = Record::default();
    file.read_record(0, &mut record).unwrap();
    let (mut volts, mut microvolts) = (Vec::new(), Vec::new());
    record.physical_into(0, &mut volts).unwrap();
    record.frames_into(&[0], &mut microvolts).unwrap();
    assert!(volts.iter().zip(&microvolts).all(|(v, uv)| (v * 1e6 - f64::from(*uv)).abs() <= 0.5));
    assert!(matches!(record.frames_into(&[0, 1], &mut microvolts), Err(EdfError::MixedRates { signal: 1, .. })));
    assert!(matches!(record.frames_into(&[2], &mut microvolts), Err(EdfError::NoSuchSignal { signal: 2, signals: 2 })));
}

#[test]
fn every_malformed_recording_is_treated_as_its_table_wants() {
    let Some(root) = recordings("malformed") else { return };
    let table = std::fs::read_to_string(root.join("table.tsv")).unwrap();
    let mut checked = 0;
    let good = physical(&mut open(&root.join("00_good.edf")), 3);
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, _, wanted] = columns[..] else { panic!("{line}") };
        match EdfFile::open(&root.join(name)) {
            Ok(file) => {
                assert!(wanted.contains("read"), "{name} was read, but: {wanted}");
                check_tolerated(name, wanted, file, &good);
            }
            Err(error) => {
                assert!(wanted.contains("error"), "{error}, but: {wanted}");
                let message = error.to_string();
                assert!(message.contains(name) && !message.contains('\n'), "{message}");
                let placed = message.contains("byte") || message.contains("record");
                assert!(placed, "no place: {message}");
            }
        }
        checked += 1;
    }
    let files = std::fs::read_dir(&root).unwrap().count() - 1;
    assert_eq!(checked, files, "files in {}", root.display());
}

/// A file that is odd but readable: its records, its samples, its warning.
fn check_tolerated(name: &str, wanted: &str, mut file: EdfFile, good: &[f64]) {
    let records = if name.starts_with("04_") { 19 } else { 20 };
    assert_eq!(file.header().records, records, "{name}: {wanted}");
    let samples = physical(&mut file, 3);
    assert_eq!(samples, good[..samples.len()], "{name}");
    let annotations: Vec<String> = file.annotations().unwrap().iter().map(|a| a.text.clone()).collect();
    assert_eq!(annotations.first().map(String::as_str), Some("RECORD START"), "{name}");
    assert_eq!(file.discontinuities().unwrap(), [], "{name}");
    let warnings = file.warnings().join("\n");
    let told = match &name[..3] {
        "00_" => return assert_eq!(warnings, "", "{name}"),
        "14_" => {
            let signal = &file.signals()[0];
            assert!(signal.physical_min > signal.physical_max && signal.gain() < 0.0, "{name}");
            return assert_eq!(warnings, "", "{name}: inverted polarity is legal");
        }
        "04_" => "cut off",
        "08_" => "-1",
        "27_" => "777 bytes",
        "28_" => "skipped, first in record 3",
        "31_" => "taken to follow on, first in record 3",
        "33_" => "NUL",
        "35_" => "UTF-8",
        "36_" => "start is unknown",
        "38_" => "decimal commas",
        _ => panic!("{name} is new: say here what it should warn of"),
    };
    assert!(warnings.contains(told), "{name}: {warnings:?}");
    match &name[..3] {
        "33_" => assert_eq!(file.signals()[0].label, "EEG A"),
        "35_" => assert_eq!(file.header().patient, "Jörg Müller 測試"),
        "36_" => assert_eq!(file.header().start_datetime(), None),
        "38_" => assert_eq!(file.signals()[0].physical_min, -3276.8),
        _ => {}
    }
}

#[test]
fn what_is_no_recording_is_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.edf");
    std::fs::write(&text, "Patient was asleep.\nSecond line.\n").unwrap();
    let empty = folder.path().join("empty.edf");
    std::fs::write(&empty, "").unwrap();
    let missing = folder.path().join("missing.edf");
    for (path, said) in [(&text, "not an EDF or BDF file"), (&empty, "is empty"), (&missing, "cannot be opened")] {
        let message = EdfFile::open(path).unwrap_err().to_string();
        assert!(message.contains(said) && message.contains(path.to_str().unwrap()), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
    let message = EdfFile::open(folder.path()).unwrap_err().to_string();
    assert!(message.contains("is a directory"), "{message}");
}

#[test]
fn a_real_recording_survives_being_written_again() {
    let Some(root) = recordings("edf") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.edf");
    let mut file = open(&root.join("eegmmidb-S001/S001R03.edf"));
    let group = most_common_rate(&file).unwrap();
    let signals: Vec<EdfSignal> =
        group.signals.iter().map(|&s| EdfSignal::microvolts(&file.signals()[s].label, 160, 8192.0)).collect();
    let header = EdfHeader { start: file.header().start, ..EdfHeader::new(1.0) };
    let mut writer = EdfWriter::create(&path, &header, &signals, Existing::Refuse).unwrap();
    file.annotations().unwrap().iter().for_each(|annotation| writer.annotate(annotation));
    let (mut record, mut frames) = (Record::default(), Vec::new());
    for index in 0..file.header().records {
        frames.clear();
        file.read_record(index, &mut record).unwrap();
        record.frames_into(&group.signals, &mut frames).unwrap();
        writer.write_frames(&frames).unwrap();
    }
    let written = writer.finish().unwrap();
    assert_eq!((written.records, written.clipped_samples, written.dropped_annotations), (125, 0, 0));
    let mut copy = open(&path);
    assert_eq!(copy.header().start_datetime(), file.header().start_datetime());
    assert_eq!(copy.annotations().unwrap(), file.annotations().unwrap());
    assert_eq!(copy.warnings(), Vec::<String>::new());
    for signal in [0, 31, 63] {
        let (before, after) = (physical(&mut file, signal), physical(&mut copy, signal));
        let step = copy.signals()[signal].gain();
        assert!(before.iter().zip(&after).all(|(b, a)| (b - a).abs() <= 0.5001 * step));
    }
}
