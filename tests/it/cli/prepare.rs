//! `prepare`: windows are written once as shards, whatever ends the work, and `pretrain` and other programs read them.

use super::pretrain::{OFTEN, with_recordings};
use super::program::{CRATE, Desk, SMALL, Said, bundled, recordings};
use crate::recordings::python;
use neurostream::config::Document;
use neurostream::pipeline::{MonotonicClock, Plan, Windows, configure, open_source};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// Further arguments, written in one text.
fn with<'a>(arguments: &[&'a str], more: &'a str) -> Vec<&'a str> {
    arguments.iter().copied().chain(more.split_whitespace()).collect()
}

/// The settings that both commands need to be told.
const SETTINGS: &str =
    "--group S\\d+ --set window.hop_s=0.5 --set pretrain.stretch_s=10 --set pretrain.mb=6 --set train.batch=16";

/// What `prepare` says as JSON.
fn prepare(desk: &Desk, to: &str, more: &str) -> Value {
    let said =
        desk.run(&with(&with(&["prepare", "data", "--to", to, "--format", "json"], SETTINGS), more)).ends_with(0);
    serde_json::from_str(&said.out).unwrap()
}

fn pretrain(desk: &Desk, from: &str, out: &str, more: &str) -> Said {
    let arguments = with(&with(&["pretrain", from, "--out", out, "--summary", "s.json"], OFTEN), more);
    desk.run(&[&arguments[..], &SMALL[1..]].concat())
}

/// The shards and manifests in a folder, with their bytes.
fn files(desk: &Desk, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let listed = std::fs::read_dir(desk.path(folder)).into_iter().flatten().map(|entry| entry.unwrap().path());
    listed.map(|path| (PathBuf::from(path.file_name().unwrap()), std::fs::read(path).unwrap())).collect()
}

fn shards(desk: &Desk, folder: &str) -> usize {
    let listed = std::fs::read_dir(desk.path(folder)).into_iter().flatten().map(|entry| entry.unwrap().path());
    listed.filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).count()
}

/// Samples of the windows at the beginning of a recording, conditioned and cut as a run does it.
fn windows_of(recording: &str, count: usize) -> Vec<u8> {
    let mut document = Document::read(format!("{CRATE}/configs/default.toml").as_ref()).unwrap();
    for setting in SETTINGS.split_whitespace().filter(|word| word.contains('=')) {
        document.set(setting).unwrap();
    }
    document.put(&["source", "replay"], recording);
    document.put(&["source", "speed"], "max");
    let config = configure(&document).unwrap();
    let source = open_source(&config, || unreachable!(), &MonotonicClock::new(), &|| true).unwrap();
    let plan = Plan::new(&config, source.facts()).unwrap();
    let (mut windows, mut bytes) = (Windows::new(&plan, source, 0), Vec::new());
    for _ in 0..count {
        let window = windows.step().unwrap().unwrap();
        bytes.extend(window.samples.iter().flat_map(|sample| sample.to_le_bytes()));
    }
    bytes
}

