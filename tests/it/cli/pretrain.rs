//! `pretrain`: folders of recordings become a model, and training that was stopped goes on.

use super::program::{Desk, SMALL, Said, bundled};
use serde_json::Value;

/// A desk with recordings of several people, of two rates and with other channels, and one that is none.
pub fn with_recordings() -> Desk {
    let desk = Desk::new();
    for (name, seed) in [("S1", "1"), ("S2", "2"), ("S3", "3"), ("S4", "4")] {
        std::fs::create_dir_all(desk.path(&format!("data/{name}"))).unwrap();
        desk.run(&["synth", &format!("data/{name}/a.edf"), "--seed", seed, "--seconds", "40"]).ends_with(0);
    }
    let few = "Fp1,Fp2,F7,F3,Fz,F4,F8,T7,C3,Cz";
    desk.run(&["convert", "data/S4/a.edf", "data/S4/few.edf", "--channels", few]).ends_with(0);
    desk.run(&["convert", "data/S3/a.edf", "data/S3/slow.bdf", "--rate", "128"]).ends_with(0);
    desk.run(&["convert", "data/S3/a.edf", "data/S3/two.edf", "--channels", "Fp1,Fp2"]).ends_with(0);
    desk.run(&["convert", "data/S2/a.edf", "data/S2/b.xdf"]).ends_with(0);
    desk.write("data/S1/notes.edf", "this is no recording");
    desk.write("data/S1/readme.txt", "neither is this");
    desk
}

pub const OFTEN: &str = "--method simclr --group S\\d+ --set window.hop_s=0.5 --set pretrain.every=10 --set pretrain.stretch_s=10 \
                     --set pretrain.mb=6 --set pretrain.windows=32";

fn arguments<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let often: Vec<&str> = OFTEN.split_whitespace().collect();
    [&["pretrain", "data", "--out", out, "--summary", "s.json"], &often[..], &SMALL[1..], more].concat()
}

fn pretrain(desk: &Desk, out: &str, more: &[&str]) -> (Said, Value) {
    let said = desk.run(&arguments(out, more)).ends_with(0);
    (said, desk.json("s.json"))
}

#[test]
fn a_folder_of_any_recordings_becomes_a_model() {
    let desk = with_recordings();
    let (said, summary) = pretrain(&desk, "out", &["--steps", "40"]);
    for part in [
        "9 files",
        "S3/two.edf: ",
        "S1/notes.edf: is not an EDF",
        "2 recordings could not be used",
        "resampled from 128 Hz",
    ] {
        assert!(said.out.contains(part), "{part}: {said:#?}");
    }
    assert_eq!(said.err, "", "{said:#?}");
    let recordings = &summary["recordings"];
    assert_eq!((&recordings["used"], &recordings["read"]), (&7.into(), &9.into()), "{summary:#}");
    assert_eq!(recordings["left_out"].as_array().unwrap().len(), 2);
    let [learnt, judged] = ["learnt", "judged"].map(|side| summary["groups"][side].as_array().unwrap().clone());
    assert_eq!((learnt.len(), judged.len()), (3, 1), "{summary:#}");
    assert!(judged.iter().all(|group| !learnt.contains(group)));
    let training = &summary["training"];
    assert_eq!((&training["steps"], &training["method"]), (&40.into(), &"simclr".into()));
    let curve = summary["curve"].as_array().unwrap();
    assert_eq!(curve.len(), 4);
    let loss = |at: usize| curve[at]["validation"]["loss"].as_f64().unwrap();
    assert!(loss(3) < loss(0), "what is held out is told apart better: {curve:#?}");
    let table = std::fs::read_to_string(desk.path("out/run-0001/curve.csv")).unwrap();
    assert_eq!(table.lines().count(), 5, "{table}");

    // All that takes a checkpoint or a model takes these.
    let model = summary["model"].as_str().unwrap();
    desk.run(&["embed", "data/S4/few.edf", "data/S2/b.xdf", "--model", model, "--out", "e.csv"]).ends_with(0);
    let config = desk.write("config.toml", format!("[source]\nreplay = \"{}\"\n", bundled()));
    desk.run(&["export", &config, "exported", "--checkpoint", "out"]).ends_with(0);
    let weights = |folder: &str| std::fs::read(desk.path(folder).join("encoder.safetensors")).unwrap();
    assert_eq!(weights("exported"), weights(model));
    let run = [
        "run",
        &config,
        "--checkpoint",
        "out",
        "--resume",
        "--method",
        "simclr",
        "--speed",
        "max",
        "--duration",
        "30",
        "--set",
        "train.gate.enabled=false",
    ];
    desk.run(&[&run[..], &SMALL, &["--set", "window.hop_s=0.5", "--summary", "r.json"]].concat()).ends_with(0);
    assert!(desk.json("r.json")["training"]["steps"].as_u64() > Some(40));
}

