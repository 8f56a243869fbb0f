//! The low-pass of a resampler, cut into its phases.
//!
//! Pure. Invariant: the weights of each phase sum to 1.

use super::Ratio;
use std::f64::consts::PI;

/// Periods of the slower rate on each side of the middle: what Kaiser's formula needs for [`ATTENUATION_DB`] in a
/// transition of a tenth of that rate.
const HALF_WIDTH: u64 = 26;
/// 2 dB more than promised.
const ATTENUATION_DB: f64 = 82.0;
/// Middle of the transition, 0.4 to 0.5, as a share of the slower rate.
const CUTOFF: f64 = 0.45;

/// Frames in, before and after its own place, that an output needs.
pub(super) fn reach(ratio: Ratio) -> usize {
    (HALF_WIDTH * ratio.up().max(ratio.down())).div_ceil(ratio.up()) as usize
}

/// Weights `[phase][2 reach + 1]`: an output that lies phase/up after frame n in weighs frames n − reach to n + reach.
pub(super) fn weights(ratio: Ratio) -> Vec<f64> {
    let (up, reach) = (ratio.up() as f64, reach(ratio) as isize);
    let longer = ratio.up().max(ratio.down()) as f64;
    let half = HALF_WIDTH as f64 * longer;
    let beta = 0.1102 * (ATTENUATION_DB - 8.7);
    let tap = |x: f64| {
        let inside = 1.0 - (x / half).powi(2);
        if inside < 0.0 { 0.0 } else { sinc(2.0 * CUTOFF * x / longer) * bessel_i0(beta * inside.sqrt()) }
    };
    let mut weights = Vec::with_capacity(ratio.up() as usize * (2 * reach as usize + 1));
    for phase in 0..ratio.up() {
        let from = weights.len();
        weights.extend((-reach..=reach).map(|frame| tap(phase as f64 - frame as f64 * up)));
        let sum: f64 = weights[from..].iter().sum();
        weights[from..].iter_mut().for_each(|weight| *weight /= sum);
    }
    weights
}

pub(super) fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of the first kind and order 0, by its power series.
pub(super) fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}
