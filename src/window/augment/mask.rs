//! Stretches of silence.
//!
//! Owns nothing. Invariant: all channels are silent at the same time.

use crate::dsp::vectorised;

/// Sets `length` frames from `start` on to zero.
pub(super) fn zero(window: &mut [f32], channels: usize, start: usize, length: usize) {
    window[start * channels..(start + length) * channels].fill(0.0);
}

/// The same with edges that are sigmoids, as steep as braindecode's: 1000 over the number of frames.
pub(super) fn smooth(window: &mut [f32], channels: usize, start: usize, length: usize) {
    let steepness = 1000.0 / (window.len() / channels) as f32;
    let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
    let (start, end) = (start as f32, (start + length) as f32);
    vectorised(|| {
        for (t, frame) in window.chunks_exact_mut(channels).enumerate() {
            let t = t as f32;
            let kept = sigmoid(steepness * (start - t)) + sigmoid(steepness * (t - end));
            frame.iter_mut().for_each(|v| *v *= kept);
        }
    });
}
