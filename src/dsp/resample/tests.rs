//! The resampler against SciPy's (`tests/peers/resample_golden.py`), and what it does to tones, ramps and gaps.

use super::{Ratio, Resampler};
use serde_json::Value;
use std::f64::consts::PI;

/// Rates that occur, and some that do not divide each other.
const RATES: [(f64, f64); 8] = [
    (512.0, 200.0),
    (160.0, 128.0),
    (1024.0, 250.0),
    (2048.0, 256.0),
    (30_000.0, 1000.0),
    (999.7, 250.0),
    (999.412_110_523, 250.0),
    (100.0, 128.0),
];

fn resample(ratio: Ratio, channels: usize, signal: &[f64]) -> Vec<f64> {
    let (mut resampler, mut out) = (Resampler::new(ratio, channels), Vec::new());
    for frame in signal.chunks_exact(channels) {
        resampler.step(frame, |frame| out.extend_from_slice(frame));
    }
    let held = resampler.held();
    let before = out.len() / channels;
    resampler.finish(|frame| out.extend_from_slice(frame));
    assert_eq!(out.len() / channels - before, held);
    assert_eq!(resampler.end_frame() as usize, out.len() / channels);
    out
}

/// What the script calls `signal`.
fn signal(frames: u32, channels: u32) -> Vec<f64> {
    let noise = (0..frames * channels).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 20) - 2048.0);
    noise.enumerate().map(|(i, x)| x + 1000.0 * (i % channels as usize) as f64).collect()
}

