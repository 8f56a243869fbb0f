//! What is counted sample by sample: range, repeats at the extremes, steps, samples that are not finite.
//!
//! Owns one number a channel for each of these, side by side so that the loop over channels vectorises. Invariant: all
//! arithmetic is plain (no fused multiply-add), so that any processor gives the same bits.

/// Microvolts beyond which samples are cut off, so that no sum of squares overflows: a million volts.
const LIMIT_UV: f32 = 1e12;

/// Running counts of one interval, and the last finite value of each channel.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// The present frame; where it is not finite, the last value that was.
    pub value: Vec<f32>,
    /// 1 where the frame before was finite and belongs to the same run, else 0.
    before: Vec<f32>,
    /// Samples of the interval that were not finite.
    pub not_finite: Vec<u32>,
    low: Vec<f32>,
    high: Vec<f32>,
    at_low: Vec<u32>,
    at_high: Vec<u32>,
    /// Sum of steps from sample to sample, and the largest.
    travel: Vec<f32>,
    largest: Vec<f32>,
    /// Extremes since the start.
    lowest: Vec<f32>,
    highest: Vec<f32>,
    frames: u32,
}

impl Tally {
    pub fn new(channels: usize) -> Self {
        let zeros = vec![0.0; channels];
        Self {
            value: zeros.clone(),
            before: zeros.clone(),
            not_finite: vec![0; channels],
            low: vec![f32::INFINITY; channels],
            high: vec![f32::NEG_INFINITY; channels],
            at_low: vec![0; channels],
            at_high: vec![0; channels],
            travel: zeros.clone(),
            largest: zeros,
            lowest: vec![f32::INFINITY; channels],
            highest: vec![f32::NEG_INFINITY; channels],
            frames: 0,
        }
    }

    /// Takes in one frame.
    #[inline(always)]
    pub fn add(&mut self, frame: &[f32]) {
        let n = self.value.len();
        let (frame, value, before) = (&frame[..n], &mut self.value[..n], &mut self.before[..n]);
        let (low, high) = (&mut self.low[..n], &mut self.high[..n]);
        let (at_low, at_high) = (&mut self.at_low[..n], &mut self.at_high[..n]);
        let (travel, largest) = (&mut self.travel[..n], &mut self.largest[..n]);
        let not_finite = &mut self.not_finite[..n];
        for c in 0..n {
            let is_finite = frame[c].is_finite();
            let v = if is_finite { frame[c].clamp(-LIMIT_UV, LIMIT_UV) } else { value[c] };
            let step = (v - value[c]).abs() * before[c];
            value[c] = v;
            before[c] = if is_finite { 1.0 } else { 0.0 };
            not_finite[c] += u32::from(!is_finite);
            travel[c] += step;
            largest[c] = if step > largest[c] { step } else { largest[c] };
            at_low[c] = if v < low[c] { 1 } else { at_low[c] + u32::from(v == low[c]) };
            low[c] = if v < low[c] { v } else { low[c] };
            at_high[c] = if v > high[c] { 1 } else { at_high[c] + u32::from(v == high[c]) };
            high[c] = if v > high[c] { v } else { high[c] };
        }
        self.frames += 1;
    }

    /// The next frame does not follow on the last one.
    pub fn part(&mut self) {
        self.before.fill(0.0);
        self.clear();
    }

    /// Begins the next interval.
    pub fn clear(&mut self) {
        for ((lowest, highest), (&low, &high)) in
            self.lowest.iter_mut().zip(&mut self.highest).zip(self.low.iter().zip(&self.high))
        {
            *lowest = lowest.min(low);
            *highest = highest.max(high);
        }
        self.not_finite.fill(0);
        self.low.fill(f32::INFINITY);
        self.high.fill(f32::NEG_INFINITY);
        self.at_low.fill(0);
        self.at_high.fill(0);
        self.travel.fill(0.0);
        self.largest.fill(0.0);
        self.frames = 0;
    }

    /// What has been counted of one channel; `None` for an interval in which samples were not finite.
    pub fn counts(&self, channel: usize) -> Option<Counts> {
        if self.frames < 2 || self.not_finite[channel] > 0 {
            return None;
        }
        let (low, high) = (self.low[channel], self.high[channel]);
        let (lowest, highest) = (self.lowest[channel], self.highest[channel]);
        let (largest, travel) = (f64::from(self.largest[channel]), f64::from(self.travel[channel]));
        let repeats = self.at_low[channel].max(self.at_high[channel]);
        Some(Counts {
            peak_to_peak: f64::from(high) - f64::from(low),
            at_extreme: f64::from(repeats) / f64::from(self.frames),
            largest_step: largest,
            usual_step: (travel - largest).max(0.0) / f64::from(self.frames - 1),
            // Before the second interval the range is empty, and nothing lies at its end.
            range: (f64::from(highest) - f64::from(lowest)).max(0.0),
            at_end: low <= lowest || high >= highest,
        })
    }

    /// Share of samples in the interval that were not finite.
    pub fn not_finite_share(&self, channel: usize) -> f32 {
        self.not_finite[channel] as f32 / self.frames.max(1) as f32
    }
}

/// What one interval of one channel was like, in microvolts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub peak_to_peak: f64,
    /// Share of samples that are exactly the lowest or the highest value.
    pub at_extreme: f64,
    pub largest_step: f64,
    /// Mean step from sample to sample, without the largest.
    pub usual_step: f64,
    /// Highest less lowest value of all intervals before.
    pub range: f64,
    /// True when the interval touches or passes an end of that range.
    pub at_end: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(values: &[f32]) -> (Tally, Option<Counts>) {
        let mut tally = Tally::new(1);
        values.iter().for_each(|&v| tally.add(&[v]));
        let counts = tally.counts(0);
        (tally, counts)
    }

    #[test]
    fn counts_are_those_of_the_interval() {
        let counts = count(&[1.0, 4.0, 4.0, -2.0, 4.0, -2.0]).1.unwrap();
        assert!((counts.peak_to_peak - 6.0).abs() < 1e-12);
        assert!((counts.at_extreme - 0.5).abs() < 1e-12, "three of six are 4");
        assert!((counts.largest_step - 6.0).abs() < 1e-12);
        assert!((counts.usual_step - 15.0 / 5.0).abs() < 1e-12, "3 + 0 + 6 + 6, the first having no step");
    }

    #[test]
    fn a_value_that_is_not_finite_is_held_and_makes_no_step() {
        let (tally, counts) = count(&[1.0, f32::NAN, f32::INFINITY, 900.0, 901.0]);
        assert!(counts.is_none());
        assert_eq!((tally.not_finite[0], tally.value[0], tally.largest[0]), (2, 901.0, 1.0));
        assert!((tally.not_finite_share(0) - 0.4).abs() < 1e-6);
    }

    #[test]
    fn a_gap_makes_no_step() {
        let (mut tally, _) = count(&[1.0, 2.0]);
        tally.part();
        [500.0, 501.0, 502.0].iter().for_each(|&v| tally.add(&[v]));
        let counts = tally.counts(0).unwrap();
        assert!((counts.largest_step - 1.0).abs() < 1e-12);
        assert!((counts.range - 1.0).abs() < 1e-12 && counts.at_end);
    }

    #[test]
    fn monstrous_values_stay_in_bounds() {
        let counts = count(&[f32::MAX, f32::MIN, f32::MAX, 0.0]).1.unwrap();
        assert!(counts.peak_to_peak < 3e12 && counts.usual_step.is_finite());
    }
}
