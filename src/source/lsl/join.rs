//! Several streams become one: frames of the first, with the others' values at the same moments beside them.
//!
//! Owns [`Join`], pure arithmetic on the acquisition thread. Invariant: a joined frame has a value of every stream at its
//! own moment, and frame numbers, which are the first stream's, jump wherever one of them has none. So are the stamps that
//! the source itself gave: the moments are its moments.

use super::lane::{Lane, Place};
use crate::dsp::Between;
use crate::signal::{Block, Stamp};

/// How long frames of the first stream wait for the others', in seconds of signal. Then they are left out, so that a
/// stream that is gone does not fill the memory.
const HOLD_S: f64 = 5.0;
/// How much signal a joined block holds at most, in seconds.
const BLOCK_S: f64 = 0.25;

/// Why frame numbers jump before a joined block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Skipped {
    /// Frames that are missing in the first stream itself.
    pub missing: u64,
    /// Frames of the first stream that are left out, because another one has no value for them.
    pub alone: u64,
    /// Which other one, for the first of these.
    pub without: usize,
}

/// Whether all other streams have a value at a moment.
enum Fit {
    Here,
    /// This one may still have it.
    Later(usize),
    /// This one never will.
    Never(usize),
}

/// Frames of several streams on one clock.
#[derive(Clone, Debug)]
pub(super) struct Join {
    first: Lane,
    others: Vec<Other>,
    /// Frames of [`HOLD_S`] and [`BLOCK_S`].
    hold: usize,
    block: usize,
    /// Number of the first joined frame, from which all are counted.
    zero: Option<u64>,
    next: u64,
    skipped: Skipped,
    between: Between,
    /// What leads from the clock of the first stream's own stamps to LSL's clock of this host, as it said last.
    own_clock_s: Option<f64>,
}

/// A stream behind the first.
#[derive(Clone, Debug)]
struct Other {
    lane: Lane,
    /// Of each channel: is it digital, so that there is nothing between two values?
    digital: Vec<bool>,
    /// The waiting frame before the moment that was looked at last, and how far behind it that lies.
    at: usize,
    share: f64,
}

impl Other {
    /// Looks for a moment. A value there is made of [`Between::TAPS`] frames around it, so those behind it have to be there
    /// too.
    fn look(&mut self, time: f64) -> Option<bool> {
        match self.lane.place(time, self.at) {
            Place::Between(at, share) => {
                (self.at, self.share) = (at, share);
                (at + Between::TAPS / 2 < self.lane.waiting()).then_some(true)
            }
            Place::Ahead => None,
            Place::Missing => Some(false),
        }
    }

    /// The values at that moment. Beside a gap, and where a value around it is no number, they lie on a straight line.
    fn put(&self, between: &Between, samples: &mut Vec<f32>) {
        let (lane, at, share) = (&self.lane, self.at, self.share);
        let (left, right) = (lane.frame(at), lane.frame(at + 1));
        let first = at.checked_sub(Between::BEFORE).filter(|first| lane.joins(*first, Between::TAPS));
        let around = first.map(|first| {
            let nodes: [&[f32]; Between::TAPS] = std::array::from_fn(|tap| lane.frame(first + tap));
            (between.weights(share), nodes)
        });
        let value = |frame: &[f32], channel: usize| frame.get(channel).copied().map_or(f64::NAN, f64::from);
        let line = |channel: usize| {
            // What has no weight is not looked at: what is no number there is none of this frame's.
            let on_left = if share < 1.0 { (1.0 - share) * value(left, channel) } else { 0.0 };
            on_left + if share > 0.0 { share * value(right, channel) } else { 0.0 }
        };
        let nearest = if share < 0.5 { left } else { right };
        samples.extend(self.digital.iter().enumerate().map(|(channel, is_digital)| {
            if *is_digital {
                return nearest.get(channel).copied().unwrap_or(f32::NAN);
            }
            let sum = around.as_ref().map(|(weights, nodes)| {
                weights.iter().zip(nodes).map(|(weight, node)| weight * value(node, channel)).sum::<f64>()
            });
            sum.filter(|sum| sum.is_finite()).unwrap_or_else(|| line(channel)) as f32
        }));
    }

    /// Gives up `frames` waiting frames.
    fn pass(&mut self, frames: usize) {
        self.lane.pass(frames);
        self.at = self.at.saturating_sub(frames);
    }
}

impl Join {
    /// Joins streams of one rate: the first with so many channels, and the others, of whose channels it is said which are
    /// digital.
    pub(super) fn new(channels: usize, others: Vec<Vec<bool>>, rate_hz: f64) -> Self {
        let other = |digital: Vec<bool>| {
            let lane = Lane::new(digital.len(), rate_hz);
            Other { lane, digital, at: 0, share: 0.0 }
        };
        Self {
            first: Lane::new(channels, rate_hz),
            others: others.into_iter().map(other).collect(),
            hold: ((HOLD_S * rate_hz).ceil() as usize).max(8),
            block: ((BLOCK_S * rate_hz) as usize).max(1),
            zero: None,
            next: 0,
            skipped: Skipped::default(),
            between: Between::default(),
            own_clock_s: None,
        }
    }

