//! Watches channels while they stream.
//!
//! Owned by the acquisition thread. Invariant: after it was made nothing is allocated; intervals are counted in frames
//! from the start or the last gap, so that blocks do not matter.

mod judge;

use super::history::History;
use super::partners::{Neighbours, Partners};
use super::powers::Powers;
use super::spectrum::Spectrum;
use super::tally::Tally;
use super::thin::Thinner;
use super::verdict::Verdicts;
use super::{Figures, QualitySettings, Reason, Reasons};
use crate::dsp::vectorised;
use crate::signal::ChannelKind;

/// Seconds of an interval, at the end of which everything is judged.
const INTERVAL_S: f64 = 0.5;
/// Frames that an interval has at least, whatever the rate: fewer say nothing of a channel.
const FEWEST_FRAMES: usize = 16;
/// Intervals in one spectrum.
const SPECTRUM: usize = 2;
/// Intervals over which the usual step is taken.
const STEPS: usize = 5;
/// Channels whose samples are gathered together: a line of cache.
const GROUP: usize = 16;

/// Watches the quality of each channel of a stream; see [the module](super).
#[derive(Debug)]
pub struct Quality {
    settings: QualitySettings,
    judged: Vec<Reasons>,
    tally: Tally,
    thinner: Thinner,
    /// Thinned frames in an interval, and frames as they come.
    interval: usize,
    interval_frames: usize,
    /// Ring of the last [`SPECTRUM`] intervals, thinned, `[T, C]`.
    thinned: Vec<f32>,
    /// Where the next thinned frame goes, and how many whole intervals the ring holds.
    at: usize,
    held: usize,
    /// Intervals in a row of which each channel was finite.
    finite: Vec<usize>,
    spectrum: Spectrum,
    /// `[channel]`: powers in the spectrum before, where that could be measured.
    powers: Vec<Option<Powers>>,
    partners: Partners,
    gathered: Vec<f32>,
    /// `[channel]`: the usual step in each of the last intervals, newest last.
    steps: Vec<[f64; STEPS]>,
    figures: Vec<Figures>,
    verdicts: Verdicts,
    good: Vec<bool>,
    bad_bits: Vec<u64>,
    bad_intervals: Vec<u64>,
    intervals: u64,
    changes: u64,
    history: History,
    /// Number of the next frame, and of the first of the present interval.
    next: u64,
    first: u64,
}

impl Quality {
    /// Begins to watch channels of these kinds at `rate_hz`; the first frame is number 0, and all are good.
    ///
    /// A rate that is no number above 0 is taken as 1.
    #[must_use]
    pub fn new(kinds: &[ChannelKind], rate_hz: f64, settings: QualitySettings, neighbours: Neighbours<'_>) -> Self {
        let channels = kinds.len();
        let rate_hz = if rate_hz.is_finite() && rate_hz > 0.0 { rate_hz } else { 1.0 };
        let thinner = Thinner::new(channels, rate_hz);
        let thinned_hz = rate_hz / thinner.every() as f64;
        let interval = ((INTERVAL_S * thinned_hz).round() as usize).max(FEWEST_FRAMES);
        let interval_s = interval as f64 / thinned_hz;
        let intervals = |seconds: f64| (seconds / interval_s).round().clamp(1.0, 1e5);
        let judged: Vec<Reasons> = kinds.iter().map(|&kind| Reasons::judged(kind)).collect();
        let eligible: Vec<bool> = judged.iter().map(|reasons| reasons.has(Reason::Uncorrelated)).collect();
        let spectrum = Spectrum::new(SPECTRUM * interval, thinned_hz, &settings);
        Self {
            tally: Tally::new(channels),
            interval,
            interval_frames: interval * thinner.every(),
            thinner,
            thinned: vec![0.0; SPECTRUM * interval * channels],
            at: 0,
            held: 0,
            finite: vec![0; channels],
            partners: Partners::new(&eligible, neighbours, spectrum.features()),
            spectrum,
            powers: vec![None; channels],
            gathered: vec![0.0; GROUP * SPECTRUM * interval],
            steps: vec![[f64::NAN; STEPS]; channels],
            figures: vec![Figures::default(); channels],
            verdicts: Verdicts::new(channels, intervals(settings.hold_s) as u32),
            good: vec![true; channels],
            bad_bits: vec![0; channels.div_ceil(64)],
            bad_intervals: vec![0; channels],
            intervals: 0,
            changes: 0,
            history: History::new(channels, intervals(settings.history_s) as usize + 1),
            next: 0,
            first: 0,
            judged,
            settings,
        }
    }

