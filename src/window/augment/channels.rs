//! Channels that fall silent or change places.
//!
//! Owns nothing. Invariant: no sample moves in time.

use super::Key;
use super::workspace::Workspace;
use crate::dsp::vectorised;

/// Sets channels to zero.
pub(super) fn drop_some(window: &mut [f32], workspace: &mut Workspace, is_dropped: impl Fn(usize) -> bool) {
    let kept = &mut workspace.sums;
    kept.iter_mut().enumerate().for_each(|(channel, kept)| *kept = if is_dropped(channel) { 0.0 } else { 1.0 });
    vectorised(|| {
        for frame in window.chunks_exact_mut(kept.len()) {
            frame.iter_mut().zip(&*kept).for_each(|(v, kept)| *v *= kept);
        }
    });
}

/// Lets channels change places.
pub(super) fn shuffle(window: &mut [f32], probability: f32, key: Key, workspace: &mut Workspace) {
    let Workspace { order, chosen, sums: frame_before, .. } = workspace;
    permutation(probability, key, order, chosen);
    for frame in window.chunks_exact_mut(order.len()) {
        frame_before.copy_from_slice(frame);
        frame.iter_mut().zip(&*order).for_each(|(v, &from)| *v = frame_before[from]);
    }
}

/// Fills `order` with the channel that each place takes its samples from (Fisher & Yates on those that are chosen).
pub(super) fn permutation(probability: f32, key: Key, order: &mut [usize], chosen: &mut Vec<usize>) {
    let channels = order.len();
    order.iter_mut().enumerate().for_each(|(place, from)| *from = place);
    chosen.clear();
    chosen.extend((0..channels).filter(|&channel| key.uniform(channel as u32) < probability));
    for last in (1..chosen.len()).rev() {
        let other = key.index((channels + last) as u32, last + 1);
        order.swap(chosen[last], chosen[other]);
    }
}
