//! `embed`: embeddings of recordings by a model folder.

use super::program::{CRATE, Desk, SMALL, bundled, recordings};
use crate::recordings::python;
use std::collections::HashMap;
use std::process::Command;

/// A desk with a model of a short run on the bundled recording.
fn with_model(more: &[&str]) -> Desk {
    let desk = Desk::new();
    let config = desk.write("config.toml", format!("[source]\nreplay = \"{}\"\n", bundled()) + SETTINGS);
    desk.run(&[&["run", &config][..], &SMALL, &SHORT, &SERVED, more].concat()).ends_with(0);
    desk.run(&["export", &config, "model", "--checkpoint", "checkpoints"]).ends_with(0);
    desk
}

/// What is not as without a configuration, so that it has to be the card that says it.
const SETTINGS: &str = "[signal]\nhighpass_hz = 1.0\nlowpass_hz = 40.0\n[window]\nlength_s = 1.5\nhop_s = 0.4\n\
                        [quality]\nhold_s = 1.0\nmax_bad_share = 0.4\n";
/// Long enough to be served, and without an examination that takes longer.
const SERVED: [&str; 6] = ["--duration", "20", "--set", "train.gate.enabled=false", "--set", "train.publish_every=4"];
const SHORT: [&str; 4] = ["--speed", "max", "--checkpoint", "checkpoints"];

/// The columns of a CSV file by their names.
fn columns(desk: &Desk, name: &str) -> HashMap<String, Vec<String>> {
    let text = std::fs::read_to_string(desk.path(name)).unwrap();
    let mut lines = text.lines().map(|line| line.split(','));
    let mut columns: Vec<(String, Vec<String>)> =
        lines.next().unwrap().map(|name| (name.to_owned(), Vec::new())).collect();
    for line in lines {
        columns.iter_mut().zip(line).for_each(|((_, column), value)| column.push(value.to_owned()));
    }
    columns.into_iter().collect()
}

#[test]
fn embeddings_are_those_of_a_run_bit_for_bit() {
    for encoder in ["model.encoder=spatial-conv", "model.encoder=conv", "signal.rate_hz=128"] {
        let desk = with_model(&["--set", encoder]);
        let other = desk.text("b.edf");
        desk.run(&["synth", "b.edf", "--seed", "5", "--seconds", "45"]).ends_with(0);
        let config = desk.text("config.toml");
        let serve = ["--resume", "--no-train", "--embeddings", "live.csv", "--replay", &other, "--set", encoder];
        desk.run(&[&["run", &config][..], &SMALL, &SHORT, &serve].concat()).ends_with(0);
        let said = desk.run(&["embed", "b.edf", "--model", "model", "--out", "e.csv"]).ends_with(0);
        let (live, ours) = (columns(&desk, "live.csv"), columns(&desk, "e.csv"));
        assert!(live["e0"].len() > 100 && ours.contains_key("e15"), "{encoder}: {said:?}");
        for (name, column) in &ours {
            match name.as_str() {
                "file" => assert!(column.iter().all(|file| file == "b.edf")),
                _ => assert!(column == &live[name], "{encoder}: {name} is not as live"),
            }
        }
        assert!(!ours.contains_key("latency_ms") && ours.len() == 4 + 16 + 2, "{:?}", ours.keys());
        assert_ne!(ours["generation"][0], "0", "it has been served");
        assert!(said.out.contains("times real time"), "{said:?}");
    }
}

#[test]
fn all_forms_hold_the_same_and_say_what_they_are_of() {
    let desk = with_model(&[]);
    for (name, seed) in [("a.edf", "5"), ("b.edf", "6")] {
        desk.run(&["synth", name, "--seed", seed, "--seconds", "20"]).ends_with(0);
    }
    for form in ["e.csv", "f.npy", "g.parquet"] {
        let both = ["embed", "a.edf", "b.edf", "--model", "model", "--out", form, "--format", "json"];
        let said = desk.run(&both).ends_with(0);
        assert_eq!(said.out.lines().count(), 2, "a line a recording: {said:?}");
    }
    let csv = columns(&desk, "e.csv");
    let files = csv["file"].iter().filter(|file| *file == "b.edf").count();
    assert!(files > 30 && files * 2 == csv["file"].len(), "{files}");
    assert_eq!(columns(&desk, "f.windows.csv")["first_frame"], csv["first_frame"]);
    for facts in ["e.json", "f.json", "g.json"] {
        let facts = desk.json(facts);
        assert_eq!(
            (&facts["version"], &facts["dimension"], &facts["windows"]),
            (&1.into(), &16.into(), &csv["e0"].len().into())
        );
        assert_eq!((&facts["model"]["rate_hz"], &facts["model"]["hop_frames"]), (&256.0.into(), &102.into()));
        assert_eq!((&facts["files"][1]["file"], &facts["files"][1]["windows"]), (&"b.edf".into(), &files.into()));
    }
    assert!(desk.listing().iter().all(|(path, _)| path.extension().is_none_or(|ending| ending != "partial")));
    let Some(python) = python() else { return };
    let mut reader = Command::new(python);
    reader.arg(format!("{CRATE}/tests/peers/embeddings_read.py")).args(["e.csv", "f.npy", "g.parquet"]);
    let said = desk.start_as(reader).wait().ends_with(0);
    let expected = format!("{} rows, 22 columns, 16 numbers, all the same\n", csv["e0"].len());
    assert_eq!(said.out, expected);
}

