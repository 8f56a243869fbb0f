//! Recording, repairing and converting, as a person does it, and what other libraries read of it.
//!
//! Each test starts the program itself. Invariant: values are compared with what an independent reader finds, and a process
//! that is killed is killed without warning.

use crate::cli::program::{CRATE, Desk, bundled, recordings, skip};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The readers that labs use.
const READERS: [&str; 3] = ["edfio", "pyedflib", "mne"];

/// A Python that has all of them.
pub fn python() -> Option<PathBuf> {
    let beside = Path::new(CRATE).join("target/venv/bin/python");
    let python = std::env::var_os("NEUROSTREAM_PYTHON").map_or(beside, PathBuf::from);
    let works = Command::new(&python).args(["-c", "import edfio, pyedflib, mne, pyarrow"]).output();
    if !works.is_ok_and(|said| said.status.success()) {
        let name = python.display();
        skip(&format!(
            "{name} cannot import {} and pyarrow; pip install them, then name it in NEUROSTREAM_PYTHON",
            READERS.join(", ")
        ));
        return None;
    }
    Some(python)
}

/// What `inspect` says of a file.
pub fn inspect(desk: &Desk, path: &str) -> Value {
    serde_json::from_str(&desk.run(&["inspect", "--stats", "--format", "json", path]).ends_with(0).out).unwrap()
}

#[track_caller]
fn assert_near(what: &str, got: &Value, expected: &Value, within: f64) {
    let (got, expected) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((got - expected).abs() <= within, "{what}: {got} instead of {expected}");
}

#[track_caller]
fn assert_lists(what: &str, got: &Value, expected: &Value, within: f64) {
    let (got, expected) = (got.as_array().unwrap(), expected.as_array().unwrap());
    assert_eq!(got.len(), expected.len(), "{what}");
    got.iter().zip(expected).for_each(|(g, e)| assert_near(what, g, e, within));
}

/// Channels of two descriptions, equal to a part of a step.
#[track_caller]
fn assert_channels(what: &str, got: &Value, expected: &Value, within: f64) {
    let (got, expected) = (got["channels"].as_array().unwrap(), expected["channels"].as_array().unwrap());
    assert_eq!(got.len(), expected.len(), "{what}");
    for (g, e) in got.iter().zip(expected) {
        assert_eq!((&g["label"], &g["n_samples"]), (&e["label"], &e["n_samples"]), "{what}");
        assert_near(what, &g["rate_hz"], &e["rate_hz"], 1e-6);
        for key in ["mean", "std"] {
            assert_near(&format!("{key} of {what}"), &g[key], &e[key], within);
        }
        for key in ["first8", "last8"] {
            assert_lists(&format!("{key} of {what}"), &g[key], &e[key], within);
        }
    }
}

/// What every other library makes of a file is what `inspect` says of it.
fn check_with_readers(desk: &Desk, python: &Path, name: &str, is_discontinuous: bool) {
    let ours = inspect(desk, name);
    assert_eq!(ours["warnings"], serde_json::json!([]), "{name}");
    // pyedflib refuses discontinuous files, edfio and MNE join their records.
    let readers = READERS.iter().filter(|reader| !(is_discontinuous && **reader == "pyedflib"));
    for reader in readers {
        let script = Path::new(CRATE).join("tests/peers/edf_read.py");
        let said = Command::new(python).arg(script).arg(reader).arg(desk.path(name)).output().unwrap();
        let what = format!("{reader} on {name}");
        assert!(said.status.success(), "{what}: {}", String::from_utf8_lossy(&said.stderr));
        let theirs: Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_channels(&what, &theirs, &ours, 1e-6);
        let texts = |value: &Value| -> Vec<(i64, String)> {
            let of = |a: &Value| ((a[0].as_f64().unwrap() * 1e3).round() as i64, a[2].as_str().unwrap().to_owned());
            let mut all: Vec<(i64, String)> = value["annotations"].as_array().unwrap().iter().map(of).collect();
            all.sort();
            all
        };
        let (mut theirs, ours) = (texts(&theirs), texts(&ours));
        // Others count from the first sample, we from the start in the header, which is a fraction of a second before it.
        let onset_ms = ours.first().map_or(0, |a| a.0) - theirs.first().map_or(0, |a| a.0);
        assert!((0..1000).contains(&onset_ms), "{what}: {onset_ms} ms");
        theirs.iter_mut().for_each(|a| a.0 += onset_ms);
        if !is_discontinuous {
            assert_eq!(theirs, ours, "{what}");
        }
    }
}

