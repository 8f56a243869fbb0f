//! How good a window is, and whether it is worth learning from.
//!
//! Owned by whoever takes windows, encoder and trainer alike, so that both see the same. Invariant: judged on conditioned
//! samples, which are finite and clipped; what a bad channel held has no part in anything that follows.

/// Share of samples at the clip beyond which a window is an artefact.
pub const MAX_CLIPPED_SHARE: f64 = 0.02;

/// Judges windows of one stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judge {
    /// Samples in a frame.
    pub channels: usize,
    /// Where samples count as clipped, whatever became of them; infinite where microvolts stay.
    pub artefact: f32,
    /// Share of bad channels beyond which a window is not learnt from.
    pub max_bad_share: f64,
}

impl Judge {
    /// Silences the bad channels of a window `[T, C]` and says how good it is: the share of its channels that were good
    /// throughout, or 0 where it is an artefact or says nothing.
    ///
    /// In `bad`, channel `c` is bit `c % 64` of word `c / 64`. Silent means zero, which is what dropped channels are in
    /// augmented views: an encoder knows them. An artefact has more than [`MAX_CLIPPED_SHARE`] of the samples of its
    /// good channels at the clip; a window says nothing if none of these moves.
    #[must_use]
    pub fn quality(&self, window: &mut [f32], bad: &[u64]) -> f64 {
        let is_bad = |c: usize| bad.get(c / 64).is_some_and(|word| word >> (c % 64) & 1 == 1);
        let silenced = (0..self.channels).filter(|&c| is_bad(c)).count();
        if silenced > 0 {
            for frame in window.chunks_exact_mut(self.channels) {
                frame.iter_mut().enumerate().filter(|(c, _)| is_bad(*c)).for_each(|(_, v)| *v = 0.0);
            }
        }
        let Some((first, rest)) = window.split_at_checked(self.channels) else { return 0.0 };
        let good_share = 1.0 - silenced as f64 / self.channels.max(1) as f64;
        let clipped = window.iter().filter(|v| v.abs() >= self.artefact).count();
        let moves = rest.chunks_exact(self.channels.max(1)).any(|frame| frame != first);
        let is_artefact = clipped as f64 > MAX_CLIPPED_SHARE * good_share * window.len() as f64;
        if moves && !is_artefact { good_share } else { 0.0 }
    }

    /// True if a window of this quality is good enough to be learnt from.
    #[must_use]
    pub fn is_learnable(&self, quality: f64) -> bool {
        // A share is a quotient of small numbers: the tolerance is for the last bit of `max_bad_share` as written.
        quality > 0.0 && 1.0 - quality <= self.max_bad_share + 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUDGE: Judge = Judge { channels: 4, artefact: 20.0, max_bad_share: 0.25 };

    fn waves() -> Vec<f32> {
        (0..400).map(|i| 1.0 + (i as f32 * 0.1).sin()).collect()
    }

    #[test]
    fn artefacts_and_silence_are_worth_nothing() {
        assert_eq!(JUDGE.quality(&mut waves(), &[0]), 1.0);
        assert_eq!(JUDGE.quality(&mut [0.0, 1.0, 2.0, 3.0].repeat(100), &[0]), 0.0);
        assert_eq!(JUDGE.quality(&mut [], &[0]), 0.0);
        let mut clipped = waves();
        clipped[50..60].fill(-20.0);
        assert_eq!(JUDGE.quality(&mut clipped.clone(), &[0]), 0.0);
        assert_eq!(Judge { artefact: f32::INFINITY, ..JUDGE }.quality(&mut clipped, &[0]), 1.0);
    }

    #[test]
    fn bad_channels_are_silenced_and_count() {
        let mut window = waves();
        // All that is clipped lies in a bad channel.
        window.iter_mut().skip(2).step_by(4).for_each(|v| *v = 20.0);
        let quality = JUDGE.quality(&mut window, &[0b0100]);
        assert_eq!(quality, 0.75);
        assert!(window.chunks(4).all(|frame| frame[2] == 0.0 && frame[1] > 0.0));
        assert!(JUDGE.is_learnable(quality) && !JUDGE.is_learnable(0.5) && !JUDGE.is_learnable(0.0));
        assert_eq!(JUDGE.quality(&mut window, &[0b1111]), 0.0);
        let one_of_three = Judge { channels: 3, max_bad_share: 1.0 / 3.0, ..JUDGE };
        assert!(one_of_three.is_learnable(one_of_three.quality(&mut waves()[..300], &[0b010])));
    }

    #[test]
    fn bits_beyond_the_first_word_are_channels_too() {
        let judge = Judge { channels: 70, ..JUDGE };
        let mut window: Vec<f32> = (0..140).map(|i| 1.0 + i as f32 * 0.01).collect();
        assert!((judge.quality(&mut window, &[1, 1 << 5]) - 68.0 / 70.0).abs() < 1e-12);
        let silent: Vec<usize> = (0..70).filter(|&c| window[c] == 0.0).collect();
        assert_eq!(silent, [0, 69]);
    }
}
