//! Made signals for the tests of quality: something like EEG, and the faults that electrodes have.
//!
//! Pure functions of a seed. Invariant: the same seed gives the same samples.

use std::f64::consts::PI;

/// A linear congruential generator (Numerical Recipes), which other languages repeat easily.
#[derive(Clone, Debug)]
pub(super) struct Draw(pub u32);

impl Draw {
    /// Evenly from −0.5 to 0.5.
    pub fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 24) - 0.5
    }

    /// About normal, of deviation 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum()
    }
}

/// Noise whose power falls with frequency as that of EEG does: three leaky integrators, the fast ones weaker.
#[derive(Clone, Copy, Debug, Default)]
struct Falling([f64; 3]);

impl Falling {
    fn next(&mut self, draw: &mut Draw, rate_hz: f64) -> f64 {
        let poles = [(0.5, 1.0), (5.0, 0.7), (50.0, 0.15)];
        self.0.iter_mut().zip(poles).fold(0.0, |sum, (state, (hz, gain))| {
            let leak = (-2.0 * PI * hz / rate_hz).exp();
            *state = leak * *state + (1.0 - leak * leak).sqrt() * draw.normal();
            sum + gain * *state
        })
    }
}

/// Something like EEG of a few tens of microvolts `[T, C]`: sources that fall with frequency and alpha, shared by
/// neighbours, on an offset.
pub(super) fn brain(channels: usize, rate_hz: f64, frames: usize, seed: u32) -> Vec<f32> {
    const SOURCES: usize = 4;
    let mut draw = Draw(seed);
    let mut noise = vec![Falling::default(); SOURCES + channels];
    let mut out = Vec::with_capacity(frames * channels);
    for t in 0..frames {
        let sources: Vec<f64> = noise.iter_mut().map(|noise| noise.next(&mut draw, rate_hz)).collect();
        let alpha = (2.0 * PI * 10.0 * t as f64 / rate_hz).sin() * (0.6 + 0.4 * (t as f64 / rate_hz).sin());
        for c in 0..channels {
            let place = c as f64 / channels as f64;
            let shared: f64 =
                (0..SOURCES).map(|s| sources[s] * (1.2 - (place - s as f64 / SOURCES as f64).abs())).sum();
            let own = sources[SOURCES + c];
            out.push((9.0 * shared + 4.0 * own + 8.0 * alpha + 100.0 * (place - 0.5)) as f32);
        }
    }
    out
}

/// What can be done to one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Flat,
    Rail,
    NotFinite,
    Line,
    Muscle,
    Pops,
    OwnNoise,
}

impl Fault {
    pub const ALL: [Self; 7] =
        [Self::Flat, Self::Rail, Self::NotFinite, Self::Line, Self::Muscle, Self::Pops, Self::OwnNoise];
}

/// Does it to `channel` of `samples [T, C]` in frames `first..end`.
pub(super) fn spoil(
    samples: &mut [f32],
    channels: usize,
    channel: usize,
    rate_hz: f64,
    span: (usize, usize),
    fault: Fault,
) {
    let mut draw = Draw(span.0 as u32 + 7919 * channel as u32);
    let of: Vec<f64> = samples.iter().skip(channel).step_by(channels).map(|&v| f64::from(v)).collect();
    let mean = of.iter().sum::<f64>() / of.len() as f64;
    let deviation = (of.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / of.len() as f64).sqrt();
    let muscle = if fault == Fault::Muscle { muscle(span.1 - span.0, rate_hz, &mut draw) } else { Vec::new() };
    let (mut own, mut charge) = (Falling::default(), 0.0);
    for t in span.0..span.1 {
        let (x, time) = (of[t], (t - span.0) as f64 / rate_hz);
        let new = match fault {
            Fault::Flat => of[span.0],
            // Driven far beyond a converter's range, in and out of it four times a second.
            Fault::Rail => {
                let swing = 8.0 * deviation * (2.0 * PI * 4.0 * time).sin();
                (x + swing).clamp(mean - 3.0 * deviation, mean + 3.0 * deviation)
            }
            Fault::NotFinite => f64::NAN,
            Fault::Line => x + 5.0 * deviation * (2.0 * PI * 50.0 * time).sin(),
            Fault::Muscle => x + 2.0 * deviation * muscle[t - span.0],
            Fault::Pops => {
                charge *= (-1.0 / (0.15 * rate_hz)).exp();
                if (t - span.0).is_multiple_of((0.8 * rate_hz) as usize) {
                    charge += 600.0 + 15.0 * deviation;
                }
                x + charge
            }
            Fault::OwnNoise => mean + deviation * own.next(&mut draw, rate_hz) / 1.2,
        };
        samples[t * channels + channel] = new as f32;
    }
}

/// Noise of RMS 1 that has lost its slow part twice: like that of muscle, its spectrum rises from 10 to 60 Hz.
fn muscle(frames: usize, rate_hz: f64, draw: &mut Draw) -> Vec<f64> {
    let (leak, slower) = ((-200.0 * PI / rate_hz).exp(), (-60.0 * PI / rate_hz).exp());
    let (mut fast, mut slow) = (0.0, [0.0; 2]);
    let noise: Vec<f64> = (0..frames)
        .map(|_| {
            fast = leak * fast + draw.normal();
            slow.iter_mut().fold(fast, |x, slow| {
                *slow += (1.0 - slower) * (x - *slow);
                x - *slow
            })
        })
        .collect();
    let rms = (noise.iter().map(|x| x * x).sum::<f64>() / frames as f64).sqrt();
    noise.into_iter().map(|x| x / rms).collect()
}
