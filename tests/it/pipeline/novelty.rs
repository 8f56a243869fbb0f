//! Windows unlike everything before.
//!
//! Owns nothing. Invariant: windows are compared with others of the same stream that came before them, or that a checkpoint
//! kept.

use super::{at_full_speed, number};
use crate::cli::program::{Desk, bundled, recordings};

/// Start in seconds, score and probability of each line of a CSV file of embeddings that has them.
fn told(desk: &Desk, name: &str) -> Vec<(f64, f64, f64)> {
    let text = std::fs::read_to_string(desk.path(name)).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let [start, score, probability] = ["start_s", "novelty", "novelty_p"].map(place);
    let row = |line: &str| {
        let columns: Vec<&str> = line.split(',').collect();
        Some((columns[start].parse().ok()?, columns[score].parse().ok()?, columns[probability].parse().ok()?))
    };
    lines.filter_map(row).collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

const ENABLED: [&str; 4] = ["--set", "novelty.enabled=true", "--set", "novelty.alarms_per_hour=20"];

#[test]
fn a_burst_that_never_was_before_raises_an_alarm() {
    let (desk, recording) = (Desk::new(), bundled());
    let run = |file: &str, more: &[&str]| {
        at_full_speed(&desk, &recording, &[&ENABLED[..], &["--embeddings", file], more].concat())
    };
    let summary = run("a.csv", &["--no-train"]);
    let rows = told(&desk, "a.csv");
    // The burst lasts from 140 s to 146 s.
    let is_burst = |start: f64| (139.0..145.0).contains(&start);
    let burst = median(rows.iter().filter(|row| is_burst(row.0)).map(|row| row.1));
    let others = median(rows.iter().filter(|row| !is_burst(row.0)).map(|row| row.1));
    assert!(burst > 1.5 * others, "{burst} in the burst and {others} elsewhere");
    let limit = summary["novelty"]["limit"].as_f64().unwrap();
    assert!(rows.iter().any(|row| is_burst(row.0) && row.2 <= limit), "an alarm in the burst: {summary}");
    assert!((1..=12).contains(&number(&summary["novelty"]["alarms"])), "{summary}");
    // Whether weights change or not, what is compared lies on the same axes; and nothing else changes.
    let swapping = ["--set", "train.publish_every=10", "--set", "train.steps_per_s=1", "--duration", "100"];
    let swapping = [&swapping[..], &["--set", "train.gate.enabled=false", "--set", "window.hop_s=0.5"]].concat();
    let trained = run("b.csv", &swapping);
    let plain = at_full_speed(&desk, &recording, &swapping);
    assert_eq!(trained["embeddings"], plain["embeddings"]);
    let rows = told(&desk, "b.csv");
    assert!(rows.len() > 60 && rows.iter().all(|row| row.1.is_finite() && (0.0..=1.0).contains(&row.2)), "{rows:?}");
    let usual = rows.iter().filter(|row| row.2 > 0.05).count();
    assert!(2 * usual > rows.len(), "most windows are like those before: {usual} of {}", rows.len());
}

#[test]
fn held_out_rest_of_a_person_is_nothing_new_and_another_person_is() {
    let Some(root) = recordings("labelled/eegmat") else { return };
    let desk = Desk::new();
    let settings = ["--set", "train.steps_per_s=0", "--set", "window.hop_s=1"];
    let [mut same, mut other] = [Vec::new(), Vec::new()];
    for subject in [2, 5, 9] {
        let rest = root.join(format!("Subject{subject:02}_1.edf")).display().to_string();
        let folder = format!("checkpoints-{subject}");
        let run = |replay: &str, more: &[&str]| {
            let fixed = ["run", "--replay", replay, "--speed", "max", "--checkpoint", &folder, "--summary", "s.json"];
            let all = [&fixed[..], &crate::cli::program::SMALL, &settings, &ENABLED, more].concat();
            desk.run(&all).ends_with(0);
        };
        run(&rest, &["--duration", "120"]);
        let ask = |replay: &str, file: &str| {
            run(replay, &["--resume", "--no-train", "--embeddings", file]);
            told(&desk, file)
        };
        let held = ask(&rest, &format!("same-{subject}.csv"));
        same.extend(held.into_iter().filter(|row| row.0 > 122.0).map(|row| row.2));
        let stranger = root.join(format!("Subject{:02}_1.edf", subject + 1)).display().to_string();
        other.extend(ask(&stranger, &format!("other-{subject}.csv")).into_iter().map(|row| row.2));
    }
    let share = |all: &[f64], by: f64| all.iter().filter(|p| **p <= by).count() as f64 / all.len() as f64;
    let [held, strange] = [share(&same, 0.1), share(&other, 0.1)];
    assert!(same.len() > 150 && held < 0.3, "{held} of {} windows", same.len());
    assert!(strange > 2.0 * held && strange > 0.4, "{strange} of another person's windows, {held} of held-out ones");
}
