//! When each sample of a stream was taken, on the clock of the recording computer.
//!
//! Owns [`Timeline`]; made once by the reader. Invariant: it holds a line a segment and a place now and then, never a
//! stamp a sample.

use super::clock::ClockLine;
use super::{Place, Segment};

/// The times of a stream's samples: clock offsets applied, jitter taken out.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Runs of samples without a break, in their order.
    pub segments: Vec<Segment>,
    /// Samples that are there.
    pub samples: u64,
    /// Measured rate in hertz; 0 for irregular streams and those of one sample.
    pub effective_rate_hz: f64,
    /// Corrections of the clock with the number of the first sample that each holds for.
    pub(super) clock: Vec<(u64, ClockLine)>,
    /// Places to start reading from, with the time of the sample there.
    pub(super) marks: Vec<(f64, Place)>,
}

impl Timeline {
    /// When a sample was taken, in seconds on the clock of the recording computer: its number and its recorded stamp
    /// become the time after clock offsets and without jitter.
    #[must_use]
    pub fn seconds(&self, sample: u64, stamp: f64) -> f64 {
        match self.segment_of(sample) {
            Some(Segment { samples, start_s, step_s: Some(step_s), .. }) => {
                start_s + step_s * sample.saturating_sub(samples.start) as f64
            }
            _ => self.synchronised(sample, stamp),
        }
    }

    /// The recorded stamp of a sample with clock offsets applied, jitter left in.
    #[must_use]
    pub fn synchronised(&self, sample: u64, stamp: f64) -> f64 {
        let after = self.clock.partition_point(|(first, _)| *first <= sample);
        let line = after.checked_sub(1).and_then(|index| self.clock.get(index));
        line.map_or(stamp, |(_, line)| line.apply(stamp))
    }

    /// The segment that a sample lies in.
    #[must_use]
    pub fn segment_of(&self, sample: u64) -> Option<&Segment> {
        let index = self.segments.partition_point(|segment| segment.samples.end <= sample);
        self.segments.get(index).filter(|segment| segment.samples.contains(&sample))
    }

    /// When the first and the last sample were taken; `None` without samples.
    #[must_use]
    pub fn ends_s(&self) -> Option<(f64, f64)> {
        Some((self.segments.first()?.start_s, self.segments.last()?.last_s))
    }

    /// A place from which on every sample taken at `seconds` or later is read, and not many earlier ones.
    #[must_use]
    pub fn place_before(&self, seconds: f64) -> Place {
        let after = self.marks.iter().position(|(at_s, _)| *at_s > seconds).unwrap_or(self.marks.len());
        after.checked_sub(1).and_then(|index| self.marks.get(index)).map_or_else(Place::default, |(_, place)| *place)
    }
}
