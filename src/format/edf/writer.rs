//! Writes EDF+ and BDF+ a record at a time, continuous until a gap makes it discontinuous.
//!
//! Owns [`EdfWriter`] and its file; runs on the thread of the recorder. Invariant: after every call the file holds a header
//! that announces -1 records and then whole records, so a crash costs at most the record that was being filled, and any
//! reader of files that are still being recorded reads it.

use super::compose::CONTINUITY_AT;
use super::field::Fields;
use super::filling::Filling;
use super::header::MainHeader;
use super::signal_header::{self, Layout};
use super::{Annotation, EdfError, EdfHeader, EdfSignal, Resolution, SignalHeader, StartTime, compose};
use crate::format::disk::{Disk, Existing, NewFile, OsDisk, Refusal};
use crate::signal::Stamp;
use std::path::{Path, PathBuf};

/// What becomes of frames that are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gap {
    /// They stay missing: the next record says when it begins. Those that end within a record are held.
    #[default]
    Leave,
    /// The last frame is repeated in their place, so that records follow on.
    Hold,
}

/// What was written, and what had to give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The finished file.
    pub path: PathBuf,
    /// Records in it.
    pub records: u64,
    /// Samples beyond the physical range, written as its nearest end; or not a number, written as the value nearest 0.
    pub clipped_samples: u64,
    /// Frames that repeat the last one to fill the last record; an annotation `padding` marks them.
    pub padded_frames: usize,
    /// Gaps, each with an annotation [`EdfWriter::GAP`].
    pub gaps: u64,
    /// Frames that repeat the one before a gap.
    pub held_frames: u64,
    /// Frames that were given and are in no record, where writing had to stop.
    pub lost_frames: u64,
    /// Annotations whose text was shortened to fit a record.
    pub shortened_annotations: u64,
    /// Annotations that no record had room for.
    pub dropped_annotations: u64,
}

/// An EDF+ or BDF+ file that is being written.
#[derive(Debug)]
pub struct EdfWriter {
    file: NewFile,
    header_bytes: u64,
    record_duration_s: f64,
    /// The recording field as it was asked for.
    recording: String,
    layout: Layout,
    warnings: Vec<String>,
    filling: Filling,
    /// A record and its onset, from which later ones follow on.
    base: (u64, f64),
    is_discontinuous: bool,
    /// True where something has been written since the last sync.
    is_dirty: bool,
    synced: Option<Stamp>,
    written: Written,
}

/// Where the header has the number of records, and what it is until the file is closed.
const COUNT_AT: u64 = 236;
const STILL_RECORDING: &[u8] = b"-1      ";

/// Seconds between two syncs.
const SYNC_S: f64 = 1.0;

impl EdfWriter {
    /// The text that annotates gaps; what begins with `BAD` is left out by other software, too.
    pub const GAP: &str = "BAD gap";

    /// Begins a file: `<path>.partial`, which [`EdfWriter::finish`] renames to `path`, or a recording of the next free
    /// run number ([`Existing::NextRun`]).
    ///
    /// # Errors
    /// [`EdfError::Exists`] or [`EdfError::Partial`] where a file is there and may not be replaced,
    /// [`EdfError::Unwritable`] for values that no header holds, [`EdfError::Write`] where the system refuses.
    pub fn create(
        path: &Path,
        header: &EdfHeader,
        signals: &[EdfSignal],
        existing: Existing,
    ) -> Result<Self, EdfError> {
        Self::create_on(&OsDisk, path, header, signals, existing)
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// As [`EdfWriter::create`].
    pub fn create_on(
        disk: &dyn Disk,
        path: &Path,
        header: &EdfHeader,
        signals: &[EdfSignal],
        existing: Existing,
    ) -> Result<Self, EdfError> {
        let name = path.display().to_string();
        let mut warnings = Vec::new();
        let bytes = compose::compose(&name, header, signals, &mut warnings)?;
        // The scaling is taken from the header as readers will see it, so both agree to the last bit.
        let mut fields = Fields::new(&name, &bytes);
        let is_bdf = header.resolution == Resolution::Bits24;
        let main = MainHeader::parse(&mut fields, is_bdf, &mut Vec::new())?;
        let layout = signal_header::parse(&mut fields, main.header.format, main.signals, &mut Vec::new())?;

        let mut file = NewFile::create(disk, path, existing).map_err(refused)?;
        let written = file.write_at(0, &bytes);
        let path = file.written().to_owned();
        let failed = |source| EdfError::Write { path: path.display().to_string(), part: "header".to_owned(), source };
        written.map_err(failed)?;
        Ok(Self {
            file,
            header_bytes: bytes.len() as u64,
            record_duration_s: main.header.record_duration_s,
            recording: header.recording.clone(),
            filling: Filling::new(&layout, header.resolution),
            layout,
            warnings,
            base: (0, header.onset_s),
            is_discontinuous: false,
            is_dirty: true,
            synced: None,
            written: Written { path, ..Written::default() },
        })
    }

    /// The signals as they stand in the file, without that of the annotations; ranges may be a little wider than asked.
    #[must_use]
    pub fn signals(&self) -> &[SignalHeader] {
        self.layout.signals.split_last().map_or(&[], |(_, ordinary)| ordinary)
    }

    /// Header texts that had to be changed to fit, a line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The file that is being written.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.written()
    }

