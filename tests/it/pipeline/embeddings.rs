//! Files of embeddings: what is in them agrees with the summary, with each other and with the recording.

use super::{at_full_speed, number};
use crate::cli::program::{Desk, bundled, recordings, sha256};
use neurostream::dsp::{Conditioner, Conditioning, Derivation};
use neurostream::format::edf::EdfFile;
use serde_json::Value;

/// A line of a CSV file of embeddings.
#[derive(Debug, PartialEq)]
pub struct Row {
    pub first: u64,
    pub start_s: f64,
    pub end_s: f64,
    pub generation: u64,
    pub latency_ms: f64,
    pub quality: f32,
    /// The rest of the line: amplitudes, or the marker's frame and text.
    pub marker: String,
    pub values: Vec<f32>,
}

/// All lines of a CSV file; each has as many columns as its header names.
pub fn rows(desk: &Desk, name: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(desk.path(name)).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    assert!(header.starts_with("first_frame,start_s,end_s,generation,latency_ms"), "{header}");
    let judged = header.split(',').position(|column| column == "quality").unwrap();
    let row = |line: &str| {
        let columns: Vec<&str> = line.split(',').collect();
        assert_eq!(columns.len(), header.split(',').count(), "{line}");
        let number = |i: usize| columns[i].parse::<f64>().unwrap();
        let values = columns[5..judged].iter().map(|value| value.parse().unwrap()).collect();
        Row {
            first: columns[0].parse().unwrap(),
            start_s: number(1),
            end_s: number(2),
            generation: columns[3].parse().unwrap(),
            latency_ms: number(4),
            quality: columns[judged].parse().unwrap(),
            marker: columns[judged + 1..].join(","),
            values,
        }
    };
    lines.lines().map(row).collect()
}

fn bytes(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

#[test]
fn csv_and_npy_hold_the_embeddings_that_the_summary_has_the_hash_of() {
    let (desk, recording) = (Desk::new(), bundled());
    let steps = ["--duration", "15", "--set", "train.publish_every=3"];
    let text = at_full_speed(&desk, &recording, &[&steps[..], &["--embeddings", "e.csv"]].concat());
    let binary = at_full_speed(&desk, &recording, &[&steps[..], &["--embeddings", "e.npy"]].concat());
    assert_eq!(text["embeddings"], binary["embeddings"]);
    let (count, hash) = (number(&text["embeddings"]["count"]), text["embeddings"]["sha256"].as_str().unwrap());

    let rows_of_text = rows(&desk, "e.csv");
    assert_eq!(rows_of_text.len() as u64, count);
    assert_eq!(sha256(&bytes(rows_of_text.iter().flat_map(|row| row.values.clone()))), hash);

    let array = std::fs::read(desk.path("e.npy")).unwrap();
    assert_eq!(&array[..8], b"\x93NUMPY\x01\x00");
    let length = 10 + usize::from(u16::from_le_bytes([array[8], array[9]]));
    let header = std::str::from_utf8(&array[10..length]).unwrap();
    let facts = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, 16), }}");
    assert_eq!((header.trim_end(), length % 64), (facts.as_str(), 0));
    assert_eq!(sha256(&array[length..]), hash);
    let windows = rows(&desk, "e.windows.csv");
    let bounds = |rows: &[Row]| {
        rows.iter()
            .map(|r| (r.first, r.start_s.to_bits(), r.end_s.to_bits(), r.generation, r.quality.to_bits()))
            .collect::<Vec<_>>()
    };
    assert_eq!(bounds(&windows), bounds(&rows_of_text));
    assert!(desk.listing().iter().all(|(path, _)| path.extension().is_none_or(|ending| ending != "partial")));
}

#[test]
fn each_embedding_carries_its_bounds_and_a_generation_that_never_goes_back() {
    let (desk, recording) = (Desk::new(), bundled());
    let more =
        ["--duration", "20", "--set", "train.publish_every=5", "--set", "train.steps_per_s=8", "--embeddings", "e.csv"];
    // All that is finite is served, so that there is something to count.
    let more = [&more[..], &["--set", "train.gate.enabled=false"]].concat();
    let summary = at_full_speed(&desk, &recording, &more);
    let rows = rows(&desk, "e.csv");
    for (i, row) in rows.iter().enumerate() {
        let first = 64 * i as u64;
        assert_eq!((row.first, row.start_s, row.end_s), (first, first as f64 / 256.0, (first + 512) as f64 / 256.0));
        assert_eq!((row.quality, row.marker.as_str()), (1.0, ""), "nothing is wrong with a synthetic brain");
        assert!(row.latency_ms >= 0.0 && row.values.iter().all(|value| value.is_finite()), "{row:?}");
        assert!(row.values.iter().any(|value| *value != 0.0), "{row:?}");
    }
    let generations: Vec<u64> = rows.iter().map(|row| row.generation).collect();
    assert!(generations.is_sorted(), "{generations:?}");
    let published = number(&summary["training"]["generations"]);
    assert_eq!((generations[0], *generations.last().unwrap()), (0, published));
    assert!(published >= 10 && published == number(&summary["training"]["steps"]) / 5, "{summary}");
    assert!((0..=published).all(|number| generations.contains(&number)), "each is served: {generations:?}");
}

