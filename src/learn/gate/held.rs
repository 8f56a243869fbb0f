//! Windows that are held back from learning, to judge by.
//!
//! Owned by the gate. Invariant: a window of the probe set is never learnt from; one of the unseen is not learnt from before
//! as many newer ones have come.

use crate::learn::Origin;
use std::collections::VecDeque;

/// One window in so many goes into the probe set: often until it is half full, then seldom, so that it spans minutes.
const STRIDES: [usize; 2] = [8, 32];

/// Windows that are held out for good.
#[derive(Debug)]
pub(in crate::learn) struct Probe {
    capacity: usize,
    /// Frames from one to the next, at least.
    apart: u64,
    pub windows: Vec<f32>,
    pub origins: Vec<Origin>,
    since: usize,
}

impl Probe {
    pub fn new(capacity: usize, frames: usize) -> Self {
        Self { capacity, apart: frames as u64, windows: Vec::new(), origins: Vec::new(), since: 0 }
    }

    pub fn len(&self) -> usize {
        self.origins.len()
    }

    /// Takes the window if it is its turn.
    pub fn take(&mut self, origin: Origin, samples: &[f32]) -> bool {
        self.since += 1;
        let stride = STRIDES[usize::from(2 * self.len() >= self.capacity)];
        let overlaps = self.origins.last().is_some_and(|last| last.near(origin, self.apart));
        if self.len() == self.capacity || self.since < stride || overlaps {
            return false;
        }
        self.since = 0;
        self.origins.push(origin);
        self.windows.extend_from_slice(samples);
        true
    }

    /// Windows that came since the last one was taken.
    pub fn since(&self) -> usize {
        self.since
    }

    /// Goes on as if so many windows had come since the last one was taken.
    pub fn resume(&mut self, since: usize) {
        self.since = since;
    }

    /// Takes up a set that was saved; one that does not fit is left alone.
    pub fn take_up(&mut self, windows: &[f32], origins: Vec<Origin>, window: usize) {
        if origins.len() <= self.capacity && windows.len() == origins.len() * window {
            (self.windows, self.origins) = (windows.to_vec(), origins);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (Origin, &[f32])> {
        let window = self.windows.len() / self.len().max(1);
        self.origins.iter().copied().zip(self.windows.chunks_exact(window.max(1)))
    }
}

/// The newest windows in order, of which each is learnt from once so many newer ones have come.
#[derive(Debug)]
pub(in crate::learn) struct Unseen {
    capacity: usize,
    windows: VecDeque<(Origin, Vec<f32>)>,
    spare: Vec<f32>,
}

impl Unseen {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, windows: VecDeque::with_capacity(capacity + 1), spare: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.windows.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (Origin, &[f32])> {
        self.windows.iter().map(|(origin, samples)| (*origin, samples.as_slice()))
    }

    /// Takes in a window; hands out the oldest to `learn` where there is no room for it.
    pub fn pass(&mut self, origin: Origin, samples: &[f32], learn: &mut impl FnMut(Origin, &[f32])) {
        if self.capacity == 0 {
            learn(origin, samples);
            return;
        }
        let mut room = std::mem::take(&mut self.spare);
        room.clear();
        room.extend_from_slice(samples);
        self.windows.push_back((origin, room));
        if self.windows.len() > self.capacity
            && let Some((origin, samples)) = self.windows.pop_front()
        {
            learn(origin, &samples);
            self.spare = samples;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_set_fills_often_then_seldom_and_never_with_neighbours() {
        let mut probe = Probe::new(8, 10);
        let taken: Vec<u64> = (0..400).filter(|&i| probe.take(Origin { source: 0, first: i }, &[i as f32])).collect();
        assert_eq!(taken[..5], [7, 17, 27, 37, 69], "ten frames apart at first, then every 32nd");
        assert_eq!((taken.len(), probe.len(), probe.windows.len()), (8, 8, 8));
    }

    #[test]
    fn the_unseen_are_handed_on_in_order_and_late() {
        let (mut unseen, mut learnt) = (Unseen::new(3), Vec::new());
        for i in 0..10 {
            unseen.pass(Origin { source: 0, first: i }, &[i as f32], &mut |origin, samples| {
                learnt.push((origin.first, samples[0]));
            });
        }
        assert_eq!(learnt, (0..7).map(|i| (i, i as f32)).collect::<Vec<_>>());
        assert_eq!(unseen.iter().map(|(origin, _)| origin.first).collect::<Vec<_>>(), [7, 8, 9]);
    }
}
