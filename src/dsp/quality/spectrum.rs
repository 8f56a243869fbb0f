//! What the spectrum of one second says of a channel.
//!
//! Owns a plan of the transform, its window and the bins that belong to each band. Invariant: nothing is allocated after
//! it was made, and every figure is finite for finite samples.

use super::QualitySettings;
use super::powers::{LINES, LinePower, Powers};
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::f64::consts::{LN_2, PI};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Where mains are looked for if their frequency is not known.
const LINES_HZ: [f64; LINES] = [50.0, 60.0];
/// What the line is compared with.
const BRAIN_HZ: RangeInclusive<f64> = 1.0..=30.0;
/// Where 1/f is fitted; the median passes over alpha.
const LOW_HZ: RangeInclusive<f64> = 4.0..=20.0;
/// Where muscle is looked for; up to 0.45 of the rate if that is less.
const HIGH_HZ: RangeInclusive<f64> = 30.0..=100.0;
/// What channels share (PREP correlates below 50 Hz, where the low end outweighs the rest).
const SHARED_HZ: RangeInclusive<f64> = 1.0..=20.0;
/// Bins either side of a line that it fills through the window, and those beyond that are its surroundings.
const LINE_BINS: usize = 2;
const SURROUNDING_BINS: usize = 7;
/// Hertz either side of a line and its harmonics that say nothing of muscle.
const SPARED_HZ: f64 = 2.5;
/// Times the power of its surroundings from which on a line stands out.
const STANDS_OUT: f64 = 10.0;
/// Bins below which a band says nothing.
const FEW_BINS: usize = 8;
/// Microvolts that keep a ratio finite.
const FLOOR_UV: f64 = 1e-3;

#[derive(Clone, Debug)]
struct Line {
    hz: f64,
    bins: RangeInclusive<usize>,
    surroundings: Vec<usize>,
}

/// The transform, its bands, and room to work in.
#[derive(Clone)]
pub(super) struct Spectrum {
    plan: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Power density in µV²/Hz, one a bin.
    density: Vec<f64>,
    ordered: Vec<f64>,
    bin_hz: f64,
    /// Turns squared magnitude into density.
    scale: f64,
    brain: Vec<usize>,
    low: Vec<usize>,
    high: Vec<usize>,
    shared: Vec<usize>,
    lines: Vec<Line>,
}

impl std::fmt::Debug for Spectrum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spectrum of {} samples in bins of {} Hz", self.window.len(), self.bin_hz)
    }
}

impl Spectrum {
    /// For `length` samples at `rate_hz`.
    pub fn new(length: usize, rate_hz: f64, settings: &QualitySettings) -> Self {
        let plan = RealFftPlanner::new().plan_fft_forward(length);
        let window: Vec<f32> =
            (0..length).map(|i| (0.5 - 0.5 * (2.0 * PI * i as f64 / length as f64).cos()) as f32).collect();
        let energy: f64 = window.iter().map(|&w| f64::from(w) * f64::from(w)).sum();
        let bin_hz = rate_hz / length as f64;
        let half = length / 2;
        let within = |band: &RangeInclusive<f64>| {
            (1..half).filter(|&bin| band.contains(&(bin as f64 * bin_hz))).collect::<Vec<usize>>()
        };
        let mut watched = settings.line_hz.map_or(LINES_HZ.to_vec(), |hz| vec![hz]);
        watched.retain(|hz| hz.is_finite() && *hz > 0.0);
        let line = |hz: f64| {
            let at = (hz / bin_hz).round() as usize;
            if at <= SURROUNDING_BINS || at.saturating_add(LINE_BINS) >= half {
                return None;
            }
            let bins = at - LINE_BINS..=at + LINE_BINS;
            let around = at - SURROUNDING_BINS..=(at + SURROUNDING_BINS).min(half - 1);
            let surroundings = around.filter(|bin| !bins.contains(bin)).collect();
            Some(Line { hz, bins, surroundings })
        };
        let mut high = within(&(*HIGH_HZ.start()..=HIGH_HZ.end().min(0.45 * rate_hz)));
        high.retain(|&bin| {
            let hz = bin as f64 * bin_hz;
            watched.iter().all(|line| (hz - (hz / line).round() * line).abs() > SPARED_HZ)
        });
        Self {
            input: plan.make_input_vec(),
            output: plan.make_output_vec(),
            scratch: plan.make_scratch_vec(),
            plan,
            density: vec![0.0; half + 1],
            ordered: Vec::with_capacity(half + 1),
            bin_hz,
            scale: 2.0 / (rate_hz * energy),
            brain: within(&BRAIN_HZ),
            low: within(&LOW_HZ),
            high,
            shared: within(&SHARED_HZ),
            lines: watched.into_iter().filter_map(line).collect(),
            window,
        }
    }

