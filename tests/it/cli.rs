//! The command line: what the subcommands print, and what bad input gets.
//!
//! Each test starts the program itself. Invariant: bad input gets one message that says what, where and what to do, exit
//! code 1 or 2, no backtrace, and leaves every file as it was.

pub mod program;

mod describe;
mod disk;
mod embed;
mod examples;
mod export;
mod inspect;
mod prepare;
mod pretrain;
mod probe;
mod resume;
mod torch;
mod views;

use program::{Desk, SMALL, bundled, recordings};

/// Runs at full speed on the bundled recording with further arguments.
fn at_full_speed<'a>(recording: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["run", "--replay", recording, "--speed", "max", "--checkpoint", "checkpoints"], &SMALL[..], more].concat()
}

/// Text in a field of this width.
fn field(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

/// An EDF+ file without signals beside its annotations, as some systems export events.
fn annotations_only() -> Vec<u8> {
    let main: [(&str, usize); 10] = [
        ("0", 8),
        ("X X X X", 80),
        ("Startdate 01-JAN-2025 X X X", 80),
        ("01.01.25", 8),
        ("12.00.00", 8),
        ("512", 8),
        ("EDF+C", 44),
        ("1", 8),
        ("1", 8),
        ("1", 4),
    ];
    let signal = [
        ("EDF Annotations", 16),
        ("", 80),
        ("", 8),
        ("-1", 8),
        ("1", 8),
        ("-32768", 8),
        ("32767", 8),
        ("", 80),
        ("32", 8),
        ("", 32),
    ];
    let mut bytes: Vec<u8> =
        main.iter().chain(&signal).flat_map(|(text, width)| field(text, *width).into_bytes()).collect();
    bytes.extend(b"+0\x14\x14\0+0.5\x14note\x14\0");
    bytes.resize(512 + 64, 0);
    bytes
}

#[test]
fn what_is_no_recording_gets_one_message_and_nothing_is_made() {
    let desk = Desk::new();
    let text = desk.write("notes.edf", "Patient was asleep.\nSecond line.\n");
    let empty = desk.write("empty.edf", "");
    let cut = desk.write("cut.edf", &std::fs::read(bundled()).unwrap()[..700]);
    let annotations = desk.write("annotations.edf", annotations_only());
    let (missing, folder) = (desk.text("missing.edf"), desk.text(""));
    let before = desk.listing();
    for (recording, parts) in [
        (&missing, vec!["missing.edf", "cannot be opened", "No such file"]),
        (&folder, vec!["is a directory", "give the path of one EDF or BDF file"]),
        (&text, vec!["notes.edf", "not an EDF or BDF file", "give a recording"]),
        (&empty, vec!["empty.edf", "is empty (0 bytes)", "copy it again"]),
        (&cut, vec!["cut.edf", "ends at byte 700", "copy it again"]),
        (&annotations, vec!["annotations.edf", "annotations only", "name another file"]),
    ] {
        let message = desk.run(&at_full_speed(recording, &[])).refuses(1, &parts);
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        for part in &parts {
            assert_eq!(message.matches(part).count(), 1, "{part:?} is said once: {message}");
        }
        desk.write("config.toml", format!("[source]\nreplay = \"{recording}\"\n"));
        let checked = desk.run(&["check", "config.toml"]).ends_with(2);
        parts.iter().for_each(|part| assert!(checked.out.contains(part), "{checked:?}"));
        std::fs::remove_file(desk.path("config.toml")).unwrap();
    }
    assert_eq!(desk.listing(), before);
}

#[test]
fn every_malformed_recording_is_read_or_refused_in_one_line() {
    let Some(root) = recordings("malformed") else { return };
    let desk = Desk::new();
    let table = std::fs::read_to_string(root.join("table.tsv")).unwrap();
    for line in table.lines().skip(1) {
        let (name, wanted) = (line.split('\t').next().unwrap(), line.split('\t').next_back().unwrap());
        let path = root.join(name).display().to_string();
        let said = desk.run(&["inspect", "--stats", "--format", "json", &path]);
        let facts: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        if said.status.success() {
            assert!(wanted.contains("read") && facts["records"].as_u64() > Some(0), "{name}: {wanted}: {said:?}");
        } else {
            assert!(wanted.contains("error") && said.status.code() == Some(1), "{name}: {wanted}: {said:?}");
            assert!(facts["error"].as_str().unwrap().contains(name), "{facts}");
        }
    }
}

#[test]
fn a_selection_that_leaves_nothing_and_a_window_that_does_not_fit_are_configuration() {
    let (desk, recording) = (Desk::new(), bundled());
    for (setting, parts) in [
        ("signal.channels=[\"Fp11\"]", &["no channel `Fp11`", "did you mean `Fp1`?", "its channels are Fp1, "][..]),
        ("signal.exclude=[\"Fp1\", \"QQ\"]", &["no channel `QQ`", "its channels are Fp1, "]),
        ("window.length_s=200", &["window.length_s = 200", "must fit into the recording, 180.000 s"]),
        ("window.length_s=0.01", &["window.length_s = 0.01", "must hold at least"]),
        (
            "signal.highpass_hz=128",
            &["signal.highpass_hz = 128", "below half the stream's rate, 128 Hz", "0 switches it off"],
        ),
    ] {
        desk.run(&at_full_speed(&recording, &["--set", setting])).refuses(2, parts);
    }
    let none = ["--set", "signal.channels=[\"Fp1\"]", "--set", "signal.exclude=[\"Fp1\"]"];
    desk.run(&at_full_speed(&recording, &none)).refuses(2, &["no channel is left", "[signal] channels and exclude"]);
    assert_eq!(desk.listing(), []);
}

#[test]
fn mistakes_in_arguments_are_told_with_exit_code_2() {
    let desk = Desk::new();
    for (arguments, part) in [
        (&["run", "--speed", "fast"][..], "source.speed = \"fast\""),
        (&["run", "--speed", "0"], "source.speed = 0"),
        (&["run", "--speed", "nan"], "source.speed = NaN"),
        (&["run", "--set", "window.hop_s"], "write it as section.key=value"),
        (&["run", "--set", "=1"], "write it as section.key=value"),
        (&["run", "--set", "seed.deeper=1"], "--set seed.deeper=1"),
        (&["run", "--set", "window.hops=1"], "did you mean `hop_s`?"),
        (&["run", "--method", "byoll"], "did you mean `byol`?"),
        (&["run", "--seed=-1"], "--seed"),
        (&["run", "--seed", "x"], "--seed"),
        (&["run", "--duration", "long"], "--duration"),
        (&["run", "--duration", "0"], "--duration 0"),
        (&["run", "--duration=-1"], "--duration -1"),
        (&["run", "--duration", "inf"], "--duration inf"),
        (&["run", "--seed", "9223372036854775808"], "--seed"),
        (&["run", "--replay", "x.edf", "--synthetic"], "cannot be used with"),
        (&["run", "--replay", "x.edf", "--lsl", "amp"], "cannot be used with"),
        (&["run", "--synthetic", "--speed", "max"], "a live stream cannot wait"),
        (&["run", "--publish", ""], "serve.lsl.name"),
        (&["run", "--embeddings", "x.txt"], "must end in .csv or .npy"),
        (&["run", "--summary", "there/is/none.json"], "there is no such folder"),
        (&["run", "--format", "yaml"], "possible values: text, json"),
        (&["run", "none.toml"], "none.toml"),
        (&["runn"], "runn"),
        (&["check"], "CONFIG"),
        (&["check", "none.toml"], "none.toml"),
        (&["inspect"], "FILE"),
        (&["synth", "x.edf", "--seconds", "0"], "--seconds must be from 1"),
        (&["synth", "x.edf", "--channels", "0"], "--channels from 1"),
        (&["synth", "x.edf", "--rate", "nan"], "--rate from 16"),
        (&["completions", "tcl"], "possible values: bash"),
    ] {
        let said = desk.run(arguments).ends_with(2);
        assert!((said.err.clone() + &said.out).contains(part), "{part:?} is not in {said:#?}");
    }
    assert_eq!(desk.listing(), []);
}

#[test]
fn a_replay_memory_beyond_the_machine_is_refused() {
    let (desk, recording) = (Desk::new(), bundled());
    let said = desk.run(&["run", "--headless", "--replay", &recording, "--set", "train.memory.windows=10000000"]);
    said.refuses(1, &["train.memory.windows = 10000000", "take fewer"]);
    assert_eq!(desk.listing(), []);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let (desk, recording) = (Desk::new(), bundled());
    let closed = |arguments: &[&str]| {
        let mut shell = std::process::Command::new("sh");
        // `true` ends at once, so that whatever is printed meets a closed pipe.
        shell.args(["-c", "{ sleep 0.2; \"$0\" \"$@\"; echo $? >&3; } 3>code | true; cat code", program::PROGRAM]);
        shell.args(arguments);
        let said = desk.start_as(shell).wait();
        assert_eq!((said.out.trim(), said.err.as_str()), ("0", ""), "{arguments:?}");
    };
    closed(&["inspect", "--stats", &recording]);
    closed(&["completions", "bash"]);
    closed(&["man"]);
    closed(&["--help"]);
    closed(&["check", &format!("{}/configs/lsl.toml", program::CRATE)]);
    // A run goes on without anybody who reads its lines, and completes what it writes.
    let more = ["--duration", "20", "--set", "train.steps_per_s=20", "--summary", "summary.json"];
    closed(&at_full_speed(&recording, &more));
    assert_eq!(desk.json("summary.json")["frames"]["acquired"], 20 * 256);
}
