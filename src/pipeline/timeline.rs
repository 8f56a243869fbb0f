//! Timeline: which moments and which frames of the source the model's frames stand for.
//!
//! Owned by the acquisition thread. Invariant: each frame of the source is stood for by exactly one frame that was handed
//! on, or waits to be.

use crate::dsp::Ratio;
use crate::ring::Run;
use crate::signal::Stamp;

/// Places frames at the model's rate on the time of the source.
///
/// Frame m stands for frames ⌊m · down / up⌋ to ⌊(m + 1) · down / up⌋ of the source. Beside a gap, where no frame of the
/// grid was made, the next one that is handed on stands for those too that nobody else does.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    ratio: Ratio,
    source_hz: f64,
    /// Number of the source's frame after the newest, and the stamp of the newest.
    end: u64,
    stamp: Stamp,
    /// Frames of the source that nothing handed on stands for yet.
    waiting: u64,
}

impl Timeline {
    pub fn new(ratio: Ratio, source_hz: f64) -> Self {
        Self { ratio, source_hz, end: 0, stamp: Stamp::default(), waiting: 0 }
    }

    /// Notes `frames` frames of the source that end before number `end`; the last has this stamp.
    pub fn note(&mut self, frames: u64, end: u64, stamp: Stamp) {
        self.waiting += frames;
        (self.end, self.stamp) = (end, stamp);
    }

    /// Number of the frame at the model's rate that lies next to a frame of the source.
    pub fn model_frame(&self, source: u64) -> u64 {
        let (up, down) = (u128::from(self.ratio.up()), u128::from(self.ratio.down()));
        ((u128::from(source) * up + down / 2) / down) as u64
    }

    /// What is to be told of `frames` frames, at least one, that end before number `end` at the model's rate: when they
    /// arrived, and when they go on.
    pub fn run(&mut self, frames: usize, end: u64, [arrived, entered]: [Stamp; 2]) -> Run {
        let after = self.end.saturating_sub(self.ratio.source_frame(end)).min(self.waiting);
        let source_frames = self.waiting - after;
        self.waiting = after;
        let ahead = self.ratio.ahead(self.end - 1, end - 1);
        let stamp = self.stamp - ahead / self.source_hz;
        Run { first: end - frames as u64, source_frames, stamp, arrived, entered }
    }
}
