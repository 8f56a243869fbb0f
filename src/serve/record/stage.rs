//! The recorder: a ring of frames, markers and embeddings go into one file.
//!
//! Owned by the recorder's thread, which loops over [`RecordStage::step`]. Invariant: frames that leave the ring are written
//! or counted as lost; after an error of the disk the ring is still emptied, so that nobody waits for it.

use super::edf::EdfSink;
use super::settings::{RecordError, RecordFormat, RecordSettings};
use super::xdf::XdfSink;
use super::{EmbeddingCopy, Note, Sink, SinkError};
use crate::format::disk::Disk;
use crate::ring::{FrameReader, StampReader};
use crate::signal::{Event, EventKind, Marker, Stamp, StreamFacts};
use crossbeam_channel::{Receiver, TryRecvError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// What the recorder has counted, for others to read.
#[derive(Debug, Default)]
pub struct RecordCounts {
    bytes: AtomicU64,
    frames: AtomicU64,
    has_stopped: AtomicBool,
    refused: AtomicU64,
    trouble: OnceLock<String>,
}

impl RecordCounts {
    /// Bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Frames that were written, the ones of the record that is being filled included.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// True once the recording has ended or failed.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.has_stopped.load(Ordering::Relaxed)
    }

    /// The recording is over before the run is, and why.
    pub fn fail(&self, why: String) {
        let _ = self.trouble.set(why);
        self.has_stopped.store(true, Ordering::Relaxed);
    }

    /// Why it is over before the run is, if it is.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.get().map(String::as_str)
    }

    /// What is known of a recording whose recorder left no word of it.
    #[must_use]
    pub fn left(&self, path: &Path) -> Recorded {
        let why = "the recorder left no word of its file, which holds every whole record".to_owned();
        let error = Some(self.trouble().map_or(why, str::to_owned));
        let (bytes, frames) = (self.bytes(), self.frames());
        Recorded { path: path.to_owned(), bytes, frames, dropped: self.refused(), error, ..Recorded::default() }
    }

    /// Counts a marker or an embedding that found the queue full.
    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Markers and embeddings that found the queue full.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// How a recording ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The file.
    pub path: PathBuf,
    /// Bytes of it.
    pub bytes: u64,
    /// Frames in it; those that only fill gaps are not counted.
    pub frames: u64,
    /// Gaps that were met.
    pub gaps: u64,
    /// Samples that were clipped, or were no numbers.
    pub clipped_samples: u64,
    /// Frames that were taken and are not in the file.
    pub lost_frames: u64,
    /// Markers and embeddings that are not in the file.
    pub dropped: u64,
    /// Why it ended before the run did.
    pub error: Option<String>,
}

impl Recorded {
    /// What scripts read of it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "file": self.path.display().to_string(),
            "bytes": self.bytes,
            "frames": self.frames,
            "gaps": self.gaps,
            "clipped_samples": self.clipped_samples,
            "lost_frames": self.lost_frames,
            "dropped": self.dropped,
            "error": self.error,
        })
    }
}

