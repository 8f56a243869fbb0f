//! Recordings of a run, one after the other: begun with it or by a person, and ended by either.
//!
//! Owned by the recorder's thread, which loops over [`Recorder::step`]. Invariant: acquisition and encoder are told who
//! records between two blocks and two windows, and never wait; each recording has a file, a ring and a ledger of its own.

use super::clock::unix_s;
use super::plan::Plan;
use super::record_board::{RecordBoard, RecordEntry};
use super::telemetry::Consumer;
use super::to_recorder::{ToRecorder, to_recorder};
use super::wiring::Options;
use crate::format::disk::Disk;
use crate::format::edf::Gap;
use crate::ring::{Branch, Doorbell, RingShape, WhenFull, frames_of};
use crate::serve::EmbeddingQueue;
use crate::serve::record::{EmbeddingFacts, RecordError, RecordFormat, RecordSettings, RecordStage};
use crate::signal::{Clock, Event, EventKind, Stamp, StreamFacts};
use crossbeam_channel::{Receiver, Sender};
use std::path::Path;
use std::sync::Arc;

/// Embeddings that may wait for the recorder.
const RECORD_QUEUE: usize = 4096;
/// What a recording is called that nobody has named.
const NAME: &str = "neurostream";

/// A recording's ends in acquisition.
pub(super) struct Joining {
    pub branch: Branch,
    pub told: ToRecorder,
    pub entry: Arc<RecordEntry>,
}

/// What a recorder is made of.
pub(super) struct RecorderParts {
    pub disk: Box<dyn Disk>,
    pub settings: RecordSettings,
    pub facts: Arc<StreamFacts>,
    /// Frames and headers that a ring has room for.
    pub capacity: usize,
    pub headers: usize,
    pub when_full: WhenFull,
    pub bell: Arc<Doorbell>,
    /// What a person asks for: to record, or not to.
    pub orders: Receiver<bool>,
    /// To acquisition and to the encoder: who records from now on.
    pub acquire: Sender<Option<Joining>>,
    pub encode: Sender<Option<EmbeddingQueue>>,
}

/// Makes recordings as it is asked to.
pub(super) struct Recorder {
    parts: RecorderParts,
    board: Arc<RecordBoard>,
    /// The recording that goes on, and its entry on the board.
    current: Option<(RecordStage, Arc<RecordEntry>)>,
    /// True once the others were told to leave the current one, which then ends by itself.
    is_leaving: bool,
    /// Another one is to begin once that has ended.
    begins_anew: bool,
}

impl Recorder {
    pub fn new(parts: RecorderParts) -> Self {
        Self { parts, board: Arc::default(), current: None, is_leaving: false, begins_anew: false }
    }

    /// What is recorded, for others to read.
    pub fn board(&self) -> Arc<RecordBoard> {
        Arc::clone(&self.board)
    }

    /// Begins a recording and tells the others.
    pub fn begin(&mut self, now: Stamp) -> Result<(), RecordError> {
        let RecorderParts { disk, settings, facts, capacity, headers, when_full, bell, acquire, encode, .. } =
            &self.parts;
        let (channels, rate_hz) = (facts.montage.len(), facts.rate_hz);
        let shape = RingShape { channels, rate_hz, capacity: *capacity, headers: *headers, with_amplitudes: false };
        let (writer, reader) = frames_of(shape);
        let (written, read) = (writer.counts(), reader.counts());
        let ledger = Consumer { name: "recorder", written, read, capacity: *capacity as u64 };
        let (embeddings, copies) = crossbeam_channel::bounded(RECORD_QUEUE);
        let (embeddings, copies) = settings.embedding.as_ref().map(|_| (embeddings, copies)).unzip();
        let (heard, told) = to_recorder(reader, *capacity, copies);
        let stage = RecordStage::create(&**disk, settings, facts, heard, now)?;
        let entry = Arc::new(RecordEntry::new(stage.path(), stage.counts(), ledger));
        self.board.add(&entry);
        let branch = Branch { writer, when_full: *when_full, doorbell: Arc::clone(bell) };
        // Where nobody takes it any more the run is ending, and the recording with it.
        let _ = encode.send(embeddings.map(|queue| (queue, stage.counts())));
        let _ = acquire.send(Some(Joining { branch, told: told(stage.counts()), entry: Arc::clone(&entry) }));
        self.current = Some((stage, entry));
        Ok(())
    }

