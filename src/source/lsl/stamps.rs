//! From stamps to frame numbers: gaps, leaps and jitter.
//!
//! Owns [`StampTracker`], pure arithmetic on the acquisition thread. Invariant: every stamp taken is one frame, frame
//! numbers strictly increase, and nothing a stamp says can make it fail.

/// Stamps this far ahead of what is expected are another clock, not a gap, in seconds.
const LEAP_S: f64 = 3600.0;
/// Deviations up to this are jitter whatever the rate, in seconds: software that stamps on arrival is late by as much
/// whenever its thread is kept waiting, and the stamps catch up afterwards.
const JITTER_FLOOR_S: f64 = 0.020;
/// Deviations up to this many periods are jitter.
const JITTER_PERIODS: f64 = 1.5;
/// Deviations up to this many times the usual one are jitter.
const JITTER_FACTOR: f64 = 8.0;
/// No deviation beyond this is jitter, however wild the stamps, unless it is less than 1.5 periods; in seconds.
const JITTER_CEILING_S: f64 = 1.0;
/// Over how long the usual deviation is remembered, in seconds.
const JITTER_MEMORY_S: f64 = 1.0;
/// Bandwidth of the loop that follows the stamps, in hertz.
const BANDWIDTH_HZ: f64 = 0.1;
/// How far the true rate may be from the nominal one for the loop to follow it.
const RATE_TOLERANCE: f64 = 0.1;

/// Why frame numbers jump before a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Break {
    /// Frames are missing.
    Missing {
        /// How many, at the nominal rate.
        frames: u64,
        /// How much longer than one period lies between the stamps on both sides.
        seconds: f64,
    },
    /// The stamps went back by this many seconds; frame numbers go on, one left out.
    Backwards {
        /// How far, above 0.
        seconds: f64,
    },
    /// The stamps leapt ahead by more than an hour; frame numbers go on, one left out.
    Leap {
        /// How far.
        seconds: f64,
    },
}

impl Break {
    /// By how much frame numbers jump.
    #[must_use]
    pub fn frames(self) -> u64 {
        match self {
            Self::Missing { frames, .. } => frames,
            Self::Backwards { .. } | Self::Leap { .. } => 1,
        }
    }
}

/// Frames that follow each other without a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// What lies between the run before and this one, where they do not join.
    pub break_before: Option<Break>,
    /// Number of the first frame.
    pub first: u64,
    /// How many frames, at least 1.
    pub frames: usize,
    /// The stamp of the last frame, free of jitter, on the source's clock.
    pub stamp: f64,
}

/// Numbers the frames of a regular stream by their stamps.
///
/// The expected stamp comes from a second-order loop that follows phase and period of the stamps, with the gains of
/// a delay-locked loop (Adriaensen, *Using a DLL to filter time*, 2005) and 0.1 Hz bandwidth. The true rate may
/// therefore be up to 10 % off the nominal one, and drift, without a gap being seen. A stamp later than expected by
/// more than the greatest of 1.5 periods, 20 ms and 8 times the usual deviation (up to 1 s) is a gap; frames lost in
/// smaller portions cannot be told from jitter and are not counted. A stamp earlier by as much, or later by more than
/// an hour, is a leap of the clock. Frames are counted at the nominal rate, as [`crate::signal::Block::first`] is.
#[derive(Clone, Debug)]
pub struct StampTracker {
    rate_hz: f64,
    nominal_s: f64,
    period_s: f64,
    phase_gain: f64,
    period_gain: f64,
    jitter_gain: f64,
    jitter_s: f64,
    expected: Option<f64>,
    since_anchor: u64,
    next: u64,
}

impl StampTracker {
    /// A tracker for a stream of `rate_hz`, which is above 0; frame numbers begin at 0.
    #[must_use]
    pub fn new(rate_hz: f64) -> Self {
        let nominal_s = 1.0 / rate_hz;
        let omega = (std::f64::consts::TAU * BANDWIDTH_HZ * nominal_s).min(0.1);
        Self {
            rate_hz,
            nominal_s,
            period_s: nominal_s,
            phase_gain: std::f64::consts::SQRT_2 * omega,
            period_gain: omega * omega,
            jitter_gain: (nominal_s / JITTER_MEMORY_S).min(0.1),
            jitter_s: 0.0,
            expected: None,
            since_anchor: 0,
            next: 0,
        }
    }

