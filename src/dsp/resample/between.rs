//! The value of a signal between two of its samples.
//!
//! Owns [`Between`], made once and read by its owner's thread. Invariant: the weights of each place sum to 1, and on a sample
//! they are that sample alone.

use super::lowpass::{bessel_i0, sinc};

/// Weights of the samples around a place between two of them: a sinc under a Kaiser window (Kaiser, 1974), as the resampler
/// has it, short enough that few samples have to be waited for.
///
/// What it does to amplitudes at worst, half-way between two samples, as a share of the rate: less than 0.1 % up to 0.25,
/// 2.4 % at 0.3, 11 % at 0.35, 30 % at 0.4. A sine comes at its moment, since the weights half-way are symmetric and those
/// beside it follow them by less than 0.1 % up to 0.25.
#[derive(Clone, Debug)]
pub struct Between {
    /// `[place][TAPS]`, from one sample (0) to the next ([`PLACES`]).
    table: Vec<[f64; Between::TAPS]>,
}

/// Places between two samples that are worked out; between these weights lie on straight lines, 2e-6 off at most.
const PLACES: usize = 512;
/// Shape of the window.
const BETA: f64 = 6.0;

impl Default for Between {
    fn default() -> Self {
        Self { table: (0..=PLACES).map(|place| weights(place as f64 / PLACES as f64)).collect() }
    }
}

impl Between {
    /// Samples that are weighed.
    pub const TAPS: usize = 8;
    /// Of these, samples before the one in front of the place.
    pub const BEFORE: usize = Self::TAPS / 2 - 1;

    /// The weights at `share` of the way, 0 to 1, from sample [`Self::BEFORE`] to the next.
    #[must_use]
    pub fn weights(&self, share: f64) -> [f64; Self::TAPS] {
        let place = (share * PLACES as f64).clamp(0.0, PLACES as f64);
        let at = (place as usize).min(PLACES - 1);
        let rest = place - at as f64;
        let (left, right) = (self.table[at], self.table[at + 1]);
        std::array::from_fn(|tap| left[tap] + rest * (right[tap] - left[tap]))
    }
}

fn weights(share: f64) -> [f64; Between::TAPS] {
    let half = (Between::TAPS / 2) as f64;
    let away = |tap: usize| tap as f64 - Between::BEFORE as f64 - share;
    if let Some(tap) = (0..Between::TAPS).find(|tap| away(*tap) == 0.0) {
        return std::array::from_fn(|other| if other == tap { 1.0 } else { 0.0 });
    }
    let window = |x: f64| bessel_i0(BETA * (1.0 - (x / half).powi(2)).max(0.0).sqrt());
    let all: [f64; Between::TAPS] = std::array::from_fn(|tap| sinc(away(tap)) * window(away(tap)));
    let sum: f64 = all.iter().sum();
    all.map(|weight| weight / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// How far a sine of so many times the rate comes from where it should be, at worst.
    fn off(frequency: f64) -> f64 {
        let between = Between::default();
        let one = |step: usize| {
            let share = step as f64 / 1000.0;
            let turn = |tap: usize| TAU * frequency * (tap as f64 - Between::BEFORE as f64 - share);
            let weights = between.weights(share);
            let sum = |part: fn(f64) -> f64| (0..Between::TAPS).map(|tap| weights[tap] * part(turn(tap))).sum::<f64>();
            (sum(f64::cos) - 1.0).hypot(sum(f64::sin))
        };
        (0..=1000).map(one).fold(0.0, f64::max)
    }

    #[test]
    fn what_lies_below_a_quarter_of_the_rate_stays_as_it_is() {
        for (frequency, most) in [(0.0, 1e-12), (0.05, 1e-3), (0.1, 1e-3), (0.2, 1e-3), (0.25, 1e-3), (0.3, 0.025)] {
            assert!(off(frequency) < most, "{frequency}: {}", off(frequency));
        }
        assert!((off(0.35) - 0.11).abs() < 0.01 && (off(0.4) - 0.30).abs() < 0.01, "as the first lines say");
    }

    #[test]
    fn on_a_sample_it_is_that_sample() {
        let between = Between::default();
        let only = |sample: usize| std::array::from_fn(|tap| if tap == sample { 1.0 } else { 0.0 });
        assert_eq!((between.weights(0.0), between.weights(1.0)), (only(3), only(4)));
        let near = between.weights(1e-9);
        assert!((near[3] - 1.0).abs() < 1e-8 && near[0].abs() < 1e-8);
    }
}
