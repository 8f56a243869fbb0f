//! The features that need no learning: how strong each channel is in each band.
//!
//! Pure. Invariant: a window of the same samples has the same powers, bit for bit.

/// Log power of each channel in each band `[from, to)` in hertz.
#[must_use]
pub fn log_band_power(window: &[f32], channels: usize, rate_hz: f64, bands: &[[f64; 2]]) -> Vec<f32> {
    let frames = window.len() / channels;
    let hann: Vec<f64> =
        (0..frames).map(|t| 0.5 - 0.5 * (std::f64::consts::TAU * t as f64 / frames as f64).cos()).collect();
    let power = |channel: usize, bin: usize| {
        let step = std::f64::consts::TAU * bin as f64 / frames as f64;
        let (mut re, mut im) = (0.0, 0.0);
        for (t, hann) in hann.iter().enumerate() {
            let (v, phase) = (f64::from(window[t * channels + channel]) * hann, step * t as f64);
            (re, im) = (re + v * phase.cos(), im - v * phase.sin());
        }
        re * re + im * im
    };
    let bin = |hz: f64| (hz * frames as f64 / rate_hz).round() as usize;
    let of_band = |channel: usize, [from, to]: [f64; 2]| {
        ((bin(from)..bin(to).max(bin(from) + 1)).map(|bin| power(channel, bin)).sum::<f64>() + 1e-9).ln() as f32
    };
    (0..channels).flat_map(|channel| bands.iter().map(move |&band| of_band(channel, band))).collect()
}
