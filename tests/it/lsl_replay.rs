//! Recordings played as streams, as another program of the lab receives them.
//!
//! Each test runs itself again inside a network namespace of its own; see [`crate::lsl::rig`]. Invariant: every value that
//! is received stands in the recording, at the moment that its stamp says.

use crate::cli::program::{CRATE, Desk, bundled};
use crate::lsl::rig::{Peer, on_loopback};
use neurostream::format::edf::{EdfFile, Record};

/// Frames of the bundled recording in its own unit, 16 values each.
fn frames() -> Vec<Vec<f64>> {
    let mut file = EdfFile::open(bundled().as_ref()).unwrap();
    let mut record = Record::default();
    let mut all = Vec::new();
    for index in 0..file.header().records {
        file.read_record(index, &mut record).unwrap();
        let columns: Vec<Vec<f64>> = (0..16)
            .map(|signal| {
                let mut column = Vec::new();
                record.physical_into(signal, &mut column).unwrap();
                column
            })
            .collect();
        all.extend((0..columns[0].len()).map(|frame| columns.iter().map(|column| column[frame]).collect()));
    }
    all
}

/// Stamp and values of the next sample.
fn sample(peer: &mut Peer) -> (f64, Vec<f64>) {
    let line = peer.line("sample");
    let numbers: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
    (numbers[0], numbers[1..].to_vec())
}

#[test]
fn a_recording_plays_from_the_middle_with_its_labels_and_annotations() {
    on_loopback(&a_recording_plays_from_the_middle_with_its_labels_and_annotations, |rig| {
        let desk = Desk::new();
        let arguments = ["--start", "39", "--speed", "4", "--name", "demo", "--wait"];
        let mut program = desk.start(&[&["replay", &bundled()][..], &arguments].concat());
        let mut notes = rig.peer("inlet.py", &["name=demo-annotations", "samples=1"]);
        let mut receiver = rig.peer("inlet.py", &["name=demo", "samples=1500"]);
        let facts = ["type", "channels", "rate", "labels"].map(|key| receiver.line(key));
        let labels = "Fp1,Fp2,F7,F3,Fz,F4,F8,T7,C3,Cz,C4,T8,P3,P4,O1,O2";
        assert_eq!(facts[..3], ["EEG".to_owned(), "16".to_owned(), "256.0".to_owned()]);
        assert_eq!(facts[3].split(',').count(), labels.split(',').count(), "{facts:?}");
        let all = frames();
        let (zero, first) = sample(&mut receiver);
        let is_first = |frame: &Vec<f64>| frame.iter().zip(&first).all(|(a, b)| (a - b).abs() < 1e-4);
        let at = 39 * 256 + all[39 * 256..].iter().position(is_first).expect("the first sample is in the recording");
        for (frame, expected) in all.iter().enumerate().take(at + 1500).skip(at + 1) {
            let (stamp, values) = sample(&mut receiver);
            assert!((stamp - zero - (frame - at) as f64 / 256.0).abs() < 1e-7, "frame {frame}: {stamp} after {zero}");
            assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "frame {frame}: {values:?}");
        }
        // The state that begins at 40 s.
        let note = notes.line("sample");
        let (stamp, text) = note.split_once(' ').unwrap();
        assert_eq!(text, "'eyes closed'");
        let onset_s = stamp.parse::<f64>().unwrap() - zero + at as f64 / 256.0;
        assert!((onset_s - 40.0).abs() < 1e-6, "{onset_s}");
        program.until("it has played", |p| !p.out().is_empty());
        program.signal("INT");
        let said = program.wait().ends_with(0);
        assert!(
            said.out.contains("sent ") && said.out.contains("'demo' (EEG, 16 channels of float32, 256 Hz)"),
            "{said:?}"
        );
    });
}

