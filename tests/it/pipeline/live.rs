//! Live runs: threads and rings, status lines while they last.

use super::{assert_balances, number, run};
use crate::cli::program::{Desk, bundled};
use serde_json::Value;

#[test]
fn a_live_run_balances_and_serves_every_window() {
    let (desk, recording) = (Desk::new(), bundled());
    let live =
        ["--speed", "50", "--set", "train.steps_per_s=1", "--set", "train.publish_every=5", "--embeddings", "e.csv"];
    desk.run(&run(&recording, &live)).ends_with(0);
    let summary = desk.json("s.json");
    // A machine that is busy with other tests may make a consumer lose frames; none is lost silently.
    assert_balances(&summary, 180 * 256);
    assert_eq!((number(&summary["frames"]["acquired"]), &summary["reason"]), (180 * 256, &"end of source".into()));
    let rows = super::embeddings::rows(&desk, "e.csv");
    assert_eq!(number(&summary["embeddings"]["count"]), rows.len() as u64);
    if summary["frames"]["encoder"]["lost"] == 0 {
        assert_eq!(rows.len(), (180 * 256 - 512) / 64 + 1);
    }
    assert!(rows.iter().map(|row| row.generation).is_sorted());
    assert!(number(&summary["training"]["steps"]) > 0, "{summary}");
}

#[test]
fn status_lines_are_json_and_balance_at_every_moment() {
    let (desk, recording) = (Desk::new(), bundled());
    let live = ["--speed", "16", "--duration", "48", "--format", "json", "--set", "train.publish_every=2"];
    let said = desk.run(&run(&recording, &live)).ends_with(0);
    let lines: Vec<Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let moments: Vec<&Value> = lines.iter().filter(|line| line.get("behind_ms").is_some()).collect();
    assert!(moments.len() >= 2, "one a second: {said:#?}");
    for moment in &moments {
        for name in super::CONSUMERS {
            let ledger = &moment["frames"][name];
            let [acquired, consumed, lost, left] =
                ["acquired", "consumed", "lost", "left"].map(|key| number(&ledger[key]));
            assert_eq!(acquired, consumed + lost + left, "{name}: {moment}");
        }
        assert!(moment["embeddings"].is_u64() && moment["latency_ms"]["p99"].is_f64(), "{moment}");
        assert_eq!(moment["training"]["method"], "byol");
    }
    let seconds: Vec<f64> = moments.iter().map(|moment| moment["wall_s"].as_f64().unwrap()).collect();
    assert!(seconds.windows(2).all(|pair| pair[1] - pair[0] > 0.9), "one a second: {seconds:?}");
    // The summary comes last, and is that of the file.
    let last = lines.iter().rev().find(|line| line.get("version").is_some()).unwrap_or_else(|| panic!("{said:#?}"));
    assert_eq!(*last, desk.json("s.json"));

    // Nothing that happened is left out: each generation is told as it begins, and each state of the recording.
    let told = |kind: &str| {
        lines.iter().filter(|line| line["event"] == kind).map(|line| line["text"].as_str().unwrap()).collect::<Vec<_>>()
    };
    let swaps: Vec<String> = told("swap").iter().map(|text| text.split(' ').nth(1).unwrap().to_owned()).collect();
    let published: Vec<String> = (1..=number(&last["training"]["generations"])).map(|n| n.to_string()).collect();
    assert_eq!(swaps, published);
    assert_eq!(told("marker"), ["eyes open", "eyes closed"]);
}

#[test]
fn every_gap_is_told_however_short_the_run() {
    let Some(root) = crate::cli::program::recordings("edf") else { return };
    let recording = root.join("edfarray/edfPlusD.edf").display().to_string();
    let (desk, window) = (Desk::new(), ["--set", "window.length_s=0.5", "--speed", "max"]);
    let said = desk.run(&run(&recording, &window)).ends_with(0);
    assert_eq!(said.out.matches("frames are missing before record").count(), 5, "{said:#?}");
}

#[test]
fn the_last_generation_is_told_however_late_it_comes() {
    let (desk, recording) = (Desk::new(), bundled());
    // The gate would refuse some, and take its time.
    let slow = "--speed 40 --duration 40 --format json --set model.widths=[32,64,128] --set train.publish_every=1 \
                --set train.gate.enabled=false";
    for _ in 0..3 {
        let said = desk.run(&run(&recording, &slow.split_whitespace().collect::<Vec<_>>())).ends_with(0);
        let published = number(&desk.json("s.json")["training"]["generations"]);
        assert!(published > 0);
        assert_eq!(said.out.matches("\"event\":\"swap\"").count() as u64, published, "{said:#?}");
    }
}

#[test]
fn text_lines_show_the_ledger_and_the_summary() {
    let (desk, recording) = (Desk::new(), bundled());
    let said = desk.run(&run(&recording, &["--speed", "16", "--duration", "32"])).ends_with(0);
    let moments: Vec<&str> = said.out.lines().filter(|line| line.contains("consumed+lost+left")).collect();
    assert!(!moments.is_empty(), "{said:#?}");
    for moment in moments {
        for name in super::CONSUMERS {
            let (_, ledger) = moment.split_once(&format!("{name} ")).unwrap_or_else(|| panic!("{moment}"));
            let ledger = ledger.split([',', '|']).next().unwrap().trim();
            let (acquired, parts) = ledger.split_once(" = ").unwrap_or_else(|| panic!("{moment}"));
            let parts: Vec<u64> = parts.split('+').map(|part| part.parse().unwrap()).collect();
            assert!(parts.len() == 3 && parts.iter().sum::<u64>() == acquired.parse::<u64>().unwrap(), "{moment}");
        }
    }
    for part in [
        "32.0 s of signal",
        "(duration reached)",
        "8192 acquired = ",
        "embeddings 121 of 16 numbers",
        "checkpoint checkpoints/run-0001/step-",
    ] {
        assert!(said.out.contains(part), "{part:?} is not in {said:#?}");
    }
}
