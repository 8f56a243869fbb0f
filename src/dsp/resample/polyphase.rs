//! The resampler itself.
//!
//! Owned by the acquisition thread. Invariant: after it was made nothing is allocated; a run of frames without a gap gives
//! one frame for each place of the slower or faster grid that lies in it, those near its ends with its first and last
//! frame held beyond them.

use super::{Ratio, lowpass};

/// Resamples frames `[C]`; see [the module](super).
#[derive(Clone, Debug)]
pub struct Resampler {
    ratio: Ratio,
    channels: usize,
    reach: usize,
    /// `[phase][2 reach + 1]`.
    weights: Vec<f64>,
    /// `[row][C]`: frames in, oldest first. Row `at` is the first that the next output needs; those before are done with.
    rows: Vec<f64>,
    filled: usize,
    at: usize,
    /// How far the next output lies after its middle row, in `1 / up` of a row.
    phase: u64,
    /// Number of the next frame out.
    next: u64,
    /// Number of the frame out after the last that was given.
    given: Option<u64>,
    /// Number of the frame in after the newest.
    end: u64,
    /// False before the first frame of a run.
    is_running: bool,
    sum: Vec<f64>,
    arch: pulp::Arch,
}

impl Resampler {
    /// A resampler for `channels` channels before frame 0.
    #[must_use]
    pub fn new(ratio: Ratio, channels: usize) -> Self {
        let reach = lowpass::reach(ratio);
        Self {
            ratio,
            channels,
            reach,
            weights: lowpass::weights(ratio),
            // Room for as many again, so that rows are moved to the front once each.
            rows: vec![0.0; 2 * (2 * reach + 1) * channels],
            filled: 0,
            at: 0,
            phase: 0,
            next: 0,
            given: None,
            end: 0,
            is_running: false,
            sum: vec![0.0; channels],
            arch: pulp::Arch::new(),
        }
    }

    /// Frames in that have to come after an output's own place before it is given: its delay, at most.
    #[must_use]
    pub fn delay_frames(ratio: Ratio) -> usize {
        lowpass::reach(ratio)
    }

    /// Begins anew with frame `first` in, which does not follow on the last one.
    ///
    /// Numbers of frames out jump too, however short the gap: by one place where the grid has none within it.
    pub fn restart(&mut self, first: u64) {
        self.next = self.ratio.first_at(first).max(self.given.map_or(0, |given| given + 1));
        let place = u128::from(self.next) * u128::from(self.ratio.down());
        self.phase = (place % u128::from(self.ratio.up())) as u64;
        self.at = self.ratio.source_frame(self.next).saturating_sub(first) as usize;
        self.end = first;
        self.filled = 0;
        self.is_running = false;
    }

    /// Number of the frame out after the last that was given; 0 before the first.
    #[must_use]
    pub fn end_frame(&self) -> u64 {
        self.given.unwrap_or(0)
    }

    /// Frames out that `frames` more frames in can complete at most.
    #[must_use]
    pub fn most(&self, frames: usize) -> usize {
        self.ratio.first_at(frames as u64) as usize + 1
    }

    /// How many frames [`Resampler::finish`] can give at most.
    #[must_use]
    pub fn most_held(&self) -> usize {
        self.most(self.reach + 1)
    }

    /// How many frames [`Resampler::finish`] would give.
    #[must_use]
    pub fn held(&self) -> usize {
        if self.is_running { self.ratio.first_at(self.end).saturating_sub(self.next) as usize } else { 0 }
    }

    /// Takes one frame in and gives the frames out that this completes.
    pub fn step(&mut self, frame: &[f64], give: impl FnMut(&[f64])) {
        if !self.is_running {
            self.is_running = true;
            for _ in 0..self.reach {
                self.append(frame);
            }
        }
        self.append(frame);
        self.end += 1;
        self.give_until(u64::MAX, give);
    }

    /// Gives the frames out that still wait for frames to come, as if the last one in stayed for ever. What comes after
    /// that does not follow on; [`Resampler::restart`] says where it lies.
    pub fn finish(&mut self, mut give: impl FnMut(&[f64])) {
        let until = self.ratio.first_at(self.end);
        while self.is_running && self.next < until {
            self.make_room();
            let newest = (self.filled - 1) * self.channels;
            self.rows.copy_within(newest..newest + self.channels, newest + self.channels);
            self.filled += 1;
            self.give_until(until, &mut give);
        }
        self.restart(self.end + 1);
    }

    fn append(&mut self, frame: &[f64]) {
        self.make_room();
        self.rows[self.filled * self.channels..(self.filled + 1) * self.channels].copy_from_slice(frame);
        self.filled += 1;
    }

    /// Moves the rows that are needed to the front when there is no room for another.
    fn make_room(&mut self) {
        if (self.filled + 1) * self.channels > self.rows.len() {
            self.rows.copy_within(self.at * self.channels..self.filled * self.channels, 0);
            self.filled -= self.at;
            self.at = 0;
        }
    }

    fn give_until(&mut self, until: u64, mut give: impl FnMut(&[f64])) {
        let taps = 2 * self.reach + 1;
        while self.next < until && self.filled >= self.at + taps {
            let weights = &self.weights[self.phase as usize * taps..(self.phase as usize + 1) * taps];
            let rows = &self.rows[self.at * self.channels..(self.at + taps) * self.channels];
            let sum = &mut self.sum[..];
            self.arch.dispatch(
                #[inline(always)]
                || weigh(rows, weights, sum),
            );
            give(&self.sum);
            self.next += 1;
            self.given = Some(self.next);
            self.phase += self.ratio.down();
            self.at += (self.phase / self.ratio.up()) as usize;
            self.phase %= self.ratio.up();
        }
    }
}

/// Sums `rows` `[T, C]` by their weights `[T]`, four at a time, so that the sums are read and written less often.
#[inline(always)]
fn weigh(rows: &[f64], weights: &[f64], sum: &mut [f64]) {
    let channels = sum.len();
    sum.fill(0.0);
    let four = weights.len() / 4 * 4;
    for (weights, rows) in weights.chunks_exact(4).zip(rows.chunks_exact(4 * channels)) {
        let (first, rest) = rows.split_at(channels);
        let (second, rest) = rest.split_at(channels);
        let (third, fourth) = rest.split_at(channels);
        for ((((sum, a), b), c), d) in sum.iter_mut().zip(first).zip(second).zip(third).zip(fourth) {
            *sum += (weights[0] * a + weights[1] * b) + (weights[2] * c + weights[3] * d);
        }
    }
    for (weight, row) in weights[four..].iter().zip(rows[four * channels..].chunks_exact(channels)) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
    }
}
