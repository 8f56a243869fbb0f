//! Runs whose model has a rate of its own.

use super::embeddings::rows;
use super::{assert_balances, at_full_speed, number, run};
use crate::cli::program::{Desk, bundled, recordings};
use serde_json::Value;

#[test]
fn a_model_at_another_rate_balances_in_frames_of_the_source_and_is_repeatable() {
    let (desk, recording) = (Desk::new(), bundled());
    let steps = ["--duration", "20", "--set", "train.publish_every=5", "--set", "train.steps_per_s=2"];
    for (rate, window, hop, name) in [("100", 200, 25, "a"), ("128", 256, 32, "b"), ("300", 600, 75, "c")] {
        let set = format!("signal.rate_hz={rate}");
        let result = |file: &str| {
            let more = ["--set", &set, "--embeddings", file];
            let summary = at_full_speed(&desk, &recording, &[&steps[..], &more].concat());
            assert_eq!((&summary["source"]["rate_hz"], &summary["signal_s"]), (&256.0.into(), &20.0.into()));
            assert_eq!(summary["model"]["rate_hz"], rate.parse::<f64>().unwrap());
            let frames = &summary["frames"];
            assert_eq!(number(&frames["acquired"]), 20 * 256);
            assert!(["encoder", "trainer"].iter().all(|name| frames[name]["consumed"] == frames["acquired"]));
            let training = &summary["training"];
            (summary["embeddings"].clone(), training["weights_sha256"].clone(), training["steps"].clone())
        };
        let first = result(&format!("{name}.csv"));
        assert_eq!(first, result(&format!("{name}-again.csv")), "{rate} Hz");
        let rate_hz: f64 = rate.parse().unwrap();
        let rows = rows(&desk, &format!("{name}.csv"));
        assert_eq!(rows.len() as u64, (20 * rate.parse::<u64>().unwrap() - window) / hop + 1, "{rate} Hz");
        for (i, row) in rows.iter().enumerate() {
            let first = hop * i as u64;
            let seconds = |frame: u64| frame as f64 / rate_hz;
            assert_eq!(row.first, first);
            assert!((row.start_s - seconds(first)).abs() < 1e-6 && (row.end_s - seconds(first + window)).abs() < 1e-6);
        }
    }
}

/// Untrained embeddings depend on the signal alone, and so not at all on how it was cut.
#[test]
fn blocks_do_not_change_an_embedding() {
    let (desk, recording) = (Desk::new(), bundled());
    let hash = |block_ms: &str| {
        let more = ["--no-train", "--duration", "20", "--set", "signal.rate_hz=99.9", "--set", block_ms];
        at_full_speed(&desk, &recording, &more)["embeddings"].clone()
    };
    let whole = hash("source.block_ms=1000");
    assert_eq!(hash("source.block_ms=4"), whole);
    assert_eq!(hash("source.block_ms=37"), whole);
}

#[test]
fn no_window_spans_a_gap_at_another_rate() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("edfarray/edfPlusD.edf").display().to_string();
    let desk = Desk::new();
    let facts = desk.run(&["inspect", "--format", "json", &recording]).ends_with(0).out;
    let facts: Value = serde_json::from_str(&facts).unwrap();
    let gaps: Vec<f64> =
        facts["discontinuities"].as_array().unwrap().iter().map(|gap| gap[1].as_f64().unwrap()).collect();
    let more = "--set signal.rate_hz=80 --set window.length_s=0.5 --set window.hop_s=0.25 --embeddings e.csv";
    let summary = at_full_speed(&desk, &recording, &more.split(' ').collect::<Vec<_>>());
    assert_eq!(number(&summary["frames"]["gaps"]), gaps.len() as u64);
    assert_eq!(number(&summary["frames"]["acquired"]), 2200, "200 Hz");
    assert_eq!(summary["frames"]["encoder"]["consumed"], 2200, "what lies before a gap is not held back");
    let rows = rows(&desk, "e.csv");
    assert!(rows.len() > 20, "{summary}");
    for row in rows {
        // The first frame after a gap may lie a period behind it.
        assert!(gaps.iter().all(|gap| row.end_s <= gap + 1e-6 || row.start_s >= gap - 1e-6), "{row:?}: {gaps:?}");
        assert!((row.start_s - row.first as f64 / 80.0).abs() < 1e-6, "{row:?}");
    }
}

#[test]
fn a_live_run_at_another_rate_balances() {
    let (desk, recording) = (Desk::new(), bundled());
    let live = "--speed 50 --duration 60 --set signal.rate_hz=128 --set train.steps_per_s=1 --set signal.lowpass_hz=70";
    let said = desk.run(&run(&recording, &live.split(' ').collect::<Vec<_>>())).ends_with(0);
    assert_balances(&desk.json("s.json"), 60 * 256);
    assert!(said.out.contains("resampled from 256 Hz to 128 Hz (1/2), which takes 0.203 s"), "{said:#?}");
    assert!(said.out.contains("the low-pass at 70 Hz does nothing: half the model's rate is 64 Hz"), "{said:#?}");
    let faster = "--speed max --duration 4 --no-train --set signal.rate_hz=300.00001";
    let said = desk.run(&run(&recording, &faster.split(' ').collect::<Vec<_>>())).ends_with(0);
    assert!(said.out.contains("parts in a million off"), "{said:#?}");
    assert!(said.out.contains("the model's rate is above the stream's: nothing lies above 128 Hz"), "{said:#?}");
}
