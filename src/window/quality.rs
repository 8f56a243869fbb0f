//! Whether a window is worth learning from.
//!
//! A pure function. Invariant: judged on conditioned samples, which are finite and clipped.

/// Share of samples at the clip beyond which a window is an artefact.
pub const MAX_CLIPPED_SHARE: f64 = 0.02;

/// True unless the window `[T, C]` is an artefact or says nothing.
///
/// An artefact has more than [`MAX_CLIPPED_SHARE`] of its samples at `clip` or beyond; a window in which nothing moves
/// (every channel constant) says nothing.
#[must_use]
pub fn is_learnable(window: &[f32], channels: usize, clip: f32) -> bool {
    let clipped = window.iter().filter(|v| v.abs() >= clip).count();
    let Some((first, rest)) = window.split_at_checked(channels) else { return false };
    let moves = rest.chunks_exact(channels).any(|frame| frame != first);
    moves && clipped as f64 <= MAX_CLIPPED_SHARE * window.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_artefacts_and_silence() {
        let good: Vec<f32> = (0..200).map(|i| (i as f32 * 0.1).sin()).collect();
        assert!(is_learnable(&good, 2, 20.0));
        assert!(!is_learnable(&[0.0, 1.0].repeat(100), 2, 20.0));
        let mut railed = good;
        railed[50..60].fill(-20.0);
        assert!(!is_learnable(&railed, 2, 20.0));
    }
}
