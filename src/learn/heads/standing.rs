//! Windows that stand for all that came: an even sample, in two halves that do not overlap.
//!
//! Owned by whoever looks out for novelty. Invariant: bounded; a window of one half never overlaps one of the other, and
//! windows of one half do not overlap each other.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Windows that one stretch of a half is long.
const STRETCH: u64 = 4;

/// Where a window is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside the others.
    New,
    /// Instead of the one with this number in its half.
    Of(usize),
}

/// Decides which windows stand for the rest; the windows themselves are [`super::Lessons`] of two classes: 0 to compare with,
/// 1 to calibrate on.
#[derive(Debug)]
pub struct Standing {
    most: usize,
    frames: u64,
    seen: [u64; 2],
    /// Where the last one began.
    last: Option<u64>,
    rng: ChaCha8Rng,
}

impl Standing {
    /// Up to `most` windows of each half, of so many frames.
    #[must_use]
    pub fn new(most: usize, frames: u64, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // The streams before it draw weights, batches and memories.
        rng.set_stream(u64::MAX - 2);
        Self { most: most.max(1), frames, seen: [0; 2], last: None, rng }
    }

    /// Goes on as if it had chosen from so many in each half.
    #[must_use]
    pub fn resumed(self, seen: [u64; 2]) -> Self {
        Self { seen, ..self }
    }

    /// Windows that it has chosen from in each half.
    #[must_use]
    pub fn seen_of(&self) -> [u64; 2] {
        self.seen
    }

    /// Windows that it has chosen from.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen.iter().sum()
    }

    /// Where a window belongs that begins with this frame: its half, and its place there; none for most.
    pub fn place(&mut self, first: u64) -> Option<(usize, Place)> {
        let stretch = STRETCH * self.frames;
        let is_whole = first % stretch + self.frames <= stretch;
        let is_apart = self.last.is_none_or(|last| first.abs_diff(last) >= self.frames);
        if !is_whole || !is_apart {
            return None;
        }
        self.last = Some(first);
        let half = (first / stretch % 2) as usize;
        let number = self.seen[half];
        self.seen[half] += 1;
        // Vitter's algorithm R (1985).
        if number < self.most as u64 {
            return Some((half, Place::New));
        }
        let drawn = self.rng.random_range(0..=number);
        (drawn < self.most as u64).then_some((half, Place::Of(drawn as usize)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_even_samples_that_do_not_overlap() {
        let mut standing = Standing::new(50, 10, 3);
        let mut held: [Vec<u64>; 2] = Default::default();
        for first in (0..40_000).step_by(5) {
            match standing.place(first) {
                Some((half, Place::New)) => held[half].push(first),
                Some((half, Place::Of(at))) => held[half][at] = first,
                None => {}
            }
        }
        assert_eq!((held[0].len(), held[1].len(), standing.seen()), (50, 50, 4000));
        for half in &held {
            let early = half.iter().filter(|first| **first < 20_000).count();
            assert!((15..=35).contains(&early), "{early} of 50 from the first half of the time");
        }
        let mut all: Vec<u64> = held.concat();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= 10), "{all:?}");
    }
}
