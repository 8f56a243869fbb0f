//! Conditioning of a real recording against SciPy (`tests/peers/conditioning_golden.py`).
//!
//! Owns nothing; the test runner runs it. Invariant: what is expected comes from SciPy and edfio alone.

use crate::cli::program::recordings;
use neurostream::dsp::{Conditioner, Conditioning, Derivation};
use neurostream::format::edf::{EdfFile, Record};
use serde_json::Value;

/// Frames `[T, C]` of the first channels, in microvolts.
pub fn frames(file: &mut EdfFile, channels: usize) -> Vec<f32> {
    let (mut record, mut signals) = (Record::default(), vec![Vec::new(); channels]);
    for index in 0..file.header().records {
        file.read_record(index, &mut record).unwrap();
        for (signal, samples) in signals.iter_mut().enumerate() {
            record.physical_into(signal, samples).unwrap();
        }
    }
    (0..signals[0].len()).flat_map(|t| signals.iter().map(move |samples: &Vec<f64>| samples[t] as f32)).collect()
}

#[test]
fn a_real_recording_is_conditioned_as_by_scipy() {
    let golden: Value = serde_json::from_str(include_str!("conditioning/golden.json")).unwrap();
    let Some(folder) = recordings("edf") else { return };
    let channels = golden["channels"].as_u64().unwrap() as usize;
    let every = golden["every"].as_u64().unwrap() as usize;
    let mut file = EdfFile::open(&folder.join(golden["recording"].as_str().unwrap())).unwrap();
    let samples = frames(&mut file, channels);
    for case in golden["cases"].as_array().unwrap() {
        let how = Conditioning {
            highpass_hz: case["highpass_hz"].as_f64(),
            lowpass_hz: case["lowpass_hz"].as_f64(),
            filter_order: case["order"].as_u64().unwrap() as usize,
            notch_hz: case["notch_hz"].as_f64(),
            notch_harmonics: case["harmonics"].as_u64().unwrap() as usize,
            ..Conditioning::of(Derivation::average(channels))
        };
        let mut conditioner = Conditioner::new(&how, golden["rate_hz"].as_f64().unwrap());
        let (good, mut out) = (vec![true; channels], Vec::new());
        for block in samples.chunks(7 * channels) {
            conditioner.step(block, &good, &mut out);
        }
        let expected = case["frames"].as_array().unwrap();
        assert!(expected.len() > 15);
        let values = || expected.iter().flat_map(|frame| frame.as_array().unwrap()).map(|v| v.as_f64().unwrap());
        let largest = values().fold(0.0f64, |m, v| m.max(v.abs()));
        let kept = out.chunks_exact(channels).skip(every - 1).step_by(every);
        for (i, (got, expected)) in kept.flat_map(|frame| &frame[..8]).zip(values()).enumerate() {
            assert!((f64::from(*got) - expected).abs() < 1e-6 * largest, "{how:?}, value {i}: {got} is not {expected}");
        }
    }
}