    /// Takes a block of one stream.
    pub(super) fn push(&mut self, stream: usize, block: &Block) {
        let Some(other) = stream.checked_sub(1) else {
            self.own_clock_s = block.own_clock_s;
            return self.first.push(block);
        };
        if let Some(other) = self.others.get_mut(other) {
            other.lane.push(block);
            // While the first stream is away nothing is asked for.
            other.pass(other.lane.waiting().saturating_sub(2 * self.hold));
        }
    }

    /// The stream that has come least far: the others wait for it.
    pub(super) fn slowest(&self) -> usize {
        let newest = |lane: &Lane| lane.newest().unwrap_or(f64::NEG_INFINITY);
        let lanes = std::iter::once(&self.first).chain(self.others.iter().map(|other| &other.lane));
        let all = lanes.map(newest).enumerate();
        all.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(stream, _)| stream)
    }

    /// Puts joined frames that follow each other into `block`, which is empty; false where there are none yet. Where numbers
    /// jump before them, says why.
    pub(super) fn take(&mut self, block: &mut Block) -> (bool, Option<Skipped>) {
        let (mut at, mut frames, mut told) = (0, 0, None);
        while frames < self.block {
            let (Some(time), Some(number)) = (self.first.time(at), self.first.number(at)) else { break };
            let own = number - self.zero.unwrap_or(number);
            if frames > 0 && own != self.next {
                break;
            }
            match self.look(time) {
                Fit::Here => {}
                Fit::Later(_) if self.first.waiting() - at <= self.hold => break,
                Fit::Later(_) | Fit::Never(_) if frames > 0 => break,
                Fit::Later(without) | Fit::Never(without) => {
                    let skipped = &mut self.skipped;
                    skipped.without = if skipped.alone == 0 { without } else { skipped.without };
                    skipped.alone += 1;
                    at += 1;
                    continue;
                }
            }
            if frames == 0 {
                let skipped = std::mem::take(&mut self.skipped);
                // What lies before the first joined frame of all is no part of the stream.
                if self.zero.is_some() && own > self.next {
                    let missing = (own - self.next).saturating_sub(skipped.alone);
                    told = Some(Skipped { missing, ..skipped });
                }
                self.zero = self.zero.or(Some(number));
                block.first = own;
            }
            block.samples.extend_from_slice(self.first.frame(at));
            self.others.iter().for_each(|other| other.put(&self.between, &mut block.samples));
            block.own_stamps.push(self.first.own_stamp(at));
            block.stamp = Stamp(time);
            self.next = own + 1;
            frames += 1;
            at += 1;
        }
        block.channels = self.first.channels() + self.others.iter().map(|other| other.lane.channels()).sum::<usize>();
        self.first.pass(at);
        block.own_clock_s = self.own_clock_s;
        // The next value may need the frames before the one that was met last.
        self.others.iter_mut().for_each(|other| other.pass(other.at.saturating_sub(Between::BEFORE)));
        (frames > 0, told)
    }

    fn look(&mut self, time: f64) -> Fit {
        let mut later = None;
        for (place, other) in self.others.iter_mut().enumerate() {
            match other.look(time) {
                Some(true) => {}
                Some(false) => return Fit::Never(place + 1),
                None => later = later.or(Some(place + 1)),
            }
        }
        later.map_or(Fit::Here, Fit::Later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const RATE: f64 = 250.0;

    /// A stream that samples one sine of 10 Hz, its frame `n` at `start + n / rate`.
    fn block(first: u64, frames: u64, (start, rate): (f64, f64)) -> Block {
        let time = |n: u64| start + n as f64 / rate;
        let samples = (first..first + frames).flat_map(|n| [(TAU * 10.0 * time(n)).sin() as f32, (n % 2) as f32]);
        Block {
            samples: samples.collect(),
            channels: 2,
            first,
            stamp: Stamp(time(first + frames - 1)),
            // By its own clock it is later, by as much as its number says.
            own_stamps: (first..first + frames).map(|n| 1e6 + n as f64).collect(),
            own_clock_s: Some(-1e6),
            ..Block::default()
        }
    }

    fn join() -> Join {
        Join::new(2, vec![vec![false, true]], RATE)
    }

    /// Takes all that can be joined: numbers with frames, and what was skipped.
    fn all(join: &mut Join) -> (Vec<(u64, Vec<f32>)>, Vec<Skipped>) {
        let (mut frames, mut skipped) = (Vec::new(), Vec::new());
        loop {
            let mut block = Block::default();
            let (is_any, told) = join.take(&mut block);
            skipped.extend(told);
            assert_eq!((block.own_stamps.len(), block.own_clock_s), (block.frames(), Some(-1e6)));
            if !is_any {
                return (frames, skipped);
            }
            for (number, stamp) in (block.first..).zip(&block.own_stamps) {
                assert_eq!(*stamp, 1e6 + number as f64 + join.zero.unwrap_or(0) as f64, "the first stream's own");
            }
            frames.extend((block.first..).zip(block.samples.chunks(4).map(<[f32]>::to_vec)));
        }
    }

    fn numbers(frames: &[(u64, Vec<f32>)]) -> Vec<u64> {
        frames.iter().map(|(number, _)| *number).collect()
    }

    #[test]
    fn two_amplifiers_with_clocks_of_their_own_show_one_brain() {
        // Started 13 ms apart, and 200 parts in a million apart for ten minutes: 30 frames slide by.
        let (left, right) = ((5.0, RATE), (4.987, RATE * 1.0002));
        let mut join = join();
        let mut frames = Vec::new();
        for piece in 0..6000 {
            join.push(0, &block(piece * 25, 25, left));
            join.push(1, &block(piece * 25, 25, right));
            frames.extend(all(&mut join).0);
        }
        assert_eq!(numbers(&frames), (0..frames.len() as u64).collect::<Vec<_>>(), "none is left out");
        assert!(frames.len() > 149_900, "{}", frames.len());
        for (number, values) in frames.iter().skip(100) {
            assert!((values[0] - values[2]).abs() < 1e-3, "frame {number}: {values:?}");
            assert!(values[3] == 0.0 || values[3] == 1.0, "a digital value is one that was there");
        }
    }

    #[test]
    fn streams_in_step_keep_their_values_exactly() {
        let mut join = join();
        for piece in 0..10 {
            join.push(0, &block(piece * 8, 8, (1.0, 256.0)));
            join.push(1, &block(piece * 8, 8, (1.0, 256.0)));
        }
        let (frames, _) = all(&mut join);
        let expected = block(0, 80, (1.0, 256.0));
        for (number, values) in &frames {
            let at = *number as usize * 2;
            assert_eq!((&values[..2], &values[2..]), (&expected.samples[at..at + 2], &expected.samples[at..at + 2]));
        }
        assert_eq!(frames.len(), 76, "the last four wait for what comes after them");
    }

    #[test]
    fn a_gap_of_either_is_a_gap_and_both_are_counted() {
        let clock = (1.0, RATE);
        let mut join = join();
        join.push(0, &block(0, 100, clock));
        join.push(1, &block(0, 60, clock));
        join.push(1, &block(80, 400, clock));
        join.push(0, &block(150, 50, clock));
        let (frames, skipped) = all(&mut join);
        assert_eq!(numbers(&frames), (0..59).chain(80..100).chain(150..200).collect::<Vec<_>>());
        let of_second = Skipped { missing: 0, alone: 21, without: 1 };
        assert_eq!(skipped, [of_second, Skipped { missing: 50, alone: 0, without: 0 }]);
        // Both at once: 200 to 249 missing in the first, and in the second 480 on, up to 599.
        join.push(0, &block(250, 400, clock));
        join.push(1, &block(600, 100, clock));
        let (frames, skipped) = all(&mut join);
        assert_eq!(numbers(&frames), (250..479).chain(600..650).collect::<Vec<_>>());
        assert_eq!(skipped[0], Skipped { missing: 50, alone: 0, without: 0 });
        assert_eq!(skipped[1], Skipped { missing: 0, alone: 121, without: 1 });
    }

    #[test]
    fn a_stream_that_is_away_is_not_waited_for_without_end() {
        let clock = (1.0, RATE);
        let mut join = join();
        join.push(0, &block(0, 10, clock));
        join.push(1, &block(0, 10, clock));
        assert_eq!(numbers(&all(&mut join).0), (0..6).collect::<Vec<_>>());
        assert_eq!(join.slowest(), 0);
        for piece in 1..1000 {
            join.push(0, &block(piece * 10, 10, clock));
            assert!(all(&mut join).0.is_empty());
            assert!(join.first.waiting() <= join.hold + 10);
        }
        assert_eq!(join.slowest(), 1);
        join.push(1, &block(9000, 1000, clock));
        let (frames, skipped) = all(&mut join);
        assert_eq!(numbers(&frames), (9000..9996).collect::<Vec<_>>());
        assert_eq!(skipped, [Skipped { missing: 0, alone: 8994, without: 1 }]);
        // And the other way round.
        for piece in 100..2000 {
            join.push(1, &block(piece * 100, 100, clock));
        }
        assert!(join.others[0].lane.waiting() <= 2 * join.hold);
    }

    #[test]
    fn what_lies_before_the_first_joined_frame_is_no_gap() {
        let mut join = join();
        join.push(0, &block(0, 100, (1.0, RATE)));
        join.push(1, &block(0, 100, (1.2, RATE)));
        let (frames, skipped) = all(&mut join);
        assert_eq!((frames[0].0, frames.len(), skipped), (0, 50, vec![]));
        assert!((frames[0].1[0] - (TAU * 10.0 * 1.2).sin() as f32).abs() < 1e-5);
    }
}
