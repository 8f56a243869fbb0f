//! Welch's estimate of all channels (Welch 1967): the mean of the periodograms of overlapping segments.
//!
//! Owned by the display stage, on its thread. Invariant: the same frames give the same spectra however they were cut into
//! blocks, a gap begins anew, and a channel that holds what is not finite has a density that is not finite either.

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::sync::Arc;

/// Seconds of a segment, and of all segments that one estimate is made of.
const SEGMENT_S: f64 = 2.0;
const SEGMENTS: usize = 5;
/// A segment begins this part of its length after the one before.
const OVERLAP: usize = 4;
/// Samples of all channels that are held at most: with very many, segments are shorter.
const MOST_SAMPLES: f64 = 4e6;
/// Samples of all channels that are transformed a second at most, so that a wide stream does not cost a core: with more of them
/// segments overlap less, or leave frames out between them.
const MOST_A_SECOND: f64 = 5e6;
/// The highest frequency that is kept: high gamma of an ECoG grid ends there.
const HIGHEST_HZ: f64 = 200.0;
/// Channels that are taken out of interleaved frames at once.
const TILE: usize = 16;
/// Half decibels of the lowest level of a segment, against 1 µV²/Hz.
const LOWEST: f32 = -128.0;

/// What the newest segment says, in levels of half a decibel, for a waterfall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Seconds of signal at its end.
    pub end_s: f64,
    /// `[C, bins]`: half decibels above −64 dB against 1 µV²/Hz; 0 where nothing is known.
    #[serde(with = "crate::signal::wire::raw")]
    pub levels: Vec<u8>,
}

impl Segment {
    /// Decibels of a level; none where nothing is known.
    #[must_use]
    pub fn decibels(level: u8) -> Option<f64> {
        (level > 0).then(|| f64::from(f32::from(level) + LOWEST) / 2.0)
    }
}

/// Spectra of all channels at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spectra {
    /// How many there have been.
    pub number: u64,
    /// Hertz from one bin to the next; the first is at 0.
    pub bin_hz: f64,
    /// Bins of each channel.
    pub bins: usize,
    /// Seconds of signal that the density is an estimate of.
    pub length_s: f64,
    /// Seconds from one segment to the next.
    pub step_s: f64,
    /// `[C, bins]` one-sided power density in µV²/Hz.
    #[serde(with = "crate::signal::wire::raw")]
    pub density: Vec<f32>,
    /// Its newest segment.
    #[serde(with = "crate::signal::wire::shared")]
    pub newest: Arc<Segment>,
}

impl Spectra {
    /// The density of one channel.
    #[must_use]
    pub fn of(&self, channel: usize) -> Option<&[f32]> {
        let first = channel.checked_mul(self.bins)?;
        self.density.get(first..first.checked_add(self.bins)?).filter(|density| !density.is_empty())
    }
}

/// Takes in frames and estimates.
pub struct Welch {
    channels: usize,
    rate_hz: f64,
    length: usize,
    hop: usize,
    bins: usize,
    /// `[T, C]`, the frames of the segment that is being filled.
    held: Vec<f32>,
    /// Number of the frame that comes next.
    next: u64,
    /// Frames that are passed over before the next segment begins.
    over: usize,
    /// Number of the frame after the newest segment.
    end: u64,
    plan: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    scale: f32,
    tile: Vec<f32>,
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// `[segment][C, bins]`, a ring of periodograms.
    past: Vec<Vec<f32>>,
    known: usize,
    newest: usize,
    number: u64,
}

impl std::fmt::Debug for Welch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Welch of {} channels in segments of {} frames", self.channels, self.length)
    }
}

impl Welch {
    /// For `channels` channels at `rate_hz`, before the first frame.
    #[must_use]
    pub fn new(channels: usize, rate_hz: f64) -> Self {
        let most = MOST_SAMPLES / (rate_hz * channels.max(1) as f64);
        let length = ((SEGMENT_S.min(most) * rate_hz).round() as usize).max(8);
        let least_hop = (rate_hz * (length * channels) as f64 / MOST_A_SECOND).ceil() as usize;
        let plan = RealFftPlanner::new().plan_fft_forward(length);
        let window: Vec<f32> =
            (0..length).map(|i| (0.5 - 0.5 * (2.0 * PI * i as f64 / length as f64).cos()) as f32).collect();
        let energy: f64 = window.iter().map(|&w| f64::from(w) * f64::from(w)).sum();
        let bins = ((HIGHEST_HZ * length as f64 / rate_hz) as usize).min(length / 2) + 1;
        Self {
            channels,
            rate_hz,
            length,
            hop: (length / OVERLAP).max(least_hop).max(1),
            bins,
            held: Vec::with_capacity(length * channels),
            next: 0,
            over: 0,
            end: 0,
            input: plan.make_input_vec(),
            output: plan.make_output_vec(),
            scratch: plan.make_scratch_vec(),
            plan,
            window,
            scale: (2.0 / (rate_hz * energy)) as f32,
            tile: vec![0.0; TILE * length],
            past: vec![vec![0.0; channels * bins]; SEGMENTS],
            known: 0,
            newest: 0,
            number: 0,
        }
    }

