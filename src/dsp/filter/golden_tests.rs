//! Designs and output against SciPy (`tests/peers/filters_golden.py`).

use super::{Cascade, Section};
use serde_json::Value;

/// What the script calls `signal`: an offset, a ramp and even noise from a linear congruential generator.
fn signal(frames: usize) -> impl Iterator<Item = f64> {
    let mut draw = 12345u32;
    (0..frames).map(move |t| {
        draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        500.0 + 0.01 * t as f64 + 100.0 * (f64::from(draw >> 8) / f64::from(1 << 24) - 0.5)
    })
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn design(case: &Value) -> Vec<Section> {
    let number = |key: &str| case[key].as_f64().unwrap();
    let (order, hz, rate_hz) = (case["order"].as_u64().unwrap_or(0) as usize, numbers(&case["hz"]), number("rate_hz"));
    match case["kind"].as_str().unwrap() {
        "highpass" => Section::highpass(order, hz[0], rate_hz),
        "lowpass" => Section::lowpass(order, hz[0], rate_hz),
        "bandpass" => Section::bandpass(order, hz[0], hz[1], rate_hz),
        "notch" => Section::notches(hz[0], number("harmonics") as usize, number("q"), rate_hz).collect(),
        other => panic!("{other}"),
    }
}

/// Distances of a section's poles from 1, from −1 and from the circle: what makes it what it is, however low its cut-off.
fn distances(a: [f64; 2]) -> [f64; 3] {
    [1.0 + a[0] + a[1], 1.0 - a[0] + a[1], 1.0 - a[1]]
}

#[test]
fn designs_and_output_equal_scipy() {
    let golden: Value = serde_json::from_str(include_str!("golden/filters.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 80, "{} cases", cases.len());
    for case in cases {
        let sections = design(case);
        let what = format!("{} {} {} at {}", case["kind"], case["order"], case["hz"], case["rate_hz"]);
        let mut ours: Vec<[f64; 3]> = sections.iter().map(|section| distances(section.a)).collect();
        let mut theirs: Vec<[f64; 3]> = case["feedback"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| {
                let a = numbers(a);
                distances([a[0], a[1]])
            })
            .collect();
        for sections in [&mut ours, &mut theirs] {
            sections.sort_by(|a, b| a[2].total_cmp(&b[2]));
        }
        assert_eq!(ours.len(), theirs.len(), "{what}");
        for (ours, theirs) in ours.iter().flatten().zip(theirs.iter().flatten()) {
            // Their distance from 1 is what is left of numbers near 1: it holds to the last bits of these.
            assert!((ours - theirs).abs() < 1e-6 * theirs.abs() + 2e-15, "{what}: {ours} is not {theirs}");
        }

        let expected = numbers(&case["output"]);
        let every = golden["every"].as_u64().unwrap() as usize;
        let mut cascade = Cascade::new(sections, 1);
        let output: Vec<f64> = signal(every * expected.len())
            .map(|x| {
                let mut frame = [x];
                cascade.step(&mut frame);
                frame[0]
            })
            .collect();
        let kept = output.iter().skip(every - 1).step_by(every);
        let largest = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        for (i, (got, expected)) in kept.zip(&expected).enumerate() {
            assert!((got - expected).abs() < 1e-6 * largest, "{what}, value {i}: {got} is not {expected}");
        }
    }
}
