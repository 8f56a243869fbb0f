//! The frames of one stream that wait to be joined with those of others.
//!
//! Owns [`Lane`], pure bookkeeping on the acquisition thread. Invariant: times rise from frame to frame, whatever the
//! clock measurements behind them do, and room for waiting frames is used again, so that a steady stream allocates nothing.

use crate::signal::Block;

/// How much faster or slower than nominal a lane's time runs at most while it follows a new measurement of its clock.
const SLEW: f64 = 0.5;
/// Moments closer than this are one, as a share of a period: what rounding leaves between clocks that run in step.
const SAME: f64 = 1e-6;

/// Where a moment lies in a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// Between a waiting frame and the next: how many frames after the first waiting one, and the share of the way.
    Between(usize, f64),
    /// More frames have to come before it can be said.
    Ahead,
    /// In a gap, or before everything that is known: no frame of this lane will ever be there.
    Missing,
}

/// Waiting frames with a time each.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    channels: usize,
    period_s: f64,
    samples: Vec<f32>,
    times: Vec<f64>,
    numbers: Vec<u64>,
    /// What the sender itself said of each; NaN where it said nothing.
    own_stamps: Vec<f64>,
    /// Frames at the front that are done with.
    done: usize,
}

impl Lane {
    pub(super) fn new(channels: usize, rate_hz: f64) -> Self {
        let (samples, times, numbers, own_stamps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { channels, period_s: 1.0 / rate_hz, samples, times, numbers, own_stamps, done: 0 }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// Frames that wait.
    pub(super) fn waiting(&self) -> usize {
        self.times.len() - self.done
    }

    /// Time of a waiting frame.
    pub(super) fn time(&self, at: usize) -> Option<f64> {
        self.times.get(self.done + at).copied()
    }

    /// Number of a waiting frame.
    pub(super) fn number(&self, at: usize) -> Option<u64> {
        self.numbers.get(self.done + at).copied()
    }

    /// The sender's stamp of a waiting frame; NaN where there is none.
    pub(super) fn own_stamp(&self, at: usize) -> f64 {
        self.own_stamps.get(self.done + at).copied().unwrap_or(f64::NAN)
    }

    /// Time of the newest frame that ever came.
    pub(super) fn newest(&self) -> Option<f64> {
        self.times.last().copied()
    }

    /// Values of a waiting frame; empty where there is none.
    pub(super) fn frame(&self, at: usize) -> &[f32] {
        let from = (self.done + at) * self.channels;
        self.samples.get(from..from + self.channels).unwrap_or_default()
    }

    /// Takes a block. The stamp of its last frame is spread over its frames from the last one before, so that neither a
    /// true rate beside the nominal one nor a new clock measurement makes a step between blocks.
    pub(super) fn push(&mut self, block: &Block) {
        let frames = block.frames();
        if frames == 0 || block.channels != self.channels {
            return;
        }
        let joins = self.numbers.last().is_some_and(|last| last + 1 == block.first);
        let before = self.times.last().copied();
        let (start, step_s) = match before {
            Some(before) if joins => {
                let step_s = (block.stamp.0 - before) / frames as f64;
                (before, step_s.clamp(self.period_s * (1.0 - SLEW), self.period_s * (1.0 + SLEW)))
            }
            // Behind a gap time begins anew; a clock that went back is no reason for a lane to do so.
            _ => {
                let start = block.stamp.0 - frames as f64 * self.period_s;
                (before.map_or(start, |before| start.max(before)), self.period_s)
            }
        };
        self.samples.extend_from_slice(&block.samples);
        self.times.extend((1..=frames).map(|frame| start + frame as f64 * step_s));
        self.numbers.extend((0..frames as u64).map(|frame| block.first + frame));
        self.own_stamps.extend_from_slice(block.own_stamps.get(..frames).unwrap_or_default());
        self.own_stamps.resize(self.numbers.len(), f64::NAN);
    }

    /// Where a moment lies, looking from waiting frame `from` on.
    pub(super) fn place(&self, time: f64, from: usize) -> Place {
        let times = self.times.get(self.done..).unwrap_or_default();
        let near = time + SAME * self.period_s;
        match times.first() {
            None => return Place::Ahead,
            Some(first) if near < *first => return Place::Missing,
            Some(_) => {}
        }
        let after = from + times.get(from..).unwrap_or_default().partition_point(|there| *there <= near);
        let at = after.saturating_sub(1);
        let (Some(left), Some(right)) = (times.get(at), times.get(after)) else { return Place::Ahead };
        let share = (time - left) / (right - left);
        if !self.follows(at) { Place::Missing } else { Place::Between(at, if share < SAME { 0.0 } else { share }) }
    }

    /// True if the frame after this waiting one is there and nothing is missing between them.
    pub(super) fn follows(&self, at: usize) -> bool {
        self.joins(at, 2)
    }

    /// True if so many frames from a waiting one on are there and nothing is missing between them.
    pub(super) fn joins(&self, at: usize, frames: usize) -> bool {
        let behind = frames.saturating_sub(1);
        matches!((self.number(at), self.number(at + behind)), (Some(first), Some(last)) if first + behind as u64 == last)
    }

    /// Gives up the first `frames` waiting frames.
    pub(super) fn pass(&mut self, frames: usize) {
        self.done = (self.done + frames).min(self.times.len());
        // Moved to the front once most of the room is done with: each frame is moved once at most.
        if self.done > 64 && self.done * 2 > self.times.len() {
            self.samples.drain(..self.done * self.channels);
            self.times.drain(..self.done);
            self.numbers.drain(..self.done);
            self.own_stamps.drain(..self.done);
            self.done = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Stamp;

    fn block(first: u64, frames: usize, stamp: f64) -> Block {
        let samples = (first..first + frames as u64).map(|n| n as f32).collect();
        Block { samples, channels: 1, first, stamp: Stamp(stamp), ..Block::default() }
    }

    #[test]
    fn times_follow_the_true_rate_and_rise_over_a_clock_step() {
        let mut lane = Lane::new(1, 100.0);
        lane.push(&block(0, 10, 1.0));
        assert!((lane.time(0).unwrap() - 0.91).abs() < 1e-12 && lane.time(9) == Some(1.0));
        // One per cent slow.
        lane.push(&block(10, 10, 1.101));
        assert!((lane.time(10).unwrap() - 1.0101).abs() < 1e-12, "{:?}", lane.time(10));
        // The clock is measured anew, a quarter of a second back.
        lane.push(&block(20, 10, 0.951));
        let times: Vec<f64> = (0..30).map(|at| lane.time(at).unwrap()).collect();
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] > 0.0049), "{times:?}");
    }

    #[test]
    fn a_moment_lies_between_frames_ahead_of_them_or_in_a_gap() {
        let mut lane = Lane::new(1, 100.0);
        assert_eq!(lane.place(1.0, 0), Place::Ahead);
        lane.push(&block(0, 10, 1.0));
        lane.push(&block(15, 10, 1.15));
        assert_eq!(lane.place(0.9, 0), Place::Missing);
        let Place::Between(at, share) = lane.place(0.955, 0) else { panic!("{:?}", lane.place(0.955, 0)) };
        assert!(at == 4 && (share - 0.5).abs() < 1e-9, "{at} {share}");
        assert_eq!(lane.place(0.955, 3), lane.place(0.955, 0));
        assert_eq!(lane.place(1.02, 0), Place::Missing, "between 1.0 and 1.06 there is nothing");
        assert_eq!(lane.place(1.155, 0), Place::Ahead);
        lane.pass(12);
        assert_eq!((lane.waiting(), lane.number(0), lane.frame(0)), (8, Some(17), &[17.0][..]));
        assert_eq!(lane.place(0.955, 0), Place::Missing, "what was passed is gone");
    }
}
