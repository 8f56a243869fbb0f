//! Welch's estimate against SciPy's (`tests/peers/spectra_golden.py`).

use super::Welch;
use serde_json::Value;
use std::f64::consts::TAU;

/// What the script calls `signal`.
fn signal(frames: usize, rate_hz: f64) -> Vec<f32> {
    let mut draw = 12345u32;
    let tone = |t: usize, hz: f64| (TAU * hz * t as f64 / rate_hz).sin();
    (0..frames)
        .map(|t| {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = 40.0 * (f64::from(draw >> 8) / f64::from(1 << 24) - 0.5);
            (300.0 + noise + 15.0 * tone(t, 10.3) + 8.0 * tone(t, 50.0)) as f32
        })
        .collect()
}

#[test]
fn the_estimate_is_that_of_scipy() {
    let golden: Value = serde_json::from_str(include_str!("golden/spectra.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let number = |key: &str| case[key].as_f64().unwrap();
        let (rate_hz, every) = (number("rate_hz"), number("every") as usize);
        let mut welch = Welch::new(1, rate_hz);
        welch.push(&signal(number("frames") as usize, rate_hz), 0);
        let spectra = welch.spectra().unwrap();
        assert_eq!(spectra.bins, number("bins") as usize, "at {rate_hz} Hz");
        let highest = spectra.density.iter().fold(0.0, |a: f32, b| a.max(*b));
        let theirs = case["density"].as_array().unwrap();
        for (place, theirs) in theirs.iter().enumerate() {
            let (ours, theirs) = (f64::from(spectra.density[place * every]), theirs.as_f64().unwrap());
            let off = (ours - theirs).abs();
            assert!(off < 1e-4 * theirs + 1e-7 * f64::from(highest), "{rate_hz} Hz, bin {place}: {ours} for {theirs}");
        }
    }
}
