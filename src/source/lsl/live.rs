//! The source that reads a live stream.
//!
//! Owns [`LslSource`], stepped by the acquisition thread, which it keeps for at most 50 ms a step, or a second while it
//! connects to a source that is back. Invariant: a block
//! never spans a gap, and what has arrived is never dropped here.

use crate::lsl::{ClockOffset, Inlet, Library, LslError, SampleFormat, StreamInfo, resolve_one};
use crate::signal::{Block, Clock, Digital, Event, EventKind, SourceKind, Stamp, StreamFacts};
use crate::source::{Progress, Source, SourceError};

use super::montage;
use super::silence::Silence;
use super::stamps::{Break, StampTracker};
use super::timing::{CLOCK_EVERY_S, FIRST_CLOCK_S, HostTime};

/// How long a step waits for samples, in seconds.
pub(super) const WAIT_S: f64 = 0.050;
/// How much signal liblsl keeps while nobody steps, in seconds; beyond, it drops the oldest.
const BUFFER_S: u16 = 60;
/// How much signal a block holds at most, in seconds.
const BLOCK_S: f64 = 0.25;
/// How long connecting may take, in seconds.
const CONNECT_S: f64 = 10.0;
/// How long connecting to a source that is back may take, in seconds; nothing else arrives meanwhile.
const RECONNECT_S: f64 = 1.0;
/// How often values that are no numbers are told, in seconds.
const TELL_EVERY_S: f64 = 1.0;

/// Values that are no numbers since they were last told.
#[derive(Default)]
struct NotFinite {
    values: usize,
    told: Option<Stamp>,
}

/// A live Lab Streaming Layer stream.
pub struct LslSource {
    facts: StreamFacts,
    inlet: Inlet,
    /// Microvolts in one unit of each channel; `None` where every one is 1.
    factors: Option<Vec<f64>>,
    tracker: StampTracker,
    time: HostTime,
    next_clock: Stamp,
    silence: Silence,
    samples: Vec<f32>,
    stamps: Vec<f64>,
    /// Frames of `samples` that have been given out.
    given: usize,
    not_finite: NotFinite,
    at_open: Vec<Event>,
}

impl LslSource {
    /// Waits up to `wait_s` for the one stream that matches, connects, reads its description and measures its clock.
    ///
    /// The predicate is as in [`crate::lsl::resolve_one`]. Blocks for `wait_s` at most before a stream is found and
    /// some seconds more at most after; to stay interruptible, call it with a short wait again and again while it
    /// fails with [`LslError::NoStream`]. What the description leaves out is assumed and told by the first step.
    ///
    /// # Errors
    /// Those of [`crate::lsl::resolve_one`] and [`Inlet::open`]: no stream, several, one of texts, too many channels;
    /// and [`LslError::WrongKind`] for an irregular stream.
    pub fn open(
        library: &Library,
        predicate: Option<&str>,
        wait_s: f64,
        clock: &dyn Clock,
    ) -> Result<Self, SourceError> {
        let resolved = resolve_one(library, predicate, wait_s)?;
        refuse_irregular(&resolved)?;
        let mut inlet = Inlet::open(&resolved, BUFFER_S, BLOCK_S, CONNECT_S)?;
        let measured = inlet.clock_offset(FIRST_CLOCK_S).ok();
        let correction_s = measured.map(|clock| clock.seconds);
        let offset_s = library.clock_offset(clock);
        let now = clock.now();

        let info = inlet.info();
        let (mut montage, mut told) = montage::read(&info.channel_notes(), info.channels());
        if let Some(SampleFormat::Int8 | SampleFormat::Int16) = info.format() {
            for channel in &mut montage.channels {
                channel.digital = Some(Digital::scaled(16, channel.unit.factor(), 0.0));
            }
        }
        if let Some(clock) = measured.filter(ClockOffset::is_unsure) {
            told.push(format!(
                "the clock of {} is known to {:.0} ms only: the network is slow, so stamps are as uncertain",
                info.hostname(),
                clock.uncertainty_s * 1e3
            ));
        }
        if correction_s.is_none() {
            told.push(format!(
                "the clock of {} could not be measured in {FIRST_CLOCK_S} s (UDP blocked?): until it can, stamps are \
                 taken to be on this host's clock",
                info.hostname()
            ));
        }
        if info.source_id().is_empty() {
            told.push("the stream has no source_id: if its source restarts, it cannot be found again".to_owned());
        }
        let warning = |text| Event { at: now, kind: EventKind::Warning, text: format!("'{}': {text}", info.name()) };
        let at_open = told.into_iter().map(warning).collect();

        let factors: Vec<f64> = montage.channels.iter().map(|channel| channel.unit.factor()).collect();
        let mut time = HostTime::new(offset_s);
        time.correct(correction_s.unwrap_or(0.0));
        let rate_hz = info.rate_hz();
        let (kind, name) = (SourceKind::Lsl, info.name());
        let facts = StreamFacts { kind, name, montage, rate_hz, frames: None, markers: None };
        Ok(Self {
            silence: Silence::new(library, info, now),
            facts,
            inlet,
            factors: factors.iter().any(|factor| *factor != 1.0).then_some(factors),
            tracker: StampTracker::new(rate_hz),
            time,
            next_clock: now + CLOCK_EVERY_S,
            samples: Vec::new(),
            stamps: Vec::new(),
            given: 0,
            not_finite: NotFinite::default(),
            at_open,
        })
    }

