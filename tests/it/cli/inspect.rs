//! `inspect` against the values of an independent decoder.

use super::program::{Desk, recordings};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Every recording that has expected values beside it.
fn recordings_with_values(root: &Path) -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if let Some(recording) = path.to_str().unwrap().strip_suffix(".expected.json") {
                let expected = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
                found.push((PathBuf::from(recording), expected));
            }
        }
    }
    found
}

#[track_caller]
fn assert_near(what: &str, got: &Value, expected: &Value, scale: f64) {
    let (got, expected) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((got - expected).abs() <= 1e-9 * scale.max(f64::MIN_POSITIVE), "{what}: {got} instead of {expected}");
}

/// Numbers in the same nesting, texts and nulls the same.
#[track_caller]
fn assert_same(what: &str, got: &Value, expected: &Value) {
    match (got, expected) {
        (Value::Array(got), Value::Array(expected)) => {
            assert_eq!(got.len(), expected.len(), "{what}");
            got.iter().zip(expected).for_each(|(g, e)| assert_same(what, g, e));
        }
        (Value::Number(_), Value::Number(number)) => {
            assert_near(what, got, expected, number.as_f64().unwrap().abs().max(1e-2));
        }
        _ => assert_eq!(got, expected, "{what}"),
    }
}

#[test]
fn inspect_gives_the_expected_values_of_every_recording() {
    let Some(root) = recordings("edf") else { return };
    let desk = Desk::new();
    let all = recordings_with_values(&root);
    assert_eq!(all.len() + 1, std::fs::read_to_string(root.join("manifest.tsv")).unwrap().lines().count());
    for (path, expected) in all {
        let name = path.display().to_string();
        let said = desk.run(&["inspect", "--stats", "--format", "json", &name]).ends_with(0);
        assert_eq!((said.out.lines().count(), said.err.as_str()), (1, ""), "one object a file");
        let facts: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(facts["format"], expected["format"], "{name}");
        assert_eq!(facts["start_datetime"], expected["start_datetime"], "{name}");
        assert_eq!(facts["records"], expected["records_in_file"], "{name}");
        assert_same(&name, &facts["record_duration_s"], &expected["header"]["record_duration"]);
        assert_same(&name, &facts["annotations"], &expected["annotations"]);
        assert_same(&name, &facts["discontinuities"], &expected["discontinuities"]);
        assert!(facts["warnings"].is_array(), "{name}");
        let channels = expected["channels"].as_array().unwrap();
        assert_eq!(facts["channels"].as_array().unwrap().len(), channels.len(), "{name}");
        for (got, expected) in facts["channels"].as_array().unwrap().iter().zip(channels) {
            let what = format!("{name}: {}", expected["label"]);
            for key in ["label", "dimension", "n_samples"] {
                assert_eq!(got[key], expected[key], "{what}: {key}");
            }
            let spread = expected["std"].as_f64().unwrap();
            assert_same(&what, &got["rate_hz"], &expected["rate_hz"]);
            // A mean near zero is known relative to the spread that it is the mean of.
            assert_near(&what, &got["mean"], &expected["mean"], spread.max(expected["mean"].as_f64().unwrap().abs()));
            assert_near(&what, &got["std"], &expected["std"], spread);
            assert_same(&what, &got["first8"], &expected["first8"]);
            assert_same(&what, &got["last8"], &expected["last8"]);
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let desk = Desk::new();
    desk.run(&["synth", "a.edf", "--seconds", "3"]).ends_with(0);
    let said = desk.run(&["inspect", "--format", "json", "none.edf", "a.edf"]).ends_with(1);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0]["error"].as_str().unwrap().contains("none.edf cannot be opened"), "{said:?}");
    assert_eq!((lines[1]["records"].clone(), lines[1]["channels"][0].get("mean")), (json!(3), None));
    let said = desk.run(&["inspect", "none.edf", "a.edf"]).ends_with(1);
    assert!(said.err.contains("none.edf cannot be opened") && said.out.contains("a.edf: EDF+C, 3.000 s"), "{said:?}");
}

#[test]
fn a_recording_of_several_streams_is_told_stream_by_stream() {
    let desk = Desk::new();
    let path = format!("{}/src/format/xdf/golden/labrecorder.xdf", super::program::CRATE);
    let said = desk.run(&["inspect", "--stats", "--format", "json", &path]).ends_with(0);
    let facts: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (facts["format"].as_str(), facts["warnings"].as_array().map(Vec::len)),
        (Some("XDF"), Some(0)),
        "{facts}"
    );
    let streams = facts["streams"].as_array().unwrap();
    let named = |name: &str| streams.iter().find(|stream| stream["name"] == name).unwrap();
    assert_eq!(named("signal")["channels"][1]["label"], "Cz");
    // The third channel is the first upside down.
    let [first, third] = [0, 2].map(|channel| named("signal")["channels"][channel]["mean"].as_f64().unwrap());
    assert!(first > 0.0 && (first + third).abs() < 1e-6, "{first} {third}");
    assert_eq!(named("events")["n_samples"].as_u64(), facts["annotations"].as_array().map(|list| list.len() as u64));
    let said = desk.run(&["inspect", &path]).ends_with(0);
    assert!(said.out.contains("signal (EEG), 3 channels of float32, 100 Hz"), "{said:?}");
}

#[test]
fn a_recording_of_several_streams_is_played() {
    let desk = Desk::new();
    let path = format!("{}/src/format/xdf/golden/labrecorder.xdf", super::program::CRATE);
    let run = ["run", "--replay", &path, "--speed", "max", "--headless", "--no-train", "--summary", "summary.json"];
    desk.run(&run).ends_with(0);
    let facts: Value =
        serde_json::from_str(&desk.run(&["inspect", "--format", "json", &path]).ends_with(0).out).unwrap();
    let streams = facts["streams"].as_array().unwrap();
    let signal = streams.iter().find(|stream| stream["name"] == "signal").unwrap();
    assert_eq!(desk.json("summary.json")["frames"]["acquired"], signal["n_samples"]);
}
