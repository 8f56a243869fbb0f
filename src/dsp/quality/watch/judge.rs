//! What is said at the end of an interval.
//!
//! The second half of [`Quality`]: from counts and spectra to evidence, figures and verdicts.

use super::super::spectrum::Spectrum;
use super::super::tally::Counts;
use super::super::verdict::Evidence;
use super::super::{Figures, Reason};
use super::{GROUP, Quality, SPECTRUM, STEPS};

/// Intervals in a row that must speak for line noise or muscle, since spectra of a second are uncertain.
const TWICE: u32 = 2;
/// Microvolts that keep the ratio of steps finite.
const LEAST_STEP_UV: f64 = 1e-6;
/// Times the threshold of flatness that a railed channel must move, or must have moved before it stuck.
const MOVES: f64 = 20.0;
const MOVED: f64 = 1000.0;

impl Quality {
    /// The end of an interval.
    pub(super) fn judge(&mut self) {
        self.held = (self.held + 1).min(SPECTRUM);
        self.intervals += 1;
        for c in 0..self.judged.len() {
            self.judge_counts(c);
        }
        if self.held == SPECTRUM {
            for from in (0..self.judged.len()).step_by(GROUP) {
                self.judge_spectra(from);
            }
            self.partners.turn();
            self.judge_correlations();
        }
        self.bad_bits.fill(0);
        for (c, &reasons) in self.verdicts.reasons().iter().enumerate() {
            let is_bad = !reasons.is_empty();
            self.good[c] = !is_bad;
            self.bad_bits[c / 64] |= u64::from(is_bad) << (c % 64);
            self.bad_intervals[c] += u64::from(is_bad);
        }
        self.history.push(self.first, self.next, self.verdicts.reasons().iter().copied());
        self.tally.clear();
        self.first = self.next;
    }

    /// What counts say: flat, railed, not finite, jumps.
    fn judge_counts(&mut self, c: usize) {
        let counts = self.tally.counts(c);
        let not_finite = self.tally.not_finite[c] > 0;
        self.finite[c] = if not_finite { 0 } else { (self.finite[c] + 1).min(SPECTRUM) };
        let ratio = counts.map(|counts| self.jump_ratio(c, &counts));
        let is_jump = |counts: Counts| {
            counts.largest_step > self.settings.jump_uv && ratio.is_some_and(|ratio| ratio > self.settings.jump_ratio)
        };
        let jumps = counts.map_or(Evidence::Unknown, |counts| Evidence::bad_if(is_jump(counts)));
        let flat = self.settings.flat_uv.low(counts.map(|counts| counts.peak_to_peak));
        let railed = counts.map_or(Evidence::Unknown, |counts| self.railed(&counts));
        self.hear(c, Reason::Flat, flat, 1);
        self.hear(c, Reason::Railed, railed, 1);
        self.hear(c, Reason::NotFinite, Evidence::bad_if(not_finite), 1);
        self.hear(c, Reason::Jumps, jumps, 1);
        let is_flat = flat == Evidence::Bad;
        self.figures[c] = Figures {
            peak_to_peak_uv: counts.map(|counts| shown(counts.peak_to_peak)),
            railed_share: counts.filter(|_| !is_flat).map(|counts| shown(counts.at_extreme)),
            not_finite_share: self.tally.not_finite_share(c),
            largest_step_uv: counts.map(|counts| shown(counts.largest_step)),
            jump_ratio: ratio.filter(|_| !is_flat).map(shown),
            ..Figures::default()
        };
        if let Some(counts) = counts.filter(|_| !is_flat) {
            let steps = &mut self.steps[c];
            steps.rotate_left(1);
            steps[STEPS - 1] = counts.usual_step;
        }
    }

    /// The largest step over the usual one: the median of the last intervals in which the channel lived.
    fn jump_ratio(&self, c: usize, counts: &Counts) -> f64 {
        let mut steps = self.steps[c];
        steps[0] = counts.usual_step;
        // Intervals that have not been are NaN, and come last.
        steps.sort_unstable_by(f64::total_cmp);
        let known = steps.iter().filter(|step| !step.is_nan()).count();
        let usual = steps[known.saturating_sub(1) / 2];
        counts.largest_step / usual.max(LEAST_STEP_UV)
    }

