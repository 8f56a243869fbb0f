//! A run without end: its memory stays as large as it is, its ledgers balance, and its gate never refuses for ever.
//!
//! `NEUROSTREAM_SOAK_S` is its length in seconds (three minutes otherwise), `NEUROSTREAM` the program. Invariant: what is
//! looked at is what the run says of itself, and what the system says of its memory.

use super::{number, run};
use crate::cli::program::{Desk, PROGRAM, recordings};
use std::process::Command;
use std::time::Duration;

/// Resident memory that may come between the middle of the third quarter and that of the fourth: two pages of 2 MiB, which is
/// how the system hands memory out.
const MOST_GROWTH_KB: i64 = 4200;

#[test]
fn memory_is_flat_ledgers_balance_and_the_gate_goes_on_serving() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("eegmmidb-S001/S001R04.edf").display().to_string();
    let seconds = std::env::var("NEUROSTREAM_SOAK_S").map_or(180.0, |text| text.parse().unwrap());
    let desk = Desk::new();
    // Small steps, so that there are thousands: what grows or gets stuck does so by steps and looks, not by minutes.
    let often = "--loop --speed max --set train.publish_every=40 --set train.gate.canary=20 --set train.checkpoint_every_s=5 \
                 --set train.memory.policy=\"minred\" --set train.gate.probe=16 --set train.steps_per_s=1 \
                 --embeddings e.csv";
    let more: Vec<&str> = often.split_whitespace().collect();
    let mut command = Command::new(std::env::var_os("NEUROSTREAM").unwrap_or_else(|| PROGRAM.into()));
    command.args(run(&recording, &more));
    let soak = desk.start_as(command);
    let began = soak.now();
    let mut resident = Vec::new();
    while soak.now() - began < seconds {
        std::thread::sleep(Duration::from_millis(500));
        // The first half fills what is filled once, which takes longer beside other tests.
        if soak.now() - began > seconds / 2.0 {
            resident.push(soak.resident_kb());
        }
    }
    soak.signal("INT");
    let said = soak.wait().ends_with(0);
    let summary = desk.json("s.json");
    for name in ["encoder", "trainer", "display"] {
        let [consumed, lost, left] = ["consumed", "lost", "left"].map(|key| number(&summary["frames"][name][key]));
        assert_eq!(number(&summary["frames"]["acquired"]), consumed + lost + left, "{name}");
        assert_eq!(lost, 0, "{name}");
    }
    let median = |part: &[i64]| {
        let mut sorted = part.to_vec();
        sorted.sort_unstable();
        sorted[sorted.len() / 2]
    };
    let (first, second) = resident.split_at(resident.len() / 2);
    let [first, second] = [first, second].map(median);
    let training = &summary["training"];
    println!("{seconds} s: {first} then {second} KiB resident; {training}");
    assert!(second - first < MOST_GROWTH_KB, "{first} KiB became {second}");
    assert!(number(&training["steps"]) > 200 && number(&training["skipped"]) == 0, "{training}");
    assert!(training["loss_last"].as_f64().is_some_and(f64::is_finite), "{training}");
    // The longest that nothing new was served, in looks: it does not grow with the run.
    let swaps: Vec<u64> = said.out.lines().filter(|line| line.contains(" swap ")).filter_map(step).collect();
    let looks = [&[0], &swaps[..], &[number(&training["steps"])]].concat();
    let longest = looks.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or_default();
    assert!(swaps.len() >= 2 && longest <= (number(&training["steps"]) / 2).max(800), "{swaps:?}, {training}");
}

/// The step that an event names.
fn step(line: &str) -> Option<u64> {
    let after = line.split("step ").nth(1)?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
