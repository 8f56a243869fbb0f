//! Augmentations of the level: amplitude, constant, noise, another window.
//!
//! Owns nothing. Invariant: a channel without any spread, as one that was dropped, gets neither constant nor noise.

use super::Key;
use super::workspace::Workspace;
use crate::dsp::vectorised;

/// All samples times one factor.
pub(super) fn scale(window: &mut [f32], factor: f32) {
    vectorised(|| window.iter_mut().for_each(|v| *v *= factor));
}

/// Adds another window with this share.
pub(super) fn mix(window: &mut [f32], partner: &[f32], share: f32) {
    vectorised(|| window.iter_mut().zip(partner).for_each(|(v, other)| *v = (1.0 - share) * *v + share * other));
}

/// Adds so many standard deviations of each channel.
pub(super) fn add_constant(window: &mut [f32], relative: f32, workspace: &mut Workspace) {
    let deviations = deviations(window, relative, workspace);
    vectorised(|| {
        for frame in window.chunks_exact_mut(deviations.len()) {
            frame.iter_mut().zip(deviations).for_each(|(v, deviation)| *v += deviation);
        }
    });
}

/// Adds normal noise of so many standard deviations of each channel.
pub(super) fn add_noise(window: &mut [f32], relative: f32, key: Key, workspace: &mut Workspace) {
    let deviations = deviations(window, relative, workspace);
    vectorised(|| {
        let mut place = 0u32;
        for frame in window.chunks_exact_mut(deviations.len()) {
            for (channel, (v, deviation)) in (0u32..).zip(frame.iter_mut().zip(deviations)) {
                *v += deviation * key.normal(place.wrapping_add(channel));
            }
            place = place.wrapping_add(deviations.len() as u32);
        }
    });
}

/// `relative` times the standard deviation of each channel.
fn deviations<'a>(window: &[f32], relative: f32, workspace: &'a mut Workspace) -> &'a [f32] {
    let Workspace { sums, squares, .. } = workspace;
    let channels = sums.len();
    let frames = (window.len() / channels) as f32;
    sums.fill(0.0);
    squares.fill(0.0);
    vectorised(|| {
        // Off the first frame: an offset far above the signal would leave nothing of a difference of squares.
        let first = &window[..channels];
        for frame in window.chunks_exact(channels) {
            for ((sum, square), (v, first)) in sums.iter_mut().zip(squares.iter_mut()).zip(frame.iter().zip(first)) {
                let off = v - first;
                *sum += off;
                *square += off * off;
            }
        }
        for (square, sum) in squares.iter_mut().zip(&*sums) {
            let mean = sum / frames;
            *square = relative * (*square / frames - mean * mean).max(0.0).sqrt();
        }
    });
    squares
}
