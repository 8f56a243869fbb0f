//! Windows round the markers of recordings.
//!
//! Owns nothing. Invariant: one embedding a matching marker whose frames are all there, whatever the blocks are.

use super::{at_full_speed, number, rows};
use crate::cli::program::{Desk, bundled, recordings};
use serde_json::Value;

/// Settings of windows from 0.2 s before each task marker of eegmmidb to 0.8 s after it.
const AROUND: [&str; 8] = [
    "--no-train",
    "--set",
    "window.around=/^T[12]$/",
    "--set",
    "window.from_s=-0.2",
    "--set",
    "window.to_s=0.8",
    "--embeddings",
];

#[test]
fn each_task_of_a_recording_gets_its_window() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("eegmmidb-S001/S001R04.edf").display().to_string();
    let expected: Value =
        serde_json::from_slice(&std::fs::read(format!("{recording}.expected.json")).unwrap()).unwrap();
    let tasks: Vec<(u64, String)> = expected["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a[2] != "T0")
        .map(|a| ((a[0].as_f64().unwrap() * 160.0).round() as u64, a[2].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(tasks.len(), 15);
    let desk = Desk::new();
    let hash = |block_ms: &str| {
        let (block, file) = (format!("source.block_ms={block_ms}"), format!("{block_ms}.csv"));
        let summary = at_full_speed(&desk, &recording, &[&AROUND[..], &[&file, "--set", &block]].concat());
        let rows = rows(&desk, &file);
        let got: Vec<(u64, u64, String)> =
            rows.iter().map(|row| (row.first, (row.end_s * 160.0).round() as u64, row.marker.clone())).collect();
        let windows: Vec<(u64, u64, String)> =
            tasks.iter().map(|(frame, text)| (frame - 32, frame + 128, format!("{frame},{text}"))).collect();
        assert_eq!(got, windows);
        assert_eq!(summary["markers"], serde_json::json!({"served": 15, "rejected": 0, "lost": 0}));
        assert_eq!(number(&summary["frames"]["acquired"]), 20_000);
        summary["embeddings"]["sha256"].clone()
    };
    assert_eq!(hash("10"), hash("977"));
}

#[test]
fn markers_without_all_their_frames_are_counted() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("eegmmidb-S001/S001R04.edf").display().to_string();
    let desk = Desk::new();
    let more = ["--no-train", "--set", "window.around=T0", "--set", "window.from_s=-0.2", "--set", "window.to_s=0.8"];
    // The first T0 stands at the very beginning: nothing was recorded before it.
    let summary = at_full_speed(&desk, &recording, &more);
    assert_eq!(summary["markers"], serde_json::json!({"served": 14, "rejected": 1, "lost": 0}));
    assert_eq!(number(&summary["windows"]["rejected"]["gap"]), 1);
}

#[test]
fn training_goes_on_with_windows_at_equal_steps() {
    let (desk, recording) = (Desk::new(), bundled());
    let around =
        ["window.around=eyes closed", "window.from_s=0", "window.to_s=1", "window.hop=128", "train.steps_per_s=0.2"];
    let set: Vec<&str> = around.iter().flat_map(|setting| ["--set", setting]).collect();
    let summary =
        at_full_speed(&desk, &recording, &[&set[..], &["--duration", "60", "--embeddings", "e.npy"]].concat());
    assert_eq!(number(&summary["windows"]["trained"]), (60 * 256 - 256) / 128 + 1);
    let windows = rows(&desk, "e.windows.csv");
    assert!(!windows.is_empty() && windows.iter().all(|row| row.marker.ends_with(",eyes closed")), "{windows:?}");
}