#[test]
fn other_libraries_read_what_is_recorded_and_converted() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    desk.run(&["record", "night.edf", "--replay", &bundled(), "--speed", "max", "--duration", "30.5"]).ends_with(0);
    desk.run(&["record", "float.bdf", "--synthetic", "--duration", "2"]).ends_with(0);
    desk.run(&["convert", "night.edf", "night.bdf"]).ends_with(0);
    desk.run(&["convert", "night.bdf", "part.edf", "--start", "3.25", "--end", "17", "--channels", "C3,O1"])
        .ends_with(0);
    for name in ["night.edf", "float.bdf", "night.bdf", "part.edf"] {
        check_with_readers(&desk, &python, name, false);
    }
    assert_channels("24 bits", &inspect(&desk, "night.bdf"), &inspect(&desk, "night.edf"), 1e-9);
}

#[test]
fn a_recording_keeps_the_numbers_of_its_source() {
    let desk = Desk::new();
    // Without an ending the source decides: a file of 16 bits.
    let said =
        desk.run(&["record", "night", "--replay", &bundled(), "--speed", "max", "--format", "json"]).ends_with(0);
    let told: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!((&told["frames"], &told["clipped_samples"], &told["lost"]), (&46_080.into(), &0.into(), &0.into()));
    let (recorded, source) = (inspect(&desk, "night.edf"), inspect(&desk, &bundled()));
    assert_channels("night.edf", &recorded, &source, 1e-3);
    assert_eq!(recorded["annotations"].as_array().unwrap().len(), source["annotations"].as_array().unwrap().len());
    // The name is taken now.
    desk.run(&["record", "night.edf", "--replay", &bundled(), "--speed", "max", "--duration", "1"]).ends_with(0);
    assert_eq!(inspect(&desk, "night_run-02.edf")["records"], 1);
    assert_eq!(inspect(&desk, "night.edf"), recorded);
}

#[test]
fn a_run_records_what_it_learns_from() {
    let desk = Desk::new();
    let arguments =
        ["run", "--replay", &bundled(), "--speed", "max", "--no-train", "--duration", "20", "--checkpoint", ""];
    for (name, streams) in [("a.edf", 0), ("a.xdf", 3)] {
        let more = ["--record", name, "--summary", "s.json", "--headless"];
        desk.run(&[&arguments[..], &more].concat()).ends_with(0);
        let summary = desk.json("s.json");
        let (frames, recorder) = (&summary["frames"], &summary["frames"]["recorder"]);
        assert_eq!((&recorder["consumed"], &recorder["lost"]), (&frames["acquired"], &0.into()), "{summary}");
        assert_eq!((&summary["recording"]["frames"], &summary["recording"]["error"]), (&5120.into(), &Value::Null));
        let found = inspect(&desk, name);
        if streams == 0 {
            assert_eq!(found["records"], 20);
        } else {
            let found = found["streams"].as_array().unwrap();
            assert_eq!(found.len(), streams);
            assert_eq!(found[0]["n_samples"], 5120);
            assert_eq!(found[2]["n_samples"], summary["embeddings"]["count"]);
        }
        std::fs::remove_file(desk.path("s.json")).unwrap();
    }
}