    /// Takes stamps from the front up to the next break, at least one; `None` when there are none.
    ///
    /// What is left belongs to further runs. A stamp that is no number counts as the expected one.
    pub fn take(&mut self, stamps: &[f64]) -> Option<Run> {
        let break_before = self.break_at(*stamps.first()?);
        if let Some(found) = break_before {
            self.next = self.next.saturating_add(found.frames());
            self.expected = None;
        }
        let first = self.next;
        let mut frames = 0;
        let mut last = 0.0;
        for &stamp in stamps {
            if frames > 0 && self.break_at(stamp).is_some() {
                break;
            }
            last = self.follow(stamp);
            frames += 1;
        }
        self.next = self.next.saturating_add(frames as u64);
        Some(Run { break_before, first, frames, stamp: last })
    }

    /// The number that the next frame has unless there is a gap before it.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    fn tolerance_s(&self) -> f64 {
        let floor = JITTER_FLOOR_S.max(JITTER_PERIODS * self.nominal_s);
        (JITTER_FACTOR * self.jitter_s).clamp(floor, floor.max(JITTER_CEILING_S))
    }

    fn break_at(&self, stamp: f64) -> Option<Break> {
        let late_s = stamp - self.expected.filter(|_| stamp.is_finite())?;
        if late_s.abs() <= self.tolerance_s() {
            return None;
        }
        Some(if late_s < 0.0 {
            Break::Backwards { seconds: -late_s }
        } else if late_s > LEAP_S {
            Break::Leap { seconds: late_s }
        } else {
            // At most an hour of frames, which a u64 holds at any rate; at least one, being over the tolerance.
            Break::Missing { frames: (late_s * self.rate_hz).round().max(1.0) as u64, seconds: late_s }
        })
    }

    /// Takes one stamp as the next frame's; returns it without its jitter.
    fn follow(&mut self, stamp: f64) -> f64 {
        let Some(expected) = self.expected else {
            // A first stamp that is no number anchors nothing; the next one will.
            self.expected = stamp.is_finite().then_some(stamp + self.period_s);
            self.since_anchor = 1;
            return stamp;
        };
        self.since_anchor = self.since_anchor.saturating_add(1);
        let late_s = if stamp.is_finite() { stamp - expected } else { 0.0 };
        // At first the phase is the mean of the stamps so far, because the one it was anchored at may be a bad one.
        let filtered = expected + late_s * self.phase_gain.max(1.0 / self.since_anchor as f64);
        let range = self.nominal_s * RATE_TOLERANCE;
        let period_s = self.period_s + late_s * self.period_gain;
        self.period_s = period_s.clamp(self.nominal_s - range, self.nominal_s + range);
        self.jitter_s += (late_s.abs() - self.jitter_s) * self.jitter_gain;
        self.expected = Some(filtered + self.period_s);
        filtered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: f64 = 500.0;

    fn regular(from: u64, frames: u64, rate_hz: f64) -> Vec<f64> {
        (from..from + frames).map(|n| 1000.0 + n as f64 / rate_hz).collect()
    }

    /// Deterministic noise in -1..1.
    fn noise(seed: &mut u64) -> f64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn runs(tracker: &mut StampTracker, stamps: &[f64]) -> Vec<Run> {
        let mut left = stamps;
        let mut runs = Vec::new();
        while let Some(run) = tracker.take(left) {
            left = &left[run.frames..];
            runs.push(run);
        }
        runs
    }

    #[test]
    fn regular_stamps_are_one_run_and_stay_as_they_are() {
        let stamps = regular(0, 5000, RATE);
        let mut tracker = StampTracker::new(RATE);
        for chunk in stamps.chunks(7) {
            let run = tracker.take(chunk).unwrap();
            assert_eq!((run.break_before, run.frames), (None, chunk.len()));
            assert!((run.stamp - chunk.last().unwrap()).abs() < 1e-9);
        }
        assert_eq!(tracker.next(), 5000);
        assert_eq!(tracker.take(&[]), None);
    }

    #[test]
    fn a_gap_jumps_by_the_frames_that_are_missing_even_inside_a_chunk() {
        for missing in [11, 100, 5000, 1_700_000] {
            let mut stamps = regular(0, 300, RATE);
            stamps.extend(regular(300 + missing, 50, RATE));
            let runs = runs(&mut StampTracker::new(RATE), &stamps);
            assert_eq!(runs.len(), 2);
            assert_eq!((runs[0].first, runs[0].frames), (0, 300));
            let seconds = missing as f64 / RATE;
            let found = runs[1].break_before;
            assert!(
                matches!(found, Some(Break::Missing { frames, seconds: s }) if frames == missing && (s - seconds).abs() < 1e-6),
                "{found:?}"
            );
            assert_eq!((runs[1].first, runs[1].frames), (300 + missing, 50));
        }
    }

    #[test]
    fn at_low_rates_the_limit_is_in_periods() {
        let mut tracker = StampTracker::new(10.0);
        let mut stamps = regular(0, 30, 10.0);
        stamps.extend(regular(32, 30, 10.0));
        assert_eq!(runs(&mut tracker, &stamps)[1].first, 32);
    }

    #[test]
    fn drift_and_a_rate_that_is_off_are_no_gaps() {
        for true_rate in [RATE * 1.01, RATE * 0.99, RATE * 1.05, RATE * 0.95, RATE * (1.0 + 100e-6)] {
            let stamps = regular(0, 60_000, true_rate);
            let all = runs(&mut StampTracker::new(RATE), &stamps);
            assert_eq!(all.len(), 1, "{true_rate} Hz: {:?}", all[1]);
            assert!((all[0].stamp - stamps[59_999]).abs() < 1e-5, "{true_rate} Hz: the loop has settled");
        }
    }

    #[test]
    fn jitter_is_no_gap_and_most_of_it_is_removed() {
        for (jitter_s, left_s) in [(0.004, 0.0004), (0.015, 0.0015)] {
            let mut seed = 1;
            let mut tracker = StampTracker::new(RATE);
            for (n, stamp) in regular(0, 30_000, RATE).into_iter().enumerate() {
                let run = tracker.take(&[stamp + jitter_s * noise(&mut seed)]).unwrap();
                assert_eq!(run.break_before, None, "frame {n}");
                assert!(n < 5000 || (run.stamp - stamp).abs() < left_s, "frame {n}: {}", run.stamp - stamp);
            }
        }
    }

    #[test]
    fn chunks_stamped_as_one_are_no_gaps() {
        let stamps: Vec<f64> = regular(0, 20_000, RATE);
        let stamps: Vec<f64> = stamps.chunks(16).flat_map(|chunk| vec![chunk[chunk.len() - 1]; chunk.len()]).collect();
        assert_eq!(runs(&mut StampTracker::new(RATE), &stamps).len(), 1);
    }

    #[test]
    fn stamps_that_leap_are_anchored_anew() {
        for (leap_s, expected) in [(-0.5, "Backwards"), (-1e9, "Backwards"), (200_000.0, "Leap"), (1e300, "Leap")] {
            let mut stamps = regular(0, 1000, RATE);
            stamps.extend(regular(1000, 1000, RATE).iter().map(|stamp| stamp + leap_s));
            let mut tracker = StampTracker::new(RATE);
            let first = tracker.take(&stamps).unwrap();
            assert_eq!(first.frames, 1000);
            let second = tracker.take(&stamps[1000..]).unwrap();
            assert!(format!("{:?}", second.break_before).contains(expected), "{leap_s}: {:?}", second.break_before);
            assert_eq!(second.first, 1001, "one number is left out, so that no window spans the place");
        }
    }

    #[test]
    fn stamps_that_are_no_numbers_count_as_expected() {
        let mut stamps = regular(0, 100, RATE);
        (stamps[0], stamps[50], stamps[99]) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY);
        let mut tracker = StampTracker::new(RATE);
        assert_eq!(runs(&mut tracker, &stamps).len(), 1);
        let run = tracker.take(&regular(100, 1, RATE)).unwrap();
        assert_eq!((run.break_before, run.first), (None, 100));
    }

    proptest! {
        #[test]
        fn no_stamps_break_the_count(
            rate_hz in 0.01..1e5f64,
            stamps in prop::collection::vec(prop_oneof![any::<f64>(), 0.0..1e4f64, Just(5.0)], 1..200),
        ) {
            let mut tracker = StampTracker::new(rate_hz);
            let all = runs(&mut tracker, &stamps);
            prop_assert_eq!(all.iter().map(|run| run.frames).sum::<usize>(), stamps.len());
            let mut next = 0;
            for run in &all {
                let jump = run.break_before.map_or(0, Break::frames);
                prop_assert!(run.frames > 0 && (run.break_before.is_none() || jump > 0));
                prop_assert_eq!(run.first, next + jump);
                next = run.first + run.frames as u64;
            }
            prop_assert_eq!(next, tracker.next());
        }
    }
}
