//! Files by other writers, read as `pyxdf` reads them: `tests/peers/xdf_golden.py` makes both.
//!
//! Owns nothing; the test runner runs it. Invariant: expected values are never made from this reader's output.

use super::{Place, Samples, Values, XdfFile};
use serde_json::Value;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/format/xdf/golden").join(name)
}

/// Every sample of a stream with its stamp.
fn all(file: &mut XdfFile, stream: usize) -> Vec<(f64, Values)> {
    let channels = file.streams()[stream].description.channels;
    let (mut place, mut samples, mut all) = (Place::default(), Samples::default(), Vec::new());
    while file.read(stream, &mut place, 1, &mut samples).unwrap() {
        assert_eq!(samples.values.len(), channels);
        all.push((samples.stamps[0], samples.values.clone()));
    }
    all
}

/// A value as `str` of NumPy writes it, or the same number.
#[track_caller]
fn assert_value(got: &Values, index: usize, expected: &str) {
    let same = match got {
        Values::String(texts) => texts[index] == expected,
        Values::Float32(list) => list[index] == expected.parse::<f32>().unwrap(),
        Values::Double64(list) => list[index] == expected.parse::<f64>().unwrap(),
        Values::Int8(list) => list[index].to_string() == expected,
        Values::Int16(list) => list[index].to_string() == expected,
        Values::Int32(list) => list[index].to_string() == expected,
        Values::Int64(list) => list[index].to_string() == expected,
    };
    assert!(same, "{got:?}[{index}] is not {expected}");
}

#[track_caller]
fn assert_near(what: &str, got: f64, expected: &Value, within: f64) {
    let expected = expected.as_f64().unwrap();
    assert!((got - expected).abs() <= within, "{what}: {got} instead of {expected}, off by {}", got - expected);
}

#[test]
fn files_of_other_writers_read_as_in_pyxdf() {
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(golden("expected.json")).unwrap()).unwrap();
    let files = expected["files"].as_object().unwrap();
    assert_eq!(files.len(), 3);
    for (name, streams) in files {
        let mut file = XdfFile::open(&golden(name)).unwrap();
        let streams = streams.as_array().unwrap();
        assert_eq!(file.streams().len(), streams.len(), "{name}");
        for (stream, expected) in streams.iter().enumerate() {
            let facts = file.streams()[stream].clone();
            let what = format!("stream {} of {name}", facts.id);
            assert_eq!(u64::from(facts.id), expected["id"].as_u64().unwrap(), "{what}");
            assert_eq!(facts.description.name, expected["name"].as_str().unwrap(), "{what}");
            assert_eq!(facts.description.format.word(), expected["format"].as_str().unwrap(), "{what}");
            assert_eq!(facts.offsets.len() as u64, expected["offsets"].as_u64().unwrap(), "{what}");
            let timeline = file.timeline(stream).unwrap();
            let samples = all(&mut file, stream);
            assert_eq!(samples.len() as u64, expected["samples"].as_u64().unwrap(), "{what}");
            assert_eq!(samples.len() as u64, timeline.samples, "{what}");
            for (row, index) in expected["picked"].as_array().unwrap().iter().enumerate() {
                let index = index.as_u64().unwrap();
                let (stamp, values) = &samples[index as usize];
                // As text, for the parser of JSON may be off by the last bit.
                let raw: f64 = expected["raw"][row].as_str().unwrap().parse().unwrap();
                assert_eq!(*stamp, raw, "{what}, sample {index}");
                let synchronised = timeline.synchronised(index, *stamp);
                assert_near(&what, synchronised, &expected["synchronised"][row], 1e-8);
                assert_near(&what, timeline.seconds(index, *stamp), &expected["even"][row], 1e-8);
                for (channel, value) in expected["values"][row].as_array().unwrap().iter().enumerate() {
                    assert_value(values, channel, value.as_str().unwrap());
                }
            }
            if facts.description.rate_hz > 0.0 {
                assert_near(&what, timeline.effective_rate_hz, &expected["rate_hz"], 1e-6);
            }
            let segments: Vec<[u64; 2]> =
                timeline.segments.iter().map(|s| [s.samples.start, s.samples.end - 1]).collect();
            assert_eq!(serde_json::json!(segments), expected["segments"], "{what}");
        }
    }
}

#[test]
fn the_file_of_labrecorder_is_clean() {
    let mut file = XdfFile::open(&golden("labrecorder.xdf")).unwrap();
    assert_eq!(file.warnings(), Vec::<String>::new());
    let signal = file.streams().iter().position(|s| s.description.name == "signal").unwrap();
    let labels: Vec<&str> = file.streams()[signal].description.notes.iter().map(|n| n.label.as_str()).collect();
    assert_eq!(labels, ["C3", "Cz", "C4"]);
    assert!((file.timeline(signal).unwrap().effective_rate_hz - 100.0).abs() < 0.5);
}