    /// Takes in frames `[T, C]` in microvolts as recorded; samples may be anything. What is no whole frame is left out.
    ///
    /// True when an interval ended in them, and with it verdicts and figures may have changed.
    pub fn step(&mut self, samples: &[f32]) -> bool {
        let channels = self.judged.len();
        if channels == 0 {
            return false;
        }
        let whole = samples.len() / channels * channels;
        let (mut rest, mut has_judged) = (&samples[..whole], false);
        while !rest.is_empty() {
            let (now, later) = rest.split_at((self.frames_to_verdict() * channels).min(rest.len()));
            self.count(now);
            self.next += (now.len() / channels) as u64;
            if (self.next - self.first) as usize == self.interval_frames {
                self.judge();
                has_judged = true;
            }
            rest = later;
        }
        has_judged
    }

    /// Tells it that the next frame is number `next` and does not follow on the last one: all measures start afresh,
    /// verdicts stay as they are.
    pub fn gap(&mut self, next: u64) {
        let begun = Begun { tally: &self.tally, judged: &self.judged };
        let row = self.verdicts.reasons().iter().enumerate().map(|(c, &reasons)| reasons | begun.seen(c));
        self.history.push(self.first, self.next, row);
        self.tally.part();
        self.thinner.part();
        self.partners.part();
        self.powers.fill(None);
        self.at = 0;
        self.held = 0;
        self.finite.fill(0);
        self.first = next;
        self.next = next;
    }

    /// True for each channel that is good now.
    #[must_use]
    pub fn good(&self) -> &[bool] {
        &self.good
    }

    /// What is wrong with each channel now: a row of bytes, as it were, that can travel beside frames.
    #[must_use]
    pub fn reasons(&self) -> &[Reasons] {
        self.verdicts.reasons()
    }

    /// One bit a channel, set for those that are bad now; channel `c` is bit `c % 64` of word `c / 64`.
    #[must_use]
    pub fn bad_bits(&self) -> &[u64] {
        &self.bad_bits
    }

    /// What was measured of a channel last; nothing of a channel that is not there.
    #[must_use]
    pub fn figures(&self, channel: usize) -> Figures {
        self.figures.get(channel).copied().unwrap_or_default()
    }

    /// Puts into `out` what was wrong with each channel at any time in frames `first..end`.
    ///
    /// An interval counts with the verdict reached at its end. Frames since the last interval count with the present
    /// verdict and with samples that are not finite; what is older than `history_s` is forgotten.
    pub fn reasons_between(&self, first: u64, end: u64, out: &mut [Reasons]) {
        out.fill(Reasons::NONE);
        self.history.between(first, end, out);
        if first < end && self.first < end {
            let begun = Begun { tally: &self.tally, judged: &self.judged };
            for (c, (out, &reasons)) in out.iter_mut().zip(self.verdicts.reasons()).enumerate() {
                *out |= reasons | begun.seen(c);
            }
        }
    }

    /// Intervals judged so far.
    #[must_use]
    pub fn intervals(&self) -> u64 {
        self.intervals
    }

    /// In how many of them each channel was bad.
    #[must_use]
    pub fn bad_intervals(&self) -> &[u64] {
        &self.bad_intervals
    }

    /// How often the reasons of any channel have changed: whoever shows them need look only when this did.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Frames in an interval.
    #[must_use]
    pub fn interval_frames(&self) -> usize {
        self.interval_frames
    }

    /// Frames until the next verdict: who wants to see every one hands over no more at once.
    #[must_use]
    pub fn frames_to_verdict(&self) -> usize {
        self.interval_frames - (self.next - self.first) as usize
    }

    /// Sample by sample: counts, and the thinned signal.
    fn count(&mut self, frames: &[f32]) {
        let channels = self.judged.len();
        let (tally, thinner, thinned, at) = (&mut self.tally, &mut self.thinner, &mut self.thinned, &mut self.at);
        vectorised(
            #[inline(always)]
            || {
                for frame in frames.chunks_exact(channels) {
                    tally.add(frame);
                    let place = &mut thinned[*at * channels..(*at + 1) * channels];
                    if thinner.add(&tally.value, place) {
                        *at += 1;
                        if *at * channels == thinned.len() {
                            *at = 0;
                        }
                    }
                }
            },
        );
    }
}

/// The interval that is not over yet: what is certain of it already.
struct Begun<'a> {
    tally: &'a Tally,
    judged: &'a [Reasons],
}

impl Begun<'_> {
    fn seen(&self, channel: usize) -> Reasons {
        let is_bad = self.tally.not_finite[channel] > 0 && self.judged[channel].has(Reason::NotFinite);
        if is_bad { Reasons::NONE.with(Reason::NotFinite) } else { Reasons::NONE }
    }
}
