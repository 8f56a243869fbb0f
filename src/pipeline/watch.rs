//! Watching the channels during acquisition: where blocks are cut, which channels are trusted, what is told of them.
//!
//! Owned by the acquisition thread. Invariant: the verdict on a frame is that reached once it was taken in, so what is
//! trusted, masked and told depends on frames alone and not on blocks. What a person marks holds from the next piece on,
//! whatever is measured.

use crate::config::{Config, QualityConfig};
use crate::dsp::quality::{Neighbours, Quality, QualitySettings, Reason, Reasons, Threshold};
use crate::signal::{ChannelKind, Event, EventKind, Stamp, StreamFacts};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// Seconds of signal from one event about quality to the next: a cap that is put on is one event, not sixty.
const TELL_EVERY_S: f64 = 1.0;
/// Channels that one event names.
const NAMED: usize = 4;

/// What is known of the channels' quality, for others to read, and what a person says of it, for others to write.
#[derive(Debug, Default)]
pub(super) struct QualityCounts {
    is_watched: bool,
    reasons: Vec<AtomicU8>,
    bad_intervals: Vec<AtomicU64>,
    intervals: AtomicU64,
    /// Channels that a person has marked as bad, and how often anything was marked or unmarked.
    marked: Vec<AtomicBool>,
    marks: AtomicU64,
}

impl QualityCounts {
    fn new(channels: usize, is_watched: bool) -> Self {
        Self {
            is_watched,
            reasons: (0..channels).map(|_| AtomicU8::new(0)).collect(),
            bad_intervals: (0..channels).map(|_| AtomicU64::new(0)).collect(),
            intervals: AtomicU64::new(0),
            marked: (0..channels).map(|_| AtomicBool::new(false)).collect(),
            marks: AtomicU64::new(0),
        }
    }

    /// Marks a channel as bad, or takes that back; nothing happens to one that is not there.
    pub fn mark(&self, channel: usize, is_bad: bool) {
        if let Some(marked) = self.marked.get(channel) {
            marked.store(is_bad, Ordering::Relaxed);
            self.marks.fetch_add(1, Ordering::Release);
        }
    }