    /// What the stream says of itself, as it was when it was opened.
    #[must_use]
    pub fn info(&self) -> &StreamInfo {
        self.inlet.info()
    }

    /// A step that waits for samples no longer than `wait_s`.
    pub(super) fn step_within(
        &mut self,
        wait_s: f64,
        now: Stamp,
        block: &mut Block,
        events: &mut Vec<Event>,
    ) -> Result<Progress, SourceError> {
        events.append(&mut self.at_open);
        self.follow_clock(now, events);
        if self.given >= self.stamps.len() {
            self.given = 0;
            match self.inlet.pull(wait_s, &mut self.samples, &mut self.stamps) {
                Ok(0) => {
                    self.silence.nothing(now, events)?;
                    self.connect_anew(now, events)?;
                }
                Ok(_) => self.silence.something(now, events)?,
                Err(LslError::Lost) => {
                    return Ok(Progress::End(format!("stream '{}': {}", self.facts.name, LslError::Lost)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.fill(now, block, events))
    }

    /// Connects to a source that is back. One that does not answer yet is called again.
    fn connect_anew(&mut self, now: Stamp, events: &mut Vec<Event>) -> Result<(), LslError> {
        let Some(stream) = self.silence.returned(now) else { return Ok(()) };
        let Ok(inlet) = Inlet::open(&stream, BUFFER_S, BLOCK_S, RECONNECT_S) else { return Ok(()) };
        self.silence.connected(inlet.info(), now, events)?;
        self.inlet = inlet;
        Ok(())
    }

    /// Fetches liblsl's latest measurement of the source's clock, and notices when the stream was connected anew.
    fn follow_clock(&mut self, now: Stamp, events: &mut Vec<Event>) {
        if now < self.next_clock {
            return;
        }
        self.next_clock = now + CLOCK_EVERY_S;
        if self.inlet.was_clock_reset() {
            self.silence.identify(now, events);
        }
        // After a restart there is none for some seconds: the last one holds on.
        if let Ok(measured) = self.inlet.clock_offset(0.0) {
            self.time.correct(measured.seconds);
        }
    }

    fn fill(&mut self, now: Stamp, block: &mut Block, events: &mut Vec<Event>) -> Progress {
        let channels = self.facts.montage.len();
        let Some(run) = self.tracker.take(self.stamps.get(self.given..).unwrap_or_default()) else {
            return Progress::Idle;
        };
        if let Some(found) = run.break_before {
            if !matches!(found, Break::Missing { .. }) {
                self.time.anchor_anew();
            }
            events.push(Event { at: now, kind: EventKind::Gap, text: describe(found, &self.facts.name) });
        }
        let frames = self.samples.iter().skip(self.given * channels).take(run.frames * channels);
        match &self.factors {
            None => block.samples.extend(frames),
            Some(factors) => {
                let scaled = frames.zip(factors.iter().cycle());
                block.samples.extend(scaled.map(|(value, factor)| (f64::from(*value) * factor) as f32));
            }
        }
        block.own_stamps.extend(self.stamps.iter().skip(self.given).take(run.frames));
        self.given += run.frames;
        let (stamp, off_s) = self.time.place(run.stamp, now);
        block.own_clock_s = Some(self.time.own_clock_s());
        if let Some(off_s) = off_s {
            let name = &self.facts.name;
            let text =
                format!("the stamps of '{name}' are {off_s:.1} s from the present: arrival is taken for the time");
            events.push(Event { at: now, kind: EventKind::Warning, text });
        }
        (block.channels, block.first, block.stamp) = (channels, run.first, stamp);
        self.count_not_finite(now, block, events);
        Progress::Frames
    }

    fn count_not_finite(&mut self, now: Stamp, block: &Block, events: &mut Vec<Event>) {
        let tally = &mut self.not_finite;
        tally.values += block.samples.iter().filter(|value| !value.is_finite()).count();
        if tally.values > 0 && tally.told.is_none_or(|told| now - told >= TELL_EVERY_S) {
            let text = format!("{} values from '{}' are no numbers (NaN or infinite)", tally.values, self.facts.name);
            events.push(Event { at: now, kind: EventKind::Warning, text });
            *tally = NotFinite { values: 0, told: Some(now) };
        }
    }
}

impl Source for LslSource {
    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn step(&mut self, now: Stamp, block: &mut Block, events: &mut Vec<Event>) -> Result<Progress, SourceError> {
        self.step_within(WAIT_S, now, block, events)
    }
}

fn refuse_irregular(info: &StreamInfo) -> Result<(), LslError> {
    // A stream of texts is irregular too, and refused by the inlet with a better word.
    if info.rate_hz() > 0.0 || info.format() == Some(SampleFormat::String) {
        return Ok(());
    }
    let why = "its rate is irregular, and windows need a regular one; choose a stream with a nominal rate".to_owned();
    Err(LslError::WrongKind { stream: info.to_string(), wanted: "a signal", why })
}

fn describe(found: Break, name: &str) -> String {
    match found {
        Break::Missing { frames, seconds } => format!("{frames} frames ({seconds:.3} s) of '{name}' are missing"),
        Break::Backwards { seconds } => format!("the stamps of '{name}' went back by {seconds:.3} s: numbered anew"),
        Break::Leap { seconds } => format!("the stamps of '{name}' leapt ahead by {seconds:.0} s: numbered anew"),
    }
}
