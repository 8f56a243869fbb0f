//! Summaries of runs at full speed: repeatable, complete, exact to the frame.

use super::{assert_balances, at_full_speed, number, run};
use crate::cli::program::{Desk, bundled, recordings};
use serde_json::Value;

/// Windows of `length` frames every `hop` frames that fit into so many frames.
fn windows(frames: u64, length: u64, hop: u64) -> u64 {
    (frames - length) / hop + 1
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("eegmmidb-S001/S001R03.edf").display().to_string();
    let desk = Desk::new();
    for method in ["byol", "moco", "cpc"] {
        let result = |seed: &str| {
            let steps =
                ["--set", "train.steps_per_s=2", "--set", "train.publish_every=5", "--set", "compute.threads=2"];
            let summary = at_full_speed(
                &desk,
                &recording,
                &[&["--duration", "12", "--method", method, "--seed", seed], &steps[..]].concat(),
            );
            let training = &summary["training"];
            assert!(number(&training["steps"]) >= 10 && number(&training["generations"]) >= 2, "{training}");
            assert_eq!(summary["embeddings"]["count"], windows(12 * 160, 320, 40));
            let keys = ["weights_sha256", "steps", "loss_first", "loss_last", "generations"];
            (summary["embeddings"].clone(), keys.map(|key| training[key].clone()))
        };
        let (first, again, other) = (result("1"), result("1"), result("2"));
        assert_eq!(first, again, "{method}");
        assert_ne!(first.0["sha256"], other.0["sha256"], "{method}");
        assert_ne!(first.1[0], other.1[0], "{method}");
    }
}

#[test]
fn a_summary_has_every_key_that_scripts_rely_on() {
    let (desk, recording) = (Desk::new(), bundled());
    let more = ["--duration", "16", "--set", "train.publish_every=2", "--set", "train.steps_per_s=1", "--seed", "5"];
    let summary = at_full_speed(&desk, &recording, &more);
    let counts = "version seed frames.acquired frames.gaps frames.encoder.consumed frames.encoder.lost frames.encoder.left \
        frames.trainer.consumed frames.trainer.lost frames.trainer.left frames.display.consumed frames.display.lost \
        frames.display.left windows.encoded windows.trained windows.rejected.gap windows.rejected.quality embeddings.count \
        embeddings.dimension training.steps training.skipped training.generations training.refused training.rollbacks \
        source.channels";
    let numbers = "wall_s signal_s source.rate_hz training.steps_per_s training.loss_first training.loss_last \
        training.health.std training.health.rankme latency_ms.p50 latency_ms.p99 latency_ms.p99_9 latency_ms.max \
        memory_mb.start memory_mb.end memory_mb.peak";
    let texts = "reason source.kind source.name training.method training.weights_sha256 embeddings.sha256";
    let at = |path: &str| path.split('.').fold(&summary, |value, key| &value[key]);
    counts.split_whitespace().for_each(|path| assert!(at(path).is_u64(), "{path}: {}", at(path)));
    numbers.split_whitespace().for_each(|path| assert!(at(path).as_f64() >= Some(0.0), "{path}: {}", at(path)));
    texts.split_whitespace().for_each(|path| assert!(at(path).is_string(), "{path}: {}", at(path)));
    assert!(at("training.health.alarms").is_array() && at("frames.recorder").is_null(), "what is off is absent");
    for (path, expected) in [
        ("version", Value::from(1)),
        ("reason", "duration reached".into()),
        ("source.kind", "replay".into()),
        ("source.name", recording.as_str().into()),
        ("source.channels", 16.into()),
        ("source.rate_hz", 256.0.into()),
        ("seed", 5.into()),
        ("signal_s", 16.0.into()),
        ("frames.acquired", (16 * 256).into()),
        ("frames.gaps", 0.into()),
        ("embeddings.dimension", 16.into()),
        ("embeddings.count", windows(16 * 256, 512, 64).into()),
        ("windows.encoded", windows(16 * 256, 512, 64).into()),
        ("training.method", "byol".into()),
    ] {
        assert_eq!(*at(path), expected, "{path}");
    }
    let (trained, refused) = (number(at("windows.trained")), number(at("windows.rejected.quality")));
    assert_eq!(trained + refused, number(at("windows.encoded")));
    assert!(at("latency_ms.p50").as_f64() <= at("latency_ms.max").as_f64());
    assert!(at("memory_mb.end").as_f64() <= at("memory_mb.peak").as_f64());
    assert_eq!(number(at("training.generations")), number(at("training.steps")) / 2);

    let untrained = at_full_speed(&desk, &recording, &["--duration", "16", "--no-train"]);
    assert!(untrained.get("training").is_none() && untrained["frames"].get("trainer").is_none(), "{untrained}");
    assert_eq!(untrained["windows"]["trained"], 0);
}

