//! The live encoder: windows become embeddings.
//!
//! Owned by the encoder's thread, which loops over [`EncodeStage::step`]. Invariant: a window is encoded by one generation,
//! loaded once, and its embedding goes out with the window's bounds and quality, that generation's number and its latency.
//! A window that is bad is served all the same, and says so. An outlet or a file that fails costs itself, not the stage.

use super::copies::{CopyWriter, Told};
use super::record::{EmbeddingCopy, RecordCounts};
use super::{EmbeddingOutlet, HeadOutlet, Reading, Sent, StageLatency};
use crate::dsp::LatencyHistogram;
use crate::format::digest::hex;
use crate::format::embedding::{EmbeddingFile, Row};
use crate::learn::Generation;
use crate::ring::FrameReader;
use crate::signal::{Clock, Event, EventKind, Stamp};
use crate::window::{Cutter, Judge};
use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the encoder needs to know of the windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServingSettings {
    /// Frames of a window.
    pub length: usize,
    /// Rate of the frames in hertz: the model's.
    pub rate_hz: f64,
    /// Frames in the ring beyond which it skips to the newest; none where the source waits.
    pub skip_beyond: Option<usize>,
    /// What a window is worth.
    pub judge: Judge,
}

/// What the encoder has counted, for others to read.
#[derive(Debug, Default)]
pub struct EncodeCounts {
    windows: AtomicU64,
    bad_windows: AtomicU64,
    rejected_gap: AtomicU64,
    end_frame: AtomicU64,
    generation: AtomicU64,
    listened_to: AtomicBool,
    /// From the arrival of a window's last frame to its embedding.
    pub latency: LatencyHistogram,
    /// The whole way by stage.
    pub stages: StageLatency,
}

impl EncodeCounts {
    /// Windows encoded.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.windows.load(Ordering::Relaxed)
    }

    /// Windows among them whose quality is too low to learn from.
    #[must_use]
    pub fn bad_windows(&self) -> u64 {
        self.bad_windows.load(Ordering::Relaxed)
    }

    /// Windows not made because frames of them are missing: they would have spanned a gap.
    #[must_use]
    pub fn rejected_gap(&self) -> u64 {
        self.rejected_gap.load(Ordering::Relaxed)
    }

    /// Number of the frame after the last window.
    #[must_use]
    pub fn end_frame(&self) -> u64 {
        self.end_frame.load(Ordering::Relaxed)
    }

    /// The generation that made the last embedding.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// True if somebody receives the outgoing stream.
    #[must_use]
    pub fn listened_to(&self) -> bool {
        self.listened_to.load(Ordering::Relaxed)
    }
}

/// Where a recorder's copies of embeddings go, and who counts those that it has no room for.
pub type EmbeddingQueue = (Sender<EmbeddingCopy>, Arc<RecordCounts>);

/// Why the encoder's file is incomplete.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EncodeError(String);

/// Encodes the windows of one ring.
pub struct EncodeStage {
    settings: ServingSettings,
    reader: FrameReader,
    cutter: Cutter,
    served: Arc<ArcSwap<Generation>>,
    counts: Arc<EncodeCounts>,
    outlet: Option<EmbeddingOutlet>,
    file: Option<EmbeddingFile>,
    file_error: Option<String>,
    recorder: Option<EmbeddingQueue>,
    recorders: Option<Receiver<Option<EmbeddingQueue>>>,
    /// What heads tell of each embedding, and where that and the window go.
    reading: Option<Reading>,
    told: Option<HeadOutlet>,
    copies: Option<CopyWriter>,
    /// Embeddings for the display.
    shown: Option<CopyWriter>,
    hasher: Sha256,
    flushed: Stamp,
}

impl std::fmt::Debug for EncodeStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncodeStage")
            .field("settings", &self.settings)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// Seconds from one flush of the file to the next.
const FLUSH_EVERY_S: f64 = 1.0;