#[test]
fn at_full_speed_nothing_is_lost_that_the_buffers_hold() {
    on_loopback(&at_full_speed_nothing_is_lost_that_the_buffers_hold, |rig| {
        let desk = Desk::new();
        let program = desk.start(&["replay", &bundled(), "--speed", "max", "--name", "fast"]);
        let mut receiver = rig.peer("inlet.py", &["name=fast", "samples=40000", "buffer=360"]);
        receiver.line("ready");
        let all = frames();
        let mut last = None;
        for (frame, expected) in all.iter().enumerate().take(40_000) {
            let (stamp, values) = sample(&mut receiver);
            assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "frame {frame}: {values:?}");
            let step = last.map_or(1.0 / 256.0, |last: f64| stamp - last);
            assert!((step - 1.0 / 256.0).abs() < 1e-7, "frame {frame}");
            last = Some(stamp);
        }
        let said = program.wait().ends_with(0);
        assert!(said.out.contains("sent 46080 samples"), "{said:?}");
    });
}

#[test]
fn all_streams_of_an_xdf_recording_are_there() {
    on_loopback(&all_streams_of_an_xdf_recording_are_there, |rig| {
        let desk = Desk::new();
        let file = format!("{CRATE}/src/format/xdf/golden/labrecorder.xdf");
        let _program = desk.start(&["replay", &file, "--loop", "--wait"]);
        let mut signal = rig.peer("inlet.py", &["name=signal", "samples=200"]);
        assert_eq!(signal.line("labels"), "C3,Cz,C4");
        let mut events = rig.peer("inlet.py", &["name=events", "samples=1"]);
        let (mut before, _) = sample(&mut signal);
        for _ in 1..200 {
            let (stamp, _) = sample(&mut signal);
            assert!(stamp > before, "{stamp} after {before}");
            before = stamp;
        }
        assert!(!events.line("sample").is_empty());
    });
}

#[test]
fn at_full_speed_what_no_buffer_reaches_is_counted_and_a_lead_may_be_bounded() {
    on_loopback(&at_full_speed_what_no_buffer_reaches_is_counted_and_a_lead_may_be_bounded, |rig| {
        let desk = Desk::new();
        desk.run(&["synth", "long.edf", "--seconds", "480", "--channels", "2"]).ends_with(0);
        let play = |more: &[&str], samples: &str| {
            let program = desk.start(&[&["replay", "long.edf", "--speed", "max", "--name", "fast"], more].concat());
            let mut receiver = rig.peer("inlet.py", &["name=fast", samples, "buffer=360"]);
            receiver.line("ready");
            (program, receiver)
        };
        let (program, _receiver) = play(&[], "samples=1");
        let said = program.wait().ends_with(0);
        // 480 s were sent at once, 360 s of them are what buffers hold; sending takes a moment itself.
        let beyond = said
            .out
            .split([',', '\n'])
            .map(str::trim)
            .find_map(|part| part.strip_suffix(" more than 360 s ahead of real time"));
        let beyond: f64 = beyond.unwrap_or_else(|| panic!("{said:?}")).parse().unwrap();
        assert!((beyond / 256.0 - 120.0).abs() < 30.0 && beyond / 256.0 <= 120.0, "{said:?}");

        // With a bounded lead it sends the rest in real time.
        let (mut program, mut receiver) = play(&["--ahead", "300"], "samples=76800");
        let mut last = sample(&mut receiver).0;
        for _ in 1..300 * 256 {
            let (stamp, _) = sample(&mut receiver);
            assert!((stamp - last - 1.0 / 256.0).abs() < 1e-6, "{stamp} after {last}");
            last = stamp;
        }
        assert!(!program.is_over(), "the last three minutes are not due yet");
        program.signal("INT");
        let said = program.wait().ends_with(0);
        assert!(!said.out.contains("ahead of real time"), "{said:?}");
        desk.run(&["replay", "long.edf", "--ahead", "60"]).refuses(2, &["--ahead", "--speed max"]);
    });
}
