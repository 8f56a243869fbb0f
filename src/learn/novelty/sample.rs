//! Windows that stand for all that came: an even sample.
//!
//! Owned by the lookout, copied into checkpoints. Invariant: bounded, and in the order of time when it is asked for.

use crate::learn::Learnt;
use crate::learn::numbers::{numbers, of_numbers, of_rows, values};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

const WINDOWS: &str = "novelty.windows";
const PLACES: &str = "novelty.places";
const SEEN: &str = "novelty.seen";

/// An even sample of windows, each by the numbers that it was looked at; a copy shares these.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    most: usize,
    dimension: usize,
    seed: u64,
    seen: u64,
    /// When each came, counted in windows that were offered, and its numbers; in no order.
    windows: Vec<(u64, Arc<[f32]>)>,
}

impl Sample {
    /// Of up to `most` windows of so many numbers.
    #[must_use]
    pub fn new(most: usize, dimension: usize, seed: u64) -> Self {
        Self { most: most.max(1), dimension, seed, seen: 0, windows: Vec::new() }
    }

    /// Windows that it was drawn from.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Windows in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// True before the first one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Takes a window in, or leaves it out: each that ever came is in it with the same probability (Vitter's algorithm R, 1985).
    pub fn offer(&mut self, window: &[f32]) {
        let number = self.seen;
        self.seen += 1;
        if window.len() != self.dimension {
            return;
        }
        if self.windows.len() < self.most {
            self.windows.push((number, window.into()));
            return;
        }
        // A function of seed and number alone, so that a sample goes on from a checkpoint as if it had never stopped.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // The streams before it draw weights, batches and memories.
        rng.set_stream(u64::MAX - 2);
        rng.set_word_pos(16 * u128::from(number));
        let drawn = rng.random_range(0..=number);
        if let Some(slot) = self.windows.get_mut(usize::try_from(drawn).unwrap_or(usize::MAX)) {
            *slot = (number, window.into());
        }
    }

    /// `[N, D]`, in the order of time.
    #[must_use]
    pub fn in_order(&self) -> Vec<f32> {
        let mut order: Vec<&(u64, Arc<[f32]>)> = self.windows.iter().collect();
        order.sort_unstable_by_key(|(number, _)| *number);
        order.into_iter().flat_map(|(_, window)| window.iter().copied()).collect()
    }

    /// Adds it to what a checkpoint holds.
    pub fn save(&self, learnt: &mut Learnt) {
        let rows = self.windows.iter().flat_map(|(_, window)| window.iter().copied()).collect();
        learnt.tensors.push(of_rows(WINDOWS.into(), rows, self.dimension));
        learnt.tensors.push(of_numbers(PLACES.into(), self.windows.iter().map(|(number, _)| *number)));
        learnt.counters.push((SEEN.into(), self.seen));
    }

    /// Goes on from what a checkpoint holds; as it was where that has none of windows like these.
    #[must_use]
    pub fn resumed(mut self, learnt: &Learnt) -> Self {
        let seen = learnt.counters.iter().find(|(name, _)| name == SEEN).map(|(_, seen)| *seen);
        let (rows, places) = (values(&learnt.tensors, WINDOWS), numbers(&learnt.tensors, PLACES));
        let (Some(seen), Some(rows), Some(places)) = (seen, rows, places) else { return self };
        let is_whole = rows.len() == places.len() * self.dimension && places.iter().all(|place| *place < seen);
        if is_whole && places.len() <= self.most {
            let windows = rows.chunks_exact(self.dimension.max(1)).map(Into::into);
            self.windows = places.into_iter().zip(windows).collect();
            self.seen = seen;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_even_over_all_that_came_and_goes_on_from_a_checkpoint() {
        let offer = |sample: &mut Sample, numbers: std::ops::Range<u64>| {
            numbers.for_each(|number| sample.offer(&[number as f32, -1.0]));
        };
        let mut sample = Sample::new(50, 2, 3);
        offer(&mut sample, 0..2000);
        let mut learnt = Learnt::default();
        sample.save(&mut learnt);
        let mut other = Sample::new(50, 2, 3).resumed(&learnt);
        offer(&mut sample, 2000..4000);
        offer(&mut other, 2000..4000);
        assert_eq!((sample.len(), sample.seen()), (50, 4000));
        assert_eq!(sample, other);
        let order: Vec<f32> = sample.in_order().chunks_exact(2).map(|row| row[0]).collect();
        assert!(order.is_sorted());
        let early = order.iter().filter(|number| **number < 2000.0).count();
        assert!((15..=35).contains(&early), "{early} of 50 from the first half");
        // Of windows of another kind, or more of them than there is room for, it begins anew.
        assert!(Sample::new(50, 3, 3).resumed(&learnt).is_empty() && Sample::new(49, 2, 3).resumed(&learnt).is_empty());
        assert!(Sample::new(50, 2, 3).resumed(&Learnt::default()).is_empty());
    }
}