#[test]
fn a_duration_is_exact_to_the_frame() {
    let (desk, recording) = (Desk::new(), bundled());
    for (seconds, frames) in [("2", 512), ("7.3", 1869), ("0.003", 1), ("10.00390625", 2561)] {
        let summary = at_full_speed(&desk, &recording, &["--no-train", "--duration", seconds]);
        assert_eq!((number(&summary["frames"]["acquired"]), &summary["reason"]), (frames, &"duration reached".into()));
        let expected = if frames < 512 { 0 } else { windows(frames, 512, 64) };
        assert_eq!(number(&summary["embeddings"]["count"]), expected, "{seconds} s");
    }
    let whole = at_full_speed(&desk, &recording, &["--no-train", "--set", "window.hop_s=1"]);
    assert_eq!((number(&whole["frames"]["acquired"]), &whole["reason"]), (180 * 256, &"end of source".into()));
    assert_eq!(number(&whole["embeddings"]["count"]), 179);
}

#[test]
fn a_loop_plays_on_beyond_the_end_and_no_window_spans_the_seam() {
    let desk = Desk::new();
    desk.run(&["synth", "short.edf", "--seconds", "6", "--channels", "8"]).ends_with(0);
    let summary = at_full_speed(&desk, "short.edf", &["--loop", "--duration", "20", "--embeddings", "e.csv"]);
    assert_eq!((number(&summary["frames"]["acquired"]), &summary["reason"]), (20 * 256, &"duration reached".into()));
    // Three passes of 17 windows each, and 2 s with one.
    assert_eq!(number(&summary["embeddings"]["count"]), 3 * windows(6 * 256, 512, 64) + 1);
    assert!(number(&summary["windows"]["rejected"]["gap"]) > 0);
    let starts: Vec<u64> = super::embeddings::rows(&desk, "e.csv").iter().map(|row| row.first).collect();
    assert!(starts.windows(2).all(|pair| pair[1] > pair[0]), "frame numbers go on: {starts:?}");
    // A pass is followed by a seam of one frame number.
    assert_eq!((starts[17], starts[34]), (6 * 256 + 1, 2 * (6 * 256 + 1)));
}

#[test]
fn odd_but_allowed_settings_run() {
    let (desk, recording) = (Desk::new(), bundled());
    let settings =
        |all: &str| all.split_whitespace().flat_map(|one| ["--set".to_owned(), one.to_owned()]).collect::<Vec<_>>();
    for odd in [
        "window.hop_s=9 window.length_s=0.1",
        "window.hop_s=0.001 window.length_s=0.05 train.steps_per_s=0.1",
        "source.block_ms=1000 window.length_s=0.1",
        "source.block_ms=0.1 window.length_s=9",
        "train.batch=2 train.memory.windows=2 model.embedding=2 model.widths=[1]",
        "train.method=moco train.queue=1",
        "train.method=moco train.queue=17",
        "train.method=cpc train.pieces=7 train.ahead=6",
        "train.method=cpc train.temperature=0.001 train.learning_rate=1",
        "train.momentum=1 train.learning_rate=1 train.warmup_steps=0",
        "train.steps_per_s=0 train.publish_every=1",
        "signal.scale_s=0 signal.highpass_hz=0 signal.notch_hz=0 signal.reference=none",
        "signal.channels=[\"Fp1\"] augment.preset=none train.checkpoint=\"\"",
    ] {
        let settings = settings(odd);
        let more: Vec<&str> =
            ["--speed", "max", "--duration", "10"].into_iter().chain(settings.iter().map(String::as_str)).collect();
        desk.run(&run(&recording, &more)).ends_with(0);
        let summary = desk.json("s.json");
        assert_balances(&summary, 0);
        assert!(number(&summary["embeddings"]["count"]) > 0, "{odd}: {summary}");
        assert_eq!((&summary["training"]["skipped"], &summary["training"]["refused"]), (&0.into(), &0.into()), "{odd}");
    }
}
