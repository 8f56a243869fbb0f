//! Acquisition: blocks leave the source, are conditioned once, and enter every ring.
//!
//! Owned by the acquisition thread, which loops over [`AcquireStage::step`]. Invariant: each frame of the source is counted
//! and offered to each consumer exactly once, with the quality of its channels; a marker comes before its frame.

use super::plan::OpenSource;
use super::record_board::RecordEntry;
use super::recorder::Joining;
use super::report::Report;
use super::scale_board::ScaleBoard;
use super::timeline::Timeline;
use super::to_recorder::ToRecorder;
use super::watch::Watch;
use crate::dsp::Conditioner;
use crate::ring::{Doorbell, MarkerWriter, Tee};
use crate::signal::{Block, Clock, Event, EventKind, Marker, Stamp};
use crate::source::{Progress, SourceError};
use crossbeam_channel::{Receiver, Sender};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What acquisition has counted, for others to read.
#[derive(Debug, Default)]
pub(super) struct AcquireCounts {
    frames: AtomicU64,
    gaps: AtomicU64,
    end_frame: AtomicU64,
    arrived: AtomicU64,
}

impl AcquireCounts {
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    pub fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::Relaxed)
    }

    /// Number of the frame after the newest.
    pub fn end_frame(&self) -> u64 {
        self.end_frame.load(Ordering::Relaxed)
    }

    /// When the newest block arrived.
    pub fn arrived(&self) -> Stamp {
        Stamp(f64::from_bits(self.arrived.load(Ordering::Relaxed)))
    }
}

/// What acquisition says after a step.
#[derive(Debug)]
pub(super) enum Turn {
    /// Frames went into the rings.
    Frames,
    /// Nothing is due before this stamp.
    Wait(Stamp),
    /// Nothing arrived.
    Idle,
    /// A consumer that must not lose anything has no room yet.
    Full,
    /// The source is over.
    Over(String),
    /// The asked-for length is reached.
    Enough,
}

/// Source, watch, conditioner and the two tees: one for frames as recorded, one for conditioned frames.
pub(super) struct AcquireStage {
    source: OpenSource,
    watch: Watch,
    conditioner: Conditioner,
    recorded: Tee,
    conditioned: Tee,
    timeline: Timeline,
    /// Where markers go besides the screen: to the one who cuts windows round them, and the one who learns from them.
    cutter: Option<MarkerWriter>,
    teacher: Option<MarkerWriter>,
    /// One bit a channel that comes out, set for the bad ones.
    bad: Vec<u64>,
    block: Block,
    /// Frames of the block that are delivered.
    delivered: usize,
    samples: Vec<f32>,
    next: Option<u64>,
    arrived: Stamp,
    /// Frames that may still come.
    allowance: Option<u64>,
    counts: Arc<AcquireCounts>,
    board: Arc<ScaleBoard>,
    invalid: u64,
    events: Vec<Event>,
    reports: Sender<Report>,
    /// What a person says.
    said: Receiver<Said>,
    /// Who records from now on, and who does.
    recorders: Receiver<Option<Joining>>,
    recorder: Option<Recording>,
}

/// The recording that goes on.
struct Recording {
    told: ToRecorder,
    entry: Arc<RecordEntry>,
    doorbell: Arc<Doorbell>,
}

/// What acquisition is made of.
pub(super) struct AcquireParts {
    pub source: OpenSource,
    pub watch: Watch,
    pub conditioner: Conditioner,
    pub timeline: Timeline,
    /// For frames as recorded.
    pub recorded: Tee,
    /// For conditioned frames.
    pub conditioned: Tee,
    /// Where markers go besides the screen, where anybody cuts windows round them or learns from them.
    pub cutter: Option<MarkerWriter>,
    pub teacher: Option<MarkerWriter>,
    /// Frames that may come.
    pub allowance: Option<u64>,
    pub reports: Sender<Report>,
    /// What a person says, where acquisition stands.
    pub said: Receiver<Said>,
    /// Who records from now on.
    pub recorders: Receiver<Option<Joining>>,
}

/// What a person says of a moment.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The text and its frame.
    pub marker: Marker,
    /// It names a state that is to be learnt.
    pub teaches: bool,
}

