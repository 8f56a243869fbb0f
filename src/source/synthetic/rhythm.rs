//! Rhythms: alpha and theta as resonances driven by noise.
//!
//! Owns [`Resonance`] and [`Rhythms`]; the thread that fills blocks runs it. Invariant: each frame draws the same
//! number of random values, whatever the state.

use super::background::normal;
use super::electrodes::Place;
use super::states::BrainState;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

/// A damped oscillator driven by noise, which waxes and wanes as alpha does (Zetterberg 1969). Variance 1.
#[derive(Clone, Debug)]
struct Resonance {
    re: f64,
    im: f64,
    turn_re: f64,
    turn_im: f64,
    drive: f64,
}

impl Resonance {
    /// `half_width_hz` is half the width of its peak; it waxes and wanes over some `1 / (2 pi half_width_hz)` seconds.
    fn new(frequency_hz: f64, half_width_hz: f64, rate_hz: f64, random: &mut impl Rng) -> Self {
        let decay = (-std::f64::consts::TAU * half_width_hz / rate_hz).exp();
        let (sin, cos) = (std::f64::consts::TAU * frequency_hz / rate_hz).sin_cos();
        let drive = (1.0 - decay * decay).sqrt();
        Self { re: normal(random), im: normal(random), turn_re: decay * cos, turn_im: decay * sin, drive }
    }

    fn next(&mut self, random: &mut impl Rng) -> f64 {
        let re = self.turn_re * self.re - self.turn_im * self.im + self.drive * normal(random);
        let im = self.turn_re * self.im + self.turn_im * self.re + self.drive * normal(random);
        (self.re, self.im) = (re, im);
        re
    }
}

/// Seconds in which rhythms follow a change of state.
const FOLLOW_S: f64 = 0.4;

/// Part of the variance of alpha that both hemispheres share.
const COMMON_ALPHA: f64 = 0.6;

/// Alpha and theta of all channels.
#[derive(Clone, Debug)]
pub(super) struct Rhythms {
    /// Common to both hemispheres, left, right.
    alpha: [Resonance; 3],
    theta: Resonance,
    /// What each channel gets of left alpha, right alpha and theta.
    gains: Vec<[f64; 3]>,
    alpha_uv: f64,
    theta_uv: f64,
    follow: f64,
    random: ChaCha8Rng,
}

impl Rhythms {
    pub fn new(places: &[Place], rate_hz: f64, mut random: ChaCha8Rng) -> Self {
        // A brain has its own alpha frequency; this one's depends on the seed.
        let alpha_hz = random.random_range(9.6..10.4);
        let alpha = [(); 3].map(|()| Resonance::new(alpha_hz, 0.25, rate_hz, &mut random));
        let theta = Resonance::new(5.5, 0.5, rate_hz, &mut random);
        let (left, right, front) = (Place::new(-0.25, -0.76), Place::new(0.25, -0.76), Place::new(0.0, 0.25));
        let gains = places
            .iter()
            .map(|place| [place.spread(left, 0.42), place.spread(right, 0.42), place.spread(front, 0.5)])
            // Two correlated sources meet at the occiput; their sum keeps the microvolts of one.
            .map(|[l, r, f]| [0.03 + 0.75 * l, 0.03 + 0.75 * r, 0.1 + 0.9 * f])
            .collect();
        let follow = 1.0 - (-1.0 / (FOLLOW_S * rate_hz)).exp();
        let (alpha_uv, theta_uv) = (BrainState::EyesOpen.alpha_uv(), BrainState::EyesOpen.theta_uv());
        Self { alpha, theta, gains, alpha_uv, theta_uv, follow, random }
    }

    /// Adds the rhythms of the next frame, in microvolts.
    pub fn add(&mut self, state: BrainState, frame: &mut [f64]) {
        self.alpha_uv += self.follow * (state.alpha_uv() - self.alpha_uv);
        self.theta_uv += self.follow * (state.theta_uv() - self.theta_uv);
        let [common, left, right] = &mut self.alpha;
        let common = COMMON_ALPHA.sqrt() * common.next(&mut self.random);
        let apart = (1.0 - COMMON_ALPHA).sqrt();
        let left = self.alpha_uv * (common + apart * left.next(&mut self.random));
        let right = self.alpha_uv * (common + apart * right.next(&mut self.random));
        let theta = self.theta_uv * self.theta.next(&mut self.random);
        for (sample, gains) in frame.iter_mut().zip(&self.gains) {
            *sample += gains[0] * left + gains[1] * right + gains[2] * theta;
        }
    }
}
