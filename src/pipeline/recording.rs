//! A recording without a model: source, tee, recorder, and nothing else.
//!
//! Two threads, `acquire` and `record`, joined by one ring. Invariant: as in a run, the recorder holds up nothing that is
//! live, what it misses is counted, and a recording that is played at full speed waits for it.

use super::clock::unix_s;
use super::live::{ACQUIRE, RECORD, one, recording, until};
use super::plan::OpenSource;
use super::shutdown::{Reason, Shutdown};
use super::stage::spawn;
use super::telemetry::Consumer;
use super::to_recorder::{ToRecorder, to_recorder};
use crate::format::disk::OsDisk;
use crate::ring::{Branch, Doorbell, Tee, WhenFull, frames};
use crate::serve::record::{RecordCounts, RecordError, RecordSettings, RecordStage, Recorded};
use crate::signal::{Block, Clock, Event, EventKind, Stamp, StreamFacts};
use crate::source::{Progress, SourceError};
use crossbeam_channel::{Receiver, Sender};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Seconds of signal that the recorder may fall behind.
const RING_S: f64 = 12.0;
/// Blocks that the ring holds at most, and events that may wait.
const HEADERS: usize = 65_536;
const QUEUE: usize = 4096;

/// A recording that is going on.
pub struct Recording {
    /// What happened, as it happens; the channel closes when all is over.
    pub events: Receiver<Event>,
    path: PathBuf,
    facts: Arc<StreamFacts>,
    counts: Arc<RecordCounts>,
    ledger: Consumer,
    done: Receiver<(&'static str, Option<String>)>,
    running: usize,
    recorded: Receiver<Recorded>,
    shutdown: Shutdown,
    failures: Vec<String>,
}

/// Why a recording did not start.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The threads.
    #[error("the threads of the recorder cannot be started: {0}")]
    Threads(#[from] io::Error),
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Recording {
    /// Begins to record all channels of a source for `duration_s` seconds of signal, or until its end.
    ///
    /// `waits` is for sources that play as fast as they are taken; a live one would lose nothing by it but time.
    ///
    /// # Errors
    /// If the file cannot be begun, or the system gives no threads.
    pub fn start(
        source: OpenSource,
        settings: &RecordSettings,
        duration_s: Option<f64>,
        waits: bool,
        clock: &Arc<dyn Clock>,
        shutdown: &Shutdown,
    ) -> Result<Self, RecordingError> {
        let facts = Arc::new(source.facts().clone());
        let (channels, rate_hz) = (facts.montage.len(), facts.rate_hz);
        let capacity = (RING_S * rate_hz).ceil() as usize;
        let (writer, reader) = frames(channels, rate_hz, capacity, capacity.min(HEADERS));
        let ledger =
            Consumer { name: "recorder", written: writer.counts(), read: reader.counts(), capacity: capacity as u64 };
        let (heard, told) = to_recorder(reader, capacity, None);
        let dated = RecordSettings { unix_zero_s: unix_s().map(|seconds| seconds - clock.now().0), ..settings.clone() };
        let stage = RecordStage::create(&OsDisk, &dated, &facts, heard, clock.now())?;
        let (path, counts) = (stage.path().to_owned(), stage.counts());
        let bell = Arc::new(Doorbell::default());
        let when_full = if waits { WhenFull::Wait } else { WhenFull::Lose };
        let tee = Tee::new(vec![Branch { writer, when_full, doorbell: Arc::clone(&bell) }]);
        let (tell, events) = crossbeam_channel::bounded(QUEUE);
        let acquire = Acquire {
            source,
            tee,
            recorder: told(Arc::clone(&counts)),
            allowance: duration_s.map(|s| (s * rate_hz).round() as u64),
            block: Block::with_capacity(channels, 1024),
            is_waiting: false,
            arrived: Stamp::default(),
            events: Vec::new(),
            tell: tell.clone(),
        };
        let (recorded_in, recorded) = one();
        let (done_in, done) = crossbeam_channel::unbounded();
        let time = Arc::clone(clock);
        let told_end = done_in.clone();
        let ended = move |name, panicked| drop(told_end.send((name, panicked)));
        spawn(RECORD, false, shutdown, ended, move || {
            let told = |event| drop(tell.try_send(event));
            let _ = recorded_in.send(recording(stage, &bell, &*time, told));
        })?;
        let (time, token) = (Arc::clone(clock), shutdown.clone());
        let ended = move |name, panicked| drop(done_in.send((name, panicked)));
        spawn(ACQUIRE, false, shutdown, ended, move || acquiring(acquire, &*time, &token))?;
        let (running, shutdown) = (2, shutdown.clone());
        Ok(Self { events, path, facts, counts, ledger, done, running, recorded, shutdown, failures: Vec::new() })
    }

    /// The file, whose name may have got a run number.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Frames that found no room, or came after the disk had refused.
    fn lost(&self) -> u64 {
        self.ledger.written.refused() + self.ledger.read.skipped()
    }

    /// What it is about at this moment: seconds written, bytes, frames lost.
    #[must_use]
    pub fn figures(&self) -> (f64, u64, u64) {
        (self.counts.frames() as f64 / self.facts.rate_hz, self.counts.bytes(), self.lost())
    }

    /// True while the recording goes on; one that the disk has refused is over, since nothing else is left to do.
    pub fn attend(&mut self) -> bool {
        while let Ok((name, panicked)) = self.done.try_recv() {
            self.running -= 1;
            self.failures.extend(panicked.map(|why| format!("{name}: {why}")));
        }
        if self.counts.has_stopped() && self.running > 0 {
            self.shutdown.request(Reason::Failed { stage: RECORD, why: "nothing can be written any more".to_owned() });
        }
        self.running > 0
    }

    /// How it ended, once it has: what was recorded, frames that were lost on the way, and what went wrong.
    #[must_use]
    pub fn finish(mut self) -> (Recorded, u64, Vec<String>) {
        while self.attend() {
            if let Ok((name, panicked)) = self.done.recv() {
                self.running -= 1;
                self.failures.extend(panicked.map(|why| format!("{name}: {why}")));
            }
        }
        let recorded = super::live::last(&self.recorded).unwrap_or_default();
        let lost = self.lost();
        let mut failures = self.failures;
        match (&recorded.error, self.shutdown.reason()) {
            (Some(error), _) => failures.push(error.clone()),
            (None, Some(reason @ Reason::Failed { .. })) if failures.is_empty() => failures.push(reason.to_string()),
            _ => {}
        }
        (recorded, lost, failures)
    }
}

/// The acquisition thread's share.
struct Acquire {
    source: OpenSource,
    tee: Tee,
    recorder: ToRecorder,
    allowance: Option<u64>,
    block: Block,
    /// True while a block waits for room.
    is_waiting: bool,
    arrived: Stamp,
    events: Vec<Event>,
    tell: Sender<Event>,
}

enum Turn {
    Again,
    Wait(f64),
    Over(Reason),
}

fn acquiring(mut stage: Acquire, clock: &dyn Clock, shutdown: &Shutdown) {
    while !shutdown.is_requested() {
        match stage.step(clock) {
            Ok(Turn::Again) => {}
            Ok(Turn::Wait(seconds)) => until(seconds),
            Ok(Turn::Over(reason)) => shutdown.request(reason),
            Err(error) => {
                let hint = if error.is_change() { "; start again to record it as it is now" } else { "" };
                shutdown.request(Reason::Failed { stage: "the source", why: format!("{error}{hint}") });
            }
        }
    }
    stage.tee.ring();
}

impl Acquire {
    fn step(&mut self, clock: &dyn Clock) -> Result<Turn, SourceError> {
        if !self.is_waiting {
            self.block.clear();
            let progress = self.source.step(clock.now(), &mut self.block, &mut self.events);
            self.arrived = clock.now();
            for event in self.events.drain(..) {
                let _ = self.tell.try_send(event);
            }
            match progress? {
                Progress::Frames => {
                    self.shorten();
                    self.recorder.block(&self.block);
                }
                Progress::Wait(due) => return Ok(Turn::Wait(due - clock.now())),
                Progress::Idle => return Ok(Turn::Again),
                Progress::End(why) => return Ok(Turn::Over(Reason::Source(why))),
            }
        }
        let frames = self.block.frames();
        self.is_waiting = self.tee.room() < frames;
        if self.is_waiting {
            return Ok(Turn::Wait(0.001));
        }
        if frames > 0 {
            self.tee.push(&self.block.samples, self.block.first, self.block.stamp, self.arrived);
        }
        for marker in self.block.markers.drain(..) {
            let event = Event { at: self.arrived, kind: EventKind::Marker, text: marker.text.clone() };
            let _ = self.tell.try_send(event);
            self.recorder.marker(marker);
        }
        Ok(if self.allowance == Some(0) { Turn::Over(Reason::Duration) } else { Turn::Again })
    }

    /// Cuts the block where the asked-for length of signal ends.
    fn shorten(&mut self) {
        if let Some(allowance) = &mut self.allowance {
            let taken = (*allowance).min(self.block.frames() as u64);
            *allowance -= taken;
            self.block.samples.truncate(taken as usize * self.block.channels);
        }
    }
}
