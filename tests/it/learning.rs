//! What is learnt: embeddings of a method against those of the first weights, by neighbours of the same state.
//!
//! Trains the program on the bundled recording and judges it on another brain's. Invariant: no window of the recording
//! that judges was trained on.
#![allow(clippy::print_stdout, reason = "its figures are what it is run for")]

use crate::cli::program::{Desk, bundled};
use crate::pipeline::{Row, rows};
use neurostream::learn::Method;
use serde_json::Value;

/// Neighbours that vote.
const NEIGHBOURS: usize = 20;

/// States of a recording: where each begins, in seconds.
fn states(desk: &Desk, recording: &str) -> Vec<(f64, String)> {
    let facts = desk.run(&["inspect", "--format", "json", recording]).ends_with(0).out;
    let facts: Value = serde_json::from_str(&facts).unwrap();
    let of = |note: &Value| (note[0].as_f64().unwrap(), note[2].as_str().unwrap().to_owned());
    facts["annotations"].as_array().unwrap().iter().map(of).collect()
}

/// Embeddings with the state of their window, without windows that see two states.
fn labelled(states: &[(f64, String)], rows: &[Row]) -> Vec<(Vec<f32>, String)> {
    let state = |at: f64| states.iter().rev().find(|(onset, _)| *onset <= at).map(|(_, state)| state.clone());
    let one = |row: &Row| {
        let (from, to) = (state(row.start_s)?, state(row.end_s)?);
        (from == to).then(|| (row.values.clone(), from))
    };
    rows.iter().filter_map(one).collect()
}

/// Rows less the mean of the reference and over its deviation, of unit length.
fn standard(reference: &[(Vec<f32>, String)], rows: &[(Vec<f32>, String)]) -> Vec<Vec<f32>> {
    let (n, dimension) = (reference.len() as f32, reference[0].0.len());
    let mean: Vec<f32> = (0..dimension).map(|d| reference.iter().map(|r| r.0[d]).sum::<f32>() / n).collect();
    let square = |d: usize| reference.iter().map(|r| (r.0[d] - mean[d]).powi(2)).sum::<f32>() / n;
    let scale: Vec<f32> = (0..dimension).map(|d| 1.0 / (square(d).sqrt() + 1e-6)).collect();
    let one = |row: &Vec<f32>| {
        let z: Vec<f32> = (0..dimension).map(|d| (row[d] - mean[d]) * scale[d]).collect();
        let norm = z.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
        z.into_iter().map(|v| v / norm).collect()
    };
    rows.iter().map(|row| one(&row.0)).collect()
}

/// Balanced accuracy of the vote of the nearest by cosine.
fn neighbours(reference: &[(Vec<f32>, String)], judged: &[(Vec<f32>, String)]) -> f64 {
    let (known, asked) = (standard(reference, reference), standard(reference, judged));
    let mut words: Vec<&str> = reference.iter().map(|r| r.1.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    let mut right = vec![[0.0f64; 2]; words.len()];
    for (z, (_, state)) in asked.iter().zip(judged) {
        let cosine = |k: &Vec<f32>| k.iter().zip(z).map(|(a, b)| a * b).sum::<f32>();
        let mut near: Vec<(f32, usize)> = known.iter().enumerate().map(|(i, k)| (cosine(k), i)).collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        let votes = |word: &str| near[..NEIGHBOURS].iter().filter(|(_, i)| reference[*i].1 == word).count();
        let chosen = words.iter().max_by_key(|word| votes(word)).unwrap();
        let Some(class) = words.iter().position(|word| word == state) else { continue };
        right[class][0] += f64::from(u8::from(chosen == state));
        right[class][1] += 1.0;
    }
    right.iter().map(|[right, all]| right / all.max(1.0)).sum::<f64>() / right.len() as f64
}

/// Embeddings of both recordings by the newest weights under `checkpoints`, or by the first ones.
fn judged(desk: &Desk, other: &str, more: &[&str], name: &str) -> f64 {
    let [reference, judged] = [bundled().as_str(), other].map(|recording| {
        let file = desk.text("embeddings.csv");
        let fixed = ["run", "--headless", "--speed", "max", "--no-train", "--replay", recording, "--embeddings", &file];
        desk.run(&[&fixed[..], more].concat()).ends_with(0);
        let all = labelled(&states(desk, recording), &rows(desk, "embeddings.csv"));
        std::fs::remove_file(&file).unwrap();
        all
    });
    let accuracy = neighbours(&reference, &judged);
    println!("{name:24} {accuracy:.3} of {} windows", judged.len());
    accuracy
}

/// `METHODS="byol mae" ENCODER=patch-transformer` choose what is trained.
#[test]
#[ignore = "takes minutes: cargo test --test it learning -- --ignored --nocapture"]
fn methods_against_first_weights() {
    let desk = Desk::new();
    let other = desk.text("other.edf");
    desk.run(&["synth", &other, "--seconds", "180", "--seed", "5"]).ends_with(0);
    let encoder = format!("model.encoder={}", std::env::var("ENCODER").unwrap_or_else(|_| "conv".to_owned()));
    // Small enough for a build without optimisation.
    let widths =
        if encoder.ends_with("patch-transformer") { "model.widths=[32,32]" } else { "model.widths=[16,32,64]" };
    let model = ["--set", &encoder, "--set", widths, "--set", "model.embedding=64"];
    let first = judged(&desk, &other, &model, "first weights");
    let chosen = std::env::var("METHODS").unwrap_or_else(|_| Method::ALL.map(Method::word).join(" "));
    let mut worse = Vec::new();
    for method in chosen.split_whitespace() {
        let checkpoint = desk.text(method);
        let recording = bundled();
        let with = [&["--method", method, "--checkpoint", &checkpoint][..], &model].concat();
        let train = ["run", "--headless", "--speed", "max", "--replay", &recording, "--summary", "s.json"];
        desk.run(&[&train[..], &with, &["--set", "train.steps_per_s=5", "--set", "train.batch=32"]].concat())
            .ends_with(0);
        println!("{}", desk.json("s.json")["training"]);
        if judged(&desk, &other, &[&with[..], &["--resume"]].concat(), method) < first {
            worse.push(method.to_owned());
        }
    }
    println!("below the first weights: {worse:?}");
}
