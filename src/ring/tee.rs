//! The tee: hands every block to every consumer's ring.
//!
//! Owned by the acquisition thread. Invariant: each branch is offered each frame exactly once, and a full ring costs
//! frames on its own branch only.

use super::{Doorbell, FrameWriter, Run};
use crate::signal::Stamp;
use std::sync::Arc;

/// What happens when a consumer's ring is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The frames are lost on this branch, and counted.
    Lose,
    /// The source waits; only a source that can wait (a recording at full speed) may have such branches.
    Wait,
}

/// One consumer's end of the tee.
#[derive(Debug)]
pub struct Branch {
    /// The ring.
    pub writer: FrameWriter,
    /// What happens when it is full.
    pub when_full: WhenFull,
    /// Wakes the consumer.
    pub doorbell: Arc<Doorbell>,
}

/// One writer a consumer.
#[derive(Debug, Default)]
pub struct Tee {
    branches: Vec<Branch>,
}

impl Tee {
    /// A tee with these branches.
    #[must_use]
    pub fn new(mut branches: Vec<Branch>) -> Self {
        // Room for one that joins later: nothing is allocated then.
        branches.reserve(1);
        Self { branches }
    }

    /// One more consumer, from the next frame on.
    pub fn join(&mut self, branch: Branch) {
        self.branches.push(branch);
    }

    /// Lets the consumer go that has this bell; nothing more comes, and its ring has no writer any more.
    pub fn leave(&mut self, doorbell: &Arc<Doorbell>) {
        self.branches.retain(|branch| !Arc::ptr_eq(&branch.doorbell, doorbell));
        doorbell.ring();
    }

    /// How many frames fit into every branch that the source must wait for.
    #[must_use]
    pub fn room(&self) -> usize {
        let waiting = self.branches.iter().filter(|b| b.when_full == WhenFull::Wait && !b.writer.is_abandoned());
        waiting.map(|b| b.writer.room()).min().unwrap_or(usize::MAX)
    }

    /// Offers frames `[T, C]` to every branch and rings every bell.
    pub fn push(&mut self, samples: &[f32], first: u64, stamp: Stamp, arrived: Stamp) {
        for branch in &mut self.branches {
            branch.writer.push(samples, first, stamp, arrived);
            branch.doorbell.ring();
        }
    }

    /// The same for frames that stand for another number of frames of the source.
    pub fn push_run(&mut self, samples: &[f32], run: Run) {
        for branch in &mut self.branches {
            branch.writer.push_run(samples, run);
            branch.doorbell.ring();
        }
    }

    /// Says which channels are bad in the frames that are pushed from now on ([`FrameWriter::judge`]).
    pub fn judge(&mut self, bad: &[u64]) {
        self.branches.iter_mut().for_each(|branch| branch.writer.judge(bad));
    }

    /// Says how large each channel was in the frames that are pushed from now on ([`FrameWriter::note_amplitudes`]).
    pub fn note_amplitudes(&mut self, amplitudes: &(impl Iterator<Item = f32> + Clone)) {
        self.branches.iter_mut().for_each(|branch| branch.writer.note_amplitudes(amplitudes.clone()));
    }

    /// Rings every bell, so that consumers look at their commands.
    pub fn ring(&self) {
        for branch in &self.branches {
            branch.doorbell.ring();
        }
    }
}