    /// What was written so far.
    #[must_use]
    pub fn so_far(&self) -> &Written {
        &self.written
    }

    /// Bytes of the file so far, the record that is being filled left out.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.record_offset(self.written.records)
    }

    /// When the next frame is taken to be, in seconds from the start that the header gives; annotations count so too.
    #[must_use]
    pub fn next_onset_s(&self) -> f64 {
        let period_s = self.record_duration_s / self.common_samples().unwrap_or(1) as f64;
        self.onset_s(self.written.records) + self.filling.frames as f64 * period_s
    }

    /// Dates the recording anew: the start that the header gives, and seconds from it to the first sample, from 0 to below
    /// 1. Only before the first record.
    ///
    /// # Errors
    /// [`EdfError::Shape`] behind the first record, [`EdfError::Write`] where the system refuses.
    pub fn begin(&mut self, start: StartTime, onset_s: f64) -> Result<(), EdfError> {
        if self.written.records > 0 {
            return Err(self.shape(0, "a recording that has no record yet, to be dated".to_owned()));
        }
        let fields = compose::dated(&self.recording, start);
        self.write_at(compose::RECORDING_AT, fields.as_bytes(), "start")?;
        self.base = (0, onset_s.clamp(0.0, 1.0));
        Ok(())
    }

    /// Appends interleaved frames `[T, C]` of signals that share one rate, each value in its signal's unit.
    ///
    /// Every record that becomes full is written at once.
    ///
    /// # Errors
    /// [`EdfError::Shape`] for a part of a frame or signals of several rates, [`EdfError::Write`] where the system
    /// refuses: the record stays and is tried again by the next call, frames that did not fit it are not taken.
    pub fn write_frames<V: Copy + Into<f64>>(&mut self, frames: &[V]) -> Result<(), EdfError> {
        let channels = self.signals().len();
        let whole = frames.chunks_exact(channels);
        if !whole.remainder().is_empty() {
            return Err(self.shape(frames.len(), format!("a multiple of {channels}")));
        }
        let samples = self.samples(frames.len())?;
        for frame in whole {
            if self.filling.frames == samples {
                self.flush_record()?;
            }
            let mut clipped = 0;
            for (signal, &value) in frame.iter().enumerate() {
                clipped += u64::from(self.filling.put(signal, self.filling.frames, value.into()));
            }
            self.written.clipped_samples += clipped;
            self.filling.frames += 1;
        }
        if self.filling.frames == samples { self.flush_record() } else { Ok(()) }
    }

    /// Tells that `frames` frames are missing before the next one, of signals that share one rate.
    ///
    /// The gap is annotated with [`EdfWriter::GAP`]. The first that is left ([`Gap::Leave`]) makes the file EDF+D or
    /// BDF+D.
    ///
    /// # Errors
    /// As [`EdfWriter::write_frames`].
    pub fn gap(&mut self, frames: u64, gap: Gap) -> Result<(), EdfError> {
        let samples = self.samples(0)?;
        if self.filling.frames == samples {
            self.flush_record()?;
        }
        let filled = self.filling.frames;
        let rest = if filled == 0 { 0 } else { (samples - filled) as u64 };
        let (held, left) = match gap {
            Gap::Leave => (frames.min(rest), frames.saturating_sub(rest)),
            Gap::Hold => (frames, 0),
        };
        if left > 0 && self.written.records + u64::from(filled > 0) > 0 {
            self.make_discontinuous()?;
        }
        let period_s = self.record_duration_s / samples as f64;
        let (onset_s, duration_s) = (self.next_onset_s(), Some(frames as f64 * period_s));
        self.annotate(&Annotation { onset_s, duration_s, text: Self::GAP.to_owned() });
        self.written.gaps += 1;
        let mut to_hold = held;
        while to_hold > 0 {
            let count = (samples - self.filling.frames).min(usize::try_from(to_hold).unwrap_or(samples));
            self.filling.hold(count, samples);
            to_hold -= count as u64;
            self.written.held_frames += count as u64;
            if self.filling.frames == samples {
                self.flush_record()?;
            }
        }
        if left > 0 {
            let next = self.written.records;
            self.base = (next, self.onset_s(next) + left as f64 * period_s);
        }
        Ok(())
    }

    /// Writes one record: for each signal its samples, in its unit.
    ///
    /// # Errors
    /// [`EdfError::Shape`] where a signal has another number of samples than its header says, or frames of an
    /// unfinished record are waiting; [`EdfError::Write`] where the system refuses.
    pub fn write_record<S: AsRef<[f64]>>(&mut self, signals: &[S]) -> Result<(), EdfError> {
        let given = signals.iter().map(|samples| samples.as_ref().len());
        let expected: Vec<usize> = self.signals().iter().map(|signal| signal.samples_per_record).collect();
        if self.filling.frames != 0 || !given.clone().eq(expected.iter().copied()) {
            return Err(self.shape(given.sum(), format!("{expected:?} for the signals of a new record")));
        }
        for (signal, samples) in signals.iter().enumerate() {
            for (frame, &value) in samples.as_ref().iter().enumerate() {
                self.written.clipped_samples += u64::from(self.filling.put(signal, frame, value));
            }
        }
        self.flush_record()
    }

    /// Says when the next record begins, in seconds from the start that the header gives; where that is not the end of
    /// the one before, the file becomes EDF+D or BDF+D.
    ///
    /// # Errors
    /// [`EdfError::Shape`] where frames of an unfinished record are waiting, [`EdfError::Write`] where the system refuses.
    pub fn begin_record_at(&mut self, onset_s: f64) -> Result<(), EdfError> {
        let (next, samples) = (self.written.records, self.signals().iter().map(|s| s.samples_per_record).max());
        let off_s = (onset_s - self.onset_s(next)).abs();
        if off_s <= 0.5 * self.record_duration_s / samples.unwrap_or(1) as f64 {
            return Ok(());
        }
        if self.filling.frames != 0 {
            return Err(self.shape(0, "a whole record before one that begins elsewhere".to_owned()));
        }
        if next > 0 {
            self.make_discontinuous()?;
        }
        self.base = (next, onset_s);
        Ok(())
    }

    /// Adds an annotation; it is written with the next record that has room for it.
    ///
    /// Onsets count seconds from the start, to 100 ns.
    pub fn annotate(&mut self, annotation: &Annotation) {
        match self.filling.annotate(annotation) {
            Some(shortened) => self.written.shortened_annotations += u64::from(shortened),
            None => self.written.dropped_annotations += 1,
        }
    }

    /// Tells the time: what was written is synced every second.
    ///
    /// # Errors
    /// [`EdfError::Write`] where the system refuses.
    pub fn step(&mut self, now: Stamp) -> Result<(), EdfError> {
        if self.is_dirty && self.synced.is_none_or(|last| now - last >= SYNC_S) {
            self.sync()?;
            self.synced = Some(now);
        }
        Ok(())
    }

    /// Makes sure that all records written so far survive a power cut.
    ///
    /// # Errors
    /// [`EdfError::Write`] where the system refuses.
    pub fn sync(&mut self) -> Result<(), EdfError> {
        self.file.sync().map_err(|source| self.failed("recorded data", source))?;
        self.is_dirty = false;
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// A record that is partly filled is completed by repeating its last frame, which an annotation `padding` marks.
    ///
    /// # Errors
    /// [`EdfError::Write`] where the system refuses and [`EdfError::Exists`] where a file of that name has appeared;
    /// the file stays under the name that it has then and holds every whole record; [`EdfWriter::abandon`] tidies it.
    pub fn finish(&mut self) -> Result<Written, EdfError> {
        self.pad()?;
        self.top_up_annotations()?;
        self.close()?;
        self.written.path = self.file.finish().map_err(refused)?;
        let dropped_annotations = self.written.dropped_annotations + self.filling.waiting() as u64;
        Ok(Written { dropped_annotations, ..self.written.clone() })
    }

    /// Gives up after an error: the file keeps its whole records and is closed as far as the system still lets it.
    pub fn abandon(mut self) -> Written {
        // Frames that only pad the last record are no loss.
        self.written.lost_frames += self.filling.frames.saturating_sub(self.written.padded_frames) as u64;
        self.written.dropped_annotations += self.filling.waiting() as u64;
        // Each of these makes the file tidier, and none is needed to read it.
        let tidied = self.file.truncate(self.record_offset(self.written.records)).is_ok();
        let _ = tidied && self.close().is_ok() && self.sync().is_ok();
        self.written
    }

    /// Writes the number of records into the header.
    fn close(&mut self) -> Result<(), EdfError> {
        let count = format!("{:<8}", self.written.records);
        let closed = self.write_at(COUNT_AT, count.as_bytes(), "number of records");
        if closed.is_err() {
            // Half a number is worse than none.
            let _ = self.file.write_at(COUNT_AT, STILL_RECORDING);
        }
        closed
    }

    fn pad(&mut self) -> Result<(), EdfError> {
        let samples = self.common_samples().unwrap_or(0);
        if self.filling.frames == 0 {
            return Ok(());
        }
        let missing = samples.saturating_sub(self.filling.frames);
        if missing > 0 {
            let duration_s = Some(missing as f64 * self.record_duration_s / samples as f64);
            let onset_s = self.next_onset_s();
            self.annotate(&Annotation { onset_s, duration_s, text: "padding".to_owned() });
            self.filling.hold(missing, samples);
            self.written.padded_frames = missing;
        }
        self.flush_record()
    }

    /// Puts annotations that came after the last record into the room that it has left.
    fn top_up_annotations(&mut self) -> Result<(), EdfError> {
        let Some(last) = self.written.records.checked_sub(1).filter(|_| self.filling.waiting() > 0) else {
            return Ok(());
        };
        self.filling.place_waiting();
        let range = self.filling.room();
        let offset = self.record_offset(last) + range.start as u64;
        let bytes = self.filling.bytes.get(range).unwrap_or_default().to_vec();
        self.write_at(offset, &bytes, "annotations")
    }

    /// Writes the record at its place and begins the next.
    fn flush_record(&mut self) -> Result<(), EdfError> {
        if self.written.records >= 99_999_999 {
            return Err(self.shape(0, "a new file, since no header counts more than 99999999 records".to_owned()));
        }
        self.filling.seal(self.onset_s(self.written.records));
        // At its own place and not where the last write ended: after a failed write that may be inside a record.
        let offset = self.record_offset(self.written.records);
        let record = std::mem::take(&mut self.filling.bytes);
        let result = self.write_at(offset, &record, "record");
        self.filling.bytes = record;
        result?;
        self.written.records += 1;
        self.filling.next();
        Ok(())
    }

    fn make_discontinuous(&mut self) -> Result<(), EdfError> {
        if !self.is_discontinuous {
            // Before the record behind the gap: no reader shall take it to follow on.
            self.write_at(CONTINUITY_AT, b"D", "discontinuity")?;
            self.is_discontinuous = true;
        }
        Ok(())
    }

    fn onset_s(&self, record: u64) -> f64 {
        let (base, base_s) = self.base;
        base_s + record.saturating_sub(base) as f64 * self.record_duration_s
    }

    fn common_samples(&self) -> Option<usize> {
        let samples = self.signals().first()?.samples_per_record;
        self.signals().iter().all(|signal| signal.samples_per_record == samples).then_some(samples)
    }

    fn samples(&self, given: usize) -> Result<usize, EdfError> {
        let several = || self.shape(given, "whole records, since rates differ (write_record)".to_owned());
        self.common_samples().ok_or_else(several)
    }

    fn record_offset(&self, index: u64) -> u64 {
        self.header_bytes + index * self.layout.record_bytes as u64
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8], part: &str) -> Result<(), EdfError> {
        let result = self.file.write_at(offset, bytes);
        self.is_dirty = true;
        result.map_err(|source| self.failed(part, source))
    }

    fn failed(&self, part: &str, source: std::io::Error) -> EdfError {
        EdfError::Write { path: self.path().display().to_string(), part: part.to_owned(), source }
    }

    fn shape(&self, given: usize, expected: String) -> EdfError {
        EdfError::Shape { path: self.path().display().to_string(), given, expected }
    }
}

pub(super) fn refused(refusal: Refusal) -> EdfError {
    let text = |path: &Path| path.display().to_string();
    match refusal {
        Refusal::Exists(path) => EdfError::Exists { path: text(&path) },
        Refusal::Partial(path) => EdfError::Partial { path: text(&path) },
        Refusal::System { path, part, source } => EdfError::Write { path: text(&path), part: part.to_owned(), source },
    }
}
