//! The recursion against the same in NumPy (`tests/peers/scale_golden.py`).

use super::{Limit, RunningScale, Scaling, Spread};
use serde_json::Value;

const CHANNELS: usize = 3;

/// What the script calls `signal`: even noise of three amplitudes, an offset, an artefact, and a lasting change.
fn signal(frames: usize) -> Vec<[f64; CHANNELS]> {
    let mut draw = 12345u32;
    (0..frames)
        .map(|t| {
            std::array::from_fn(|c| {
                draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let even = f64::from(draw >> 8) / f64::from(1 << 24) - 0.5;
                let change = if c == 1 && t >= 1500 { 30.0 } else { 1.0 };
                let artefact = if c == 0 && (900..960).contains(&t) { 4000.0 } else { 0.0 };
                [40.0, 4.0, 400.0][c] * even * change + artefact + if c == 2 { 30.0 } else { 0.0 }
            })
        })
        .collect()
}

/// Channel 2 is not to be trusted for a while.
fn good(t: usize) -> [bool; CHANNELS] {
    [true, true, !(600..1200).contains(&t)]
}

#[test]
fn the_recursion_equals_numpy() {
    let golden: Value = serde_json::from_str(include_str!("golden/scale.json")).unwrap();
    let (every, rate_hz) = (golden["every"].as_u64().unwrap() as usize, golden["rate_hz"].as_f64().unwrap());
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let spread = Spread::ALL.into_iter().find(|s| s.word() == case["spread"]).unwrap();
        let limit = Limit::ALL.into_iter().find(|l| l.word() == case["limit"]).unwrap();
        let scaling = Scaling::Running { spread, seconds: case["seconds"].as_f64().unwrap(), limit };
        let mut scale = RunningScale::new(scaling, CHANNELS, rate_hz).unwrap();
        let expected = case["output"].as_array().unwrap();
        for (t, frame) in signal(every * expected.len()).iter().enumerate() {
            let mut out = [0.0; CHANNELS];
            scale.trust(&good(t));
            scale.step(frame, &mut out);
            if t % every == every - 1 {
                for (c, got) in out.into_iter().enumerate() {
                    let expected = expected[t / every][c].as_f64().unwrap();
                    let what = format!("{scaling}, channel {c} at frame {t}");
                    assert!(
                        (f64::from(got) - expected).abs() <= 1e-6 * expected.abs().max(1e-3),
                        "{what}: {got}, not {expected}"
                    );
                }
            }
        }
        let divisors: Vec<f64> = case["log_divisors"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        for (got, expected) in scale.log_divisors().zip(divisors) {
            assert!((got - expected).abs() < 1e-9, "{scaling}: {got}, not {expected}");
        }
    }
}