    /// Begins anew with the next frames, as after a gap.
    pub fn restart(&mut self) {
        self.held.clear();
        (self.known, self.over) = (0, 0);
    }

    /// Takes in frames `[T, C]` that begin with frame `first`; true if there is another estimate.
    pub fn push(&mut self, frames: &[f32], first: u64) -> bool {
        if self.channels == 0 {
            return false;
        }
        if first != self.next {
            self.restart();
        }
        self.next = first;
        let mut rest = frames;
        let mut is_new = false;
        while !rest.is_empty() {
            let room = if self.over > 0 { self.over } else { self.length - self.held.len() / self.channels };
            let (taken, left) = rest.split_at((room * self.channels).min(rest.len()));
            rest = left;
            let count = taken.len() / self.channels;
            self.next += count as u64;
            if self.over > 0 {
                self.over -= count;
                continue;
            }
            self.held.extend_from_slice(taken);
            if count == room {
                self.estimate();
                self.end = self.next;
                self.held.drain(..self.hop.min(self.length) * self.channels);
                self.over = self.hop.saturating_sub(self.length);
                is_new = true;
            }
        }
        is_new
    }

    /// Periodograms of the segment that is full.
    fn estimate(&mut self) {
        self.newest = (self.newest + 1) % SEGMENTS;
        self.known = (self.known + 1).min(SEGMENTS);
        self.number += 1;
        for from in (0..self.channels).step_by(TILE) {
            let width = TILE.min(self.channels - from);
            for (t, frame) in self.held.chunks_exact(self.channels).enumerate() {
                for (row, &value) in frame[from..from + width].iter().enumerate() {
                    self.tile[row * self.length + t] = value;
                }
            }
            for row in 0..width {
                self.periodogram(row, from + row);
            }
        }
    }

    /// The periodogram of one row of the tile (detrended by its mean, Hann).
    fn periodogram(&mut self, row: usize, channel: usize) {
        let samples = &self.tile[row * self.length..(row + 1) * self.length];
        let mean = (samples.iter().map(|&v| f64::from(v)).sum::<f64>() / self.length as f64) as f32;
        for ((input, &v), &w) in self.input.iter_mut().zip(samples).zip(&self.window) {
            *input = (v - mean) * w;
        }
        // The lengths are those the plan asked for, which is all that it can refuse.
        let done = self.plan.process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        debug_assert!(done.is_ok(), "{done:?}");
        let density = &mut self.past[self.newest][channel * self.bins..(channel + 1) * self.bins];
        for (bin, (density, x)) in density.iter_mut().zip(&self.output).enumerate() {
            // What lies at 0 and at half the rate has no twin at a negative frequency.
            let is_alone = bin == 0 || 2 * bin == self.length;
            *density = self.scale * x.norm_sqr() * if is_alone { 0.5 } else { 1.0 };
        }
    }

