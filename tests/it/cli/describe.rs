//! `synth`, `completions` and `man`: what the program makes out of itself.

use super::program::Desk;
use serde_json::Value;

#[test]
fn synth_writes_the_same_bytes_for_the_same_seed_and_refuses_to_replace() {
    let desk = Desk::new();
    let said = desk.run(&["synth", "a.edf"]).ends_with(0);
    assert!(said.out.contains("16 channels at 256 Hz, 180 s, seed 1"), "{said:?}");
    desk.run(&["synth", "b.edf", "--seed", "1"]).ends_with(0);
    desk.run(&["synth", "c.edf", "--seed", "2"]).ends_with(0);
    let [a, b, c] = ["a.edf", "b.edf", "c.edf"].map(|name| std::fs::read(desk.path(name)).unwrap());
    assert!(a == b, "one seed, one recording");
    assert!(a != c && a.len() == c.len(), "another seed, another recording of the same length");
    assert!(a.len() < 3_000_000, "{} bytes", a.len());

    let before = desk.listing();
    desk.run(&["synth", "a.edf", "--seed", "2"]).refuses(1, &["a.edf"]);
    assert_eq!(desk.listing(), before, "nothing is replaced unasked, and nothing is left behind");
    desk.run(&["synth", "a.edf", "--seed", "2", "--force"]).ends_with(0);
    assert!(std::fs::read(desk.path("a.edf")).unwrap() == c);
    assert_eq!(desk.listing().len(), 3);
}

#[test]
fn a_synthetic_recording_shows_its_states() {
    let desk = Desk::new();
    desk.run(&["synth", "a.edf"]).ends_with(0);
    let facts: Value =
        serde_json::from_str(&desk.run(&["inspect", "--format", "json", "a.edf"]).ends_with(0).out).unwrap();
    let states: Vec<(f64, &str)> = facts["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a[0].as_f64().unwrap(), a[2].as_str().unwrap()))
        .collect();
    let expected = [
        (0.0, "eyes open"),
        (40.0, "eyes closed"),
        (80.0, "eyes open"),
        (100.0, "drowsy"),
        (140.0, "seizure-like burst"),
        (146.0, "eyes closed"),
    ];
    assert_eq!(states, expected);
    assert_eq!((facts["channels"].as_array().unwrap().len(), &facts["warnings"]), (16, &Value::Array(Vec::new())));
    let words = desk.run(&["inspect", "a.edf"]).ends_with(0).out;
    for part in ["EDF+C, 180.000 s", "Fp1", "256.0 Hz", "at     40.000 s for 40 s: eyes closed"] {
        assert!(words.contains(part), "{part:?} is not in\n{words}");
    }
}

#[test]
fn completions_and_the_manual_know_every_subcommand() {
    let desk = Desk::new();
    let words = [
        "run",
        "check",
        "certify",
        "export",
        "inspect",
        "prepare",
        "pretrain",
        "probe",
        "synth",
        "completions",
        "--replay",
        "--speed",
    ];
    let asked = [&["completions", "bash"][..], &["completions", "zsh"], &["completions", "fish"], &["--help"]];
    for arguments in asked {
        let out = desk.run(arguments).ends_with(0).out;
        for word in words {
            // fish writes options without their dashes.
            assert!(out.contains(word.trim_start_matches("--")), "{word} is not in the output of {arguments:?}");
        }
    }
    let manual = desk.run(&["man"]).ends_with(0).out;
    for part in [".TH neurostream 1", "neurostream\\-run(1)", "\\-\\-replay", "\\-\\-speed"] {
        assert!(manual.contains(part), "{part:?} is not in\n{manual}");
    }
    assert_eq!(desk.run(&["--version"]).ends_with(0).out, format!("neurostream {}\n", env!("CARGO_PKG_VERSION")));
}
