//! What measures this machine: `bench latency`, `bench throughput`, `certify`.
//!
//! Each test starts the program itself. Invariant: a timing is never asserted; what is told adds up, and what cannot be
//! sustained is said and gives exit code 1.

use crate::cli::program::{Desk, SMALL, bundled};
use serde_json::Value;

const STAGES: [&str; 6] = ["source", "conditioning", "ring", "window", "encode", "publish"];

/// The settings of a small model, which these commands take by `--set` alone.
fn small() -> Vec<&'static str> {
    SMALL[1..].to_vec()
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn latency_is_told_by_stage_with_the_trainer_off_and_on() {
    let desk = Desk::new();
    let load = ["bench", "latency", "--channels", "5", "--rate", "200", "--seconds", "3", "--rounds", "1"];
    let said = desk.run(&[&load[..], &small(), &["--format", "json"]].concat()).ends_with(0);
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&told["channels"], number(&told["rate_hz"])), (&5.into(), 200.0));
    for side in ["trainer_off", "training"] {
        for stage in STAGES.into_iter().chain(["embedding"]) {
            let [p50, p99] = ["p50", "p99"].map(|q| number(&told[side]["latency_ms"][stage][q]));
            assert!(0.0 < p50 && p50 <= p99, "{side} {stage}: {told}");
        }
    }
    assert_eq!(number(&told["trainer_off"]["steps_per_s"]), 0.0);
    assert!(number(&told["training"]["steps_per_s"]) >= 0.0);
    let said = desk.run(&[&load[..], &small()].concat()).ends_with(0);
    STAGES.iter().for_each(|stage| assert!(said.out.contains(&format!("\n{stage} ")), "{said:?}"));
    assert_eq!(desk.listing(), [], "nothing is left behind");
    desk.run(&["bench", "latency", "--channels", "0"]).refuses(2, &["--channels 0"]);
}

#[test]
fn throughput_is_told_by_channels_and_rate_and_drawn() {
    let desk = Desk::new();
    let load = ["--channels", "2,4", "--rate", "100", "--rates", "100,200", "--of", "2", "--seconds", "1"];
    let more = [&["bench", "throughput", "--format", "json", "--png", "cost.png"], &load[..], &small()].concat();
    let told: Value = serde_json::from_str(&desk.run(&more).ends_with(0).out).unwrap();
    for (rows, channels, rates) in [("by_channels", [2, 4], [100.0, 100.0]), ("by_rate", [2, 2], [100.0, 200.0])] {
        for (row, (channels, rate)) in told[rows].as_array().unwrap().iter().zip(channels.into_iter().zip(rates)) {
            assert_eq!((&row["channels"], number(&row["rate_hz"])), (&channels.into(), rate));
            assert!((number(&row["ms_a_second"]) * number(&row["times_real_time"]) - 1e3).abs() < 1e-6, "{row}");
        }
    }
    let live = told["live"].as_array().unwrap();
    assert!(!live.is_empty() && live.iter().all(|row| row["lost"].is_u64() && row["sustained"].is_boolean()), "{told}");
    let picture = std::fs::read(desk.path("cost.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && desk.listing().len() == 1);
}

#[test]
fn a_certificate_says_what_it_is_of_and_what_cannot_be_sustained_fails() {
    let desk = Desk::new();
    let config = desk.write("lab.toml", format!("[source]\nreplay = \"{}\"\n", bundled()));
    let before = desk.listing();
    let more = ["--minutes", "0.1", "--rung", "2", "--json", "report.json"];
    let said = desk.run(&[&["certify", &config], &more[..], &small()].concat());
    let report = desk.json("report.json");
    let found = &report["certificate"];
    assert_eq!((&report["version"], &found["channels"], number(&found["rate_hz"])), (&1.into(), &16.into(), 256.0));
    assert!(report["signal"].as_str().unwrap().starts_with("synthetic signal of the shape of "), "{report}");
    let sha256 = crate::cli::program::sha256(&std::fs::read(&config).unwrap());
    assert_eq!(report["config"]["sha256"], sha256.as_str());
    for key in ["cpu", "cores", "memory_mb", "system", "host"] {
        assert!(!report["machine"][key].is_null(), "{key}: {report}");
    }
    assert!(report["date"].as_str().unwrap().starts_with("20"), "{report}");
    let frames = &report["frames"];
    assert_eq!(number(&frames["acquired"]), 6.0 * 256.0);
    for stage in STAGES {
        assert!(report["latency_ms"]["stages"][stage]["p99"].is_f64(), "{stage}: {report}");
    }
    // Whatever this machine is busy with, report, words and exit code say the same.
    let is_sustained = found["sustained"].as_bool().unwrap();
    let said = said.ends_with(i32::from(!is_sustained));
    assert!(said.out.starts_with(&format!("{config}: {}", found["verdict"].as_str().unwrap())), "{said:?}");
    let ladder = report["ladder"].as_array().unwrap();
    let sustained: Vec<bool> = ladder.iter().map(|rung| rung["sustained"].as_bool().unwrap()).collect();
    assert!(sustained.iter().rev().skip(1).all(|rung| *rung), "the ladder ends with what is too much: {report}");
    assert_eq!(found["margin"].is_number(), is_sustained);
    if is_sustained {
        let highest = ladder.iter().rev().find(|rung| rung["sustained"] == true).map_or(1.0, |r| number(&r["times"]));
        assert_eq!(number(&found["margin"]), highest);
        assert_eq!(number(&found["samples_per_s_sustained"]), highest * 16.0 * 256.0);
    }
    std::fs::remove_file(desk.path("report.json")).unwrap();
    assert_eq!(desk.listing(), before, "nothing else is left behind");

    // More than any machine does: a network of giants in five milliseconds.
    let giant = ["--set", "model.widths=[1024,2048]", "--set", "window.hop_s=0.005", "--set", "train.enabled=false"];
    let shape = ["--channels", "64", "--rate", "1000", "--minutes", "0.05", "--format", "json"];
    let said = desk.run(&[&["certify", &config], &shape[..], &giant].concat()).ends_with(1);
    let report: Value = serde_json::from_str(said.out.trim()).unwrap();
    assert_eq!(report["certificate"]["verdict"], "not sustained");
    assert!(report["certificate"]["margin"].is_null() && report["ladder"].as_array().unwrap().is_empty(), "{report}");

    desk.write("live.toml", "[source]\nlsl = \"nobody\"\nwait_s = 0.2\n[lsl]\nlibrary = \"/none.so\"\n");
    desk.run(&["certify", "live.toml"]).refuses(1, &["give --channels and --rate"]);
    desk.write("taken.json", "{}");
    desk.run(&["certify", &config, "--json", "taken.json"]).refuses(2, &["taken.json", "is no certificate"]);
}