    /// Numbers in what [`Spectrum::measure`] says of the shared band: a real and an imaginary part for each bin.
    pub fn features(&self) -> usize {
        2 * self.shared.len()
    }

    /// Measures one channel's samples, and puts the shared band into `features`.
    ///
    /// The features are weighted by the square root of frequency, which evens out 1/f: their scalar products are
    /// correlations of the band-passed signal to which each octave adds alike.
    pub fn measure(&mut self, samples: &[f32], features: &mut [f32]) -> Powers {
        let n = samples.len() as f64;
        let mean = samples.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let mut squares = 0.0;
        for ((input, &v), &w) in self.input.iter_mut().zip(samples).zip(&self.window) {
            let v = f64::from(v) - mean;
            squares += v * v;
            *input = v as f32 * w;
        }
        // The lengths are those the plan asked for, which is all that it can refuse.
        let done = self.plan.process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        debug_assert!(done.is_ok(), "{done:?}");
        for (density, x) in self.density.iter_mut().zip(&self.output) {
            let (re, im) = (f64::from(x.re), f64::from(x.im));
            *density = self.scale * (re * re + im * im);
        }
        for (pair, &bin) in features.chunks_exact_mut(2).zip(&self.shared) {
            let weight = (bin as f32 * self.bin_hz as f32).sqrt();
            pair.copy_from_slice(&[self.output[bin].re * weight, self.output[bin].im * weight]);
        }
        let mut lines = [LinePower::default(); LINES];
        for (i, line) in lines.iter_mut().enumerate().take(self.lines.len()) {
            *line = self.line(i);
        }
        let weighted = |&bin: &usize| self.density[bin] * bin as f64;
        Powers {
            all: squares / n,
            brain: self.power(self.brain.iter().copied()),
            lines,
            low: expected(&mut self.ordered, self.low.iter().map(weighted)),
            high: expected(&mut self.ordered, self.high.iter().map(weighted)),
            fast: self.power(self.high.iter().copied()),
        }
    }