#[test]
fn what_fits_is_made_to_fit_and_the_rest_is_refused_before_anything_is_written() {
    let desk = with_model(&["--set", "model.encoder=conv"]);
    desk.run(&["synth", "a.edf", "--seconds", "20"]).ends_with(0);
    desk.run(&["convert", "a.edf", "slow.edf", "--rate", "128"]).ends_with(0);
    desk.run(&["convert", "a.edf", "few.edf", "--channels", "Fp1,F7,C3"]).ends_with(0);
    desk.run(&["convert", "a.edf", "most.edf", "--channels", "Fp1,Fp2,F7,F3,Fz,F4,F8,T7,C3,Cz"]).ends_with(0);
    desk.write("none.edf", "this is no recording");
    let said = desk.run(&["embed", "slow.edf", "--model", "model", "--out", "slow.csv"]).ends_with(0);
    assert!(said.out.contains("resampled from 128 Hz to 256 Hz"), "{said:?}");
    let said = desk.run(&["embed", "most.edf", "--model", "model", "--out", "most.csv"]).ends_with(0);
    assert!(said.out.contains("most.edf: ") && said.out.contains("  "), "what is missing is told: {said:?}");
    let before = desk.listing();
    let embed =
        |files: &[&str], out: &str| desk.run(&[&["embed"], files, &["--model", "model", "--out", out]].concat());
    embed(&["a.edf", "few.edf", "none.edf", "gone.edf"], "e.csv")
        .refuses(1, &["few.edf", "the model knows 16 channels", "none.edf", "gone.edf", "nothing is written"]);
    embed(&["a.edf"], "slow.csv").refuses(1, &["slow.json", "already"]);
    embed(&["a.edf"], "slow.npy").refuses(1, &["slow.json", "already"]);
    embed(&["a.edf"], "e.txt").refuses(2, &["e.txt", ".parquet"]);
    embed(&["a.edf"], "nowhere/e.csv").refuses(2, &["nowhere/e.csv"]);
    desk.run(&["embed", "a.edf", "--model", "gone", "--out", "e.csv"]).refuses(1, &["gone/card.toml"]);
    assert_eq!(desk.listing(), before);
}

#[test]
fn an_encoder_for_any_montage_embeds_another_one() {
    let Some(folder) = recordings("edf") else { return };
    let desk = with_model(&[]);
    let other = folder.join("eegmmidb-S001/S001R03.edf");
    let other = other.to_str().unwrap();
    let said = desk.run(&["embed", other, "--model", "model", "--out", "e.csv"]).ends_with(0);
    assert!(said.out.contains("resampled from 160 Hz to 256 Hz"), "{said:?}");
    let found = columns(&desk, "e.csv");
    assert!(found["e0"].len() > 100 && found["e0"][0] != found["e0"][50]);
}

#[test]
fn shards_share_the_recordings_and_lose_none() {
    let desk = with_model(&[]);
    let names = ["a.edf", "b.edf", "c.edf"];
    for (seed, name) in (5..).zip(names) {
        desk.run(&["synth", name, "--seconds", "12", "--seed", &seed.to_string()]).ends_with(0);
    }
    let embed = |out: &str, more: &[&str]| {
        desk.run(&[&["embed"], &names[..], &["--model", "model", "--out", out], more].concat())
    };
    embed("all.csv", &[]).ends_with(0);
    embed("1.csv", &["--shard", "1/2"]).ends_with(0);
    embed("2.csv", &["--shard", "2/2"]).ends_with(0);
    let lines = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(desk.path(name)).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    };
    let (mut whole, mut parts) = (lines("all.csv"), [lines("1.csv"), lines("2.csv")].concat());
    assert!(lines("1.csv").iter().all(|line| !line.ends_with("b.edf")) && !lines("2.csv").is_empty());
    whole.sort();
    parts.sort();
    assert_eq!(parts, whole);
    for wrong in ["0/2", "3/2", "half"] {
        let said = embed("x.csv", &["--shard", wrong]).ends_with(2);
        assert!(said.err.contains("--shard <I/N>") && said.err.contains("from 1 to N"), "{said:#?}");
    }
    embed("x.csv", &["--shard", "4/4"]).refuses(2, &["of 3 recordings nothing is left"]);
}
