//! Markers of other programs, and a person's labels, in everything that hears of markers.
//!
//! Tests with peers run themselves again inside a network namespace of their own; see [`crate::lsl::rig`]. Invariant: a
//! marker stands on the frame that was sampled when it happened, however late it arrived and whatever the sender's clock.

use crate::cli::program::{CRATE, Desk, PROGRAM, SMALL, skip};
use crate::lsl::rig::{Peer, Rig, on_loopback};
use crate::recordings::{inspect, python};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What a script prints as JSON.
pub fn said_by(python: &Path, script: &str, arguments: &[&str]) -> Value {
    let script = Path::new(CRATE).join("tests/peers").join(script);
    let said = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).unwrap()
}

const RATE_HZ: f64 = 250.0;

#[test]
fn markers_stand_on_their_frames_in_recordings_windows_and_events() {
    on_loopback(&markers_stand_on_their_frames_in_recordings_windows_and_events, |rig| {
        let desk = Desk::new();
        let arguments = ["name=amp", "markers=stim", "rate=250", "frames=1600", "late=0.13"];
        let mut peer = rig.peer("marked_outlet.py", &arguments);
        peer.line("ready");
        let fixed = ["run", "--lsl", "amp", "--markers", "stim", "--no-train", "--headless", "--format", "json"];
        let around = ["window.around=/^go/", "window.from_s=0", "window.to_s=0.5", "quality.enabled=false"];
        let around = around.iter().flat_map(|setting| ["--set", setting]).collect::<Vec<_>>();
        let outputs = ["--record", "a.bdf", "--embeddings", "e.csv", "--summary", "s.json", "--duration", "6"];
        let said = desk.run(&[&fixed[..], &SMALL[1..], &around, &outputs].concat()).ends_with(0);

        let found = inspect(&desk, "a.bdf");
        // The number of the first frame that arrived.
        let first = found["channels"][0]["first8"][0].as_f64().unwrap().round();
        let begins_s = found["annotations"][0][0].as_f64().unwrap() - (50.0 - first) / RATE_HZ;
        let annotations = found["annotations"].as_array().unwrap();
        assert!(annotations.len() >= 14, "{annotations:?}");
        for (k, annotation) in annotations.iter().enumerate() {
            assert_eq!(annotation[2], format!("go {k}"));
            let frame = (annotation[0].as_f64().unwrap() - begins_s) * RATE_HZ + first;
            assert!((frame - (100 * k + 50) as f64).abs() <= 1.0, "marker {k} stands on frame {frame}");
        }
        // The record's own clock: frame 50 lies so far behind the first one as its number says.
        assert!((0.0..1.0).contains(&begins_s), "{begins_s}");
        let rows = crate::pipeline::rows(&desk, "e.csv");
        for (k, row) in rows.iter().enumerate() {
            let frame = row.first as f64 + first;
            assert!((frame - (100 * k + 50) as f64).abs() <= 1.0, "window {k} begins at frame {frame}");
            assert!(row.marker.ends_with(&format!("go {k}")), "{}", row.marker);
        }
        let summary = desk.json("s.json");
        assert!(rows.len() >= 13 && summary["markers"]["served"] == rows.len(), "{summary}");
        assert!(said.out.contains(r#""event":"marker""#) && said.out.contains("go 7"), "{said:?}");
    });
}

#[test]
fn numbers_that_come_when_they_come_are_markers_too() {
    on_loopback(&numbers_that_come_when_they_come_are_markers_too, |rig| {
        let desk = Desk::new();
        let mut peer =
            rig.peer("marked_outlet.py", &["name=amp", "markers=codes", "rate=250", "frames=1000", "format=int32"]);
        peer.line("ready");
        let refused = desk.run(&["record", "x", "--lsl", "amp", "--markers", "amp", "--duration", "1"]);
        refused.refuses(1, &["'amp'", "markers", "irregular rate"]);
        let missing = ["record", "x", "--lsl", "amp", "--markers", "stim", "--set", "source.wait_s=1.5"];
        desk.run(&missing).refuses(1, &["name='stim'", "'codes'"]);
        let arguments = ["record", "a.edf", "--lsl", "amp", "--markers", "codes", "--duration", "3"];
        desk.run(&arguments).ends_with(0);
        let found = inspect(&desk, "a.edf");
        let texts: Vec<&str> =
            found["annotations"].as_array().unwrap().iter().map(|a| a[2].as_str().unwrap()).collect();
        assert_eq!(texts[..7], ["0", "1", "2", "3", "4", "5", "6"]);
    });
}

/// A peer whose clock is so many seconds ahead; none where time namespaces cannot be made.
fn ahead(rig: &Rig, seconds: u32, arguments: &[&str]) -> Option<Peer> {
    let seconds = seconds.to_string();
    let prefix = ["unshare", "-T", "--monotonic", &seconds, "--"];
    let works = Command::new(prefix[0]).args(&prefix[1..]).arg("true").status();
    if !works.is_ok_and(|status| status.success()) {
        skip("no time namespace can be made here");
        return None;
    }
    Some(rig.peer_under(&prefix, "marked_outlet.py", arguments))
}

#[test]
fn xdf_keeps_the_senders_stamps_and_its_clock_as_pyxdf_reads_them() {
    on_loopback(&xdf_keeps_the_senders_stamps_and_its_clock_as_pyxdf_reads_them, |rig| {
        const AHEAD_S: f64 = 5000.0;
        let desk = Desk::new();
        let arguments = ["name=amp", "markers=stim", "rate=250", "frames=4000"];
        let Some(mut peer) = ahead(rig, AHEAD_S as u32, &arguments) else { return };
        peer.line("ready");
        let arguments = ["record", "a.xdf", "--lsl", "amp", "--markers", "stim", "--duration", "14"];
        let program = desk.start(&arguments);
        let t0 = peer.number("t0");
        program.wait().ends_with(0);
        let read = said_by(&rig.python, "xdf_read.py", &[desk.path("a.xdf").to_str().unwrap()]);
        let (signal, markers) = (&read[0], &read[1]);
        assert_eq!((&signal["name"], &markers["name"]), (&"amp".into(), &"neurostream-markers".into()));
        let values = signal["values"].as_array().unwrap();
        assert_eq!(values.len(), 3500);
        for (at, value) in values.iter().enumerate() {
            let frame: f64 = value[0].as_str().unwrap().parse().unwrap();
            let raw: f64 = signal["raw"][at].as_str().unwrap().parse().unwrap();
            assert_eq!(raw, t0 + frame / RATE_HZ, "frame {frame} keeps its stamp to the last digit");
            // Clocks of one host differ by what was set; the rest is what measuring over loopback leaves.
            for key in ["synchronised", "even"] {
                let here = signal[key][at].as_f64().unwrap();
                assert!((here - (raw - AHEAD_S)).abs() < 0.005, "frame {frame}, {key}: {}", here - raw);
            }
        }
        let marks = markers["values"].as_array().unwrap();
        assert!(marks.len() >= 30, "{marks:?}");
        for (at, mark) in marks.iter().enumerate() {
            let k: f64 = mark[0].as_str().unwrap().strip_prefix("go ").unwrap().parse().unwrap();
            let raw: f64 = markers["raw"][at].as_str().unwrap().parse().unwrap();
            let expected = t0 + (100.0 * k + 50.0) / RATE_HZ;
            assert!((raw - expected).abs() < 0.005, "marker {k}: {} s off", raw - expected);
            let here = markers["synchronised"][at].as_f64().unwrap();
            assert!((here - (raw - AHEAD_S)).abs() < 0.005, "marker {k}");
        }
    });
}

#[test]
fn labels_of_the_dashboard_are_markers() {
    let Some(python) = python() else { return };
    for (name, reader) in [("a.edf", "edf_read.py"), ("a.xdf", "xdf_read.py")] {
        let desk = Desk::new();
        // A label, another one in which "q" is a letter, the first again, the end, which asks while recording.
        let keys = ["2", "lcalm\\r", "0.7", "lquiet\\r", "0.7", "l1", "0.7", "q", "0.3", "q"];
        let mut command = Command::new(&python);
        command.arg(Path::new(CRATE).join("tests/peers/keys.py")).args(keys).args(["--", PROGRAM, "run"]);
        command.args(["--synthetic", "--no-train", "--checkpoint", "", "--record", name, "--summary", "s.json"]);
        desk.start_as(command).wait().ends_with(0);
        let path = desk.path(name).display().to_string();
        let (texts, onsets_s): (Vec<String>, Vec<f64>) = if reader == "edf_read.py" {
            let read = said_by(&python, reader, &["edfio", &path]);
            let all = read["annotations"].as_array().unwrap().iter();
            all.map(|a| (a[2].as_str().unwrap().to_owned(), a[0].as_f64().unwrap())).unzip()
        } else {
            let read = said_by(&python, reader, &[&path]);
            let all = read[1]["values"].as_array().unwrap().iter().zip(read[1]["even"].as_array().unwrap());
            let begins_s = read[0]["even"][0].as_f64().unwrap();
            all.map(|(v, at)| (v[0].as_str().unwrap().to_owned(), at.as_f64().unwrap() - begins_s)).unzip()
        };
        // The synthetic brain has markers of its own.
        let is_label = |(text, _): &(String, f64)| ["calm", "quiet"].contains(&text.as_str());
        let (texts, onsets_s): (Vec<String>, Vec<f64>) = texts.into_iter().zip(onsets_s).filter(is_label).unzip();
        assert_eq!(texts, ["calm", "quiet", "calm"], "{name}");
        let signal_s = desk.json("s.json")["signal_s"].as_f64().unwrap();
        assert!(onsets_s.windows(2).all(|pair| pair[0] < pair[1]), "{onsets_s:?}");
        assert!(onsets_s[0] > 0.5 && onsets_s[2] < signal_s, "{onsets_s:?} of {signal_s} s");
    }
}
