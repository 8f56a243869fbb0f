//! Artefacts: blinks and line noise.
//!
//! Owns [`Blinks`] and [`LineNoise`]; the thread that fills blocks runs them. Invariant: both depend on the frame and
//! the seed alone, not on block sizes.

use super::electrodes::Place;
use super::states::BrainState;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};

/// Shortest pause between two blinks in seconds, and the mean of what chance adds to it: about 17 blinks a minute
/// (Bentivoglio et al. 1997).
const PAUSE_S: (f64, f64) = (1.0, 2.5);

/// Part of a blink in which the lid closes; it opens more slowly.
const CLOSING: f64 = 0.4;

/// Distance in head radii over which a blink falls to 1/e on its way back from the forehead (Croft and Barry 2000).
const FALL: f64 = 0.35;

/// The blinks of open eyes.
#[derive(Clone, Debug)]
pub(super) struct Blinks {
    gains: Vec<f64>,
    rate_hz: f64,
    /// Frames of open eyes until the next one.
    wait: f64,
    /// Frames since it began, its length in frames, its microvolts at the forehead.
    running: Option<(f64, f64, f64)>,
    random: ChaCha8Rng,
}

impl Blinks {
    pub fn new(places: &[Place], rate_hz: f64, mut random: ChaCha8Rng) -> Self {
        let eyes = [Place::new(-0.25, 0.76), Place::new(0.25, 0.76)];
        let nearest = |place: &Place| eyes.iter().map(|eye| place.distance(*eye)).fold(f64::INFINITY, f64::min);
        let gains = places.iter().map(|place| (-nearest(place) / FALL).exp()).collect();
        let wait = pause(&mut random) * rate_hz;
        Self { gains, rate_hz, wait, running: None, random }
    }

    /// Adds the blink of the next frame, in microvolts, where there is one.
    pub fn add(&mut self, state: BrainState, frame: &mut [f64]) {
        if state == BrainState::EyesOpen && self.running.is_none() {
            self.wait -= 1.0;
            if self.wait <= 0.0 {
                let length = self.random.random_range(0.25..0.4) * self.rate_hz;
                self.running = Some((0.0, length, self.random.random_range(80.0..150.0)));
                self.wait = pause(&mut self.random) * self.rate_hz;
            }
        }
        // A blink that began ends, even if the eyes close for good meanwhile.
        let Some((since, length, peak_uv)) = self.running else { return };
        let along = since / length;
        let lid = if along < CLOSING { along / CLOSING } else { (1.0 - along) / (1.0 - CLOSING) };
        let value = peak_uv * (std::f64::consts::FRAC_PI_2 * lid).sin().powi(2);
        for (sample, gain) in frame.iter_mut().zip(&self.gains) {
            *sample += gain * value;
        }
        self.running = (since + 1.0 < length).then_some((since + 1.0, length, peak_uv));
    }
}

fn pause(random: &mut ChaCha8Rng) -> f64 {
    let chance: f64 = Exp1.sample(random);
    PAUSE_S.0 + PAUSE_S.1 * chance
}

/// Mains frequency in hertz.
const LINE_HZ: f64 = 50.0;

/// Hum of the mains, with an amplitude and phase of its own in each channel.
#[derive(Clone, Debug)]
pub(super) struct LineNoise {
    /// What each channel gets of the sine and of the cosine, in microvolts.
    gains: Vec<(f64, f64)>,
    /// Phase in turns, and its step a frame.
    phase: f64,
    step: f64,
}

impl LineNoise {
    pub fn new(channels: usize, rate_hz: f64, mut random: ChaCha8Rng) -> Self {
        // Sampled below twice its frequency, the hum would only be a false slow rhythm; amplifiers filter it.
        let heard = if rate_hz > 2.0 * LINE_HZ { 1.0 } else { 0.0 };
        let mut gain = || {
            let (amplitude_uv, phase) = (heard * random.random_range(0.5..2.0), random.random_range(-0.5..0.5_f64));
            (amplitude_uv * phase.cos(), amplitude_uv * phase.sin())
        };
        Self { gains: (0..channels).map(|_| gain()).collect(), phase: 0.0, step: LINE_HZ / rate_hz }
    }

    /// Adds the hum of the next frame, in microvolts.
    pub fn add(&mut self, frame: &mut [f64]) {
        let (sin, cos) = (std::f64::consts::TAU * self.phase).sin_cos();
        for (sample, (of_sin, of_cos)) in frame.iter_mut().zip(&self.gains) {
            *sample += of_sin * sin + of_cos * cos;
        }
        self.phase = (self.phase + self.step).fract();
    }
}