impl AcquireStage {
    pub fn new(parts: AcquireParts) -> Self {
        let AcquireParts { source, watch, conditioner, timeline, .. } = parts;
        let AcquireParts { recorded, conditioned, cutter, teacher, allowance, reports, said, recorders, .. } = parts;
        let channels = source.facts().montage.len();
        let outputs = conditioner.channels();
        Self {
            source,
            watch,
            conditioner,
            recorded,
            conditioned,
            timeline,
            cutter,
            teacher,
            bad: vec![0; outputs.div_ceil(64)],
            block: Block::with_capacity(channels, 1024),
            delivered: 0,
            samples: Vec::with_capacity(outputs * 1024),
            next: None,
            arrived: Stamp::default(),
            allowance,
            counts: Arc::default(),
            board: Arc::new(ScaleBoard::new(outputs)),
            invalid: 0,
            events: Vec::new(),
            reports,
            said,
            recorders,
            recorder: None,
        }
    }

    pub fn counts(&self) -> Arc<AcquireCounts> {
        Arc::clone(&self.counts)
    }

    /// What the running scale knows.
    pub fn scale_board(&self) -> Arc<ScaleBoard> {
        Arc::clone(&self.board)
    }

    /// Moves what is due into the rings.
    pub fn step(&mut self, clock: &dyn Clock) -> Result<Turn, SourceError> {
        if !self.said.is_empty() {
            self.hear(clock.now());
        }
        if self.delivered == self.block.frames() {
            while let Ok(next) = self.recorders.try_recv() {
                self.change_recorder(next);
            }
            self.block.clear();
            self.delivered = 0;
            let progress = self.source.step(clock.now(), &mut self.block, &mut self.events);
            // A live source waits for its block itself: what follows counts from the block's arrival.
            self.arrived = clock.now();
            let now = self.arrived;
            self.tell(now);
            match progress? {
                Progress::Frames => {
                    self.shorten();
                    self.mark(now);
                    if let Some(recorder) = &mut self.recorder {
                        recorder.told.block(&self.block);
                    }
                }
                Progress::Wait(due) => return Ok(Turn::Wait(due)),
                Progress::Idle => return Ok(Turn::Idle),
                Progress::End(why) => return Ok(Turn::Over(why)),
            }
        }
        let frames = self.block.frames();
        if frames == 0 {
            return Ok(if self.allowance == Some(0) { Turn::Enough } else { Turn::Idle });
        }
        if !self.begin(self.block.first + self.delivered as u64) {
            return Ok(Turn::Full);
        }
        while self.delivered < frames {
            let piece = self.watch.piece(frames - self.delivered);
            if self.recorded.room() < piece || self.conditioned.room() < self.conditioner.most(piece) {
                return Ok(Turn::Full);
            }
            self.deliver(piece, clock);
        }
        Ok(Turn::Frames)
    }

    /// Offers frames to another recorder from the next block on, or to none.
    fn change_recorder(&mut self, next: Option<Joining>) {
        if let Some(Recording { entry, doorbell, .. }) = self.recorder.take() {
            entry.leave(self.counts.frames());
            self.recorded.leave(&doorbell);
        }
        self.recorder = next.map(|Joining { branch, told, entry }| {
            let doorbell = Arc::clone(&branch.doorbell);
            entry.join(self.counts.frames());
            self.recorded.join(branch);
            Recording { told, entry, doorbell }
        });
    }

    /// Closes what came before a gap; false while there is no room for it. Without a gap there is nothing to do.
    fn begin(&mut self, first: u64) -> bool {
        if self.next == Some(first) {
            return true;
        }
        let closed = self.finish(self.arrived);
        if closed {
            self.conditioner.gap(first);
            self.watch.gap(first);
            self.next = Some(first);
        }
        closed
    }

    /// Hands on the frames that wait in the conditioner for what comes after them, before a gap or at the end; false, and
    /// nothing done, while there is no room for them.
    pub fn finish(&mut self, now: Stamp) -> bool {
        self.hear(now);
        let has_room = self.conditioned.room() >= self.conditioner.held();
        if has_room {
            self.samples.clear();
            self.conditioner.finish(&mut self.samples);
            self.hand_on([now; 2]);
        }
        has_room
    }

