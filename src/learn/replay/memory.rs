//! Replay memory: the windows that the trainer draws from.
//!
//! Owned by the trainer. Invariant: one block of memory, allocated and touched at the start, so the size of the process
//! does not creep while it fills; every place that was filled once holds a window from then on.

use super::features::Features;
use super::packed::Packed;
use super::{Policy, Reservoir};
use crate::learn::Origin;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// Windows, the newest in order of their coming, and older ones that a policy keeps.
#[derive(Debug)]
pub struct ReplayMemory {
    pub(super) packed: Packed,
    pub(super) origins: Vec<Origin>,
    pub(super) capacity: usize,
    /// Places of the newest windows, the oldest of them first: all of them with [`Policy::Fifo`].
    pub(super) recent: VecDeque<usize>,
    pub(super) most_recent: usize,
    /// Places of the windows that were kept, in the order in which they were.
    pub(super) kept: Vec<usize>,
    pub(super) keeping: Keeping,
    /// How often each place was learnt from, and how often is enough.
    pub(super) uses: Vec<u32>,
    most_uses: u32,
}

/// How windows that are no longer new are kept.
#[derive(Debug)]
pub(super) enum Keeping {
    Nothing,
    Sample(Box<(Reservoir, ChaCha8Rng)>),
    Different(Box<Features>),
}

/// How often a draw is repeated when it falls near one already drawn.
const TRIES: usize = 8;

impl ReplayMemory {
    /// An empty memory for `capacity` windows of `shape` (frames, channels); first in, first out.
    #[must_use]
    pub fn new(capacity: usize, shape: [usize; 2]) -> Self {
        Self {
            packed: Packed::new(capacity, shape),
            origins: Vec::with_capacity(capacity),
            capacity,
            recent: VecDeque::with_capacity(capacity + 1),
            most_recent: capacity,
            kept: Vec::new(),
            keeping: Keeping::Nothing,
            uses: vec![0; capacity],
            most_uses: u32::MAX,
        }
    }

    /// The same with a policy for what is older than the newest `recent` share of it; `dimension` is that of embeddings.
    #[must_use]
    pub fn keeping(self, policy: Policy, recent: f64, dimension: usize, seed: u64) -> Self {
        let most_recent = ((self.capacity as f64 * recent).round() as usize).clamp(1, self.capacity.max(1));
        let (kept, mut rng) = (self.capacity.saturating_sub(most_recent), ChaCha8Rng::seed_from_u64(seed));
        // The streams before it draw weights and batches.
        rng.set_stream(u64::MAX);
        let keeping = match policy {
            _ if kept == 0 => Keeping::Nothing,
            Policy::Fifo => return self,
            Policy::Reservoir => Keeping::Sample(Box::new((Reservoir::new(kept), rng))),
            Policy::Minred => Keeping::Different(Box::new(Features::new(self.capacity, dimension, rng))),
        };
        Self { most_recent, kept: Vec::with_capacity(kept + 1), keeping, ..self }
    }

    /// The same where windows that were learnt from so often make room before others.
    #[must_use]
    pub fn using(self, most_uses: u32) -> Self {
        Self { most_uses, ..self }
    }