#[test]
fn a_recording_that_is_killed_loses_a_record_at_most() {
    let desk = Desk::new();
    // Odd times, so that it dies anywhere in a record; five times real time, so that there are records.
    for (number, wait_ms) in [130_u64, 611, 977, 1_313, 1_709, 2_203, 2_777, 3_019].into_iter().enumerate() {
        let ending = ["bdf", "xdf"][number % 2];
        let name = format!("killed-{number}.{ending}");
        let speed = ["--speed", "5"];
        let mut program = desk.start(&[&["record", &name, "--synthetic"][..], &speed].concat());
        program.until("it records", |p| p.out().contains("recording 16 channels"));
        std::thread::sleep(Duration::from_millis(wait_ms));
        let said = program.out();
        program.signal("KILL");
        drop(program);
        // What it has said was there before is there now, but for the record that was being filled.
        let told_s =
            said.lines().filter_map(|line| line.trim().split_once(" s, ")?.0.parse::<f64>().ok()).fold(0.0, f64::max);
        let found = inspect(&desk, &name);
        let kept_s = if ending == "bdf" {
            found["records"].as_f64().unwrap()
        } else {
            found["streams"][0]["n_samples"].as_f64().unwrap() / 256.0
        };
        assert!(kept_s + 1.0 >= told_s, "{name}: {kept_s} s are left of {told_s} s");
        let repaired = desk.run(&["repair", &name, "-o", &format!("whole-{number}.{ending}")]).ends_with(0);
        assert!(repaired.out.contains("mended"), "{repaired:?}");
        let whole = inspect(&desk, &format!("whole-{number}.{ending}"));
        assert_eq!(whole["records"], found["records"], "{name}");
        // It may have died before its first record.
        if whole["records"] != 0 {
            let warnings = whole["warnings"].as_array().unwrap().iter().map(ToString::to_string);
            // Five times real time is what it is.
            let others: Vec<String> = warnings.filter(|w| !w.contains("its stamps are those of")).collect();
            assert_eq!(others, [""; 0], "{name}");
        }
    }
}

#[test]
fn a_full_disk_ends_the_recording_and_the_run_goes_on() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("small")).unwrap();
    let script = "mount -t tmpfs -o size=100k none small && \"$0\" \"$@\"; code=$?; cp small/* . ; exit $code";
    let arguments = ["run", "--replay", &bundled(), "--speed", "max", "--no-train", "--headless", "--checkpoint", ""];
    let more = ["--duration", "60", "--record", "small/a.edf", "--summary", "s.json"];
    let Some(said) = desk.run_with_mounts(script, &[&arguments[..], &more].concat()) else { return };
    let said = said.ends_with(1);
    assert!(said.err.contains("the recording has stopped") && said.err.contains("a.edf"), "{said:?}");
    let summary = desk.json("s.json");
    assert_eq!((&summary["frames"]["acquired"], &summary["reason"]), (&15_360.into(), &"duration reached".into()));
    assert!(summary["recording"]["error"].is_string() && summary["frames"]["recorder"]["lost"].as_u64() > Some(0));
    assert!(summary["embeddings"]["count"].as_u64() > Some(200), "{summary}");
    let kept = inspect(&desk, "a.edf");
    assert!(kept["records"].as_u64() > Some(5), "{kept}");
    assert_eq!(kept["warnings"], serde_json::json!([]), "it was closed");
}

#[test]
fn every_recording_survives_being_converted() {
    let Some(root) = recordings("edf") else { return };
    let desk = Desk::new();
    let mut converted = 0;
    for folder in std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let Some(recording) = path.to_str().unwrap().strip_suffix(".expected.json") else { continue };
            let source = inspect(&desk, recording);
            if source["channels"].as_array().unwrap().is_empty() {
                continue;
            }
            let is_bdf = source["format"].as_str().unwrap().starts_with("BDF");
            let same = if is_bdf { "a.bdf" } else { "a.edf" };
            for out in [same, "wide.bdf"] {
                desk.run(&["convert", recording, out, "--force"]).ends_with(0);
                check_conversion(recording, &source, &inspect(&desk, out));
            }
            converted += 1;
        }
    }
    assert!(converted > 20, "{converted}");
}