    /// Writes what has come, and does what a person has asked for; false if there was nothing to do.
    pub fn step(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        self.heed(now, events);
        let Some((stage, _)) = &mut self.current else { return false };
        // Looked at before the step: what was written until then is stepped through.
        let is_over = stage.is_over();
        let has_worked = stage.step(now, events);
        if is_over && !has_worked {
            self.end(now, events);
            return true;
        }
        has_worked
    }

    /// True while a file is being written.
    pub fn is_recording(&self) -> bool {
        self.current.is_some()
    }

    /// Ends with the run, once the writers of its rings are gone.
    pub fn finish(mut self, now: Stamp, events: &mut Vec<Event>) {
        (self.begins_anew, self.is_leaving) = (false, true);
        self.end(now, events);
    }

    fn heed(&mut self, now: Stamp, events: &mut Vec<Event>) {
        while !self.is_leaving
            && let Ok(wanted) = self.parts.orders.try_recv()
        {
            match (&self.current, wanted) {
                (None, true) => self.begin_or_tell(now, events),
                // Nothing more goes into its file: another one takes its place.
                (Some((stage, _)), true) if stage.counts().has_stopped() => {
                    self.leave();
                    self.begins_anew = true;
                }
                (Some(_), false) => self.leave(),
                (None, false) | (Some(_), true) => {}
            }
        }
    }

    fn leave(&mut self) {
        self.is_leaving = true;
        let _ = self.parts.acquire.send(None);
        let _ = self.parts.encode.send(None);
    }

    fn begin_or_tell(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let (kind, text) = match self.begin(now) {
            Ok(()) => (EventKind::Ready, self.board.newest().map_or_else(String::new, |entry| entry.begun())),
            Err(error) => (EventKind::Error, format!("nothing is recorded: {error}")),
        };
        events.push(Event { at: now, kind, text });
    }

    /// Completes the file.
    fn end(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let Some((stage, entry)) = self.current.take() else { return };
        let was_asked = std::mem::take(&mut self.is_leaving);
        let recorded = stage.finish(now, events);
        if was_asked && recorded.error.is_none() {
            events.push(Event { at: now, kind: EventKind::Ready, text: recorded.to_string() });
        }
        entry.complete(recorded);
        if std::mem::take(&mut self.begins_anew) {
            self.begin_or_tell(now, events);
        }
    }
}

/// What is recorded, by the configuration.
pub(super) fn record_settings(
    plan: &Plan,
    options: &Options,
    clock: &dyn Clock,
) -> Result<RecordSettings, RecordError> {
    let config = &plan.config;
    let path = config.record.file.as_deref().unwrap_or(Path::new(NAME));
    let written = RecordSettings::new(path, &plan.facts)?;
    let embedding = EmbeddingFacts {
        dimension: config.model.embedding,
        rate_hz: if plan.around.is_some() { 0.0 } else { plan.rate_hz / plan.hop as f64 },
    };
    Ok(RecordSettings {
        gap: if config.record.gaps == "hold" { Gap::Hold } else { Gap::Leave },
        range_uv: config.record.range_uv,
        patient: config.record.patient.clone(),
        unix_zero_s: unix_s().map(|s| s - clock.now().0),
        clock_offset_s: options.library.as_ref().map_or(0.0, |library| library.clock_offset(clock)),
        embedding: (written.format == RecordFormat::Xdf).then_some(embedding),
        ..written
    })
}
