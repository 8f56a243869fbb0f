//! Watching the channels during acquisition: where blocks are cut, which channels are trusted, what is told of them.
//!
//! Owned by the acquisition thread. Invariant: the verdict on a frame is that reached once it was taken in, so what is
//! trusted, masked and told depends on frames alone and not on blocks.

use crate::config::{Config, QualityConfig};
use crate::dsp::quality::{Neighbours, Quality, QualitySettings, Reasons, Threshold};
use crate::signal::{ChannelKind, Event, EventKind, Stamp, StreamFacts};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Seconds of signal from one event about quality to the next: a cap that is put on is one event, not sixty.
const TELL_EVERY_S: f64 = 1.0;
/// Channels that one event names.
const NAMED: usize = 4;

/// What is known of the channels' quality, for others to read.
#[derive(Debug, Default)]
pub(super) struct QualityCounts {
    reasons: Vec<AtomicU8>,
    bad_intervals: Vec<AtomicU64>,
    intervals: AtomicU64,
}

impl QualityCounts {
    /// What is wrong with each channel now; empty where nothing is watched.
    pub fn reasons(&self) -> Vec<Reasons> {
        self.reasons.iter().map(|bits| Reasons::from_bits(bits.load(Ordering::Relaxed))).collect()
    }

    /// Intervals judged so far, and in how many of them each channel was bad.
    pub fn intervals(&self) -> (u64, Vec<u64>) {
        let bad = self.bad_intervals.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        (self.intervals.load(Ordering::Relaxed), bad)
    }
}

/// Watches, or trusts every channel where that is switched off.
pub(super) struct Watch {
    quality: Option<Quality>,
    labels: Vec<String>,
    all_good: Vec<bool>,
    counts: Arc<QualityCounts>,
    /// What was told of each channel last, and how many frames ago.
    told: Vec<Reasons>,
    since_told: u64,
    tell_every: u64,
}

impl Watch {
    pub fn new(config: &Config, facts: &StreamFacts) -> Self {
        let kinds: Vec<ChannelKind> = facts.montage.channels.iter().map(|channel| channel.kind).collect();
        let channels = kinds.len();
        let watched = if config.quality.enabled { channels } else { 0 };
        let settings = settings(&config.quality, config.signal.notch_hz);
        // Electrodes of unknown places lie nowhere, and are compared with others all over.
        let places: Vec<[f32; 2]> =
            facts.montage.positions().into_iter().map(|at| at.unwrap_or([f32::NAN; 2])).collect();
        let neighbours =
            if facts.montage.located_channels() > 0 { Neighbours::Positions(&places) } else { Neighbours::Unknown };
        let quality = config.quality.enabled.then(|| Quality::new(&kinds, facts.rate_hz, settings, neighbours));
        let counts = QualityCounts {
            reasons: (0..watched).map(|_| AtomicU8::new(0)).collect(),
            bad_intervals: (0..watched).map(|_| AtomicU64::new(0)).collect(),
            intervals: AtomicU64::new(0),
        };
        Self {
            quality,
            labels: facts.montage.labels().map(str::to_owned).collect(),
            all_good: vec![true; channels],
            counts: Arc::new(counts),
            told: vec![Reasons::NONE; channels],
            since_told: u64::MAX / 2,
            tell_every: (TELL_EVERY_S * facts.rate_hz) as u64,
        }
    }

    pub fn counts(&self) -> Arc<QualityCounts> {
        Arc::clone(&self.counts)
    }

    /// How many of the next `frames` frames share one verdict: the last frame of an interval has that of the next.
    pub fn piece(&self, frames: usize) -> usize {
        match self.quality.as_ref().map(Quality::frames_to_verdict) {
            Some(until) if until > 1 => frames.min(until - 1),
            Some(_) => frames.min(1),
            None => frames,
        }
    }

    /// Takes in one piece of frames `[T, C]` as recorded.
    pub fn step(&mut self, samples: &[f32]) {
        self.since_told = self.since_told.saturating_add((samples.len() / self.all_good.len().max(1)) as u64);
        let Some(quality) = &mut self.quality else { return };
        if quality.step(samples) {
            self.counts.intervals.store(quality.intervals(), Ordering::Relaxed);
            for (c, reasons) in quality.reasons().iter().enumerate() {
                self.counts.reasons[c].store(reasons.bits(), Ordering::Relaxed);
                self.counts.bad_intervals[c].store(quality.bad_intervals()[c], Ordering::Relaxed);
            }
        }
    }

    /// The next frame is number `next` and does not follow on the last one.
    pub fn gap(&mut self, next: u64) {
        if let Some(quality) = &mut self.quality {
            quality.gap(next);
        }
    }

    /// `[C]`: the channels that can be trusted.
    pub fn good(&self) -> &[bool] {
        self.quality.as_ref().map_or(&self.all_good, Quality::good)
    }