#[test]
fn equals_upfirdn_of_scipy() {
    let golden: Value = serde_json::from_str(include_str!("golden/upfirdn.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let [from_hz, to_hz] = ["source_hz", "model_hz"].map(|key| case[key].as_f64().unwrap());
        let ratio = Ratio::between(from_hz, to_hz).unwrap();
        assert_eq!([ratio.up(), ratio.down()], ["up", "down"].map(|key| case[key].as_u64().unwrap()));
        let out = resample(ratio, 3, &signal(700, 3));
        assert_eq!(out.len() as u64 / 3, case["frames"].as_u64().unwrap());
        for (place, values) in case["places"].as_array().unwrap().iter().zip(case["values"].as_array().unwrap()) {
            let place = place.as_u64().unwrap() as usize;
            for (got, want) in out[place * 3..].iter().zip(values.as_array().unwrap()) {
                let want = want.as_f64().unwrap();
                // The signal has a deviation of 1200; SciPy sums in another order.
                assert!((got - want).abs() < 1e-7, "{from_hz} to {to_hz} Hz, frame {place}: {got} is not {want}");
            }
        }
    }
}

/// Amplitude of `hz` in the middle of what comes out of a tone of amplitude 1 and this frequency, and of all the rest.
fn tone(from_hz: f64, to_hz: f64, in_hz: f64, out_hz: f64) -> (f64, f64) {
    let ratio = Ratio::between(from_hz, to_hz).unwrap();
    let seconds = 400.0 / from_hz.min(to_hz);
    let frames = (seconds * from_hz) as u32;
    let wave: Vec<f64> = (0..frames).map(|t| (2.0 * PI * in_hz * f64::from(t) / from_hz).sin()).collect();
    let out = resample(ratio, 1, &wave);
    let rate_hz = ratio.rate_hz(from_hz);
    let edge = out.len() / 5;
    let middle = || out.iter().enumerate().skip(edge).take(out.len() - 2 * edge);
    // Least squares of sine and cosine: exact for any number of periods.
    let angle = |t: usize| 2.0 * PI * out_hz * t as f64 / rate_hz;
    let sum = |f: &dyn Fn(usize, f64) -> f64| middle().map(|(t, &x)| f(t, x)).sum::<f64>();
    let (ss, cc) = (sum(&|t, _| angle(t).sin().powi(2)), sum(&|t, _| angle(t).cos().powi(2)));
    let (sc, xs, xc) = (
        sum(&|t, _| angle(t).sin() * angle(t).cos()),
        sum(&|t, x| x * angle(t).sin()),
        sum(&|t, x| x * angle(t).cos()),
    );
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
    let rest = middle().map(|(t, &x)| (x - a * angle(t).sin() - b * angle(t).cos()).abs()).fold(0.0, f64::max);
    // A tone that is in step with its source has no cosine.
    (a.hypot(b).max(2.0 * b.abs()), rest)
}

#[test]
fn the_pass_band_is_flat_and_in_step() {
    for (from_hz, to_hz) in RATES {
        for share in [0.01, 0.1, 0.2, 0.3, 0.35, 0.4] {
            let hz = share * from_hz.min(to_hz);
            let (amplitude, rest) = tone(from_hz, to_hz, hz, hz);
            assert!((amplitude - 1.0).abs() < 1e-3, "{from_hz} to {to_hz} Hz: {amplitude} at {hz} Hz");
            assert!(rest < 2e-4, "{from_hz} to {to_hz} Hz: {rest} beside {hz} Hz");
        }
    }
}

#[test]
fn nothing_folds_back() {
    for (from_hz, to_hz) in RATES.into_iter().filter(|(from_hz, to_hz)| from_hz > to_hz) {
        for share in [0.5, 0.52, 0.6, 0.75, 0.9, 1.0, 1.1, 1.5, 2.3] {
            let hz = share * to_hz;
            if hz < from_hz / 2.0 {
                let (amplitude, rest) = tone(from_hz, to_hz, hz, 0.123 * to_hz);
                assert!(amplitude + rest < 1.1e-4, "{from_hz} to {to_hz} Hz: {} left of {hz} Hz", amplitude + rest);
            }
        }
    }
}

#[test]
fn a_ramp_stays_in_its_place_and_an_offset_as_it_is() {
    for (from_hz, to_hz) in RATES {
        let ratio = Ratio::between(from_hz, to_hz).unwrap();
        let reach = Resampler::delay_frames(ratio);
        let ramp: Vec<f64> = (0..4 * reach).map(|n| n as f64).collect();
        let out = resample(ratio, 1, &ramp);
        for (m, x) in out.iter().enumerate() {
            let place = m as f64 * ratio.down() as f64 / ratio.up() as f64;
            if place > reach as f64 && place < 3.0 * reach as f64 {
                assert!((x - place).abs() < 0.01, "{from_hz} to {to_hz} Hz: frame {m} lies at {x}, not {place}");
            }
        }
        let out = resample(ratio, 2, &[1e6, -3e5].repeat(300));
        assert!(out.chunks_exact(2).all(|frame| (frame[0] - 1e6).abs() < 1e-6 && (frame[1] + 3e5).abs() < 1e-6));
    }
}

#[test]
fn numbers_jump_with_every_gap_and_stay_on_their_grid() {
    let ratio = Ratio::between(2000.0, 250.0).unwrap();
    let mut resampler = Resampler::new(ratio, 1);
    let mut numbers = Vec::new();
    // One frame is missing at 100, 1000 at 201; 5 frames hold no place of the grid; a stretch begins between two places.
    for (first, frames) in [(0, 100), (101, 100), (1201, 5), (1207, 100)] {
        resampler.restart(first);
        let mut given = 0;
        for n in first..first + frames {
            resampler.step(&[n as f64], |_| given += 1);
        }
        resampler.finish(|_| given += 1);
        numbers.push((resampler.end_frame() - given, given));
    }
    assert_eq!(numbers, [(0, 13), (14, 12), (26, 0), (151, 13)]);
}

#[test]
fn ratios_are_the_closest_ones() {
    let terms = |from_hz, to_hz| Ratio::between(from_hz, to_hz).map(|ratio| (ratio.up(), ratio.down()));
    for (from_hz, to_hz, up, down) in [
        (512.0, 200.0, 25, 64),
        (30_000.0, 1000.0, 1, 30),
        (44_100.0, 1000.0, 10, 441),
        (999.7, 250.0, 2500, 9997),
        (1000.0 / 3.0, 250.0, 3, 4),
        (250.0, 250.0, 1, 1),
        (100.0, 1600.0, 16, 1),
        (64_000.0, 250.0, 1, 256),
    ] {
        assert_eq!(terms(from_hz, to_hz), Some((up, down)), "{from_hz} to {to_hz} Hz");
    }
    for (from_hz, to_hz) in RATES {
        let ratio = Ratio::between(from_hz, to_hz).unwrap();
        let error = ratio.rate_hz(from_hz) / to_hz - 1.0;
        assert!(error.abs() < 1e-7 && ratio.up().max(ratio.down()) <= 10_000, "{ratio:?}: {error}");
    }
    let nan = f64::NAN;
    for (from_hz, to_hz) in [(250.0, 0.0), (250.0, -1.0), (nan, 250.0), (250.0, nan), (250.0, 0.9), (100.0, 1601.0)] {
        assert_eq!(terms(from_hz, to_hz), None, "{from_hz} to {to_hz} Hz");
    }
}