impl EncodeStage {
    /// A stage before its first window.
    #[must_use]
    pub fn new(
        settings: ServingSettings,
        reader: FrameReader,
        cutter: Cutter,
        served: Arc<ArcSwap<Generation>>,
        outlet: Option<EmbeddingOutlet>,
        file: Option<EmbeddingFile>,
    ) -> Self {
        Self {
            settings,
            reader,
            cutter,
            served,
            counts: Arc::default(),
            outlet,
            file,
            file_error: None,
            recorder: None,
            recorders: None,
            reading: None,
            told: None,
            copies: None,
            shown: None,
            hasher: Sha256::new(),
            flushed: Stamp::default(),
        }
    }

    /// Gives a copy of each embedding to the recorder of the moment, which counts those that its queue has no room for; from
    /// `recorders` it hears who that is.
    pub fn record(&mut self, recorders: Receiver<Option<EmbeddingQueue>>) {
        self.recorders = Some(recorders);
    }

    /// Reads heads, publishes what they tell, and hands windows over to whoever makes heads of them.
    pub fn read(&mut self, reading: Reading, told: Option<HeadOutlet>, copies: CopyWriter) {
        (self.reading, self.told, self.copies) = (Some(reading), told, Some(copies));
    }

    /// Hands embeddings over to whoever shows them; those that find no slot are not shown.
    pub fn show(&mut self, shown: CopyWriter) {
        self.shown = Some(shown);
    }

    /// Its counts, to keep.
    #[must_use]
    pub fn counts(&self) -> Arc<EncodeCounts> {
        Arc::clone(&self.counts)
    }

    /// Its ring.
    #[must_use]
    pub fn reader(&self) -> &FrameReader {
        &self.reader
    }

    /// Encodes the next window, if there is one; false if there is none yet.
    pub fn step(&mut self, clock: &dyn Clock, events: &mut Vec<Event>) -> bool {
        while let Some(recorder) = self.recorders.as_ref().and_then(|recorders| recorders.try_recv().ok()) {
            self.recorder = recorder;
        }
        if let Some(limit) = self.settings.skip_beyond
            && self.reader.left() > limit as u64
        {
            let counts = self.reader.counts();
            let before = counts.skipped();
            self.cutter.catch_up(&mut self.reader, self.settings.length);
            let lost = counts.skipped() - before;
            let text = format!("the encoder fell behind and skipped {lost} frames to the newest");
            events.push(Event { at: clock.now(), kind: EventKind::Loss, text });
        }
        let channels = self.reader.channels();
        let Some((window, marker)) = self.cutter.next(&mut self.reader) else {
            self.counts.rejected_gap.store(self.cutter.rejected(), Ordering::Relaxed);
            if matches!(self.cutter, Cutter::Around(_)) {
                // Between markers there is nothing to be late with: all that came was looked at.
                let (head, ready) = self.reader.ready();
                self.counts.end_frame.store(head + ready as u64, Ordering::Relaxed);
            }
            return false;
        };
        let taken = clock.now();
        let mut samples = vec![0.0; window.frames * channels];
        window.copy_to(&mut samples);
        let quality = self.settings.judge.quality(&mut samples, window.bad);
        if let Some(copies) = &mut self.copies {
            copies.keep(&samples);
        }
        let amplitudes = window.amplitudes.to_vec();
        let (first, frames, stamp) = (window.first, window.frames, window.stamp);
        let (arrived, entered, cut) = (window.arrived, window.entered, clock.now());
        // Held until the embedding is out: no window is made by two generations.
        let generation = self.served.load();
        let values = generation.encoder.embed(samples, channels);
        let number = generation.number;
        drop(generation);
        if let Some(reading) = &mut self.reading {
            reading.read(&values, number);
        }
        let now = clock.now();
        let latency_ms = (now - arrived).max(0.0) * 1e3;
        let row = Row {
            first,
            start_s: first as f64 / self.settings.rate_hz,
            end_s: (first + frames as u64) as f64 / self.settings.rate_hz,
            generation: number,
            latency_ms,
            quality: quality as f32,
            amplitudes: &amplitudes,
            class: None,
            confidence: None,
            marker: marker.as_ref(),
            file: "",
            values: &values,
        };
        self.publish(row, stamp, now, events);
        let class = self.reading.as_ref().and_then(Reading::class);
        let is_good = self.settings.judge.is_learnable(quality);
        let told = Told { first, stamp, generation: number, is_good, class };
        // After all else that is told of it: whoever learns from it must not have said it.
        if let Some(copies) = &mut self.copies {
            copies.push(told, &values);
        }
        if let Some(shown) = &mut self.shown {
            shown.keep(&[]);
            shown.push(told, &values);
        }
        self.counts.latency.add(latency_ms);
        self.counts.stages.add([stamp, arrived, entered, taken, cut, now, clock.now()]);
        self.counts.windows.store(self.counts.windows() + 1, Ordering::Relaxed);
        let is_bad = u64::from(!self.settings.judge.is_learnable(quality));
        self.counts.bad_windows.store(self.counts.bad_windows() + is_bad, Ordering::Relaxed);
        self.counts.end_frame.store(first + frames as u64, Ordering::Relaxed);
        self.counts.generation.store(number, Ordering::Relaxed);
        true
    }

