//! Every method and every memory policy on the bundled recording: a run can be repeated, and gone on with, bit for bit.

use super::{at_full_speed, number};
use crate::cli::program::{Desk, bundled};
use neurostream::learn::{Method, Policy};
use serde_json::Value;

/// Windows far away are near enough for a memory of sixteen seconds.
const SETTINGS: [&str; 8] = [
    "--duration",
    "25",
    "--set",
    "train.order={ near_s = 4.0, far_s = 5.0 }",
    "--set",
    "train.publish_every=5",
    "--set",
    "train.warmup_steps=5",
];

/// Runs twice, and once more for nothing but what was left; returns the training of the first run.
fn repeated(desk: &Desk, name: &str, more: &[&str]) -> Value {
    let recording = bundled();
    let with = |last: &[&str]| at_full_speed(desk, &recording, &[&SETTINGS[..], more, last].concat());
    let [once, again] = [(); 2].map(|()| with(&[]));
    for key in ["weights_sha256", "loss_first", "loss_last", "steps", "skipped"] {
        assert_eq!(once["training"][key], again["training"][key], "{name}: {key}");
    }
    assert_eq!(once["embeddings"], again["embeddings"], "{name}");
    let training = &once["training"];
    assert!(number(&training["steps"]) >= 20 && number(&training["skipped"]) == 0, "{name}: {training}");
    assert!(training["loss_last"].as_f64().unwrap().is_finite(), "{name}: {training}");
    let idle = with(&["--resume", "--set", "train.steps_per_s=0"]);
    assert_eq!(idle["training"]["weights_sha256"], training["weights_sha256"], "{name}");
    training.clone()
}

#[test]
fn every_method_runs_is_repeatable_and_resumes() {
    let mut weights = Vec::new();
    for method in Method::ALL {
        let desk = Desk::new();
        let training = repeated(&desk, method.word(), &["--method", method.word()]);
        assert_eq!(training["method"], method.word());
        weights.push(training["weights_sha256"].as_str().unwrap().to_owned());
    }
    weights.sort();
    weights.dedup();
    assert_eq!(weights.len(), Method::ALL.len(), "each method leads elsewhere");
}

#[test]
fn the_patch_transformer_serves_and_learns_by_hiding() {
    for method in ["mae", "masked", "byol"] {
        let desk = Desk::new();
        let more = ["--method", method, "--set", "model.encoder=patch-transformer", "--set", "model.widths=[16,16]"];
        repeated(&desk, method, &more);
    }
}

#[test]
fn every_policy_of_the_memory_is_repeatable() {
    let mut weights = Vec::new();
    for policy in Policy::ALL {
        let desk = Desk::new();
        let setting = format!("train.memory.policy={}", policy.word());
        // Nothing is held back, so that twenty-five seconds fill the memory.
        let open = "train.gate.enabled=false";
        let training = repeated(&desk, policy.word(), &["--method", "simclr", "--set", &setting, "--set", open]);
        weights.push(training["weights_sha256"].clone());
    }
    assert!(weights[0] != weights[1] && weights[1] != weights[2] && weights[0] != weights[2], "{weights:?}");
}