    /// Windows in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.origins.len()
    }

    /// True before the first window.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// Bytes that one window of `shape` (frames, channels) takes.
    #[must_use]
    pub fn bytes_a_window(shape: [usize; 2]) -> usize {
        Packed::bytes_a_window(shape)
    }

    /// Windows that fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Where a window comes from.
    #[must_use]
    pub fn origin(&self, index: usize) -> Origin {
        self.origins[index]
    }

    /// Where the newest comes from.
    #[must_use]
    pub fn newest(&self) -> Option<Origin> {
        self.recent.back().map(|&place| self.origins[place])
    }

    /// Where all of them come from.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Appends the samples of a window, `[T, C]`; they are kept in 16 bits each, in 65,535 steps from the least to the most
    /// of the channel in that window.
    pub fn window(&self, index: usize, into: &mut Vec<f32>) {
        self.packed.unpack(index, into);
    }

    /// Takes in a window `[T, C]`.
    pub fn push(&mut self, origin: Origin, samples: &[f32]) {
        let at = self.room();
        if at == self.origins.len() {
            self.origins.push(origin);
        } else {
            self.origins[at] = origin;
        }
        self.recent.push_back(at);
        self.uses[at] = 0;
        if let Keeping::Different(features) = &mut self.keeping {
            features.forget(at);
        }
        self.packed.put(at, samples);
    }

    /// The place of the next window: one that was never filled, or that of whichever window goes.
    fn room(&mut self) -> usize {
        let unfilled = (self.origins.len() < self.capacity).then_some(self.origins.len());
        if self.recent.len() < self.most_recent {
            return unfilled.unwrap_or(0);
        }
        // The oldest of the new ones is new no longer.
        let aged = self.recent.pop_front().unwrap_or(0);
        // What was learnt from often enough goes before all else, once there is no other room.
        let worn = unfilled.is_none().then(|| self.kept.iter().position(|&place| self.uses[place] >= self.most_uses));
        if let Some(worn) = worn.flatten() {
            let at = self.kept.remove(worn);
            self.kept.push(aged);
            if let Keeping::Different(features) = &mut self.keeping {
                features.spare(at);
            }
            return at;
        }
        match &mut self.keeping {
            Keeping::Nothing => aged,
            Keeping::Sample(sample) => {
                let (reservoir, rng) = &mut **sample;
                match reservoir.place(rng.random_range(0.0..1.0)) {
                    None => aged,
                    Some(place) if place < self.kept.len() => std::mem::replace(&mut self.kept[place], aged),
                    Some(_) => {
                        self.kept.push(aged);
                        unfilled.unwrap_or(aged)
                    }
                }
            }
            Keeping::Different(features) => {
                self.kept.push(aged);
                if let Some(unfilled) = unfilled {
                    return unfilled;
                }
                // Where nothing was looked at yet the oldest goes.
                let gone = features.most_redundant(&self.kept);
                let at = gone.and_then(|gone| self.kept.iter().position(|&place| place == gone)).unwrap_or(0);
                self.kept.remove(at)
            }
        }
    }

    /// Takes note of embeddings `[k N, D]` of the `N` windows that were drawn: the mean of its `k` is a window's feature.
    pub fn seen(&mut self, drawn: &[usize], embeddings: &[f32]) {
        drawn.iter().for_each(|&place| self.uses[place] = self.uses[place].saturating_add(1));
        if let Keeping::Different(features) = &mut self.keeping {
            features.seen(drawn, embeddings);
        }
    }

    /// Places of the windows that begin less than `frames` before the newest, but at most a quarter of all, and of the others.
    #[must_use]
    pub fn newest_and_rest(&self, frames: u64) -> (Vec<usize>, Vec<usize>) {
        let newest = self.newest().unwrap_or_default();
        let is_new = |place: &&usize| self.origins[**place].near(newest, frames);
        let new: Vec<usize> = self.recent.iter().rev().take(self.len() / 4).take_while(is_new).copied().collect();
        let rest = self.recent.iter().take(self.recent.len() - new.len()).chain(&self.kept).copied().collect();
        (new, rest)
    }

    /// The stretches of signal in it, with their windows.
    fn stretches(&self) -> Vec<(u32, usize)> {
        let mut all: Vec<(u32, usize)> = Vec::new();
        for origin in &self.origins {
            match all.iter_mut().rev().find(|(source, _)| *source == origin.source) {
                Some((_, count)) => *count += 1,
                None => all.push((origin.source, 1)),
            }
        }
        all
    }

    /// Draws `count` windows: a share `recent` of them from the newest quarter, the rest from all.
    ///
    /// Windows that start less than `near_frames` apart are near-duplicates; they are drawn together only where there is
    /// hardly anything else. A stretch of signal has a share by the root of its windows, so that a long one does not drown
    /// the others.
    pub fn draw(&self, rng: &mut ChaCha8Rng, count: usize, recent: f64, near_frames: u64, drawn: &mut Vec<usize>) {
        drawn.clear();
        let (len, fresh) = (self.len(), (count as f64 * recent).round() as usize);
        let newest = len.div_ceil(4).max(count.min(len)).min(self.recent.len());
        let stretches = self.stretches();
        for i in 0..count {
            let range = if i < fresh { newest } else { len };
            let mut pick = 0;
            for _ in 0..TRIES {
                // By age among the new ones, and then among those kept.
                let age = rng.random_range(0..range);
                pick = match age.checked_sub(self.recent.len()) {
                    None => self.recent[self.recent.len() - 1 - age],
                    Some(beyond) => self.kept[beyond],
                };
                let origin = self.origins[pick];
                // With one stretch nothing is drawn for it.
                if i >= fresh && stretches.len() > 1 && !rng.random_bool(share_of(&stretches, origin.source)) {
                    continue;
                }
                if !drawn.iter().any(|&other| self.origins[other].near(origin, near_frames)) {
                    break;
                }
            }
            drawn.push(pick);
        }
    }
}