    fn publish(&mut self, row: Row<'_>, stamp: Stamp, now: Stamp, events: &mut Vec<Event>) {
        for value in row.values {
            self.hasher.update(value.to_le_bytes());
        }
        if let Some((queue, counts)) = &self.recorder {
            let copy = EmbeddingCopy { stamp, generation: row.generation, values: row.values.to_vec() };
            if queue.try_send(copy).is_err() {
                counts.refuse();
            }
        }
        if let Some(outlet) = &mut self.outlet {
            let Row { values, amplitudes, quality, generation, .. } = row;
            let sent = outlet.push(Sent { values, amplitudes, quality, generation }, stamp);
            self.counts.listened_to.store(outlet.listened_to(), Ordering::Relaxed);
            if let Err(error) = sent {
                let text = format!("embeddings are no longer published: {error}");
                events.push(Event { at: now, kind: EventKind::Warning, text });
                self.outlet = None;
            }
        }
        let reading = self.reading.as_ref();
        if let (Some(told), Some(reading)) = (&mut self.told, reading)
            && let Err(error) = told.push(reading, stamp)
        {
            let text = format!("classes are no longer published: {error}");
            events.push(Event { at: now, kind: EventKind::Warning, text });
            self.told = None;
        }
        let class = reading.and_then(Reading::name);
        let row = Row { class, confidence: class.and(reading).map(Reading::confidence), ..row };
        if let Some(file) = &mut self.file {
            let flush = now - self.flushed >= FLUSH_EVERY_S;
            let written = file.push(row).and_then(|()| if flush { file.flush() } else { Ok(()) });
            if flush {
                self.flushed = now;
            }
            if let Err(error) = written {
                let text = error.to_string();
                events.push(Event { at: now, kind: EventKind::Error, text: text.clone() });
                self.file_error = Some(text);
                self.file = None;
            }
        }
    }

    /// Ends the stage once its ring's writer is gone: takes out what is left and completes the file.
    ///
    /// Returns the hash of all embeddings, SHA-256 of their little-endian bytes in order, and what is wrong with the file.
    pub fn finish(&mut self) -> (String, Result<(), EncodeError>) {
        self.cutter.finish(&mut self.reader);
        self.counts.rejected_gap.store(self.cutter.rejected(), Ordering::Relaxed);
        (self.outlet, self.recorder, self.recorders, self.told) = (None, None, None, None);
        (self.copies, self.shown) = (None, None);
        let completed: Result<Option<PathBuf>, String> =
            self.file.take().map(|file| file.finish().map_err(|error| error.to_string())).transpose();
        let error = self.file_error.take().or(completed.err());
        let digest = std::mem::take(&mut self.hasher).finalize();
        (hex(&digest), error.map_or(Ok(()), |text| Err(EncodeError(text))))
    }
}