#[test]
fn training_reads_what_was_prepared_and_so_do_other_programs() {
    let desk = with_recordings();
    let whole = prepare(&desk, "shards", "");
    assert_eq!((&whole["complete"], &whole["recordings"]["used"]), (&true.into(), &7.into()), "{whole:#}");
    let left_out = whole["recordings"]["left_out"].as_array().unwrap();
    assert!(left_out.len() == 2 && left_out[0]["file"] == "data/S1/notes.edf", "{left_out:?}");
    // By three processes at once, and read by a URL.
    let parts = ["1/3", "2/3", "3/3"];
    let running: Vec<_> = parts
        .iter()
        .map(|part| desk.start(&with(&["prepare", "data", "--to", "parts", "--shard", part], SETTINGS)))
        .collect();
    for (part, run) in parts.iter().zip(running) {
        let said = run.wait().ends_with(0);
        let told = format!("part {} of 3 is done", &part[..1]);
        assert!(said.out.contains(&told), "{said:#?}");
    }
    let mut summaries = Vec::new();
    for (from, out) in [("data", "a"), ("shards", "b"), (&format!("file://{}", desk.text("parts")), "c")] {
        let said = pretrain(&desk, from, out, "--steps 40").ends_with(0);
        let what = "2 recordings could not be used, or not to their end:";
        assert!(said.out.contains(what) && said.out.contains("S1/notes.edf: is not an EDF"), "{said:#?}");
        summaries.push(desk.json("s.json"));
    }
    let [files, shards, parts] = &summaries[..] else { unreachable!() };
    let sha = |summary: &Value| summary["training"]["weights_sha256"].as_str().unwrap().to_owned();
    assert_eq!(sha(shards), sha(parts), "how the work was shared makes no difference");
    for summary in [shards, parts] {
        assert_eq!(
            (&summary["groups"], &summary["curve"][0]["epoch"]),
            (&files["groups"], &files["curve"][0]["epoch"])
        );
        assert_eq!(summary["windows"], files["windows"], "the same windows, learnt and rejected");
        assert_eq!(summary["recordings"]["left_out"], files["recordings"]["left_out"]);
        for (a, b) in files["curve"].as_array().unwrap().iter().zip(summary["curve"].as_array().unwrap()) {
            let [a, b] = [a, b].map(|point| point["validation"]["loss"].as_f64().unwrap());
            assert!((a - b).abs() < 0.03 * a, "{files:#} {summary:#}");
        }
    }
    // A model of prepared windows knows how signals are conditioned for it.
    let card = |summary: &Value| {
        let text = std::fs::read_to_string(desk.path(summary["model"].as_str().unwrap()).join("card.toml")).unwrap();
        text.lines()
            .filter(|l| !l.contains("sha256") && !l.contains("trained_on"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(card(files), card(shards));

    let Some(python) = python() else { return };
    for folder in ["shards", "parts"] {
        desk.write("samples.f32", windows_of(&desk.text("data/S1/a.edf"), 20));
        let mut reader = Command::new(&python);
        reader.arg(format!("{CRATE}/tests/peers/windows_read.py")).args([folder, "data/S1/a.edf", "samples.f32", "20"]);
        let said = desk.start_as(reader).wait().ends_with(0);
        let expected = format!("{} windows, ", whole["windows"]["in_all"]);
        assert!(said.out.starts_with(&expected) && said.out.contains("of data/S1/a.edf compared"), "{said:#?}");
        assert!(!said.out.contains(", 0 of"), "{said:#?}");
    }
}

/// A desk with minutes of signal.
fn with_minutes() -> Desk {
    let desk = Desk::new();
    for number in 0..6 {
        desk.write(&format!("data/S{number}.edf"), std::fs::read(bundled()).unwrap());
    }
    desk
}

#[test]
fn whenever_it_is_killed_the_next_call_goes_on_and_the_bytes_are_the_same() {
    let desk = with_minutes();
    prepare(&desk, "whole", "--mb 1");
    let arguments = with(&with(&["prepare", "data", "--to", "killed"], SETTINGS), "--mb 1");
    for _ in 0..3 {
        let before = shards(&desk, "killed");
        let mut run = desk.start(&arguments);
        run.until("there is one more", |_| shards(&desk, "killed") > before);
        run.signal("KILL");
    }
    assert!(shards(&desk, "killed") < shards(&desk, "whole"), "it was killed in the midst");
    desk.run(&["pretrain", "killed", "--out", "out"]).refuses(1, &["part 1 of 1 is not done", "goes on with it"]);
    let said = desk.run(&arguments).ends_with(0);
    assert!(said.out.contains("killed: goes on behind"), "{said:?}");
    assert!(files(&desk, "whole") == files(&desk, "killed"), "{:?}", files(&desk, "killed").keys());
    let said = desk.run(&arguments).ends_with(0);
    assert!(said.out.contains("all of it is there already") && said.out.contains("0 windows written"), "{said:?}");
    assert!(files(&desk, "whole") == files(&desk, "killed"));

    // Who is asked to end keeps what is done.
    let mut run = desk.start(&with(&with(&["prepare", "data", "--to", "asked"], SETTINGS), "--mb 1"));
    run.until("there is a shard", |_| shards(&desk, "asked") > 0);
    run.signal("INT");
    let said = run.wait().ends_with(0);
    assert!(said.out.contains("the same command goes on from here"), "{said:?}");
    let asked = prepare(&desk, "asked", "--mb 1");
    assert!(asked["stretches"]["known"].as_u64() > Some(0), "{asked:#}");
    assert_eq!(asked["windows"]["in_all"], prepare(&desk, "whole", "--mb 1")["windows"]["in_all"]);
}

#[test]
fn training_on_shards_that_is_asked_to_end_goes_on_bit_for_bit() {
    let desk = with_recordings();
    prepare(&desk, "shards", "");
    pretrain(&desk, "shards", "whole", "--steps 60").ends_with(0);
    let whole = desk.json("s.json");
    let arguments =
        with(&with(&["pretrain", "shards", "--out", "stopped", "--summary", "s.json"], OFTEN), "--steps 60");
    let mut run = desk.start(&[&arguments[..], &SMALL[1..]].concat());
    run.until("it trains", |run| run.out().contains("step 20/60"));
    run.signal("TERM");
    run.wait().ends_with(0);
    assert_eq!(desk.json("s.json")["reason"], "asked to stop");
    let said = pretrain(&desk, "shards", "stopped", "--steps 60 --resume").ends_with(0);
    assert!(said.out.contains("goes on from stopped/run-0001/step-"), "{said:#?}");
    let resumed = desk.json("s.json");
    assert_eq!(resumed["training"]["weights_sha256"], whole["training"]["weights_sha256"]);
    pretrain(&desk, "data", "stopped", "--steps 60 --resume").refuses(1, &["name another --out"]);
}

#[test]
fn what_cannot_be_prepared_or_read_is_said_with_what_to_do() {
    let desk = with_recordings();
    let before = desk.listing();
    let run = |arguments: &[&str], more: &str| desk.run(&with(arguments, more));
    run(&["prepare", "data", "--to", "gs://bucket/a"], "").refuses(2, &["--to gs://bucket/a", "`gs` is not known"]);
    run(&["prepare", "data", "--to", "to"], "--mb 0").refuses(2, &["--mb 0"]);
    assert!(run(&["prepare", "data", "--to", "to"], "--shard 3/2").ends_with(2).err.contains("I/N"));
    run(&["prepare", "data", "--to", "to"], "--set signal.lowpas_hz=3").refuses(2, &["did you mean `lowpass_hz`"]);
    run(&["pretrain", "s3://bucket/a", "--out", "out"], "").refuses(1, &["s3://bucket/a: `s3` is not known"]);
    std::fs::remove_dir(desk.path("out")).unwrap();
    assert_eq!(desk.listing(), before);
    run(&["prepare", "nowhere", "--to", "to"], "").refuses(1, &["nowhere", "No such file"]);
    run(&["prepare", "data/S1/notes.edf", "--to", "to"], "").refuses(1, &["none of 1 recordings", "not an EDF"]);
    assert_eq!(shards(&desk, "to"), 0);
    prepare(&desk, "to", "--shard 2/2");
    run(&["prepare", "to", "--to", "other"], "").refuses(2, &["windows that are prepared"]);
    let other = run(&["prepare", "data", "--to", "to", "--shard", "2/2"], SETTINGS).ends_with(0);
    assert!(other.out.contains("all of it is there already"), "{other:?}");
    let told = ["another configuration", "signal.lowpass_hz is 0.0 there and 30.0 here"];
    run(&with(&["prepare", "data", "--to", "to", "--shard", "2/2", "--set", "signal.lowpass_hz=30"], SETTINGS), "")
        .refuses(1, &told);
    pretrain(&desk, "to", "out", "")
        .refuses(1, &["part 1 of 2 is missing; `neurostream prepare … --shard 1/2` makes it"]);
    prepare(&desk, "to", "--shard 1/2");
    let both = ["pretrain", "to", "data", "--out", "out"];
    run(&both, "").refuses(2, &["name it alone"]);
    pretrain(&desk, "to", "out", "--set signal.lowpass_hz=30")
        .refuses(2, &["signal.lowpass_hz = 30", "not what these windows were prepared with", "leave it out"]);
    run(&["pretrain", "file:///nowhere", "--out", "out"], "").refuses(1, &["file:///nowhere", "No such file"]);
    desk.write("empty/readme.txt", "");
    run(&["pretrain", &format!("file://{}", desk.text("empty")), "--out", "out"], "")
        .refuses(1, &["no prepared windows", "`neurostream prepare` writes them"]);
}

#[test]
fn real_and_malformed_recordings_are_prepared_or_told() {
    let (Some(eegmat), Some(malformed)) = (recordings("labelled/eegmat"), recordings("malformed")) else { return };
    let desk = Desk::new();
    let names = ["Subject00_2.edf", "Subject01_2.edf"].map(|name| eegmat.join(name).display().to_string());
    let malformed = malformed.display().to_string();
    let arguments = ["prepare", &names[0], &names[1], &malformed, "--to", "shards", "--format", "json"];
    let said = desk.run(&with(&arguments, "--set window.hop_s=0.5")).ends_with(0);
    let summary: Value = serde_json::from_str(&said.out).unwrap();
    let left_out = summary["recordings"]["left_out"].as_array().unwrap();
    assert!(!left_out.is_empty() && summary["recordings"]["used"].as_u64() >= Some(2), "{summary:#}");
    // Windows of two seconds every half second overlap four times and are stored nearly once.
    let bytes = summary["shards"]["bytes"].as_u64().unwrap();
    let plain: u64 = names.iter().map(|name| std::fs::metadata(name).unwrap().len()).sum();
    assert!(bytes < 2 * plain, "{bytes} for {plain}");
}
