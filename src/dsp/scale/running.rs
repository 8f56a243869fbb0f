//! The recursion: what is learnt of a channel from one frame, and what the frame becomes.
//!
//! Owns a [`ScaleState`]; runs on its owner's thread. Invariant: each channel depends on itself alone, without fused
//! operations and without branches, so that any processor gives the same bits.

use super::{Limit, ScaleState, Scaling, Spread, StateError};
use crate::dsp::vectorised;

/// Microvolts below which a channel counts as silent: keeps a flat channel from being blown up.
const FLOOR_UV: f64 = 0.1;
/// Spreads beyond which a sample lies far out.
const FAR: f64 = 5.0;
/// Frames that must be known before anything can be called far out.
const FEWEST: f64 = 32.0;
/// Seconds that a channel may lie far out before that is what it is like now, roughly.
const PATIENCE_S: f64 = 1.0;
/// The standard deviation of a normal distribution over its median absolute deviation.
const NORMAL: f64 = 1.4826;
/// Steps that give median and median absolute deviation of normal values the asked-for time constant: one over
/// `2 φ(0) · 0.6745` and over `4 φ(0.6745) · 0.6745`, in deviations.
const MEDIAN_STEP: f64 = 1.858_15;
const DEVIATION_STEP: f64 = 1.166_38;

/// Divides each channel by its recent spread and limits the result.
///
/// `ema`: an exponential mean of squares with the asked-for time constant that starts as a plain mean, so that the first
/// second is usable (braindecode's `exponential_moving_standardize`, with the mean left to the high-pass). Samples beyond
/// five deviations enter as five.
///
/// `robust`: median and median absolute deviation, each followed by stochastic approximation (Robbins & Monro, 1951;
/// Tierney, 1983): up or down by a small step, depending on the side on which the sample lies. An artefact moves them by
/// how long it lasts, not by how high it is.
///
/// A channel is frozen while it is not trusted, and in artefacts: samples that lie beyond five spreads are passed over
/// unless they fill half of the last second. What lasts longer is no artefact but what the channel is like now.
#[derive(Clone, Debug)]
pub struct RunningScale {
    spread: Spread,
    limit: Limit,
    /// Frames of the time constant.
    horizon: f64,
    /// Frames of a second.
    patience: f64,
    state: ScaleState,
    /// `[C]`: 1 where a channel can be trusted, else 0.
    trusted: Vec<f64>,
}

impl RunningScale {
    /// A fresh scale for `channels` channels at `rate_hz`, all of them trusted; `None` where microvolts stay.
    #[must_use]
    pub fn new(scaling: Scaling, channels: usize, rate_hz: f64) -> Option<Self> {
        let Scaling::Running { spread, seconds, limit } = scaling else { return None };
        let state = ScaleState::new(channels);
        let horizon = (seconds * rate_hz).max(1.0);
        let patience = (PATIENCE_S * rate_hz).max(1.0);
        Some(Self { spread, limit, horizon, patience, state, trusted: vec![1.0; channels] })
    }

    /// Tells it which channels `[C]` can be trusted from the next frame on.
    pub fn trust(&mut self, good: &[bool]) {
        self.trusted.iter_mut().zip(good).for_each(|(trusted, &good)| *trusted = f64::from(u8::from(good)));
    }