#[test]
fn training_that_is_asked_to_end_goes_on_as_if_it_never_had() {
    let desk = with_recordings();
    let (_, whole) = pretrain(&desk, "whole", &["--steps", "90"]);
    let sha = |summary: &Value| summary["training"]["weights_sha256"].as_str().unwrap().to_owned();
    let mut run = desk.start(&arguments("stopped", &["--steps", "90"]));
    run.until("it trains", |run| run.out().contains("step 20/90"));
    run.signal("TERM");
    run.wait().ends_with(0);
    let stopped = desk.json("s.json");
    assert_eq!((&stopped["reason"], &stopped["model"]), (&"asked to stop".into(), &Value::Null), "{stopped:#}");
    assert!(stopped["training"]["steps"].as_u64() < Some(90) && sha(&stopped) != sha(&whole), "{stopped:#}");
    let (said, resumed) = pretrain(&desk, "stopped", &["--steps", "90", "--resume"]);
    assert!(said.out.contains("goes on from stopped/run-0001/step-"), "{said:#?}");
    assert_eq!(resumed["recordings"]["read"], 0, "the index knows them all");
    assert_eq!(sha(&resumed), sha(&whole), "bit for bit");
    assert_eq!(resumed["curve"].as_array().unwrap().last(), whole["curve"].as_array().unwrap().last());

    // Other recordings, or another split of them, are other training.
    let before = desk.listing();
    let refused = |more: &[&str]| {
        desk.run(&arguments("stopped", &[&["--resume"], more].concat())).refuses(1, &["name another --out"])
    };
    refused(&["--seed", "9"]);
    refused(&["--set", "train.batch=8"]);
    assert_eq!(desk.listing(), before);
}

#[test]
fn passes_end_by_themselves_and_lines_are_for_scripts_too() {
    let desk = with_recordings();
    let (said, summary) = pretrain(&desk, "out", &["--epochs", "2", "--format", "json"]);
    assert_eq!((&summary["reason"], &summary["training"]["epochs"]), (&"epochs are done".into(), &2.0.into()));
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 2 && lines[0]["step"] == 10 && lines[0]["validation"]["loss"].is_f64(), "{said:#?}");
    let windows = &summary["windows"];
    let count = |key: &str| windows[key].as_u64().unwrap();
    assert_eq!(count("learnt") + count("rejected") + count("left"), 2 * count("of_a_pass"), "{windows}");
}

#[test]
fn what_cannot_be_trained_on_is_said_before_anything_is_trained() {
    let desk = with_recordings();
    let before = desk.listing();
    let pretrain = |path: &str, more: &[&str]| desk.run(&[&["pretrain", path, "--out", "out"], more].concat());
    pretrain("data", &["--group", "S(\\d+"]).refuses(2, &["pretrain.group", "is no regular expression"]);
    pretrain("data", &["--set", "pretrain.validation=2"]).refuses(2, &["pretrain.validation = 2"]);
    pretrain("data", &["--summary", "nowhere/s.json"]).refuses(2, &["nowhere/s.json"]);
    pretrain("data", &["--summary", "data/S1/notes.edf"]).refuses(2, &["is no summary"]);
    assert_eq!(desk.listing(), before);
    pretrain("nowhere", &[]).refuses(1, &["nowhere", "No such file"]);
    desk.write("empty/readme.txt", "");
    pretrain("empty", &[]).refuses(1, &["there is no recording"]);
    pretrain("data/S1/notes.edf", &[]).refuses(1, &["none of 1 recordings can be learnt from", "not an EDF"]);
    pretrain("data", &["--resume"]).refuses(1, &["there is no checkpoint in this folder"]);
    pretrain("data", &["--set", "pretrain.mb=1"]).refuses(2, &["pretrain.mb = 1", "at least"]);
    let long = ["--set", "window.length_s=100", "--set", "window.hop_s=1"];
    pretrain("data", &long).refuses(1, &["none of 9 recordings", "must fit into the recording"]);
}
