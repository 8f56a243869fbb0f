//! The synthetic brain as a live source without end.
//!
//! Owned by the acquisition thread. Invariant: paced by deadline in real time.

use super::synthetic::SyntheticBrain;
use super::{Pace, Progress, Source, SourceError};
use crate::signal::{Block, Event, SourceKind, Stamp, StreamFacts};

/// The generative model in real time.
#[derive(Debug)]
pub struct GeneratedSource {
    brain: SyntheticBrain,
    facts: StreamFacts,
    pace: Pace,
    block_frames: usize,
}

impl GeneratedSource {
    /// A source that plays the model at `times` real time in blocks of `block_s` seconds.
    #[must_use]
    pub fn new(brain: SyntheticBrain, times: f64, block_s: f64) -> Self {
        let rate_hz = brain.rate_hz();
        let facts = StreamFacts {
            kind: SourceKind::Synthetic,
            name: "synthetic brain".to_owned(),
            montage: brain.montage(),
            rate_hz,
            frames: None,
            markers: None,
        };
        let block_frames = ((block_s * rate_hz).round() as usize).max(1);
        Self { brain, facts, pace: Pace::new(rate_hz, Some(times)), block_frames }
    }
}

impl Source for GeneratedSource {
    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn step(&mut self, now: Stamp, block: &mut Block, _: &mut Vec<Event>) -> Result<Progress, SourceError> {
        let due = self.pace.due(self.block_frames, now);
        if due > now {
            return Ok(Progress::Wait(due));
        }
        block.channels = self.facts.montage.len();
        block.first = self.brain.next_frame();
        block.stamp = due;
        self.brain.fill(self.block_frames, block);
        self.pace.play(self.block_frames);
        Ok(Progress::Frames)
    }
}