/// How probably a draw from a stretch counts, so that all of them are drawn by the root of their windows.
fn share_of(stretches: &[(u32, usize)], source: u32) -> f64 {
    let least = stretches.iter().map(|(_, count)| *count).min().unwrap_or(1);
    let own = stretches.iter().find(|(other, _)| *other == source).map_or(1, |(_, count)| *count);
    (least as f64 / own as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn sample(memory: &ReplayMemory, index: usize) -> f32 {
        let mut samples = Vec::new();
        memory.window(index, &mut samples);
        samples[0]
    }

    fn filled(capacity: usize, windows: u64) -> ReplayMemory {
        let mut memory = ReplayMemory::new(capacity, [1, 1]);
        for i in 0..windows {
            memory.push(Origin { source: 0, first: i * 10 }, &[i as f32]);
        }
        memory
    }

    #[test]
    fn the_oldest_makes_room() {
        let memory = filled(4, 6);
        let mut held: Vec<f32> = (0..memory.len()).map(|i| sample(&memory, i)).collect();
        held.sort_by(f32::total_cmp);
        assert_eq!(held, [2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn draws_fresh_ones_and_no_neighbours() {
        let memory = filled(400, 1000);
        let (mut rng, mut drawn) = (ChaCha8Rng::seed_from_u64(3), Vec::new());
        for _ in 0..50 {
            memory.draw(&mut rng, 16, 0.25, 30, &mut drawn);
            assert_eq!(drawn.len(), 16);
            assert!(drawn[..4].iter().all(|&i| memory.origin(i).first >= 9000), "a quarter is fresh");
            let mut near = 0;
            for (i, &a) in drawn.iter().enumerate() {
                near += drawn[..i].iter().filter(|&&b| memory.origin(a).near(memory.origin(b), 30)).count();
            }
            assert!(near <= 1, "{near} pairs of neighbours in one batch");
        }
        let small = filled(400, 5);
        small.draw(&mut rng, 16, 0.25, 30, &mut drawn);
        assert!(drawn.iter().all(|&i| i < 5));
    }

    /// Fills a memory and looks at every window once it is drawn; a feature is an angle that rises with the number.
    fn kept_by(policy: Policy) -> Vec<u64> {
        let mut memory = ReplayMemory::new(40, [1, 1]).keeping(policy, 0.25, 2, 3);
        let (mut rng, mut drawn) = (ChaCha8Rng::seed_from_u64(3), Vec::new());
        for i in 0..400u64 {
            memory.push(Origin { source: 0, first: i }, &[i as f32]);
            memory.draw(&mut rng, 8, 0.25, 1, &mut drawn);
            // The first forty windows differ much, all others little.
            let angle = |at: usize| if memory.origin(at).first < 40 { 0.1 * sample(&memory, at) } else { -1.0 };
            let embeddings: Vec<f32> = drawn.iter().flat_map(|&at| [angle(at).cos(), angle(at).sin()]).collect();
            memory.seen(&drawn, &embeddings);
        }
        assert_eq!(memory.len(), 40);
        let mut held: Vec<u64> = memory.origins().iter().map(|origin| origin.first).collect();
        (0..40).for_each(|at| assert_eq!(sample(&memory, at) as u64, held[at], "samples stay with their origin"));
        held.sort_unstable();
        assert!(held.windows(2).all(|pair| pair[0] < pair[1]), "no window twice: {held:?}");
        held
    }

    #[test]
    fn what_was_learnt_from_often_enough_makes_room_first() {
        let mut memory = ReplayMemory::new(8, [1, 1]).keeping(Policy::Minred, 0.5, 2, 3).using(3);
        (0..8).for_each(|i| memory.push(Origin { source: 0, first: i }, &[i as f32]));
        // The third window of those kept is worn out.
        (0..3).for_each(|_| memory.seen(&[2], &[1.0, 0.0]));
        memory.push(Origin { source: 0, first: 8 }, &[8.0]);
        assert!(!memory.origins().iter().any(|origin| origin.first == 2) && memory.len() == 8);
        assert!(memory.origins().iter().any(|origin| origin.first == 0));
    }

    #[test]
    fn a_long_stretch_does_not_drown_a_short_one() {
        let mut memory = ReplayMemory::new(500, [1, 1]);
        for (source, windows) in [(0, 400u64), (1, 25)] {
            (0..windows).for_each(|i| memory.push(Origin { source, first: i * 100 }, &[0.0]));
        }
        let (mut rng, mut drawn, mut of_short) = (ChaCha8Rng::seed_from_u64(3), Vec::new(), 0);
        for _ in 0..100 {
            memory.draw(&mut rng, 8, 0.0, 1, &mut drawn);
            of_short += drawn.iter().filter(|&&i| memory.origin(i).source == 1).count();
        }
        // Five to twenty, less what a bounded number of tries leaves: evenly it would be 47 of 800.
        assert!((90..=220).contains(&of_short), "{of_short} of 800");
    }

    #[test]
    fn policies_keep_the_new_and_what_they_are_for() {
        assert_eq!(kept_by(Policy::Fifo), (360..400).collect::<Vec<u64>>());
        for policy in [Policy::Reservoir, Policy::Minred] {
            let held = kept_by(policy);
            assert!((390..400).all(|new| held.contains(&new)), "{policy:?}: {held:?}");
            let old = held.iter().filter(|&&first| first < 40).count();
            let middle = held.iter().filter(|&&first| (40..390).contains(&first)).count();
            match policy {
                // Of 390 old ones 30 are kept: about 3 of the first 40.
                Policy::Reservoir => assert!(old < 12 && middle >= 18, "{held:?}"),
                _ => assert!(old > 12, "the different ones stay: {held:?}"),
            }
        }
    }
}