    /// RMS of the line that is strongest against 1–30 Hz, over the RMS there, and its frequency; 0 where none stands out,
    /// `None` where the rate cannot show it.
    pub fn line_ratio(&self, powers: &Powers) -> Option<(f64, f64)> {
        if self.brain.len() < FEW_BINS {
            return None;
        }
        let brain = powers.brain.sqrt().max(FLOOR_UV);
        let ratio = |line: &LinePower| {
            if line.peak > STANDS_OUT * line.around { line.above.sqrt() / brain } else { 0.0 }
        };
        let ratios = self.lines.iter().zip(&powers.lines).map(|(line, power)| (ratio(power), line.hz));
        ratios.max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Power above 30 Hz over what 1/f predicts from 4–20 Hz; `None` where the rate cannot show it.
    pub fn muscle_ratio(&self, powers: &Powers) -> Option<f64> {
        let is_shown = self.high.len() >= FEW_BINS && self.low.len() >= FEW_BINS;
        is_shown.then(|| powers.high / powers.low.max(FLOOR_UV * FLOOR_UV))
    }

    /// RMS above 30 Hz, in microvolts, of powers that were added up over so many seconds.
    pub fn fast_uv(powers: &Powers, seconds: usize) -> f64 {
        (powers.fast / seconds as f64).sqrt()
    }

    fn power(&self, bins: impl Iterator<Item = usize>) -> f64 {
        bins.map(|bin| self.density[bin]).sum::<f64>() * self.bin_hz
    }

    fn line(&mut self, i: usize) -> LinePower {
        let around = expected(&mut self.ordered, self.lines[i].surroundings.iter().map(|&bin| self.density[bin]));
        let bins = self.lines[i].bins.clone();
        let peak = bins.clone().map(|bin| self.density[bin]).fold(0.0, f64::max);
        let width = bins.clone().count() as f64 * self.bin_hz;
        LinePower { above: (self.power(bins) - around * width).max(0.0), peak, around }
    }
}

/// The mean that exponentially distributed values, as powers of noise are, have by their median: peaks do not count.
fn expected(ordered: &mut Vec<f64>, values: impl Iterator<Item = f64>) -> f64 {
    ordered.clear();
    ordered.extend(values);
    if ordered.is_empty() {
        return 0.0;
    }
    let middle = ordered.len() / 2;
    let is_even = middle * 2 == ordered.len();
    let (below, &mut upper, _) = ordered.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = if is_even { below.iter().copied().fold(0.0, f64::max) } else { upper };
    f64::midpoint(lower, upper) / LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(rate_hz: f64, signal: impl Fn(f64) -> f64) -> (Spectrum, Powers) {
        let length = rate_hz.round() as usize;
        let mut spectrum = Spectrum::new(length, rate_hz, &QualitySettings::default());
        let samples: Vec<f32> = (0..length).map(|i| signal(i as f64 / rate_hz) as f32).collect();
        let mut features = vec![0.0; spectrum.features()];
        let powers = spectrum.measure(&samples, &mut features);
        (spectrum, powers)
    }

    fn wave(hz: f64, t: f64) -> f64 {
        (2.0 * PI * hz * t).sin()
    }

    #[test]
    fn the_line_ratio_is_that_of_the_amplitudes() {
        for (rate_hz, hz) in [(160.0, 50.0), (250.0, 60.0), (500.0, 50.2), (999.4, 59.8)] {
            let (spectrum, got) = measure(rate_hz, |t| 1000.0 + 20.0 * wave(10.0, t) + 70.0 * wave(hz, t));
            for powers in [got, got + got] {
                let (ratio, line) = spectrum.line_ratio(&powers).unwrap();
                assert!((ratio - 3.5).abs() < 0.1 && (line - hz).abs() < 1.0, "{rate_hz}: {powers:?}");
            }
            assert!((got.all.sqrt() - (200.0f64 + 2450.0).sqrt()).abs() < 1.0, "{got:?}");
        }
        let (spectrum, got) = measure(250.0, |t| 20.0 * wave(10.0, t));
        assert!(spectrum.line_ratio(&got).unwrap().0 < 1e-6);
    }

    #[test]
    fn what_a_rate_cannot_show_is_not_measured() {
        for rate_hz in [2.0, 16.0, 50.0] {
            let (spectrum, got) = measure(rate_hz, |t| wave(0.3, t));
            assert!(spectrum.line_ratio(&got).is_none() && spectrum.muscle_ratio(&got).is_none(), "{rate_hz}");
        }
    }

    #[test]
    fn an_expectation_comes_from_the_median() {
        let mut room = Vec::new();
        for (values, median) in [(vec![3.0, 1.0, 900.0], 3.0), (vec![4.0, 1.0, 2.0, 900.0], 3.0), (vec![7.0], 7.0)] {
            assert!((expected(&mut room, values.into_iter()) * LN_2 - median).abs() < 1e-12);
        }
        assert!(expected(&mut room, std::iter::empty()).abs() < 1e-12);
    }
}