    /// True once an estimate is of as much signal as it will ever be.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.known == SEGMENTS
    }

    /// The spectra of the last segments; none before the first, or since the last gap.
    #[must_use]
    pub fn spectra(&self) -> Option<Spectra> {
        if self.known == 0 {
            return None;
        }
        let mut density = vec![0.0; self.channels * self.bins];
        for back in 0..self.known {
            let past = &self.past[(self.newest + SEGMENTS - back) % SEGMENTS];
            density.iter_mut().zip(past).for_each(|(sum, &one)| *sum += one);
        }
        density.iter_mut().for_each(|sum| *sum /= self.known as f32);
        let level = |power: &f32| {
            // A cast of what is below zero or not a number gives zero.
            let level = (20.0 * power.log10() - LOWEST).round();
            if power.is_finite() { (level as u8).max(1) } else { 0 }
        };
        let end_s = self.end as f64 / self.rate_hz;
        let newest = Segment { end_s, levels: self.past[self.newest].iter().map(level).collect() };
        let length = self.length + (self.known - 1) * self.hop.min(self.length);
        Some(Spectra {
            number: self.number,
            bin_hz: self.rate_hz / self.length as f64,
            bins: self.bins,
            length_s: length as f64 / self.rate_hz,
            step_s: self.hop as f64 / self.rate_hz,
            density,
            newest: Arc::new(newest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(frames: usize, rate_hz: f64) -> Vec<f32> {
        let at = |t: usize| t as f64 / rate_hz;
        let tone = |t: usize, hz: f64| (2.0 * PI * hz * at(t)).sin() as f32;
        (0..frames).flat_map(|t| [20.0 * tone(t, 10.0), 400.0 + 2.0 * tone(t, 22.0)]).collect()
    }

    #[test]
    fn a_tone_has_its_power_in_its_bin_whatever_the_blocks() {
        let (rate_hz, frames) = (250.0, 1200);
        let signal = wave(frames, rate_hz);
        let mut whole = Welch::new(2, rate_hz);
        assert!(whole.push(&signal, 0));
        let mut parts = Welch::new(2, rate_hz);
        let mut first = 0;
        for block in signal.chunks(2 * 37) {
            parts.push(block, first);
            first += block.len() as u64 / 2;
        }
        let spectra = whole.spectra().unwrap();
        assert_eq!(spectra, parts.spectra().unwrap());
        assert!((spectra.bin_hz - 0.5).abs() < 1e-12 && spectra.bins == 251 && spectra.number == 6);
        assert!((spectra.length_s - 4.0).abs() < 1e-9 && (spectra.newest.end_s - 4.5).abs() < 1e-9);
        let peak = |channel| {
            let density = spectra.of(channel).unwrap();
            (0..spectra.bins).max_by(|a, b| density[*a].total_cmp(&density[*b])).unwrap() as f64 * spectra.bin_hz
        };
        assert_eq!([peak(0), peak(1)], [10.0, 22.0], "an offset is taken away");
        let power: f32 = spectra.of(0).unwrap()[14..28].iter().sum();
        assert!((f64::from(power) * 0.5 - 200.0).abs() < 0.5, "half the square of the amplitude: {power}");
        let level = spectra.newest.levels[20];
        assert!((Segment::decibels(level).unwrap() - 10.0 * f64::from(spectra.density[20]).log10()).abs() < 0.3);
        assert_eq!((Segment::decibels(0), spectra.of(2)), (None, None));
    }

    #[test]
    fn a_gap_begins_anew_and_what_is_not_finite_is_not_known() {
        let rate_hz = 100.0;
        let mut signal = wave(300, rate_hz);
        let mut welch = Welch::new(2, rate_hz);
        assert!(welch.push(&signal, 0) && !welch.push(&signal[..20], 301), "a frame is missing");
        assert!(welch.spectra().is_none());
        signal[2 * 250 + 1] = f32::NAN;
        assert!(welch.push(&signal, 311));
        let spectra = welch.spectra().unwrap();
        assert!(spectra.of(0).unwrap().iter().all(|v| v.is_finite()));
        assert!(spectra.of(1).unwrap()[44].is_nan() && spectra.newest.levels[101 + 44] == 0);
        assert!(!Welch::new(0, 100.0).push(&[], 0) && Welch::new(0, 100.0).spectra().is_none());
    }

    #[test]
    fn a_wide_stream_is_looked_at_now_and_then() {
        let (channels, rate_hz) = (256, 30_000.0);
        let mut welch = Welch::new(channels, rate_hz);
        let second = vec![1.0; 30_000 * channels];
        let mut ends = Vec::new();
        for (number, block) in second.chunks(1000 * channels).cycle().take(60).enumerate() {
            if welch.push(block, 1000 * number as u64) {
                ends.push(welch.spectra().unwrap().newest.end_s);
            }
        }
        let step_s = welch.spectra().unwrap().step_s;
        assert!(ends.len() as f64 * (welch.length * channels) as f64 <= 2.0 * MOST_A_SECOND, "{ends:?}");
        assert!(ends.windows(2).all(|pair| (pair[1] - pair[0] - step_s).abs() < 1e-9) && ends.len() > 1, "{ends:?}");
        assert!((ends[0] - welch.length as f64 / rate_hz).abs() < 1e-9, "{ends:?}");
    }

    #[test]
    fn many_fast_channels_have_shorter_segments() {
        let few = Welch::new(64, 512.0);
        let many = Welch::new(512, 30_000.0);
        assert_eq!(few.length, 1024);
        assert!(many.length * 512 <= 4_000_000 + 512 && many.bins > 40, "{}", many.length);
        assert_eq!(Welch::new(3, 0.5).length, 8);
    }
}
