//! How strong each channel of a window is in bands of frequency.
//!
//! Owned by whoever asks. Invariant: a window of the same samples has the same powers, bit for bit; once made it allocates
//! nothing but for what `of` returns.

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Measures windows of one length by one Hann-windowed Fourier transform a channel.
pub struct BandPower {
    fft: Arc<dyn RealToComplex<f64>>,
    hann: Vec<f64>,
    bins: Vec<Range<usize>>,
    input: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl fmt::Debug for BandPower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BandPower").field("frames", &self.hann.len()).field("bins", &self.bins).finish_non_exhaustive()
    }
}

impl BandPower {
    /// δ, θ, α, β and γ, in hertz. γ ends below the mains, since windows may hold these.
    pub const EEG: [[f64; 2]; 5] = [[1.0, 4.0], [4.0, 8.0], [8.0, 13.0], [13.0, 30.0], [30.0, 45.0]];

    /// For windows of `frames` at this rate and bands `[from, to)` in hertz, each at least one bin wide; what lies beyond half
    /// of the rate is left out.
    #[must_use]
    pub fn new(frames: usize, rate_hz: f64, bands: &[[f64; 2]]) -> Self {
        let frames = frames.max(1);
        let fft = RealFftPlanner::new().plan_fft_forward(frames);
        let bin = |hz: f64| (hz * frames as f64 / rate_hz).round() as usize;
        let last = frames / 2;
        let range = |&[from, to]: &[f64; 2]| bin(from).min(last)..bin(to).max(bin(from) + 1).min(last + 1);
        let turn = std::f64::consts::TAU / frames as f64;
        Self {
            hann: (0..frames).map(|t| 0.5 - 0.5 * (turn * t as f64).cos()).collect(),
            bins: bands.iter().map(range).collect(),
            input: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Appends the natural logarithm of a channel's power in each band; `window [T, C]` has the frames that it was made for.
    pub fn of(&mut self, window: &[f32], channels: usize, channel: usize, into: &mut Vec<f32>) {
        let samples = window.iter().skip(channel).step_by(channels.max(1));
        for ((slot, v), hann) in self.input.iter_mut().zip(samples).zip(&self.hann) {
            *slot = f64::from(*v) * hann;
        }
        // The lengths are those that the plan made.
        let _ = self.fft.process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch);
        let power = |bins: &Range<usize>| self.spectrum[bins.clone()].iter().map(Complex::norm_sqr).sum::<f64>();
        into.extend(self.bins.iter().map(|bins| (power(bins) + 1e-9).ln() as f32));
    }

    /// How many bands there are.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.bins.len()
    }

    /// Those of all channels of a window: `[C, bands]`.
    #[must_use]
    pub fn of_all(&mut self, window: &[f32], channels: usize) -> Vec<f32> {
        let mut told = Vec::with_capacity(channels * self.bins.len());
        (0..channels).for_each(|channel| self.of(window, channels, channel, &mut told));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_its_power_in_its_band_and_a_quarter_of_it_at_half_the_height() {
        let wave = |hz: f64, height: f64| -> Vec<f32> {
            let of = |t: i32| height * (std::f64::consts::TAU * hz * f64::from(t) / 250.0).sin();
            (0..500).flat_map(|t| [0.0, of(t) as f32]).collect()
        };
        let mut powers = BandPower::new(500, 250.0, &[[4.0, 8.0], [8.0, 13.0], [120.0, 300.0]]);
        let mut told = Vec::new();
        powers.of(&wave(10.0, 2.0), 2, 1, &mut told);
        powers.of(&wave(10.0, 1.0), 2, 1, &mut told);
        powers.of(&wave(10.0, 2.0), 2, 0, &mut told);
        assert!(told[1] > told[0] + 20.0 && told[1] > told[2] + 20.0, "{told:?}");
        assert!((told[1] - told[4] - 4f32.ln()).abs() < 1e-4, "{told:?}");
        // A Hann window has three eighths of the power of none; a bin has half of a wave's, T^2 / 4 of its square.
        let whole = (2.0f64 * 2.0 * 500.0 * 500.0 / 4.0 * 3.0 / 8.0).ln() as f32;
        assert!((told[1] - whole).abs() < 1e-3, "{} {whole}", told[1]);
        assert!(told[6..].iter().all(|power| (power - 1e-9f32.ln()).abs() < 1e-3), "the other channel is silent");
    }
}
