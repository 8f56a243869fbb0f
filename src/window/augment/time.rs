//! Frames that move: shift, stretch, reversal, pieces that change places.
//!
//! Owns nothing. Invariant: frames move whole, so what channels share stays.

use super::Key;
use super::workspace::Workspace;
use crate::dsp::vectorised;

/// Most pieces of a permutation.
pub(super) const MOST_SEGMENTS: usize = 64;

/// Moves the frames later or earlier, repeating the edge.
pub(super) fn shift(window: &mut [f32], channels: usize, frames: usize, later: bool) {
    let by = frames * channels;
    let rest = window.len() - by;
    if later {
        window.copy_within(..rest, by);
        let (gap, there) = window.split_at_mut(by);
        gap.chunks_exact_mut(channels).for_each(|frame| frame.copy_from_slice(&there[..channels]));
    } else {
        window.copy_within(by.., 0);
        let (there, gap) = window.split_at_mut(rest);
        gap.chunks_exact_mut(channels).for_each(|frame| frame.copy_from_slice(&there[rest - channels..]));
    }
}

/// Draws `kept` frames from `start` on out to the whole window by linear interpolation.
pub(super) fn resize(window: &mut [f32], start: usize, kept: usize, workspace: &mut Workspace) {
    let channels = workspace.channels();
    let from = &mut workspace.copy;
    from.copy_from_slice(window);
    let frames = window.len() / channels;
    let step = (kept - 1) as f64 / (frames - 1).max(1) as f64;
    vectorised(|| {
        for (t, frame) in window.chunks_exact_mut(channels).enumerate() {
            let at = t as f64 * step;
            // The last of the kept frames has none behind it, and needs none.
            let before = (at as usize).min(kept.saturating_sub(2));
            let part = (at - before as f64) as f32;
            let (left, right) =
                (&from[(start + before) * channels..], &from[(start + (before + 1).min(kept - 1)) * channels..]);
            for ((v, left), right) in frame.iter_mut().zip(left).zip(right) {
                *v = left + (right - left) * part;
            }
        }
    });
}

/// Lets the last frame come first.
pub(super) fn reverse(window: &mut [f32], channels: usize) {
    let (half, rest) = window.split_at_mut(window.len() / channels / 2 * channels);
    for (early, late) in half.chunks_exact_mut(channels).zip(rest.rchunks_exact_mut(channels)) {
        early.swap_with_slice(late);
    }
}

/// Cuts the window into pieces of any length, at least a frame each, and lets them change places.
pub(super) fn permute(window: &mut [f32], segments: usize, key: Key, workspace: &mut Workspace) {
    let channels = workspace.channels();
    let frames = window.len() / channels;
    let segments = segments.clamp(1, MOST_SEGMENTS.min(frames));
    let (mut cuts, mut order) = ([0usize; MOST_SEGMENTS + 1], [0usize; MOST_SEGMENTS]);
    // As many different cuts as there are, drawn in order (Knuth's selection sampling).
    let (mut found, mut place) = (1, 1);
    while found < segments {
        if key.index(place as u32, frames - place) < segments - found {
            cuts[found] = place;
            found += 1;
        }
        place += 1;
    }
    cuts[segments] = frames;
    order.iter_mut().enumerate().for_each(|(place, from)| *from = place);
    for last in (1..segments).rev() {
        order.swap(last, key.index((frames + last) as u32, last + 1));
    }
    workspace.copy.copy_from_slice(window);
    let mut rest = window;
    for &piece in &order[..segments] {
        let from = &workspace.copy[cuts[piece] * channels..cuts[piece + 1] * channels];
        let (to, behind) = rest.split_at_mut(from.len());
        to.copy_from_slice(from);
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_repeats_the_edge() {
        let mut window: Vec<f32> = vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
        shift(&mut window, 2, 1, true);
        assert_eq!(window, [1.0, 10.0, 1.0, 10.0, 2.0, 20.0]);
        shift(&mut window, 2, 2, false);
        assert_eq!(window, [2.0, 20.0, 2.0, 20.0, 2.0, 20.0]);
    }

    #[test]
    fn reversal_moves_frames_whole() {
        let mut window: Vec<f32> = vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
        reverse(&mut window, 2);
        assert_eq!(window, [3.0, 30.0, 2.0, 20.0, 1.0, 10.0]);
    }
}