    /// Railed is what moves and often lies exactly at its extreme, or lies still at the end of a range that it once had.
    fn railed(&self, counts: &Counts) -> Evidence {
        let flat_uv = self.settings.flat_uv.enter;
        if counts.peak_to_peak > MOVES * flat_uv {
            self.settings.railed_share.high(Some(counts.at_extreme))
        } else {
            let is_stuck = counts.peak_to_peak <= 0.0 && counts.at_end && counts.range > MOVED * flat_uv;
            Evidence::bad_if(is_stuck)
        }
    }

    /// What spectra of a group of channels say: line noise and muscle; and what correlation needs.
    fn judge_spectra(&mut self, from: usize) {
        let channels = self.judged.len();
        let group = GROUP.min(channels - from);
        let length = SPECTRUM * self.interval;
        // The ring is full, and its oldest frame is the next to be overwritten.
        let (newer, older) = self.thinned.split_at(self.at * channels);
        let frames = older.chunks_exact(channels).chain(newer.chunks_exact(channels));
        for (t, frame) in frames.enumerate() {
            for (g, &v) in frame[from..from + group].iter().enumerate() {
                self.gathered[g * length + t] = v;
            }
        }
        for g in 0..group {
            let c = from + g;
            let samples = &self.gathered[g * length..(g + 1) * length];
            let features = self.spectrum.features();
            let powers = self.spectrum.measure(samples, self.partners.place(c, features));
            let is_finite = self.finite[c] == SPECTRUM;
            let lives = is_finite && powers.all.sqrt() >= self.settings.flat_uv.enter;
            self.partners.note(c, lives);
            let before = std::mem::replace(&mut self.powers[c], lives.then_some(powers));
            let both = before.filter(|_| lives).map(|before| before + powers);
            let line = both.and_then(|both| self.spectrum.line_ratio(&both));
            let muscle = both.and_then(|both| self.spectrum.muscle_ratio(&both));
            let fast_uv = both.map_or(0.0, |both| Spectrum::fast_uv(&both, 2));
            let figures = &mut self.figures[c];
            figures.rms_uv = is_finite.then(|| shown(powers.all.sqrt()));
            figures.line_ratio = line.map(|(ratio, _)| shown(ratio));
            figures.line_hz = line.map(|(_, hz)| shown(hz));
            figures.muscle_ratio = muscle.map(shown);
            // Below the least that counts, whatever the ratio is, the channel keeps to the good side.
            let muscle = muscle.map(|ratio| if fast_uv > self.settings.muscle_uv { ratio } else { 0.0 });
            self.hear(c, Reason::LineNoise, self.settings.line_ratio.high(line.map(|(ratio, _)| ratio)), TWICE);
            self.hear(c, Reason::Muscle, self.settings.muscle_ratio.high(muscle), TWICE);
        }
    }

    /// What correlations say, where channels of this montage share something at all; elsewhere none is blamed.
    fn judge_correlations(&mut self) {
        self.partners.correlate();
        let is_telling = self.partners.typical().is_some_and(|typical| typical >= self.settings.correlation_typical);
        for c in 0..self.judged.len() {
            let correlation = self.partners.found(c);
            self.figures[c].correlation = correlation.map(shown);
            let evidence = match self.settings.correlation.low(correlation) {
                Evidence::Unknown => Evidence::Unknown,
                evidence if is_telling => evidence,
                _ => Evidence::Good,
            };
            self.hear(c, Reason::Uncorrelated, evidence, 1);
        }
    }

    fn hear(&mut self, channel: usize, reason: Reason, evidence: Evidence, needed: u32) {
        if self.judged[channel].has(reason) {
            let before = self.verdicts.reasons()[channel];
            self.verdicts.hear(channel, reason, evidence, needed);
            self.changes += u64::from(self.verdicts.reasons()[channel] != before);
        }
    }
}

/// A figure for people.
fn shown(value: f64) -> f32 {
    value.clamp(-1e12, 1e12) as f32
}
