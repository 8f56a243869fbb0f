//! Classes that markers teach while a run goes on.
//!
//! Owns nothing. Invariant: what a run says of a window was not told by that window; teaching changes nothing else.

use super::{at_full_speed, number};
use crate::cli::program::{Desk, bundled, recordings};

/// First frame, generation, class and confidence of each line of a CSV file of embeddings.
fn told(desk: &Desk, name: &str) -> Vec<(u64, u64, String, Option<f64>)> {
    let text = std::fs::read_to_string(desk.path(name)).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let [class, confidence] = ["class", "confidence"].map(place);
    assert_eq!([class, confidence], [header.len() - 2, header.len() - 1], "behind all others");
    let row = |line: &str| {
        let columns: Vec<&str> = line.split(',').collect();
        let number = |at: usize| columns[at].parse().unwrap();
        (number(0), number(3), columns[class].to_owned(), columns[confidence].parse().ok())
    };
    lines.map(row).collect()
}

/// Settings that swap weights often.
const SWAPPING: [&str; 8] = [
    "--set",
    "train.publish_every=10",
    "--set",
    "train.gate.enabled=false",
    "--set",
    "window.hop_s=0.5",
    "--set",
    "train.steps_per_s=1",
];

#[test]
fn states_of_a_recording_are_told_apart_across_generations() {
    let (desk, recording) = (Desk::new(), bundled());
    let plain = at_full_speed(&desk, &recording, &SWAPPING);
    let run = |file: &str| {
        let more = [&SWAPPING[..], &["--teach=eyes open,eyes closed", "--embeddings", file]].concat();
        at_full_speed(&desk, &recording, &more)
    };
    let (summary, again) = (run("a.csv"), run("b.csv"));
    assert_eq!(summary["embeddings"], plain["embeddings"], "teaching changes no weights and no embedding");
    assert_eq!(summary["training"]["weights_sha256"], plain["training"]["weights_sha256"]);
    let teaching = &summary["teaching"];
    assert_eq!((teaching, told(&desk, "a.csv")), (&again["teaching"], told(&desk, "b.csv")), "the same each time");

    let asked = &teaching["asked"];
    let share = |key: &str| asked[key].as_f64().unwrap();
    assert!(number(&asked["windows"]) > 100 && number(&asked["spans"]) == 2, "{teaching}");
    assert!(share("balanced_accuracy") > 0.85 && share("accuracy") > share("chance") + 0.2, "{teaching}");
    assert_eq!((&teaching["missed"], share("balanced_chance")), (&0.into(), 0.5));
    // Two states alternate; whoever has seen both has a class for each window, whatever generation made it.
    let rows = told(&desk, "a.csv");
    let first = rows.iter().position(|row| !row.2.is_empty()).unwrap();
    let (before, after) = rows.split_at(first);
    assert!(before.iter().all(|row| row.3.is_none()), "{before:?}");
    assert!(after.iter().all(|row| ["eyes open", "eyes closed"].contains(&row.2.as_str())), "each window has a class");
    assert!(after.iter().all(|row| (0.5..=1.0).contains(&row.3.unwrap())), "the likelier of two");
    let generations = after.iter().map(|row| row.1).collect::<std::collections::BTreeSet<u64>>();
    assert!(generations.len() > 8, "{generations:?}");
}

#[test]
fn what_was_taught_goes_on_after_a_restart() {
    let (desk, recording) = (Desk::new(), bundled());
    let run = |more: &[&str]| at_full_speed(&desk, &recording, &[&SWAPPING[..], more].concat());
    run(&["--teach", "--duration", "60"]);
    let silent = ["--resume", "--duration", "5", "--set", "train.steps_per_s=0"];
    let with = |file: &str, more: &[&str]| {
        let summary = run(&[&silent[..], &["--teach", "--embeddings", file], more].concat());
        (summary, told(&desk, file))
    };
    let (summary, rows) = with("a.csv", &["--no-train"]);
    assert!(rows.iter().all(|row| !row.2.is_empty()), "from the first window on: {rows:?}");
    let classes = &summary["teaching"]["classes"];
    for class in ["eyes open", "eyes closed"] {
        assert!(number(&classes[class]["remembered"]) > 10, "{summary}");
    }
    assert_eq!(number(&classes["eyes closed"]["labelled"]), 0, "no marker named it in these seconds");
    // Without their windows, embeddings last while the axes stay.
    let (_, rows) = with("b.csv", &["--set", "train.checkpoint_signal=true"]);
    assert!(rows.iter().all(|row| !row.2.is_empty()));
    let told = desk.run(
        &[
            &["run", "--replay", &recording, "--checkpoint", "checkpoints"],
            &crate::cli::program::SMALL[..],
            &silent,
            &["--speed", "max"],
        ]
        .concat(),
    );
    let told = told.ends_with(0);
    assert!(told.out.contains("labelled windows: `teach.enabled = true` takes them up"), "{told:?}");
}

#[test]
fn trials_of_a_real_recording_teach_its_classes() {
    let Some(root) = recordings("labelled/ssvep-exo") else { return };
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<String> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "edf")).map(|p| p.display().to_string()).collect();
    files.sort();
    let desk = Desk::new();
    let more = ["--no-train", "--teach", "--set", "window.length_s=4", "--set", "window.hop_s=0.5"];
    let summary = at_full_speed(&desk, &files[0], &more);
    let teaching = &summary["teaching"];
    let classes = teaching["classes"].as_object().unwrap();
    assert_eq!((classes.len(), number(&teaching["other_markers"])), (4, 0), "{teaching}");
    assert!(classes.values().all(|class| number(&class["labelled"]) >= 20), "{teaching}");
    // The first trial of each class asks nothing.
    assert_eq!(number(&teaching["asked"]["spans"]), 21, "{teaching}");
    // Neither do the eight rests before the first other class.
    assert_eq!(teaching["asked"]["balanced_chance"], 0.333, "there is no rest after the first others");
}

#[test]
fn what_is_taught_of_a_model_that_is_not_trained_is_kept() {
    let (desk, recording) = (Desk::new(), bundled());
    let frozen = ["--no-train", "--duration", "60"];
    at_full_speed(&desk, &recording, &frozen);
    assert!(!desk.path("checkpoints").exists(), "nothing was taught, nothing is left");
    let taught = at_full_speed(&desk, &recording, &[&frozen[..], &["--teach"]].concat());
    let remembered = |summary: &serde_json::Value| -> u64 {
        let classes = summary["teaching"]["classes"].as_object().unwrap();
        classes.values().map(|class| number(&class["remembered"])).sum()
    };
    assert!(remembered(&taught) > 20, "{taught}");
    // Two seconds of it teach nothing more.
    let short = ["--no-train", "--duration", "2", "--teach", "--resume"];
    let resumed = at_full_speed(&desk, &recording, &short);
    assert!(remembered(&resumed) >= remembered(&taught), "{resumed}");
}
