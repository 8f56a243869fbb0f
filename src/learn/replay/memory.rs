//! Replay memory: the windows that the trainer draws from.
//!
//! Owned by the trainer. Invariant: one block of memory, allocated and touched at the start, so the size of the process
//! does not creep while it fills; the oldest window makes room for the newest.

use crate::learn::Origin;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Windows first in, first out.
#[derive(Debug)]
pub struct ReplayMemory {
    window: usize,
    values: Vec<f32>,
    origins: Vec<Origin>,
    capacity: usize,
    next: usize,
}

/// How often a draw is repeated when it falls near one already drawn.
const TRIES: usize = 8;

impl ReplayMemory {
    /// An empty memory for `capacity` windows of `window` samples (frames times channels).
    #[must_use]
    pub fn new(capacity: usize, window: usize) -> Self {
        // Not zeros: the system hands those out page by page as they are first touched.
        let values = vec![f32::NAN; capacity * window];
        Self { window, values, origins: Vec::with_capacity(capacity), capacity, next: 0 }
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

    /// The samples of a window, `[T, C]`.
    #[must_use]
    pub fn window(&self, index: usize) -> &[f32] {
        &self.values[index * self.window..(index + 1) * self.window]
    }

    /// Makes room for a window and lets the caller write its samples.
    pub fn push(&mut self, origin: Origin) -> &mut [f32] {
        let at = self.next;
        if at == self.origins.len() {
            self.origins.push(origin);
        } else {
            self.origins[at] = origin;
        }
        self.next = (at + 1) % self.capacity;
        &mut self.values[at * self.window..(at + 1) * self.window]
    }

    /// Draws `count` windows: a share `recent` of them from the newest quarter, the rest from all.
    ///
    /// Windows that start less than `near_frames` apart are near-duplicates; they are drawn together only where there is
    /// hardly anything else.
    pub fn draw(&self, rng: &mut ChaCha8Rng, count: usize, recent: f64, near_frames: u64, drawn: &mut Vec<usize>) {
        drawn.clear();
        let (len, fresh) = (self.len(), (count as f64 * recent).round() as usize);
        let newest = len.div_ceil(4).max(count.min(len));
        for i in 0..count {
            let range = if i < fresh { newest } else { len };
            let mut pick = 0;
            for _ in 0..TRIES {
                let age = rng.random_range(0..range);
                pick = (self.next + 2 * self.capacity - 1 - age) % self.capacity;
                // Until it has filled once, what lies behind the first window is not there yet.
                pick = if len < self.capacity { len - 1 - age } else { pick };
                let origin = self.origins[pick];
                if !drawn.iter().any(|&other| self.origins[other].near(origin, near_frames)) {
                    break;
                }
            }
            drawn.push(pick);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn filled(capacity: usize, windows: u64) -> ReplayMemory {
        let mut memory = ReplayMemory::new(capacity, 1);
        for i in 0..windows {
            memory.push(Origin { source: 0, first: i * 10 })[0] = i as f32;
        }
        memory
    }

    #[test]
    fn the_oldest_makes_room() {
        let memory = filled(4, 6);
        let mut held: Vec<f32> = (0..memory.len()).map(|i| memory.window(i)[0]).collect();
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
}
