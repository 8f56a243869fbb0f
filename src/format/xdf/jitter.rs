//! Evens the stamps of a regular stream: between two breaks they lie on a straight line over the number of the sample.
//!
//! Owns [`Segment`] and its [`Evening`]; runs on the thread of the reader. Invariant: a stamp is looked at once and not
//! kept, so memory grows with breaks and not with samples.

use std::ops::Range;

/// Samples between two breaks of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Their numbers, counted from 0.
    pub samples: Range<u64>,
    /// When the first was taken, in seconds on the clock of the recording computer.
    pub start_s: f64,
    /// When the last was taken.
    pub last_s: f64,
    /// Seconds from one sample to the next; `None` where stamps are used as they are.
    pub step_s: Option<f64>,
}

/// A pause longer than this, in seconds and in samples, is a break (as in `pyxdf`).
const BREAK_S: f64 = 1.0;
const BREAK_SAMPLES: f64 = 500.0;

/// Goes through the stamps of a stream and finds its segments.
#[derive(Debug)]
pub(super) struct Evening {
    threshold_s: f64,
    even: bool,
    segments: Vec<Segment>,
    run: Option<Run>,
}

/// A straight line by least squares, one point at a time (Welford 1962).
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u64,
    count: u64,
    mean_s: f64,
    joint: f64,
    start_s: f64,
    last_s: f64,
}

impl Run {
    fn segment(&self, even: bool) -> Segment {
        let n = self.count as f64;
        // Squared deviations of 0, 1, …, n - 1 from their mean.
        let squares = n * (n * n - 1.0) / 12.0;
        let samples = self.first..self.first + self.count;
        if !even || squares == 0.0 {
            let step_s = even.then_some(0.0);
            return Segment { samples, start_s: self.start_s, last_s: self.last_s, step_s };
        }
        let step_s = self.joint / squares;
        let start_s = self.mean_s - step_s * (n - 1.0) / 2.0;
        Segment { samples, start_s, last_s: start_s + step_s * (n - 1.0), step_s: Some(step_s) }
    }
}

impl Evening {
    /// For a stream of this nominal rate; one of rate 0, or that may drop samples, is left as it is.
    pub fn new(rate_hz: f64, can_drop_samples: bool) -> Self {
        let even = rate_hz > 0.0 && !can_drop_samples;
        let threshold_s = if even { BREAK_S.max(BREAK_SAMPLES / rate_hz) } else { f64::INFINITY };
        Self { threshold_s, even, segments: Vec::new(), run: None }
    }

    /// Takes the next stamp, synchronised.
    pub fn add(&mut self, seconds: f64) {
        let fresh = |first| Run { first, count: 1, mean_s: seconds, joint: 0.0, start_s: seconds, last_s: seconds };
        let Some(run) = &mut self.run else {
            self.run = Some(fresh(0));
            return;
        };
        if (seconds - run.last_s).abs() > self.threshold_s {
            self.segments.push(run.segment(self.even));
            *run = fresh(run.first + run.count);
            return;
        }
        let off = seconds - run.mean_s;
        let n = run.count as f64;
        // The mean of 0 … n - 1 lies (n + 1) / 2 before n.
        run.joint += off * n / (n + 1.0) * (n + 1.0) / 2.0;
        run.mean_s += off / (n + 1.0);
        run.count += 1;
        run.last_s = seconds;
    }

    /// The segments, after the last stamp.
    pub fn finish(mut self) -> Vec<Segment> {
        self.segments.extend(self.run.map(|run| run.segment(self.even)));
        self.segments
    }
}

/// Samples a second over all segments; 0 where they do not say.
pub(super) fn effective_rate_hz(segments: &[Segment]) -> f64 {
    let steps: u64 = segments.iter().map(|s| (s.samples.end - s.samples.start).saturating_sub(1)).sum();
    let seconds: f64 = segments.iter().map(|s| s.last_s - s.start_s).sum();
    if steps > 0 && seconds > 0.0 { steps as f64 / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_through_each_segment() {
        let mut evening = Evening::new(100.0, false);
        let jitter = |i: u32| f64::from((i * 7919) % 11) * 1e-4 - 5e-4;
        (0..1000).for_each(|i| evening.add(1e5 + f64::from(i) * 0.01 + jitter(i)));
        (0..500).for_each(|i| evening.add(1e5 + 60.0 + f64::from(i) * 0.01 + jitter(i)));
        let segments = evening.finish();
        assert_eq!(segments.iter().map(|s| s.samples.clone()).collect::<Vec<_>>(), [0..1000, 1000..1500]);
        for (segment, start) in segments.iter().zip([1e5, 1e5 + 60.0]) {
            assert!(
                (segment.start_s - start).abs() < 2e-4 && (segment.step_s.unwrap() - 0.01).abs() < 1e-6,
                "{segment:?}"
            );
        }
        assert!((effective_rate_hz(&segments) - 100.0).abs() < 1e-2);
    }

    #[test]
    fn irregular_streams_stay_as_they_are() {
        let mut evening = Evening::new(0.0, false);
        [1.0, 90.0, 91.0].into_iter().for_each(|s| evening.add(s));
        assert_eq!(evening.finish(), [Segment { samples: 0..3, start_s: 1.0, last_s: 91.0, step_s: None }]);
        assert_eq!(Evening::new(0.0, false).finish(), []);
    }
}
