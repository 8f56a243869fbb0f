//! The features that need no learning: how strong each channel is in each band.
//!
//! Pure. Invariant: a window of the same samples has the same powers, bit for bit.

use crate::dsp::BandPower;

/// Log power of each channel of a window `[T, C]` in each band `[from, to)` in hertz: `[C, bands]`.
#[must_use]
pub fn log_band_power(window: &[f32], channels: usize, rate_hz: f64, bands: &[[f64; 2]]) -> Vec<f32> {
    let mut powers = BandPower::new(window.len() / channels.max(1), rate_hz, bands);
    let mut told = Vec::with_capacity(channels * bands.len());
    (0..channels).for_each(|channel| powers.of(window, channels, channel, &mut told));
    told
}