impl std::fmt::Display for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "recorded {}: {} frames, {:.2} MB", self.path.display(), self.frames, self.bytes as f64 / 1e6)?;
        for (count, what) in [
            (self.gaps, "gaps"),
            (self.clipped_samples, "samples clipped"),
            (self.lost_frames, "frames lost"),
            (self.dropped, "markers or embeddings dropped"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// What the recorder hears.
#[derive(Debug)]
pub struct Heard {
    /// Frames as they were acquired.
    pub reader: FrameReader,
    /// The stamps that the source itself gave them.
    pub stamps: StampReader,
    /// Markers, and measurements of the source's clock.
    pub notes: Receiver<Note>,
    /// Embeddings, for XDF.
    pub embeddings: Option<Receiver<EmbeddingCopy>>,
}

/// Records one ring.
#[derive(Debug)]
pub struct RecordStage {
    reader: FrameReader,
    stamps: StampReader,
    notes: Receiver<Note>,
    /// `None` without embeddings, and once there are no more.
    embeddings: Option<Receiver<EmbeddingCopy>>,
    sink: Option<Sink>,
    /// The source's own stamps of the frames in hand.
    own: Vec<f64>,
    rate_hz: f64,
    /// Number of the frame after the newest that was written.
    next: Option<u64>,
    /// Markers on frames that have not come yet.
    ahead: Vec<Marker>,
    /// True once clipping has been told.
    has_clipped: bool,
    counts: Arc<RecordCounts>,
    recorded: Recorded,
}

/// Frames that are taken at once.
const AT_ONCE: usize = 4096;

/// More markers do not wait for their frames.
const MOST_AHEAD: usize = 10_000;

impl RecordStage {
    /// Begins the file; `now` dates an XDF file, EDF is dated by its first frame.
    ///
    /// # Errors
    /// If the file cannot be made or cannot hold the stream.
    pub fn create(
        disk: &dyn Disk,
        settings: &RecordSettings,
        facts: &StreamFacts,
        heard: Heard,
        now: Stamp,
    ) -> Result<Self, RecordError> {
        let Heard { reader, stamps, notes, embeddings } = heard;
        let (sink, path) = match settings.format {
            RecordFormat::Edf(_) => {
                let sink = EdfSink::create(disk, settings, facts)?;
                let path = sink.path().to_owned();
                (Sink::Edf(Box::new(sink)), path)
            }
            RecordFormat::Xdf => {
                let sink = XdfSink::create(disk, settings, facts, now)?;
                let path = sink.path().to_owned();
                (Sink::Xdf(Box::new(sink)), path)
            }
        };
        Ok(Self {
            reader,
            stamps,
            notes,
            embeddings,
            sink: Some(sink),
            own: Vec::new(),
            rate_hz: facts.rate_hz,
            next: None,
            ahead: Vec::new(),
            has_clipped: false,
            counts: Arc::default(),
            recorded: Recorded { path, ..Recorded::default() },
        })
    }

    /// Its counts, to keep.
    #[must_use]
    pub fn counts(&self) -> Arc<RecordCounts> {
        Arc::clone(&self.counts)
    }

    /// Its ring.
    #[must_use]
    pub fn reader(&self) -> &FrameReader {
        &self.reader
    }

    /// True once nothing more can come: the ring's writer and the encoder are gone.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.reader.is_abandoned() && (self.embeddings.is_none() || self.sink.is_none())
    }

    /// The file, whose name may have got a run number.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.recorded.path
    }

    /// Writes what has come; false if nothing has.
    pub fn step(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        let worked = match self.write(now) {
            Ok(worked) => worked,
            Err(error) => {
                self.stop(&error, now, events);
                true
            }
        };
        if let Some(sink) = &self.sink {
            let figures = sink.figures();
            self.counts.bytes.store(figures.bytes, Ordering::Relaxed);
            if figures.clipped_samples > 0 && !self.has_clipped {
                self.has_clipped = true;
                let text = "the recording clips samples: they lie beyond the range of the file, or are no numbers";
                events.push(Event { at: now, kind: EventKind::Warning, text: text.to_owned() });
            }
        }
        worked
    }

    fn write(&mut self, now: Stamp) -> Result<bool, SinkError> {
        let Some(sink) = &mut self.sink else {
            // Nobody records any more, and nobody shall wait for room.
            let emptied = self.reader.skip_to_newest(0) > 0;
            self.notes.try_iter().for_each(drop);
            self.stamps.take(u64::MAX, 0, &mut self.own);
            self.embeddings.iter().for_each(|embeddings| embeddings.try_iter().for_each(drop));
            return Ok(emptied);
        };
        for note in self.notes.try_iter() {
            match note {
                Note::Marker(marker) => self.ahead.push(marker),
                Note::Clock(offset_s) => sink.clock(offset_s),
            }
        }
        while let Some(embeddings) = &self.embeddings {
            match embeddings.try_recv() {
                Ok(embedding) => sink.embedding(&embedding)?,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.embeddings = None,
            }
        }
        let channels = self.reader.channels().max(1);
        let (first, ready) = self.reader.ready();
        let frames = ready.min(AT_ONCE);
        if frames > 0 {
            if let Some(missing) = self.next.and_then(|next| first.checked_sub(next)).filter(|missing| *missing > 0) {
                self.recorded.gaps += 1;
                // Told once, also where writing it fails: the frames below belong behind the gap.
                self.next = Some(first);
                sink.gap(missing)?;
            }
            if let Some(passage) = self.reader.peek(frames) {
                let stamp = passage.stamp;
                let (head, tail) = passage.samples();
                let tail_s = (tail.len() / channels) as f64 / self.rate_hz;
                self.stamps.take(first, frames, &mut self.own);
                let (of_head, of_tail) = self.own.split_at((head.len() / channels).min(frames));
                sink.frames(head, stamp - tail_s, of_head)?;
                if !tail.is_empty() {
                    sink.frames(tail, stamp, of_tail)?;
                }
            }
            self.reader.commit(frames);
            self.next = Some(first + frames as u64);
            self.recorded.frames += frames as u64;
            self.counts.frames.store(self.recorded.frames, Ordering::Relaxed);
        }
        if let Some(next) = self.next {
            let mut kept = Vec::new();
            for marker in self.ahead.drain(..) {
                if marker.frame < next {
                    sink.marker(&marker, (next - marker.frame) as f64 / self.rate_hz)?;
                } else {
                    kept.push(marker);
                }
            }
            self.recorded.dropped += kept.len().saturating_sub(MOST_AHEAD) as u64;
            kept.truncate(MOST_AHEAD);
            self.ahead = kept;
        }
        sink.step(now)?;
        Ok(frames > 0)
    }

    /// The disk refuses: the recording ends, and the run goes on.
    fn stop(&mut self, error: &SinkError, now: Stamp, events: &mut Vec<Event>) {
        let Some(sink) = self.sink.take() else { return };
        let figures = sink.abandon();
        self.take_in(&figures);
        self.counts.bytes.store(figures.bytes, Ordering::Relaxed);
        let text = format!("the recording has stopped: {error}");
        self.counts.fail(text.clone());
        self.recorded.error = Some(text.clone());
        events.push(Event { at: now, kind: EventKind::Error, text });
    }

    fn take_in(&mut self, figures: &super::SinkFigures) {
        self.recorded.bytes = figures.bytes;
        self.recorded.clipped_samples = figures.clipped_samples;
        self.recorded.lost_frames += figures.lost_frames;
        self.recorded.dropped += figures.dropped_markers + self.counts.refused();
    }

    /// Ends the recording once its ring's writer is gone.
    pub fn finish(mut self, now: Stamp, events: &mut Vec<Event>) -> Recorded {
        while self.step(now, events) {}
        if let Some(sink) = &mut self.sink {
            // What is left to say of frames that never came is said at the end.
            let next = self.next.unwrap_or_default();
            let told: Result<(), SinkError> = self.ahead.drain(..).try_for_each(|marker| {
                sink.marker(&marker, -((marker.frame - next.min(marker.frame)) as f64) / self.rate_hz)
            });
            match told.and_then(|()| sink.finish()) {
                Ok(figures) => {
                    self.take_in(&figures);
                    self.counts.bytes.store(figures.bytes, Ordering::Relaxed);
                }
                Err(error) => self.stop(&error, now, events),
            }
        }
        self.counts.has_stopped.store(true, Ordering::Relaxed);
        self.recorded
    }
}
