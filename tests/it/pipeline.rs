//! Whole runs on recordings, at full speed and live.
//!
//! Each test starts the program itself and reads what it leaves. Invariant: what a run says of itself balances, agrees
//! with its files, and is the same each time where it is said to be.

mod by_hand;
mod embeddings;
mod ledger;
mod live;
mod markers;
mod methods;
mod montage;
mod novelty;
mod quality;
mod recordings;
mod resample;
mod resume;
mod soak;
mod teach;

pub use embeddings::{Row, rows};

use crate::cli::program::{Desk, SMALL};
use serde_json::Value;

/// Consumers that a run has, each with a ledger.
const CONSUMERS: [&str; 3] = ["encoder", "trainer", "display"];

/// Arguments of a run on a recording, whose summary goes to `s.json`.
fn run<'a>(recording: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["run", "--replay", recording, "--checkpoint", "checkpoints", "--summary", "s.json"];
    [&fixed[..], &SMALL, more].concat()
}

/// Runs at full speed to a good end and returns the summary.
#[track_caller]
fn at_full_speed(desk: &Desk, recording: &str, more: &[&str]) -> Value {
    let said = desk.run(&run(recording, &[&["--speed", "max"], more].concat())).ends_with(0);
    assert_eq!(said.err, "", "{said:#?}");
    let summary = desk.json("s.json");
    assert_balances(&summary, 0);
    summary
}

/// Checks that the ledger of each consumer balances and that it lost so much at most.
#[track_caller]
fn assert_balances(summary: &Value, most_lost: u64) {
    let frames = &summary["frames"];
    let acquired = number(&frames["acquired"]);
    let consumers = CONSUMERS.iter().filter(|name| frames.get(name).is_some());
    assert!(consumers.clone().count() >= 2, "{frames}");
    for name in consumers {
        let [consumed, lost, left] = ["consumed", "lost", "left"].map(|key| number(&frames[name][key]));
        assert_eq!(acquired, consumed + lost + left, "{name}: {frames}");
        assert!(lost <= most_lost && left == 0, "{name}: {frames}");
    }
}

#[track_caller]
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}
