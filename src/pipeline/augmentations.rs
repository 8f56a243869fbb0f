//! From `[augment]` to the steps of an augmenter.
//!
//! Pure. Invariant: one table holds each augmentation's key and range, so what is checked is what is built.

use crate::config::{AugmentConfig, AugmentStepConfig, Problem, Span};
use crate::window::{Augmentation, AugmentationStep, Preset};
use std::ops::RangeInclusive;

type Range = RangeInclusive<f32>;

/// An augmentation that is written as a range.
struct Ranged {
    key: &'static str,
    written: Option<Span>,
    /// What the range may lie in.
    allowed: RangeInclusive<f64>,
    make: fn(Range) -> Augmentation,
}

/// All that a step may name by a range.
fn ranged(step: &AugmentStepConfig) -> [Ranged; 14] {
    use Augmentation as A;
    let row = |key, written, allowed, make| Ranged { key, written, allowed, make };
    [
        row("amplitude", step.amplitude, 0.01..=100.0, A::Amplitude as fn(Range) -> A),
        row("noise", step.noise, 0.0..=10.0, A::Noise),
        row("dc_shift", step.dc_shift, 0.0..=10.0, A::DcShift),
        row("time_shift", step.time_shift, 0.0..=0.9, A::TimeShift),
        row("crop_resize", step.crop_resize, 0.1..=1.0, A::CropResize),
        row("time_mask", step.time_mask, 0.0..=0.9, A::TimeMask),
        row("smooth_mask", step.smooth_mask, 0.0..=0.9, A::SmoothMask),
        row("channel_dropout", step.channel_dropout, 0.0..=0.9, A::ChannelDropout),
        row("channel_shuffle", step.channel_shuffle, 0.0..=1.0, A::ChannelShuffle),
        row("band_stop_hz", step.band_stop_hz, 0.0..=1000.0, A::BandStop),
        row("surrogate", step.surrogate, 0.0..=1.0, A::Surrogate),
        row("frequency_shift_hz", step.frequency_shift_hz, 0.0..=1000.0, A::FrequencyShift),
        row("permutation", step.permutation, 1.0..=64.0, |r| A::Permutation(*r.start() as usize..=*r.end() as usize)),
        row("mixup", step.mixup, 0.0..=0.5, A::Mixup),
    ]
}

/// The two that are on or off.
fn switched(step: &AugmentStepConfig) -> [(&'static str, Option<bool>, Augmentation); 2] {
    [
        ("sign_flip", step.sign_flip, Augmentation::SignFlip),
        ("time_reverse", step.time_reverse, Augmentation::TimeReverse),
    ]
}

/// The steps that are written; what was refused before is left out.
pub(super) fn steps(config: &AugmentConfig) -> Vec<AugmentationStep> {
    let Some(written) = &config.steps else {
        let preset = config.preset.as_deref();
        return Preset::ALL.into_iter().find(|p| Some(p.word()) == preset).unwrap_or(Preset::Eeg).steps();
    };
    let step = |step: &AugmentStepConfig| {
        let of = |r: &Ranged| r.written.map(|span| (r.make)(span.from as f32..=span.to as f32));
        let what = ranged(step)
            .iter()
            .find_map(of)
            .or_else(|| switched(step).into_iter().find_map(|(_, on, what)| on.filter(|on| *on).map(|_| what)))?;
        Some(AugmentationStep { what, probability: step.p as f32 })
    };
    written.iter().filter_map(step).collect()
}

/// What is wrong with the list before the stream is known.
pub(super) fn wrong_steps(config: &AugmentConfig) -> Vec<Problem> {
    let mut found = Vec::new();
    if config.preset.is_some() && config.steps.is_some() {
        let problem = Problem::of("augment", "", "must have `preset` or `steps`, not both");
        found.push(problem.hint("docs/configuration.md has the steps of each preset, to begin with"));
    }
    for (place, step) in config.steps.iter().flatten().enumerate() {
        let path = format!("augment.steps[{}]", place + 1);
        let ranged = ranged(step);
        let mut named: Vec<&str> = ranged.iter().filter(|r| r.written.is_some()).map(|r| r.key).collect();
        named.extend(switched(step).iter().filter(|(_, on, _)| on.is_some()).map(|(key, ..)| *key));
        match named.len() {
            0 => {
                let hint = "for instance { noise = 0.2, p = 0.5 }";
                found.push(Problem::of(&path, "", "must name an augmentation").hint(hint));
            }
            1 => {}
            _ => {
                let problem = Problem::of(&path, "", "must name one augmentation: steps are taken in their order");
                found.push(problem.hint(format!("it names {}", named.join(", "))));
            }
        }
        found.extend(ranged.iter().filter_map(|range| wrong_range(&path, range)));
        for (key, ..) in switched(step).iter().filter(|(_, on, _)| *on == Some(false)) {
            let problem = Problem::of(&format!("{path}.{key}"), false, "must be true");
            found.push(problem.hint("leave the step out where it is not wanted"));
        }
        if !(0.0..=1.0).contains(&step.p) {
            found.push(Problem::of(&format!("{path}.p"), step.p, "must be from 0 to 1"));
        }
    }
    found
}

fn wrong_range(path: &str, range: &Ranged) -> Option<Problem> {
    let span = range.written?;
    let key = format!("{path}.{}", range.key);
    let (least, most) = (*range.allowed.start(), *range.allowed.end());
    if range.allowed.contains(&span.to) && span.from == 0.0 && least > 0.0 {
        let problem = Problem::of(&key, span, format!("must be [from, to], both from {least} to {most}"));
        return Some(problem.hint("one number alone means from 0"));
    }
    if !range.allowed.contains(&span.from) || !range.allowed.contains(&span.to) {
        return Some(Problem::of(&key, span, format!("must lie within {least} to {most}")));
    }
    if span.from > span.to {
        return Some(Problem::of(&key, span, "must be [from, to], the smaller number first"));
    }
    let is_count = range.key == "permutation";
    let fraction = is_count && (span.from.fract() != 0.0 || span.to.fract() != 0.0);
    fraction.then(|| Problem::of(&key, span, "must be whole numbers of pieces"))
}

/// What does not fit a stream, half of whose rate is this.
pub(super) fn unfit_steps(config: &AugmentConfig, nyquist_hz: f64) -> Vec<Problem> {
    let mut found = Vec::new();
    for (place, step) in config.steps.iter().flatten().enumerate() {
        for (key, written) in [("band_stop_hz", step.band_stop_hz), ("frequency_shift_hz", step.frequency_shift_hz)] {
            if let Some(span) = written.filter(|span| span.to >= nyquist_hz) {
                let allowed = format!("must lie below half the stream's rate, {nyquist_hz} Hz");
                found.push(Problem::of(&format!("augment.steps[{}].{key}", place + 1), span, allowed));
            }
        }
    }
    found
}
