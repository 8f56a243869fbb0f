//! XDF that was written here, as `pyxdf` reads it.
//!
//! Owns nothing; the test runner runs it. Invariant: what is compared is every stamp and every value of every stream.

use crate::cli::program::{CRATE, skip};
use neurostream::format::disk::Existing;
use neurostream::format::xdf::{ChannelNote, ClockOffset, StreamDescription, ValueFormat, Values, XdfFile, XdfWriter};
use neurostream::signal::Stamp;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python that has `pyxdf`.
fn python() -> Option<PathBuf> {
    let beside = Path::new(CRATE).join("target/venv/bin/python");
    let python = std::env::var_os("NEUROSTREAM_PYTHON").map_or(beside, PathBuf::from);
    let works = Command::new(&python).args(["-c", "import pyxdf"]).output().is_ok_and(|said| said.status.success());
    if !works {
        skip(&format!(
            "{} cannot import pyxdf; pip install pyxdf, then name it in NEUROSTREAM_PYTHON",
            python.display()
        ));
    }
    works.then_some(python)
}

fn stream(name: &str, format: ValueFormat, rate_hz: f64) -> StreamDescription {
    let note = |label: &str| ChannelNote {
        label: label.to_owned(),
        unit: "mV".to_owned(),
        kind: "EEG".to_owned(),
        ..ChannelNote::default()
    };
    let (name, notes) = (name.to_owned(), vec![note("a<b"), note("µ")]);
    StreamDescription { name, format, rate_hz, channels: 2, notes, ..StreamDescription::default() }
}

/// The value that frame `i` has in channel `c`.
fn value(i: i64, c: i64) -> i64 {
    (i * 7919 + c * 104_729) % 97 - 48
}

/// Values of 20 samples in a format.
fn values(format: ValueFormat, first: i64) -> Values {
    let all = (first..first + 20).flat_map(|i| [value(i, 0), value(i, 1)]);
    match format {
        ValueFormat::Float32 => Values::Float32(all.map(|v| v as f32 / 3.0).collect()),
        ValueFormat::Double64 => Values::Double64(all.map(|v| v as f64 / 3.0).collect()),
        ValueFormat::String => Values::String(all.map(|v| format!("marker {v} é")).collect()),
        ValueFormat::Int8 => Values::Int8(all.map(|v| v as i8).collect()),
        ValueFormat::Int16 => Values::Int16(all.map(|v| v as i16 * 600).collect()),
        ValueFormat::Int32 => Values::Int32(all.map(|v| v as i32 * 40_000_000).collect()),
        ValueFormat::Int64 => Values::Int64(all.map(|v| v * 180_000_000_000_000_001).collect()),
    }
}

const FORMATS: [ValueFormat; 7] = [
    ValueFormat::Float32,
    ValueFormat::Double64,
    ValueFormat::String,
    ValueFormat::Int8,
    ValueFormat::Int16,
    ValueFormat::Int32,
    ValueFormat::Int64,
];

/// When sample `i` was taken: 100 Hz with jitter, and a pause of 20 s in the middle.
fn stamp(i: i64) -> f64 {
    1e5 + i as f64 / 100.0 + f64::from(value(i, 5) as i32) * 2e-5 + if i >= 1000 { 20.0 } else { 0.0 }
}

fn write(path: &Path) {
    let mut writer = XdfWriter::create(path, Some("2026-11-25T10:00:00+0100"), Existing::Refuse).unwrap();
    let streams: Vec<u32> = FORMATS
        .iter()
        .map(|&f| writer.add_stream(&stream(f.word(), f, if f == ValueFormat::String { 0.0 } else { 100.0 })).unwrap())
        .collect();
    for chunk in 0..100 {
        let stamps: Vec<f64> = (chunk * 20..chunk * 20 + 20).map(stamp).collect();
        for (&stream, &format) in streams.iter().zip(&FORMATS) {
            writer.write(stream, &stamps, &values(format, chunk * 20)).unwrap();
            if chunk % 10 == 0 {
                let drift_s = -9e4 + chunk as f64 * 1e-5 + f64::from(stream) * 0.25;
                writer.write_offset(stream, ClockOffset { at_s: stamps[0], offset_s: drift_s }).unwrap();
            }
        }
        writer.step(Stamp(stamps[0])).unwrap();
    }
    writer.finish().unwrap();
}

/// The text that Python has for a value.
fn python_text(values: &Values, index: usize) -> String {
    let float = |v: f64| format!("{v:?}");
    match values {
        Values::Float32(list) => float(f64::from(list[index])),
        Values::Double64(list) => float(list[index]),
        Values::String(list) => list[index].clone(),
        Values::Int8(list) => list[index].to_string(),
        Values::Int16(list) => list[index].to_string(),
        Values::Int32(list) => list[index].to_string(),
        Values::Int64(list) => list[index].to_string(),
    }
}

#[test]
fn pyxdf_reads_what_is_written_here() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    write(&path);
    let script = Path::new(CRATE).join("tests/peers/xdf_read.py");
    let said = Command::new(python).arg(script).arg(&path).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let read: Vec<Value> = serde_json::from_slice(&said.stdout).unwrap();
    let mut file = XdfFile::open(&path).unwrap();
    assert_eq!((read.len(), file.warnings()), (FORMATS.len(), Vec::new()));
    for (number, (peer, &format)) in read.iter().zip(&FORMATS).enumerate() {
        let name = format.word();
        assert_eq!((peer["name"].as_str(), peer["footer"].as_str()), (Some(name), Some("2000")));
        assert_eq!(peer["labels"], serde_json::json!(["a<b", "µ"]));
        let timeline = file.timeline(number).unwrap();
        assert_eq!(timeline.segments.len(), if format == ValueFormat::String { 1 } else { 2 }, "{name}");
        for i in 0..2000 {
            let (at, given) = (i as usize, values(format, i));
            assert_eq!(peer["raw"][at].as_str().unwrap().parse(), Ok(stamp(i)), "{name}, sample {i}");
            let near = |got: f64, key: &str| {
                let expected = peer[key][at].as_f64().unwrap();
                assert!((got - expected).abs() < 1e-8, "{name}, sample {i}, {key}: {got} instead of {expected}");
            };
            near(timeline.synchronised(i as u64, stamp(i)), "synchronised");
            near(timeline.seconds(i as u64, stamp(i)), "even");
            for channel in 0..2 {
                assert_eq!(peer["values"][at][channel], python_text(&given, channel), "{name}, sample {i}");
            }
        }
    }
}
