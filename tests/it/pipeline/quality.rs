//! Bad channels from acquisition to embeddings: told, silenced, counted, whatever the blocks are.
//!
//! Owns the recordings that it makes. Invariant: what is bad in them was done by a test.

use super::{at_full_speed, number, rows};
use crate::cli::program::{Desk, bundled};
use neurostream::format::edf::{EdfHeader, EdfSignal, EdfWriter, Existing};
use neurostream::signal::{Block, Stamp};
use neurostream::source::{Progress, ReplaySource, Selection, Source};
use std::path::Path;

const CHANNELS: usize = 16;
const RATE: usize = 256;

/// 60 s of the bundled recording whose samples `fault(second, channel, sample)` may change.
pub fn spoilt(path: &Path, fault: impl Fn(f64, usize, f32) -> f32) {
    let mut source = ReplaySource::open(Path::new(&bundled()), &Selection::default(), None, 1.0, false).unwrap();
    let labels: Vec<String> = source.facts().montage.labels().map(str::to_owned).collect();
    let signals: Vec<EdfSignal> = labels.iter().map(|label| EdfSignal::microvolts(label, RATE, 1000.0)).collect();
    let mut writer = EdfWriter::create(path, &EdfHeader::new(1.0), &signals, Existing::Refuse).unwrap();
    let (mut block, mut events) = (Block::default(), Vec::new());
    for _ in 0..60 {
        block.clear();
        assert_eq!(source.step(Stamp(0.0), &mut block, &mut events).unwrap(), Progress::Frames);
        assert_eq!(block.frames(), RATE);
        for (i, sample) in block.samples.iter_mut().enumerate() {
            let seconds = block.first as f64 / RATE as f64 + (i / CHANNELS) as f64 / RATE as f64;
            *sample = fault(seconds, i % CHANNELS, *sample);
        }
        writer.write_frames(&block.samples).unwrap();
    }
    writer.finish().unwrap();
}

/// Channel 7 hangs from 20 s to 30 s.
fn with_a_dead_channel(desk: &Desk) -> String {
    spoilt(&desk.path("dead.edf"), |s, c, v| if c == 7 && (20.0..30.0).contains(&s) { 3.0 } else { v });
    "dead.edf".to_owned()
}

#[test]
fn a_dead_channel_is_told_silenced_and_counted_and_comes_back() {
    let desk = Desk::new();
    let recording = with_a_dead_channel(&desk);
    let summary = at_full_speed(&desk, &recording, &["--embeddings", "e.csv", "--set", "train.steps_per_s=0.2"]);
    let rows = rows(&desk, "e.csv");
    // Found at 20.5 s or 21 s; good again once all measures have kept to the good side for 2 s, those of the spectrum
    // and of correlation up to 4 s after its end.
    for row in &rows {
        let (start, end) = (row.start_s, row.end_s);
        match row.quality {
            1.0 => assert!(end < 21.1 || start > 31.9, "{start} to {end} s is good"),
            0.9375 => assert!(end > 20.4 && start < 34.1, "{start} to {end} s is not"),
            other => panic!("{other}"),
        }
    }
    let quality = &summary["quality"];
    assert_eq!((number(&quality["intervals"]), &quality["bad_channels"]), (120, &serde_json::json!([])));
    let bad = quality["bad_intervals"].as_object().unwrap();
    assert_eq!(bad.len(), 1, "{quality}");
    assert!((20..=28).contains(&number(&bad["T7"])), "{quality}");
    // One of sixteen is not enough to refuse a window.
    assert_eq!((&summary["windows"]["bad"], &summary["windows"]["rejected"]["quality"]), (&0.into(), &0.into()));

    let lines = ["run", "--replay", &recording, "--speed", "max", "--no-train", "--headless"];
    let said = desk.run(&lines).ends_with(0).out;
    assert!(said.contains("quality  T7 is flat\n") && said.contains("quality  T7 is good again\n"), "{said}");
    assert!(said.contains("bad channels T7 2"), "{said}");
    let off = at_full_speed(&desk, &recording, &["--no-train", "--set", "quality.enabled=false"]);
    assert!(off.get("quality").is_none(), "{off}");
    assert_ne!(off["embeddings"]["sha256"], summary["embeddings"]["sha256"]);
}