/// The same signals, each sample the same, the annotations where they were.
fn check_conversion(name: &str, source: &Value, found: &Value) {
    let (got, expected) = (found["channels"].as_array().unwrap(), source["channels"].as_array().unwrap());
    assert_eq!(got.len(), expected.len(), "{name}");
    let has_gaps = !source["discontinuities"].as_array().unwrap().is_empty();
    for e in expected {
        // Signals are in the order of their rates.
        let g = got.iter().find(|g| g["label"] == e["label"] && g["first8"] == e["first8"]);
        let Some(g) = g.or_else(|| got.iter().find(|g| g["label"] == e["label"])) else { panic!("{name}: {e}") };
        let scale = e["std"].as_f64().unwrap() + e["mean"].as_f64().unwrap().abs() + 1e-9;
        assert_lists(name, &g["first8"], &e["first8"], 1e-9 * scale.max(1.0));
        if !has_gaps {
            assert_eq!(g["n_samples"], e["n_samples"], "{name}: {}", e["label"]);
            assert_near(name, &g["mean"], &e["mean"], 1e-9 * scale);
            assert_near(name, &g["std"], &e["std"], 1e-9 * scale);
            assert_lists(name, &g["last8"], &e["last8"], 1e-9 * scale.max(1.0));
        }
    }
    let texts = |value: &Value| -> Vec<(i64, String)> {
        let of = |a: &Value| ((a[0].as_f64().unwrap() * 1e4).round() as i64, a[2].as_str().unwrap().to_owned());
        let all = value["annotations"].as_array().unwrap().iter().map(of);
        let mut all: Vec<_> = all.filter(|(_, text)| !text.starts_with("BAD gap")).collect();
        all.sort();
        all
    };
    assert_eq!(texts(found), texts(source), "{name}");
}

#[test]
fn xdf_and_back_keeps_samples_and_annotations() {
    let desk = Desk::new();
    desk.run(&["convert", &bundled(), "a.xdf"]).ends_with(0);
    desk.run(&["convert", "a.xdf", "a.bdf"]).ends_with(0);
    let (source, back) = (inspect(&desk, &bundled()), inspect(&desk, "a.bdf"));
    assert_channels("a.bdf", &back, &source, 1e-4);
    assert_eq!(back["annotations"], source["annotations"]);
}