#[test]
fn no_window_spans_a_gap_of_a_discontinuous_recording() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("edfarray/edfPlusD.edf").display().to_string();
    let desk = Desk::new();
    let facts = desk.run(&["inspect", "--format", "json", &recording]).ends_with(0).out;
    let facts: Value = serde_json::from_str(&facts).unwrap();
    // Stretches without a gap, in frames at 200 Hz; records last 1 s.
    let gaps: Vec<(u64, f64)> = facts["discontinuities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| (gap[0].as_u64().unwrap(), gap[1].as_f64().unwrap()))
        .collect();
    let mut stretches = vec![(0, 0)];
    for record in 0..facts["records"].as_u64().unwrap() {
        if let Some((_, onset_s)) = gaps.iter().find(|(at, _)| *at == record) {
            let first = (onset_s * 200.0).round() as u64;
            stretches.push((first, first));
        }
        stretches.last_mut().unwrap().1 += 200;
    }
    let mut expected = Vec::new();
    for (first, end) in &stretches {
        expected.extend((*first..).step_by(50).take_while(|start| start + 100 <= *end));
    }

    let more = ["--set", "window.length_s=0.5", "--set", "window.hop_s=0.25", "--embeddings", "e.csv"];
    let summary = at_full_speed(&desk, &recording, &more);
    assert_eq!(number(&summary["frames"]["gaps"]), gaps.len() as u64);
    assert_eq!(number(&summary["frames"]["acquired"]), 2200, "what is missing is not acquired");
    let rows = rows(&desk, "e.csv");
    assert_eq!(rows.iter().map(|row| row.first).collect::<Vec<_>>(), expected);
    for row in rows {
        let end = (row.end_s * 200.0).round() as u64;
        assert!(stretches.iter().any(|(first, last)| *first <= row.first && end <= *last), "{row:?}");
    }
    // In each stretch but the last, one more window would have begun before the gap.
    assert_eq!(number(&summary["windows"]["rejected"]["gap"]), gaps.len() as u64);
}

#[test]
fn the_amplitude_that_scaling_takes_out_stands_beside_the_embedding() {
    let (desk, recording) = (Desk::new(), bundled());
    let more = ["--no-train", "--set", "serve.amplitude=true", "--set", "signal.scale_s=10"];
    at_full_speed(&desk, &recording, &[&more[..], &["--embeddings", "e.csv"]].concat());
    at_full_speed(&desk, &recording, &[&more[..], &["--embeddings", "e.npy"]].concat());
    let (text, beside) = (rows(&desk, "e.csv"), rows(&desk, "e.windows.csv"));
    let amplitudes = |row: &Row| row.marker.split(',').map(|ln| ln.parse::<f64>().unwrap()).collect::<Vec<_>>();
    assert!(text.iter().zip(&beside).all(|(a, b)| amplitudes(a) == amplitudes(b)));
    let header = std::fs::read_to_string(desk.path("e.csv")).unwrap();
    let named: Vec<&str> = header.lines().next().unwrap().split(',').skip_while(|c| *c != "quality").skip(1).collect();
    assert_eq!((named.len(), named[0], named[15]), (16, "log_uv_Fp1", "log_uv_O2"));

    // The same from microvolts: root of an exponential mean of squares.
    let mut file = EdfFile::open(std::path::Path::new(&recording)).unwrap();
    let samples = crate::conditioning::frames(&mut file, 16);
    let how = Conditioning { highpass_hz: Some(0.5), ..Conditioning::of(Derivation::average(16)) };
    let (mut conditioner, mut microvolts) = (Conditioner::new(&how, 256.0), Vec::new());
    conditioner.step(&samples, &[true; 16], &mut microvolts);
    let (mut squares, mut known) = ([0.0f64; 16], Vec::new());
    for (t, frame) in microvolts.chunks(16).enumerate() {
        let weight = 1.0 / ((t + 1) as f64).min(2560.0);
        squares.iter_mut().zip(frame).for_each(|(s, &x)| *s += weight * (f64::from(x).powi(2) - *s));
        known.push(squares);
    }
    for row in text.iter().filter(|row| row.first > 2560) {
        // Of the frames that came with the window's last one.
        let end = (row.first as usize + 512).min(known.len()) - 1;
        // Blinks, which the scale passes over, reach the channels before.
        for (c, ln) in amplitudes(row).into_iter().enumerate().skip(7) {
            let expected = known[end][c].sqrt();
            assert!((ln.exp() / expected - 1.0).abs() < 0.2, "{row:?}, channel {c}: {} is not {expected} µV", ln.exp());
        }
    }
}
