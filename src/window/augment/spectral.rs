//! Augmentations of the spectrum.
//!
//! Owns the plan of a transform over a window's frames and room for it. Invariant: what is done has a real impulse
//! response, so two channels go through one complex transform, as its real and its imaginary part, and do not mix.
//!
//! The transform wraps: what leaves a window at one end comes in at the other.

use super::WindowShape;
use crate::dsp::vectorised;
use realfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::f32::consts::PI;
use std::sync::Arc;

/// Pairs of channels that are gathered together: a line of cache.
const PAIRS: usize = 8;
/// Hertz from where a stopped band begins to fade to where it is gone (MNE's `notch_filter`).
const EDGE_HZ: f32 = 1.0;

/// Transforms windows of one shape.
pub(super) struct Spectral {
    shape: WindowShape,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// `[PAIRS, T]`.
    pairs: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// `[T]`: what each bin is multiplied by.
    response: Vec<Complex<f32>>,
    /// `[T]`: the turn of each frame.
    turns: Vec<(f32, f32)>,
}

impl std::fmt::Debug for Spectral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spectral over {:?}", self.shape)
    }
}

impl Spectral {
    pub fn new(shape: WindowShape) -> Self {
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(shape.frames), planner.plan_fft_inverse(shape.frames));
        let scratch = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        let zero = Complex::new(0.0, 0.0);
        Self {
            shape,
            forward,
            inverse,
            pairs: vec![zero; PAIRS * shape.frames],
            scratch: vec![zero; scratch],
            response: vec![zero; shape.frames],
            turns: vec![(1.0, 0.0); shape.frames],
        }
    }

    /// Turns the phase of each bin between zero and half the rate by `turn(bin)` whole turns.
    pub fn surrogate(&mut self, window: &mut [f32], turn: impl Fn(u32) -> f32) {
        let frames = self.shape.frames;
        self.respond(|bin, _| {
            let turn = if bin == 0 || 2 * bin == frames { 0.0 } else { turn(bin as u32) };
            let (sine, cosine) = (2.0 * PI * turn).sin_cos();
            Complex::new(cosine, sine)
        });
        self.pass(window, |_, _, out| out);
    }

    /// Takes a band out; its edges are cosines, half-way down at half the width.
    pub fn band_stop(&mut self, window: &mut [f32], centre_hz: f32, width_hz: f32) {
        self.respond(|_, hz| {
            let outside = ((hz - centre_hz).abs() - width_hz / 2.0) / EDGE_HZ + 0.5;
            Complex::new(0.5 - 0.5 * (PI * outside.clamp(0.0, 1.0)).cos(), 0.0)
        });
        self.pass(window, |_, _, out| out);
    }

    /// Moves all frequencies by turning the analytic signal.
    pub fn frequency_shift(&mut self, window: &mut [f32], by_hz: f32) {
        // Hilbert's transform: a quarter of a turn back, nothing at zero and at half the rate.
        let (frames, step) = (self.shape.frames, f64::from(by_hz) / self.shape.rate_hz);
        self.respond(|bin, _| Complex::new(0.0, if bin == 0 || 2 * bin == frames { 0.0 } else { -1.0 }));
        for (t, turn) in self.turns.iter_mut().enumerate() {
            *turn = (std::f32::consts::TAU * (t as f64 * step).fract() as f32).sin_cos();
        }
        let turns = std::mem::take(&mut self.turns);
        self.pass(window, |t, own, quarter| own * turns[t].1 - quarter * turns[t].0);
        self.turns = turns;
    }

    /// Sets the response by bin and frequency, up to half the rate; above, it is what makes the impulse response real. Where
    /// that leaves no choice, at zero and at half the rate, it has to be real itself.
    fn respond(&mut self, of: impl Fn(usize, f32) -> Complex<f32>) {
        let frames = self.shape.frames;
        let bin_hz = self.shape.rate_hz as f32 / frames as f32;
        let whole = 1.0 / frames as f32;
        for bin in 0..=frames / 2 {
            let value = of(bin, bin as f32 * bin_hz) * whole;
            self.response[(frames - bin) % frames] = value.conj();
            self.response[bin] = value;
        }
    }

    /// Sends each channel through the response; `put` makes a sample from its frame, what it was and what came out.
    fn pass(&mut self, window: &mut [f32], put: impl Fn(usize, f32, f32) -> f32) {
        let WindowShape { frames, channels, .. } = self.shape;
        for first in (0..channels).step_by(2 * PAIRS) {
            let count = (channels - first).min(2 * PAIRS);
            let used = &mut self.pairs[..count.div_ceil(2) * frames];
            vectorised(|| {
                for (t, frame) in window.chunks_exact(channels).enumerate() {
                    for (pair, values) in frame[first..first + count].chunks(2).enumerate() {
                        used[pair * frames + t] = Complex::new(values[0], values.get(1).copied().unwrap_or(0.0));
                    }
                }
            });
            self.forward.process_with_scratch(used, &mut self.scratch);
            vectorised(|| {
                for bins in used.chunks_exact_mut(frames) {
                    bins.iter_mut().zip(&self.response).for_each(|(bin, response)| *bin *= response);
                }
            });
            self.inverse.process_with_scratch(used, &mut self.scratch);
            vectorised(|| {
                for (t, frame) in window.chunks_exact_mut(channels).enumerate() {
                    for (pair, values) in frame[first..first + count].chunks_mut(2).enumerate() {
                        let out = used[pair * frames + t];
                        values[0] = put(t, values[0], out.re);
                        if let Some(second) = values.get_mut(1) {
                            *second = put(t, *second, out.im);
                        }
                    }
                }
            });
        }
    }
}