#[test]
fn another_rate_keeps_what_lies_below_its_half() {
    let desk = Desk::new();
    let (source, start) = (inspect(&desk, &bundled()), ["--start", "10", "--end", "90"]);
    for (out, rate) in [("a.edf", 128.0), ("a.bdf", 200.0), ("a.edf", 512.0)] {
        let rate_text = rate.to_string();
        let arguments = ["convert", &bundled(), out, "--rate", &rate_text, "--force", "--channels", "Cz,O1"];
        desk.run(&[&arguments[..], &start].concat()).ends_with(0);
        let found = inspect(&desk, out);
        assert_eq!(found["channels"].as_array().unwrap().len(), 2);
        for channel in found["channels"].as_array().unwrap() {
            assert_eq!((&channel["rate_hz"], &channel["n_samples"]), (&rate.into(), &((80.0 * rate) as u64).into()));
            // The generative model has little above 60 Hz.
            let original =
                source["channels"].as_array().unwrap().iter().find(|c| c["label"] == channel["label"]).unwrap();
            let (got, expected) = (channel["std"].as_f64().unwrap(), original["std"].as_f64().unwrap());
            assert!((got / expected - 1.0).abs() < 0.25, "{rate} Hz: {got} instead of {expected}");
        }
        let onsets: Vec<f64> =
            found["annotations"].as_array().unwrap().iter().map(|a| a[0].as_f64().unwrap()).collect();
        // The states of the model change at 40 and 80 s.
        assert_eq!(onsets, [30.0, 70.0], "{rate} Hz");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let desk = Desk::new();
    desk.write("a.txt", "no recording");
    for (arguments, code, part) in [
        (&["convert", "nowhere.edf", "a.edf"][..], 1, "nowhere.edf cannot be opened"),
        (&["convert", &bundled(), "a.csv"], 2, "the ending has to be .edf, .bdf or .xdf"),
        (&["convert", &bundled(), "a.edf", "--channels", "C33"], 2, "did you mean `C3`"),
        (&["convert", &bundled(), "a.edf", "--start", "500"], 2, "it ends at 180.000 s"),
        (&["convert", &bundled(), "a.edf", "--rate", "0.5"], 2, "from 1 to 4096 Hz can be made of it"),
        (&["convert", &bundled(), "a.edf", "--start", "5", "--end", "4"], 2, "must be behind --start"),
        (&["repair", "a.txt"], 1, "is not an EDF or BDF file"),
        (&["repair", &bundled(), "--output", &bundled()], 2, "--in-place replaces it"),
        (&["record", "a.edf"], 2, "say what to record"),
        (&["record", "a.mat", "--synthetic"], 2, "must end in .edf, .bdf or .xdf"),
        (&["record", "nowhere/a.edf", "--synthetic"], 2, "there is no such folder"),
        (&["replay", &bundled(), "--speed", "0"], 2, "must be from 0.01 to 1000, or max"),
    ] {
        let said = desk.run(arguments).ends_with(code);
        assert!(said.err.contains(part), "{arguments:?}: {said:?}");
        assert!(!said.err.contains("panicked"), "{said:?}");
    }
    let names: Vec<_> = desk.listing().into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, [desk.path("a.txt")], "nothing is left behind");
}

#[test]
fn four_gigabytes_open_and_any_moment_of_them_is_found() {
    use neurostream::format::edf::{EdfFile, EdfHeader, EdfSignal, EdfWriter, Existing, Record};
    use neurostream::source::recording::{Chunk, Recording};
    use std::io::{Seek, SeekFrom, Write};
    let desk = Desk::new();
    let path = desk.path("big.edf");
    let signals: Vec<EdfSignal> = (0..64).map(|c| EdfSignal::microvolts(&format!("E{c}"), 512, 1000.0)).collect();
    let mut writer = EdfWriter::create(&path, &EdfHeader::new(1.0), &signals, Existing::Refuse).unwrap();
    writer.write_frames(&vec![0.0_f32; 64 * 512]).unwrap();
    writer.finish().unwrap();
    let (header_bytes, len) = (256 * 66_u64, std::fs::metadata(&path).unwrap().len());
    let record_bytes = len - header_bytes;
    let records = (4_u64 << 30) / record_bytes;
    // A hole takes no room on the disk.
    let mut file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(header_bytes + records * record_bytes).unwrap();
    file.seek(SeekFrom::Start(236)).unwrap();
    file.write_all(format!("{records:<8}").as_bytes()).unwrap();
    drop(file);

    let mut file = EdfFile::open(&path).unwrap();
    assert_eq!((file.header().records, file.warnings()), (records, Vec::new()));
    file.read_record(records - 1, &mut Record::default()).unwrap();
    let mut recording = Recording::open(&path).unwrap();
    assert_eq!(recording.end_s(), records as f64);
    let mut chunk = Chunk::default();
    for at_s in [60_000.25, 3.0, 0.0, records as f64 - 0.5] {
        recording.seek(at_s).unwrap();
        assert!(recording.next(&mut chunk).unwrap());
        assert_eq!((chunk.stamps[0], chunk.stamps.len()), (at_s.floor(), 512));
    }
}
