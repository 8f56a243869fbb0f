//! A stretch of the synthetic brain, played forwards and backwards without end.
//!
//! Owned by the acquisition thread. Made for measuring: a block costs a copy, however many channels there are, so that what
//! is measured is what stands behind the source. Invariant: the signal has no seam, for it turns round in its tracks.

use super::synthetic::SyntheticBrain;
use super::{Pace, Progress, Source, SourceError};
use crate::signal::{Block, Event, Montage, SourceKind, Stamp, StreamFacts};

/// Samples of the stretch at most, and seconds of it: more would only cost memory.
const SAMPLES: usize = 4 << 20;
const SECONDS: f64 = 20.0;

/// The stretch, and where it is.
#[derive(Debug)]
pub struct RepeatedSource {
    facts: StreamFacts,
    /// `[T, C]`.
    stretch: Vec<f32>,
    pace: Pace,
    block_frames: usize,
    next: u64,
}

impl RepeatedSource {
    /// A source of these channels, at `times` real time or as fast as it is asked, in blocks that last `block_s` seconds.
    #[must_use]
    pub fn new(seed: u64, montage: Montage, rate_hz: f64, times: Option<f64>, block_s: f64) -> Self {
        let channels = montage.len().max(1);
        let mut brain = SyntheticBrain::new(seed, channels, rate_hz);
        let rate_hz = brain.rate_hz();
        let frames = ((SECONDS * rate_hz) as usize).min(SAMPLES / channels).max(2);
        let mut block = Block::default();
        brain.fill(frames, &mut block);
        let facts = StreamFacts {
            kind: SourceKind::Synthetic,
            name: format!("{frames} synthetic frames, to and fro"),
            montage,
            rate_hz,
            frames: None,
            markers: None,
        };
        let block_frames = ((block_s * rate_hz * times.unwrap_or(1.0)).round() as usize).max(1);
        Self { facts, stretch: block.samples, pace: Pace::new(rate_hz, times), block_frames, next: 0 }
    }

    /// Which frame of the stretch a frame is: 0 1 2 3 2 1 0 1 …
    fn place(&self, frame: u64) -> usize {
        let last = (self.stretch.len() / self.facts.montage.len().max(1)).max(2) as u64 - 1;
        let at = frame % (2 * last);
        (if at <= last { at } else { 2 * last - at }) as usize
    }
}

impl Source for RepeatedSource {
    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn step(&mut self, now: Stamp, block: &mut Block, _: &mut Vec<Event>) -> Result<Progress, SourceError> {
        let due = self.pace.due(self.block_frames, now);
        if due > now {
            return Ok(Progress::Wait(due));
        }
        let channels = self.facts.montage.len();
        (block.channels, block.first, block.stamp) = (channels, self.next, due);
        for frame in self.next..self.next + self.block_frames as u64 {
            let at = self.place(frame) * channels;
            block.samples.extend_from_slice(&self.stretch[at..at + channels]);
        }
        self.next += self.block_frames as u64;
        self.pace.play(self.block_frames);
        Ok(Progress::Frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_plays_to_and_fro_without_a_seam() {
        let montage = SyntheticBrain::new(1, 3, 100.0).montage();
        let mut source = RepeatedSource::new(1, montage, 100.0, None, 0.5);
        let mut brain = SyntheticBrain::new(1, 3, 100.0);
        let mut there = Block::default();
        brain.fill(2000, &mut there);
        let (mut block, mut played) = (Block::default(), Vec::new());
        while played.len() < 3 * 4500 {
            block.clear();
            assert_eq!(source.step(Stamp(1.0), &mut block, &mut Vec::new()).unwrap(), Progress::Frames);
            assert_eq!((block.first, block.frames()), (played.len() as u64 / 3, 50));
            played.extend_from_slice(&block.samples);
        }
        let frame = |of: &[f32], at: usize| of[3 * at..3 * at + 3].to_vec();
        for at in 0..4500 {
            // Forwards, backwards, and forwards again.
            let wanted = [at, 3998_usize.abs_diff(at)][usize::from(at > 1999)];
            assert_eq!(frame(&played, at), frame(&there.samples, wanted), "frame {at}");
        }
    }

    #[test]
    fn it_is_paced_by_deadline_at_any_multiple_of_real_time() {
        let montage = SyntheticBrain::new(1, 2, 1000.0).montage();
        let mut source = RepeatedSource::new(1, montage, 1000.0, Some(4.0), 0.01);
        let mut block = Block::default();
        let mut step = |s: f64, block: &mut Block| {
            block.clear();
            source.step(Stamp(s), block, &mut Vec::new()).unwrap()
        };
        assert_eq!(step(5.0, &mut block), Progress::Wait(Stamp(5.01)));
        assert_eq!(step(5.5, &mut block), Progress::Frames);
        assert_eq!((block.frames(), block.stamp), (40, Stamp(5.01)), "a block lasts ten milliseconds");
        assert_eq!(step(5.015, &mut block), Progress::Wait(Stamp(5.02)));
    }
}
