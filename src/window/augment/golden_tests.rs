//! Views as braindecode, SciPy and NumPy compute them; tests/peers/augment_golden.py makes the values.

use super::spectral::Spectral;
use super::workspace::Workspace;
use super::{Drawn, Key, WindowShape};
use serde_json::Value;

fn golden(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("golden/views.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

/// Window, expected view and shape of a case.
fn case(case: &Value) -> (Vec<f32>, Vec<f32>, WindowShape) {
    let (window, view) = (numbers(&case["window"]), numbers(&case["view"]));
    let channels = case["channels"].as_u64().unwrap() as usize;
    let rate_hz = case["rate_hz"].as_f64().unwrap_or(1.0);
    let shape = WindowShape { frames: window.len() / channels, channels, rate_hz };
    (window, view, shape)
}

#[track_caller]
fn assert_near(got: &[f32], expected: &[f32], allowed: f32) {
    assert_eq!(got.len(), expected.len());
    for (place, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= allowed, "sample {place}: {got} instead of {expected}");
    }
}

fn check(name: &str, drawn: impl Fn(&Value) -> Drawn) {
    let cases = golden(name);
    assert!(cases.len() >= 2);
    for values in &cases {
        let (mut window, expected, shape) = case(values);
        drawn(values).apply(&mut window, None, &mut Workspace::new(shape, true));
        assert_near(&window, &expected, 2e-5);
    }
}

#[test]
fn surrogates_are_those_of_braindecode() {
    for values in golden("surrogate") {
        let (mut window, expected, shape) = case(&values);
        let turns = numbers(&values["turns"]);
        if values["independent"] == false {
            Spectral::new(shape).surrogate(&mut window, |bin| turns[bin as usize - 1]);
            assert_near(&window, &expected, 2e-5);
            continue;
        }
        // Each channel with turns of its own: as many windows of one channel.
        let each = turns.len() / shape.channels;
        for channel in 0..shape.channels {
            let only =
                |window: &[f32]| window.iter().skip(channel).step_by(shape.channels).copied().collect::<Vec<f32>>();
            let mut alone = only(&window);
            let turn = |bin: u32| turns[channel * each + bin as usize - 1];
            Spectral::new(WindowShape { channels: 1, ..shape }).surrogate(&mut alone, turn);
            assert_near(&alone, &only(&expected), 2e-5);
        }
    }
}

#[test]
fn frequency_shifts_are_those_of_braindecode_and_scipy() {
    check("frequency_shift", |v| Drawn::FrequencyShift { by_hz: v["by_hz"].as_f64().unwrap() as f32 });
}

#[test]
fn smooth_masks_are_those_of_braindecode() {
    let count = |v: &Value, key: &str| v[key].as_u64().unwrap() as usize;
    check("smooth_mask", |v| Drawn::SmoothMask { start: count(v, "start"), length: count(v, "length") });
}

#[test]
fn resized_crops_are_those_of_numpy() {
    let count = |v: &Value, key: &str| v[key].as_u64().unwrap() as usize;
    check("resize", |v| Drawn::CropResize { start: count(v, "start"), kept: count(v, "kept") });
}

/// braindecode's is a finite filter of 3.3 s, ours a circle's; they meet where neither edge is near.
#[test]
fn band_stops_take_what_braindecode_takes() {
    for values in golden("band_stop") {
        let (window, expected, shape) = case(&values);
        let mut view = window.clone();
        let hz = |key: &str| values[key].as_f64().unwrap() as f32;
        let drawn = Drawn::BandStop { centre_hz: hz("centre_hz"), width_hz: hz("width_hz") };
        drawn.apply(&mut view, None, &mut Workspace::new(shape, true));
        let inner = shape.channels * 300..shape.channels * (shape.frames - 300);
        let power = |a: &[f32], b: &[f32]| {
            a[inner.clone()].iter().zip(&b[inner.clone()]).map(|(a, b)| (a - b).powi(2)).sum::<f32>()
        };
        let (off, taken) = (power(&view, &expected), power(&window, &expected));
        assert!(off < 0.02 * taken, "{off} of {taken}");
    }
}

#[test]
fn normal_numbers_are_those_of_numpy() {
    for values in golden("normal") {
        let key = numbers_u32(&values["key"]);
        let got: Vec<f32> = (0..32).map(|place| Key(key).normal(place)).collect();
        assert_near(&got, &numbers(&values["values"]), 1e-6);
    }
}

fn numbers_u32(value: &Value) -> [u32; 2] {
    [0, 1].map(|place| value[place].as_u64().unwrap() as u32)
}
