//! Fewer frames for the spectrum: a low-pass that keeps one frame of several.
//!
//! Owns running sums of a finite impulse response. Invariant: a run begins as though its first frame had been there for
//! ever, so that there is no step response; below 100 Hz nothing is folded in by more than a five-hundredth (−54 dB).

use std::f64::consts::PI;

/// Frames a second that are enough: the spectrum is read up to 100 Hz.
const ENOUGH_HZ: f64 = 500.0;
/// Frames of the thinned signal that the response spans.
const SPAN: usize = 8;

/// Keeps one frame of several.
#[derive(Clone, Debug)]
pub(super) struct Thinner {
    /// One kept of so many.
    every: usize,
    taps: Vec<f64>,
    /// `[SPAN][channel]`: sums that will be complete one after the other.
    sums: Vec<f64>,
    channels: usize,
    /// The sum that is complete next.
    oldest: usize,
    phase: usize,
    fresh: bool,
}

impl Thinner {
    pub fn new(channels: usize, rate_hz: f64) -> Self {
        let every = (rate_hz / ENOUGH_HZ).floor().clamp(1.0, 1e6) as usize;
        let taps = if every == 1 { Vec::new() } else { lowpass(every) };
        let sums = if every == 1 { Vec::new() } else { vec![0.0; SPAN * channels] };
        Self { every, taps, sums, channels, oldest: 0, phase: 0, fresh: true }
    }

    /// Frames that go in for one that comes out.
    pub fn every(&self) -> usize {
        self.every
    }

    /// The next frame begins a new run.
    pub fn part(&mut self) {
        self.fresh = true;
    }

    /// Takes in one finite frame; puts one into `out` and says so where one is complete.
    #[inline(always)]
    pub fn add(&mut self, frame: &[f32], out: &mut [f32]) -> bool {
        if self.every == 1 {
            out.copy_from_slice(frame);
            return true;
        }
        let n = self.channels;
        if self.fresh {
            self.settle(frame);
        }
        for age in 0..SPAN {
            let tap = self.taps[age * self.every + self.phase];
            let slot = (self.oldest + SPAN - 1 - age) % SPAN;
            let sums = &mut self.sums[slot * n..(slot + 1) * n];
            for (sum, &v) in sums.iter_mut().zip(frame) {
                *sum += tap * f64::from(v);
            }
        }
        self.phase += 1;
        if self.phase < self.every {
            return false;
        }
        self.phase = 0;
        let sums = &mut self.sums[self.oldest * n..(self.oldest + 1) * n];
        out.iter_mut().zip(&*sums).for_each(|(out, &sum)| *out = sum as f32);
        sums.fill(0.0);
        self.oldest = (self.oldest + 1) % SPAN;
        true
    }

    /// Sums as they would be had `frame` been there for ever.
    fn settle(&mut self, frame: &[f32]) {
        self.fresh = false;
        self.phase = 0;
        self.oldest = 0;
        for age in 0..SPAN {
            let past: f64 = self.taps[..age * self.every].iter().sum();
            let slot = SPAN - 1 - age;
            let sums = &mut self.sums[slot * self.channels..(slot + 1) * self.channels];
            sums.iter_mut().zip(frame).for_each(|(sum, &v)| *sum = past * f64::from(v));
        }
    }
}

/// A windowed sinc (Blackman) that is down to one half at half the thinned rate; its sum is 1.
fn lowpass(every: usize) -> Vec<f64> {
    let length = SPAN * every;
    let tap = |i: usize| {
        let turn = 2.0 * PI * (i as f64 + 0.5) / length as f64;
        let x = PI * (i as f64 + 0.5 - length as f64 / 2.0) / every as f64;
        let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
        sinc * (0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
    };
    let sum: f64 = (0..length).map(tap).sum();
    (0..length).map(|i| tap(i) / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thin(rate_hz: f64, signal: impl Fn(f64) -> f64) -> Vec<f32> {
        let mut thinner = Thinner::new(1, rate_hz);
        let mut out = [0.0];
        let frames = (0..(4.0 * rate_hz) as usize).map(|i| signal(i as f64 / rate_hz) as f32);
        frames.filter_map(|v| thinner.add(&[v], &mut out).then_some(out[0])).collect()
    }

    #[test]
    fn low_frequencies_pass_and_what_would_fold_onto_them_does_not() {
        for rate_hz in [1000.0, 2000.0, 2048.0, 30_000.0] {
            let every = Thinner::new(1, rate_hz).every();
            let thinned_hz = rate_hz / every as f64;
            assert!((500.0..1000.0).contains(&thinned_hz), "{rate_hz} becomes {thinned_hz}");
            let gain = |hz: f64| {
                let out = &thin(rate_hz, |t| (2.0 * PI * hz * t).sin())[2 * SPAN..];
                (2.0 * out.iter().map(|v| f64::from(v * v)).sum::<f64>() / out.len() as f64).sqrt()
            };
            for hz in [10.0, 50.0, 100.0] {
                let (own, folded) = (gain(hz), gain(thinned_hz - hz));
                assert!((own - 1.0).abs() < 0.02, "{hz} of {rate_hz} Hz: {own}");
                assert!(folded < 2e-3, "what folds onto {hz} of {rate_hz} Hz: {folded}");
            }
        }
    }

    #[test]
    fn a_run_begins_without_a_step() {
        assert!(thin(2000.0, |_| 250_000.0).iter().all(|v| (v - 250_000.0).abs() < 0.1));
    }

    #[test]
    fn slow_signals_pass_as_they_are() {
        assert_eq!(thin(250.0, |t| t), (0..1000).map(|i| (f64::from(i) / 250.0) as f32).collect::<Vec<_>>());
    }
}
