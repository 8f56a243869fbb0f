//! The background: noise whose power falls with frequency, shared by neighbouring channels.
//!
//! Owns [`Background`]; the thread that fills blocks runs it. Invariant: each frame draws the same number of random
//! values in the same order, so samples do not depend on block sizes.

use super::electrodes::{Place, scattered};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Slope of the power spectrum, 1/f to this power; of resting EEG it is 1 to 1.5 (Donoghue et al. 2020).
const EXPONENT: f64 = 1.3;

/// Corner frequencies in hertz of the relaxation processes whose sum has that slope (van der Ziel 1950).
const CORNERS_HZ: [f64; 5] = [0.3, 1.2, 4.8, 19.2, 76.8];

/// Generators under the scalp that channels share.
const GENERATORS: usize = 8;

/// Width of the spread of a generator over the scalp, in head radii.
const WIDTH: f64 = 0.45;

/// Part of the variance that channels share with their neighbours.
const SHARED: f64 = 0.7;

/// Background of a channel in microvolts rms.
const RMS_UV: f64 = 10.0;

/// 1/f noise of variance 1: a sum of first-order processes.
#[derive(Clone, Debug)]
struct Pink {
    states: [f64; CORNERS_HZ.len()],
}

/// Decay and drive of each process at a sampling rate.
#[derive(Clone, Copy, Debug)]
struct Relaxation {
    decay: f64,
    drive: f64,
    spread: f64,
}

impl Relaxation {
    fn bank(rate_hz: f64) -> [Self; CORNERS_HZ.len()] {
        let variance = |corner_hz: f64| corner_hz.powf(1.0 - EXPONENT);
        let total: f64 = CORNERS_HZ.iter().map(|&corner_hz| variance(corner_hz)).sum();
        CORNERS_HZ.map(|corner_hz| {
            let spread = (variance(corner_hz) / total).sqrt();
            let decay = (-std::f64::consts::TAU * corner_hz / rate_hz).exp();
            Self { decay, drive: spread * (1.0 - decay * decay).sqrt(), spread }
        })
    }
}

impl Pink {
    /// Begins in its stationary distribution, so that the first second is like any other.
    fn new(bank: &[Relaxation], random: &mut impl Rng) -> Self {
        let mut states = [0.0; CORNERS_HZ.len()];
        for (state, process) in states.iter_mut().zip(bank) {
            *state = process.spread * normal(random);
        }
        Self { states }
    }

    fn next(&mut self, bank: &[Relaxation], random: &mut impl Rng) -> f64 {
        let mut sum = 0.0;
        for (state, process) in self.states.iter_mut().zip(bank) {
            *state = process.decay * *state + process.drive * normal(random);
            sum += *state;
        }
        sum
    }
}

/// A draw from the normal distribution of mean 0 and variance 1.
pub(super) fn normal(random: &mut impl Rng) -> f64 {
    StandardNormal.sample(random)
}

/// The background of all channels.
#[derive(Clone, Debug)]
pub(super) struct Background {
    bank: [Relaxation; CORNERS_HZ.len()],
    generators: Vec<Pink>,
    own: Vec<Pink>,
    /// `[C, GENERATORS]` microvolts of each generator in each channel.
    mixing: Vec<[f64; GENERATORS]>,
    random: ChaCha8Rng,
}

impl Background {
    pub fn new(places: &[Place], rate_hz: f64, mut random: ChaCha8Rng) -> Self {
        let bank = Relaxation::bank(rate_hz);
        let generators = (0..GENERATORS).map(|_| Pink::new(&bank, &mut random)).collect();
        let own = places.iter().map(|_| Pink::new(&bank, &mut random)).collect();
        let mixing = places
            .iter()
            .map(|place| {
                let mut gains = [0.0; GENERATORS];
                for (number, gain) in gains.iter_mut().enumerate() {
                    // The small constant keeps a far channel from dividing by zero.
                    *gain = place.spread(scattered(number), WIDTH) + 0.02;
                }
                let norm = gains.iter().map(|gain| gain * gain).sum::<f64>().sqrt();
                gains.map(|gain| gain / norm * SHARED.sqrt() * RMS_UV)
            })
            .collect();
        Self { bank, generators, own, mixing, random }
    }

    /// Sets `frame` to the background of the next frame, in microvolts.
    pub fn fill(&mut self, frame: &mut [f64]) {
        let mut sources = [0.0; GENERATORS];
        for (source, generator) in sources.iter_mut().zip(&mut self.generators) {
            *source = generator.next(&self.bank, &mut self.random);
        }
        let own_uv = (1.0 - SHARED).sqrt() * RMS_UV;
        for ((sample, own), gains) in frame.iter_mut().zip(&mut self.own).zip(&self.mixing) {
            let shared: f64 = gains.iter().zip(&sources).map(|(gain, source)| gain * source).sum();
            *sample = shared + own_uv * own.next(&self.bank, &mut self.random);
        }
    }
}
