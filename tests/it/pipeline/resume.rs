//! Checkpoints that the next run goes on from.

use super::embeddings::{Row, rows};
use super::{at_full_speed, number, run};
use crate::cli::program::{Desk, bundled};

/// The embeddings that were made by the generation which a run began with.
fn of_first_weights(rows: &[Row]) -> Vec<Vec<f32>> {
    let first = rows[0].generation;
    rows.iter().take_while(|row| row.generation == first).map(|row| row.values.clone()).collect()
}

#[test]
fn a_resumed_run_begins_with_the_weights_of_the_checkpoint_and_goes_on() {
    let (desk, recording) = (Desk::new(), bundled());
    let settings = ["--duration", "15", "--set", "train.publish_every=5", "--set", "train.gate.enabled=false"];
    let with = |more: &[&str]| at_full_speed(&desk, &recording, &[&settings[..], more].concat());
    let trained = with(&[]);
    let (steps, generations) = (number(&trained["training"]["steps"]), number(&trained["training"]["generations"]));
    assert!(steps >= 20 && generations >= 4, "{trained}");
    let checkpoint = format!("checkpoints/run-0001/step-{steps:08}.safetensors");
    assert!(desk.path(&checkpoint).is_file(), "{:?}", desk.listing());
    let before = desk.listing();

    // What a checkpoint serves does not depend on who resumes it, nor on the seed.
    let served = with(&["--resume", "--no-train", "--embeddings", "served.csv"]);
    let again = with(&["--resume", "--no-train", "--seed", "9"]);
    let untrained = with(&["--no-train"]);
    assert_eq!(served["embeddings"], again["embeddings"]);
    assert_ne!(served["embeddings"]["sha256"], untrained["embeddings"]["sha256"]);
    let kept = desk.listing().into_iter().filter(|entry| before.contains(entry)).count();
    assert_eq!(kept + 1, before.len(), "without training nothing but the summary is replaced");

    let resumed = with(&["--resume", "--embeddings", "resumed.csv"]);
    let training = &resumed["training"];
    assert!(number(&training["steps"]) >= steps + 20, "{training}");
    assert_eq!(number(&training["generations"]), number(&training["steps"]) / 5, "generations are counted on");
    let (served, resumed_rows) = (rows(&desk, "served.csv"), rows(&desk, "resumed.csv"));
    let first = of_first_weights(&resumed_rows);
    assert!(first.len() > 10 && first.len() < served.len());
    assert!(served.iter().zip(&first).all(|(row, values)| row.values == *values), "the same weights at the start");
    assert!(resumed_rows.iter().map(|row| row.generation).is_sorted());
    assert_eq!(resumed_rows.last().unwrap().generation, number(&training["generations"]));

    // The new run has a folder of its own, and the next one resumes from there.
    let newest = format!("checkpoints/run-0002/step-{:08}.safetensors", number(&training["steps"]));
    assert!(desk.path(&checkpoint).is_file() && desk.path(&newest).is_file(), "{:?}", desk.listing());
    let third = with(&["--resume", "--set", "train.steps_per_s=0"]);
    assert_eq!(third["training"]["steps"], training["steps"]);
    assert_eq!(third["training"]["weights_sha256"], training["weights_sha256"]);
}

#[test]
fn every_method_resumes_bit_for_bit() {
    let recording = bundled();
    for method in ["moco", "cpc"] {
        let desk = Desk::new();
        let settings = ["--duration", "10", "--method", method];
        let with = |more: &[&str]| at_full_speed(&desk, &recording, &[&settings[..], more].concat());
        let trained = with(&[]);
        let idle = with(&["--resume", "--set", "train.steps_per_s=0"]);
        assert_eq!(idle["training"]["weights_sha256"], trained["training"]["weights_sha256"], "{method}");
        assert_eq!(idle["training"]["steps"], trained["training"]["steps"], "{method}");
        let [once, twice] = [(); 2].map(|()| with(&["--resume"]));
        assert!(number(&once["training"]["steps"]) < number(&twice["training"]["steps"]), "{method}: each goes on");
    }
}

#[test]
fn no_more_than_five_checkpoints_of_a_run_are_kept() {
    let (desk, recording) = (Desk::new(), bundled());
    let often = ["--set", "train.checkpoint_every_s=0.1", "--set", "train.steps_per_s=16", "--duration", "24"];
    let summary = at_full_speed(&desk, &recording, &often);
    let kept: Vec<String> = std::fs::read_dir(desk.path("checkpoints/run-0001"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(kept.len(), 5, "{kept:?}");
    assert!(kept.contains(&format!("step-{:08}.safetensors", number(&summary["training"]["steps"]))), "{kept:?}");
}

#[test]
fn a_checkpoint_carries_its_running_scale_and_serves_no_other() {
    let (desk, recording) = (Desk::new(), bundled());
    let robust = ["--duration", "15", "--set", "signal.scale=robust", "--set", "signal.limit=soft-log"];
    let trained = at_full_speed(&desk, &recording, &robust);
    let checkpoint = format!("checkpoints/run-0001/step-{:08}.safetensors", number(&trained["training"]["steps"]));
    let bytes = std::fs::read(desk.path(&checkpoint)).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains(r#"\"scale\":{\"centre\":["#), "the scale's state is in it");
    let resumed = |more: &[&str]| {
        let arguments = ["--speed", "max", "--resume", "--no-train"];
        desk.run(&run(&recording, &[&arguments[..], &robust, more].concat()))
    };
    let [once, again] = [(); 2].map(|()| {
        resumed(&[]).ends_with(0);
        desk.json("s.json")["embeddings"].clone()
    });
    assert_eq!(once, again, "without training nothing is learnt of the scale either");
    let parts = ["the running scale robust over 30 s, soft-log", "the running scale robust over 10 s, soft-log"];
    resumed(&["--set", "signal.scale_s=10"]).refuses(1, &parts);
    resumed(&["--set", "signal.scale_s=0"]).refuses(1, &["the running scale none"]);
}