    /// What is wrong with each channel now; empty where nothing is watched and nothing is marked.
    pub fn reasons(&self) -> Vec<Reasons> {
        let reasons: Vec<Reasons> =
            self.reasons.iter().map(|bits| Reasons::from_bits(bits.load(Ordering::Relaxed))).collect();
        let is_known = self.is_watched || reasons.iter().any(|reasons| !reasons.is_empty());
        if is_known { reasons } else { Vec::new() }
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
    good: Vec<bool>,
    counts: Arc<QualityCounts>,
    /// Channels that are marked, as far as it is known here, and as far as it was told.
    marked: Vec<bool>,
    told_marked: Vec<bool>,
    marks: u64,
    /// What was measured and told of each channel last, and how many frames ago.
    told: Vec<Reasons>,
    since_told: u64,
    tell_every: u64,
}

impl Watch {
    pub fn new(config: &Config, facts: &StreamFacts) -> Self {
        let kinds: Vec<ChannelKind> = facts.montage.channels.iter().map(|channel| channel.kind).collect();
        let channels = kinds.len();
        let settings = settings(&config.quality, config.signal.notch_hz);
        // Electrodes of unknown places lie nowhere, and are compared with others all over.
        let places: Vec<[f32; 2]> =
            facts.montage.positions().into_iter().map(|at| at.unwrap_or([f32::NAN; 2])).collect();
        let neighbours =
            if facts.montage.located_channels() > 0 { Neighbours::Positions(&places) } else { Neighbours::Unknown };
        let quality = config.quality.enabled.then(|| Quality::new(&kinds, facts.rate_hz, settings, neighbours));
        let counts = QualityCounts::new(channels, quality.is_some());
        Self {
            quality,
            labels: facts.montage.labels().map(str::to_owned).collect(),
            good: vec![true; channels],
            counts: Arc::new(counts),
            marked: vec![false; channels],
            told_marked: vec![false; channels],
            marks: 0,
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
        self.since_told = self.since_told.saturating_add((samples.len() / self.good.len().max(1)) as u64);
        let marks = self.counts.marks.load(Ordering::Acquire);
        let has_judged = self.quality.as_mut().is_some_and(|quality| quality.step(samples));
        if !has_judged && marks == self.marks {
            return;
        }
        self.marks = marks;
        let counts = &self.counts;
        let intervals = self.quality.as_ref().map_or(0, Quality::intervals);
        let judged = intervals - counts.intervals.load(Ordering::Relaxed);
        for c in 0..self.good.len() {
            let measured = self.quality.as_ref().map_or(Reasons::NONE, |quality| quality.reasons()[c]);
            self.marked[c] = counts.marked[c].load(Ordering::Relaxed);
            let reasons = if self.marked[c] { measured.with(Reason::Marked) } else { measured };
            self.good[c] = reasons.is_empty();
            counts.reasons[c].store(reasons.bits(), Ordering::Relaxed);
            let bad = if self.good[c] { 0 } else { judged };
            counts.bad_intervals[c].store(counts.bad_intervals[c].load(Ordering::Relaxed) + bad, Ordering::Relaxed);
        }
        counts.intervals.store(intervals, Ordering::Relaxed);
    }

    /// What a person has marked or unmarked since the last call, in words for a recording; told once.
    pub fn tell_marks(&mut self, mut tell: impl FnMut(String)) {
        for ((label, is_marked), told) in self.labels.iter().zip(&self.marked).zip(&mut self.told_marked) {
            if *is_marked != *told {
                *told = *is_marked;
                let what = if *is_marked { "is marked as bad by hand" } else { "is no longer marked as bad" };
                tell(format!("{label} {what}"));
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
        &self.good
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

    fn facts() -> StreamFacts {
        let montage = crate::signal::Montage::of_labels(&["C3", "C4"]);
        let kind = crate::signal::SourceKind::Synthetic;
        StreamFacts { kind, name: String::new(), montage, rate_hz: 128.0, frames: None, markers: None }
    }

    #[test]
    fn a_mark_holds_from_the_next_piece_on_whether_channels_are_watched_or_not() {
        for enabled in [true, false] {
            let mut config = Config::default();
            config.quality.enabled = enabled;
            let mut watch = Watch::new(&config, &facts());
            let counts = watch.counts();
            let noise = |n: usize| 20.0 * ((n as f64 * 9973.0).sin() * 43_758.547).fract() as f32;
            let mut frames = 0;
            let mut take = |watch: &mut Watch, count: usize| {
                for _ in 0..count {
                    watch.step(&[noise(2 * frames), noise(2 * frames + 1)]);
                    frames += 1;
                }
            };
            take(&mut watch, 64);
            assert_eq!((watch.good(), counts.reasons().len()), (&[true; 2][..], if enabled { 2 } else { 0 }));
            counts.mark(1, true);
            counts.mark(7, true);
            assert_eq!(watch.good(), [true, true], "not yet");
            take(&mut watch, 1);
            assert_eq!(watch.good(), [true, false]);
            assert_eq!(counts.reasons()[1], Reasons::NONE.with(Reason::Marked));
            take(&mut watch, 128);
            let (intervals, bad) = counts.intervals();
            assert_eq!((intervals, bad), if enabled { (3, vec![0, 2]) } else { (0, vec![0, 0]) });
            let told = |watch: &mut Watch| {
                let mut all = Vec::new();
                watch.tell_marks(|text| all.push(text));
                all
            };
            assert_eq!(told(&mut watch), ["C4 is marked as bad by hand"]);
            assert!(told(&mut watch).is_empty(), "told once");
            counts.mark(1, false);
            take(&mut watch, 1);
            assert_eq!(told(&mut watch), ["C4 is no longer marked as bad"]);
            assert_eq!(watch.good(), [true, true]);
        }
    }
}
