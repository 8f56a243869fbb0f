//! What is known of the windows in memory, to tell which of them are alike.
//!
//! Owned by the memory. Invariant: a window that was never looked at has no feature and is not called redundant.

use super::minred::{polyak, redundant};
use crate::learn::numbers::{numbers, of_numbers, of_rng, of_rows, put_rng, values};
use crate::learn::parameters::Named;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// Unit features of windows by their places.
#[derive(Debug)]
pub(super) struct Features {
    dimension: usize,
    values: Vec<f32>,
    seen: Vec<bool>,
    /// Places that go next.
    doomed: VecDeque<usize>,
    rng: ChaCha8Rng,
}

/// Windows among which the most redundant are looked for, for the comparison is of each with each; and how many are then
/// named at once.
const CANDIDATES: usize = 512;
const AT_ONCE: usize = 64;
/// Share of a feature that a new look at the window replaces (Purushwalkam et al., 2022).
const RENEWED: f32 = 0.5;

impl Features {
    /// None of any of `capacity` places.
    pub fn new(capacity: usize, dimension: usize, rng: ChaCha8Rng) -> Self {
        let (values, seen) = (vec![0.0; capacity * dimension], vec![false; capacity]);
        Self { dimension, values, seen, doomed: VecDeque::with_capacity(AT_ONCE), rng }
    }

    fn at(&self, place: usize) -> &[f32] {
        &self.values[place * self.dimension..(place + 1) * self.dimension]
    }

    /// A place has another window.
    pub fn forget(&mut self, place: usize) {
        self.seen[place] = false;
    }

    /// A place that makes room for another reason is not to go again.
    pub fn spare(&mut self, place: usize) {
        self.doomed.retain(|&doomed| doomed != place);
    }

    /// Takes note of embeddings `[k N, D]` of `N` windows: the mean of its `k` is a window's feature.
    pub fn seen(&mut self, drawn: &[usize], embeddings: &[f32]) {
        let dimension = self.dimension;
        let each = embeddings.len() / drawn.len().max(1);
        if each < dimension || !embeddings.iter().all(|v| v.is_finite()) {
            return;
        }
        for (&place, rows) in drawn.iter().zip(embeddings.chunks_exact(each)) {
            let mut mean = vec![0.0; dimension];
            for row in rows.chunks_exact(dimension) {
                mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
            }
            // Of unit length first, so that old and new weigh the same.
            let mut unit = vec![0.0; dimension];
            polyak(&mut unit, &mean, 1.0);
            let share = if self.seen[place] { RENEWED } else { 1.0 };
            polyak(&mut self.values[place * dimension..(place + 1) * dimension], &unit, share);
            self.seen[place] = true;
        }
    }

    /// All that is known of the first `held` places, for a checkpoint.
    pub fn saved(&self, prefix: &str, held: usize) -> [Named; 4] {
        let name = |what: &str| format!("{prefix}{what}");
        [
            of_rows(name("features"), self.values[..held * self.dimension].to_vec(), self.dimension),
            of_numbers(name("seen"), self.seen[..held].iter().map(|&seen| u64::from(seen))),
            of_numbers(name("doomed"), self.doomed.iter().map(|&place| place as u64)),
            of_numbers(name("features_rng"), of_rng(&self.rng)),
        ]
    }

    /// Takes up what was saved of as many places; false, and nothing changes, if it is not there.
    pub fn take_up(&mut self, prefix: &str, tensors: &[Named], held: usize) -> bool {
        let all = |what: &str| numbers(tensors, &format!("{prefix}{what}"));
        let Some(features) = values(tensors, &format!("{prefix}features")) else { return false };
        let (Some(seen), Some(doomed), Some(rng)) = (all("seen"), all("doomed"), all("features_rng")) else {
            return false;
        };
        let Ok(rng) = <[u64; 3]>::try_from(rng) else { return false };
        if features.len() != held * self.dimension || seen.len() != held || doomed.iter().any(|&d| d >= held as u64) {
            return false;
        }
        self.values[..features.len()].copy_from_slice(features);
        self.seen.iter_mut().zip(&seen).for_each(|(place, &seen)| *place = seen == 1);
        self.doomed = doomed.into_iter().map(|place| place as usize).collect();
        put_rng(&mut self.rng, rng);
        true
    }

    /// The place of those kept whose window goes next; none if none was looked at.
    pub fn most_redundant(&mut self, kept: &[usize]) -> Option<usize> {
        if self.doomed.is_empty() {
            let mut seen: Vec<usize> = kept.iter().copied().filter(|&place| self.seen[place]).collect();
            while seen.len() > CANDIDATES {
                // An even sample, in its order.
                let out = self.rng.random_range(0..seen.len());
                seen.remove(out);
            }
            let features: Vec<f32> = seen.iter().flat_map(|&place| self.at(place)).copied().collect();
            let count = AT_ONCE.min(seen.len().div_ceil(2));
            self.doomed.extend(redundant(&features, self.dimension, count).into_iter().map(|i| seen[i]));
        }
        self.doomed.pop_front()
    }
}