    /// Adds an event if channels have become bad or good again since the last one.
    pub fn tell(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let Some(quality) = &self.quality else { return };
        let turned = |now: Reasons, before: Reasons| now.is_empty() != before.is_empty();
        let pairs = || quality.reasons().iter().zip(&self.told);
        if self.since_told < self.tell_every || !pairs().any(|(now, before)| turned(*now, *before)) {
            return;
        }
        let text = changes(
            pairs()
                .zip(&self.labels)
                .filter(|((now, before), _)| turned(**now, **before))
                .map(|((now, _), label)| (label.as_str(), *now)),
        );
        events.push(Event { at: now, kind: EventKind::Quality, text });
        self.told.copy_from_slice(quality.reasons());
        self.since_told = 0;
    }
}

/// What has become of some channels: `T7 is flat; Fp1 is good again`.
fn changes<'a>(changed: impl Iterator<Item = (&'a str, Reasons)>) -> String {
    let (good, bad): (Vec<_>, Vec<_>) = changed.partition(|(_, reasons)| reasons.is_empty());
    let mut text = String::new();
    for (channels, verdict) in [(bad, "bad"), (good, "good again")] {
        if !channels.is_empty() && !text.is_empty() {
            text.push_str("; ");
        }
        if channels.len() <= NAMED {
            let one = |(label, reasons): &(&str, Reasons)| format!("{label} {}", reasons.sentence());
            text.push_str(&channels.iter().map(one).collect::<Vec<_>>().join("; "));
        } else {
            let named: Vec<&str> = channels.iter().take(NAMED).map(|(label, _)| *label).collect();
            let others = channels.len() - NAMED;
            let all = channels.iter().fold(Reasons::NONE, |all, (_, reasons)| all | *reasons);
            let why = if all.is_empty() { String::new() } else { format!(" ({all})") };
            let _ = write!(text, "{} and {others} more are {verdict}{why}", named.join(", "));
        }
    }
    text
}

/// Thresholds as configured; where a channel is good again keeps its distance from where it is bad.
fn settings(config: &QualityConfig, notch_hz: f64) -> QualitySettings {
    let default = QualitySettings::default();
    let scaled = |threshold: Threshold, enter: f64| match enter {
        // Infinity is never reached, and every value lies on its good side.
        0.0 => Threshold { enter: f64::INFINITY, leave: f64::INFINITY },
        _ => Threshold { enter, leave: threshold.leave * (enter / threshold.enter) },
    };
    QualitySettings {
        line_hz: config.line_hz.or((notch_hz > 0.0).then_some(notch_hz)),
        hold_s: config.hold_s,
        flat_uv: scaled(default.flat_uv, config.flat_uv),
        railed_share: scaled(default.railed_share, config.railed_share),
        line_ratio: scaled(default.line_ratio, config.line_ratio),
        muscle_ratio: scaled(default.muscle_ratio, config.muscle_ratio),
        jump_ratio: if config.jump_ratio > 0.0 { config.jump_ratio } else { f64::INFINITY },
        jump_uv: config.jump_uv,
        correlation: match config.correlation {
            0.0 => Threshold { enter: f64::NEG_INFINITY, leave: f64::NEG_INFINITY },
            enter => scaled(default.correlation, enter),
        },
        ..default
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::quality::Reason;

    #[test]
    fn changes_are_told_in_words_and_many_at_once_in_one_sentence() {
        let (flat, line) = (Reasons::NONE.with(Reason::Flat), Reasons::NONE.with(Reason::LineNoise));
        let told = |channels: &[(&str, Reasons)]| changes(channels.iter().copied());
        assert_eq!(told(&[("T7", flat)]), "T7 is flat");
        assert_eq!(
            told(&[("Fp1", Reasons::NONE), ("T7", flat | line)]),
            "T7 is flat and hums with line noise; Fp1 is good again"
        );
        let many: Vec<(&str, Reasons)> = ["A", "B", "C", "D", "E", "F"].map(|label| (label, flat)).into();
        assert_eq!(told(&many), "A, B, C, D and 2 more are bad (flat)");
        let again = many.iter().map(|(label, _)| (*label, Reasons::NONE)).collect::<Vec<_>>();
        assert_eq!(told(&again), "A, B, C, D and 2 more are good again");
    }

    #[test]
    fn thresholds_keep_their_distance_and_zero_switches_a_measure_off() {
        let defaults = settings(&QualityConfig::default(), 0.0);
        assert_eq!(defaults, QualitySettings::default());
        let config = QualityConfig { flat_uv: 5.0, muscle_ratio: 0.0, correlation: 0.0, ..QualityConfig::default() };
        let settings = settings(&config, 60.0);
        assert_eq!((settings.flat_uv, settings.line_hz), (Threshold { enter: 5.0, leave: 10.0 }, Some(60.0)));
        assert_eq!(settings.muscle_ratio.enter, f64::INFINITY);
        assert_eq!(settings.correlation.leave, f64::NEG_INFINITY);
    }
}