    /// Scales one frame `[C]` of finite microvolts into `out`.
    pub fn step(&mut self, frame: &[f64], out: &mut [f32]) {
        let (horizon, patience, limit) = (self.horizon, self.patience, self.limit);
        let channels = self.trusted.len();
        let (frame, out, trusted) = (&frame[..channels], &mut out[..channels], &self.trusted[..channels]);
        let ScaleState { centre, spread, heard, outlying } = &mut self.state;
        let (centre, spread) = (&mut centre[..channels], &mut spread[..channels]);
        let (heard, outlying) = (&mut heard[..channels], &mut outlying[..channels]);
        match self.spread {
            Spread::Ema => vectorised(
                #[inline(always)]
                || {
                    for c in 0..channels {
                        let square = frame[c] * frame[c];
                        let bound = FAR * FAR * spread[c] + FLOOR_UV * FLOOR_UV;
                        let learnt = Learnt { trusted: trusted[c], is_far: square > bound, horizon, patience };
                        let weight = learnt.weight(&mut heard[c], &mut outlying[c]);
                        let winsorised = if square > bound && heard[c] >= FEWEST { bound } else { square };
                        spread[c] += weight * (winsorised - spread[c]);
                        out[c] = (frame[c] / (spread[c].sqrt() + FLOOR_UV)) as f32;
                    }
                },
            ),
            Spread::Robust => vectorised(
                #[inline(always)]
                || {
                    for c in 0..channels {
                        let from_centre = frame[c] - centre[c];
                        let away = from_centre.abs();
                        let bound = FAR * NORMAL * spread[c] + FLOOR_UV;
                        let learnt = Learnt { trusted: trusted[c], is_far: away > bound, horizon, patience };
                        let weight = learnt.weight(&mut heard[c], &mut outlying[c]);
                        centre[c] += weight * MEDIAN_STEP * spread[c] * sign(from_centre);
                        let step = weight * DEVIATION_STEP * spread[c] * sign(away - spread[c]);
                        // Small steps would be long in coming from nothing: the first frames give a plain mean.
                        let first = weight * (away - spread[c]);
                        let step = if heard[c] <= FEWEST { first } else { step };
                        spread[c] = (spread[c] + step).max(FLOOR_UV / 10.0);
                        out[c] = ((frame[c] - centre[c]) / (NORMAL * spread[c] + FLOOR_UV)) as f32;
                    }
                },
            ),
        }
        match limit {
            Limit::Clip => out.iter_mut().for_each(|x| *x = Limit::Clip.apply(*x)),
            Limit::SoftLog => out.iter_mut().for_each(|x| *x = Limit::SoftLog.apply(*x)),
        }
    }

    /// Logarithm of the microvolts by which each channel is divided now: the amplitude that scaling takes out.
    pub fn log_divisors(&self) -> impl Iterator<Item = f64> + Clone {
        let divisor = |spread: f64| match self.spread {
            Spread::Ema => spread.sqrt(),
            Spread::Robust => NORMAL * spread,
        };
        self.state.spread.iter().map(move |&spread| (divisor(spread) + FLOOR_UV).ln())
    }

    /// What it knows now.
    #[must_use]
    pub fn state(&self) -> &ScaleState {
        &self.state
    }

    /// Goes on from what another one knew.
    ///
    /// # Errors
    /// If that had other channels or holds what cannot be; nothing changes then.
    pub fn restore(&mut self, state: ScaleState) -> Result<(), StateError> {
        state.check(self.trusted.len())?;
        self.state = state;
        Ok(())
    }
}

/// What decides how much is learnt from a sample.
struct Learnt {
    trusted: f64,
    is_far: bool,
    horizon: f64,
    patience: f64,
}

impl Learnt {
    /// The sample's weight; counts it where it has one.
    #[inline(always)]
    fn weight(&self, heard: &mut f64, outlying: &mut f64) -> f64 {
        let is_far = if self.is_far && *heard >= FEWEST { 1.0 } else { 0.0 };
        *outlying += self.trusted / self.patience * (is_far - *outlying);
        // In the first second a channel is not known well enough to be passed over.
        let is_known = if *heard >= self.patience { 1.0 } else { 0.0 };
        let is_brief = if *outlying < 0.5 { 1.0 } else { 0.0 };
        let taken = self.trusted * (1.0 - is_far * is_known * is_brief);
        let counted = (*heard + 1.0).min(self.horizon);
        *heard = if taken > 0.0 { counted } else { *heard };
        taken / counted
    }
}

/// −1, 0 or 1.
#[inline(always)]
fn sign(x: f64) -> f64 {
    let (above, below) = (if x > 0.0 { 1.0 } else { 0.0 }, if x < 0.0 { 1.0 } else { 0.0 });
    above - below
}

#[cfg(test)]
mod tests {
    use super::super::CLIP;
    use super::*;

    const RATE_HZ: f64 = 100.0;

