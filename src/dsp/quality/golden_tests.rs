//! Figures against those of NumPy and SciPy (`tests/peers/quality_golden.py`).

use super::{Neighbours, Quality, QualitySettings, signals::Draw};
use crate::signal::ChannelKind;
use serde_json::Value;
use std::f64::consts::PI;

const CHANNELS: usize = 5;

/// What the script calls `signal`.
fn signal(rate_hz: f64) -> Vec<f32> {
    let (mut draw, mut leaky) = (Draw(12345), [0.0; CHANNELS]);
    let mut frames = Vec::new();
    for t in 0..(4.0 * rate_hz) as usize {
        let tone = |hz: f64, phase: f64| (2.0 * PI * hz * t as f64 / rate_hz + phase).sin();
        for (c, leaky) in leaky.iter_mut().enumerate() {
            let number = c as f64;
            *leaky = 0.98 * *leaky + draw.even();
            let brain = 20.0 * tone(9.7, 0.3 * number) + 40.0 * *leaky + 500.0 * number;
            frames.push((brain + 25.0 * number * tone(50.2, 0.0) + 6.0 * tone(75.0, 0.0)) as f32);
        }
    }
    frames
}

#[test]
fn figures_equal_those_of_scipy() {
    let golden: Value = serde_json::from_str(include_str!("golden/figures.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let rate_hz = case["rate_hz"].as_f64().unwrap();
        // The low-pass before thinning is level to 2 %, and its delay is not a whole number of frames.
        let tolerance = if rate_hz > 1000.0 { 0.05 } else { 1e-3 };
        let samples = signal(rate_hz);
        let kinds = [ChannelKind::Eeg; CHANNELS];
        let mut quality = Quality::new(&kinds, rate_hz, QualitySettings::default(), Neighbours::Unknown);
        let mut from = 0;
        for (end, expected) in case["ends"].as_array().unwrap().iter().zip(case["figures"].as_array().unwrap()) {
            let end = end.as_u64().unwrap() as usize;
            assert!(quality.step(&samples[from * CHANNELS..end * CHANNELS]));
            from = end;
            for (c, expected) in expected.as_array().unwrap().iter().enumerate() {
                let got = quality.figures(c);
                for (name, got, least) in [
                    ("peak_to_peak_uv", got.peak_to_peak_uv, 1.0),
                    ("rms_uv", got.rms_uv, 1.0),
                    ("line_ratio", got.line_ratio, 0.1),
                    ("line_hz", got.line_hz, 1.0),
                    ("muscle_ratio", got.muscle_ratio, 0.1),
                    ("largest_step_uv", got.largest_step_uv, 1.0),
                    ("correlation", got.correlation, 0.1),
                ] {
                    let Some(expected) = expected[name].as_f64() else { continue };
                    let got = f64::from(got.unwrap());
                    let what = format!("{name} of channel {c} at frame {end} of {rate_hz} Hz");
                    assert!((got - expected).abs() <= tolerance * expected.max(least), "{what}: {got}, not {expected}");
                }
            }
        }
    }
}