    /// Offers what the conditioner has put out, with the verdict on the newest frames that went in: that on frames which
    /// waited in a resampler is a tenth of a second or so early, where finding a fault takes a second. `moments`: when these
    /// arrived, and when they are handed on.
    fn hand_on(&mut self, moments: [Stamp; 2]) {
        let frames = self.samples.len() / self.conditioner.channels();
        if frames > 0 {
            self.conditioner.bad_bits(&mut self.bad);
            self.conditioned.judge(&self.bad);
            if let Some(scale) = self.conditioner.scale() {
                self.conditioned.note_amplitudes(&scale.log_divisors().map(|ln| ln as f32));
            }
            let run = self.timeline.run(frames, self.conditioner.end_frame(), moments);
            self.conditioned.push_run(&self.samples, run);
        }
    }

    /// Delivers the next `frames` frames of the block, which share one verdict on their channels.
    fn deliver(&mut self, frames: usize, clock: &dyn Clock) {
        let Block { samples, channels, stamp, .. } = &self.block;
        let end = self.delivered + frames;
        let samples = &samples[self.delivered * channels..end * channels];
        let first = self.block.first + self.delivered as u64;
        let stamp = *stamp - (self.block.frames() - end) as f64 / self.source.facts().rate_hz;
        let (next, now) = (first + frames as u64, self.arrived);
        self.next = Some(next);
        self.delivered = end;
        // Counted before anybody can have consumed them.
        self.counts.frames.store(self.counts.frames() + frames as u64, Ordering::Relaxed);
        self.counts.end_frame.store(next, Ordering::Relaxed);
        self.counts.arrived.store(now.0.to_bits(), Ordering::Relaxed);
        self.timeline.note(frames as u64, next, stamp);
        self.watch.step(samples);
        let (recorder, events) = (&self.recorder, &mut self.events);
        self.watch.tell_marks(|text| {
            if let Some(recorder) = recorder {
                recorder.told.marker(Marker { frame: first, duration_s: None, text: text.clone() });
            }
            events.push(Event { at: now, kind: EventKind::Quality, text });
        });
        self.samples.clear();
        self.conditioner.step(samples, self.watch.good(), &mut self.samples);
        if let Some(scale) = self.conditioner.scale() {
            self.board.write(scale.state());
        }
        self.recorded.push(samples, first, stamp, now);
        self.hand_on([now, clock.now()]);
    }

    /// Hands the block's markers on, before its frames.
    fn mark(&mut self, now: Stamp) {
        let mut markers = std::mem::take(&mut self.block.markers);
        markers.drain(..).for_each(|marker| self.hand_out(marker, true, now));
        self.block.markers = markers;
    }

    /// Hands on what a person has said.
    fn hear(&mut self, now: Stamp) {
        while let Ok(Said { marker, teaches }) = self.said.try_recv() {
            self.hand_out(marker, teaches, now);
        }
    }

    fn hand_out(&mut self, marker: Marker, teaches: bool, now: Stamp) {
        let frame = self.timeline.model_frame(marker.frame);
        let teacher = self.teacher.as_mut().filter(|_| teaches);
        for markers in self.cutter.iter_mut().chain(teacher) {
            markers.push(Marker { frame, ..marker.clone() });
        }
        if let Some(recorder) = &self.recorder {
            recorder.told.marker(marker.clone());
        }
        let event = Event { at: now, kind: EventKind::Marker, text: marker.text.clone() };
        let _ = self.reports.try_send(Report::Marker(marker));
        let _ = self.reports.try_send(Report::Event(event));
    }

    /// Cuts the block where the asked-for length of signal ends.
    fn shorten(&mut self) {
        if let Some(allowance) = &mut self.allowance {
            let taken = (*allowance).min(self.block.frames() as u64);
            *allowance -= taken;
            self.block.samples.truncate(taken as usize * self.block.channels);
        }
    }

    fn tell(&mut self, now: Stamp) {
        let gaps = self.events.iter().filter(|e| e.kind == EventKind::Gap).count() as u64;
        self.counts.gaps.store(self.counts.gaps() + gaps, Ordering::Relaxed);
        let invalid = self.conditioner.invalid();
        if invalid > 0 && self.invalid == 0 {
            let text = "the signal holds values that are no numbers; each is replaced by the channel's last good value";
            self.events.push(Event { at: now, kind: EventKind::Warning, text: text.to_owned() });
        }
        self.invalid = invalid;
        self.watch.tell(now, &mut self.events);
        for event in self.events.drain(..) {
            let _ = self.reports.try_send(Report::Event(event));
        }
    }

    /// Wakes every consumer.
    pub fn ring(&self) {
        self.recorded.ring();
        self.conditioned.ring();
    }
}