    fn scale(spread: Spread, channels: usize) -> RunningScale {
        let scaling = Scaling::Running { spread, seconds: 30.0, limit: Limit::Clip };
        RunningScale::new(scaling, channels, RATE_HZ).unwrap()
    }

    /// Values from a normal distribution, roughly.
    fn normal(draw: &mut u32) -> f64 {
        let even = |draw: &mut u32| {
            *draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(*draw >> 8) / f64::from(1 << 24) - 0.5
        };
        (0..12).map(|_| even(draw)).sum()
    }

    #[test]
    fn brings_any_amplitude_to_unit_variance_and_forgives_an_artefact() {
        for spread in Spread::ALL {
            let (mut scale, mut draw) = (scale(spread, 2), 1);
            let (mut out, mut squares) = ([0.0; 2], [0.0; 2]);
            for i in 0..9000 {
                let artefact = if (4000..4050).contains(&i) { 1e6 } else { 0.0 };
                scale.step(&[30.0 * normal(&mut draw) + artefact, 3.0 * normal(&mut draw)], &mut out);
                assert!(out.iter().all(|v| v.is_finite() && v.abs() <= CLIP));
                if i >= 4050 {
                    squares = [squares[0] + out[0] * out[0], squares[1] + out[1] * out[1]];
                }
            }
            for sum in squares {
                assert!((sum / 4950.0 - 1.0).abs() < 0.12, "{spread:?}: variance {}", sum / 4950.0);
            }
        }
    }

    #[test]
    fn a_lasting_change_of_amplitude_is_followed_both_ways() {
        for spread in Spread::ALL {
            let (mut scale, mut draw, mut out) = (scale(spread, 1), 1, [0.0]);
            for (amplitude, seconds) in [(5.0, 60), (200.0, 150), (5.0, 300)] {
                for _ in 0..seconds * 100 {
                    scale.step(&[amplitude * normal(&mut draw)], &mut out);
                }
                let divisor = scale.log_divisors().next().unwrap().exp();
                assert!((divisor / amplitude - 1.0).abs() < 0.3, "{spread:?} of {amplitude}: {divisor}");
            }
        }
    }

    #[test]
    fn a_channel_that_is_not_trusted_is_frozen_and_comes_back() {
        for spread in Spread::ALL {
            let (mut scale, mut draw, mut out) = (scale(spread, 2), 1, [0.0; 2]);
            let mut run = |scale: &mut RunningScale, seconds: usize, amplitude: f64| {
                for _ in 0..seconds * 100 {
                    let x = normal(&mut draw);
                    scale.step(&[amplitude * x, 10.0 * x], &mut out);
                }
            };
            run(&mut scale, 60, 10.0);
            let before = scale.state().clone();
            scale.trust(&[false, true]);
            run(&mut scale, 60, 1e5);
            assert_eq!(scale.state().spread[0], before.spread[0]);
            assert_ne!(scale.state().spread[1], before.spread[1]);
            scale.trust(&[true; 2]);
            run(&mut scale, 1, 10.0);
            assert_ne!(scale.state().spread[0], before.spread[0]);
        }
    }

    #[test]
    fn a_state_goes_on_where_it_was_taken_and_a_damaged_one_is_refused() {
        for spread in Spread::ALL {
            let (mut one, mut draw, [mut a, mut b]) = (scale(spread, 2), 1, [[0.0; 2]; 2]);
            for _ in 0..500 {
                one.step(&[normal(&mut draw), 80.0 * normal(&mut draw)], &mut a);
            }
            let mut other = scale(spread, 2);
            other.restore(one.state().clone()).unwrap();
            for _ in 0..500 {
                let frame = [normal(&mut draw), 80.0 * normal(&mut draw)];
                one.step(&frame, &mut a);
                other.step(&frame, &mut b);
                assert_eq!(a, b);
            }
            let mut damaged = one.state().clone();
            damaged.spread[1] = f64::NAN;
            assert_eq!(other.restore(damaged), Err(StateError::Damaged(1)));
            assert_eq!(other.restore(ScaleState::new(3)), Err(StateError::Channels { found: 3, wanted: 2 }));
            assert_eq!(other.state(), one.state(), "a refused state changes nothing");
        }
    }
}