#[test]
fn a_bad_channel_moves_nothing_once_it_is_known() {
    let desk = Desk::new();
    let noise = |s: f64| ((s * 9973.0).sin() * 43_758.547).fract() as f32;
    // Two ways to be bad in the same frames: what the channel does there must not reach any embedding.
    for (name, size) in [("weak.edf", 100.0), ("strong.edf", 800.0)] {
        let fault = |s: f64, c: usize, v: f32| if c == 7 { size * noise(s) } else { v };
        spoilt(&desk.path(name), fault);
    }
    let embeddings = |recording: &str, file: &str| {
        let more = ["--no-train", "--set", "signal.scale_s=0", "--embeddings", file];
        at_full_speed(&desk, recording, &more);
        let rows = rows(&desk, file);
        assert!(rows.iter().skip(20).all(|row| row.quality == 0.9375));
        rows.into_iter().skip(20).map(|row| row.values).collect::<Vec<_>>()
    };
    assert_eq!(embeddings("weak.edf", "weak.csv"), embeddings("strong.edf", "strong.csv"));
}

#[test]
fn blocks_do_not_matter_to_embeddings_or_quality() {
    let desk = Desk::new();
    let recording = with_a_dead_channel(&desk);
    let result = |block_ms: &str| {
        let (block, file) = (format!("source.block_ms={block_ms}"), format!("{block_ms}.csv"));
        let summary = at_full_speed(&desk, &recording, &["--no-train", "--set", &block, "--embeddings", &file]);
        let qualities: Vec<f32> = rows(&desk, &file).iter().map(|row| row.quality).collect();
        (summary["embeddings"].clone(), summary["quality"].clone(), qualities)
    };
    let whole = result("1000");
    assert!(whole.2.contains(&0.9375) && whole.2.contains(&1.0));
    for block_ms in ["3.9", "17", "333"] {
        assert_eq!(whole, result(block_ms), "{block_ms} ms");
    }
}

#[test]
fn windows_with_too_many_bad_channels_are_served_with_their_quality_and_not_learnt_from() {
    let desk = Desk::new();
    // All of one amplifier's channels hang from 20 s on.
    spoilt(&desk.path("half.edf"), |s, c, v| if c < 8 && s > 20.0 { 3.0 } else { v });
    let more = ["--embeddings", "e.csv", "--set", "train.steps_per_s=0.2"];
    let summary = at_full_speed(&desk, "half.edf", &more);
    let rows = rows(&desk, "e.csv");
    let bad = rows.iter().filter(|row| row.quality < 0.75).count() as u64;
    assert!(rows.iter().filter(|row| row.end_s > 21.1).all(|row| row.quality <= 0.5), "{rows:?}");
    assert!(bad > 150 && number(&summary["windows"]["encoded"]) == rows.len() as u64, "{summary}");
    let windows = &summary["windows"];
    assert_eq!((number(&windows["bad"]), number(&windows["rejected"]["quality"])), (bad, bad));
    assert_eq!(number(&windows["trained"]), rows.len() as u64 - bad);
    let lenient =
        at_full_speed(&desk, "half.edf", &["--set", "quality.max_bad_share=0.5", "--set", "train.steps_per_s=0.2"]);
    assert_eq!(lenient["windows"]["rejected"]["quality"], 0);

    let said =
        desk.run(&["run", "--replay", "half.edf", "--speed", "max", "--no-train", "--headless"]).ends_with(0).out;
    let told: Vec<&str> = said.lines().filter(|line| line.contains(" quality ")).collect();
    assert!(told.len() == 1 && told[0].contains("and 4 more are bad (flat"), "many at once are one event: {told:?}");
}
