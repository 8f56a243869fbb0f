//! Writes EDF+C, 16 bits, a record at a time.
//!
//! Owns [`EdfWriter`] and its `.partial` file; runs on the thread of the recorder. Invariant: after every call the
//! file holds a header that announces -1 records and then whole records, so a crash costs at most the record that
//! was being filled, and any reader of files that are still being recorded reads it.

use super::field::Fields;
use super::header::MainHeader;
use super::signal_header::{self, Layout};
use super::{Annotation, EdfError, EdfHeader, EdfSignal, SignalHeader, compose, tal};
use crate::format::disk::{Disk, Existing, OsDisk, PartialFile, Refusal};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

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
    /// Annotations whose text was shortened to fit a record.
    pub shortened_annotations: u64,
    /// Annotations that no record had room for.
    pub dropped_annotations: u64,
}

/// An EDF+C file that is being written.
#[derive(Debug)]
pub struct EdfWriter {
    file: PartialFile,
    header_bytes: u64,
    record_duration_s: f64,
    layout: Layout,
    warnings: Vec<String>,
    /// The record that is being filled, or the last one as long as `frames` is 0.
    record: Vec<u8>,
    frames: usize,
    /// Bytes of the record's annotations that are taken.
    annotated: usize,
    /// True from when the record is complete until it is written.
    sealed: bool,
    pending: VecDeque<Vec<u8>>,
    written: Written,
}

/// The longest list that gives a record its onset: sign, ten digits, point, seven decimals and three separators.
const LONGEST_CLOCK: usize = 22;

impl EdfWriter {
    /// Begins a file: `<path>.partial`, which [`EdfWriter::finish`] renames to `path`.
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
        let main = MainHeader::parse(&mut fields, false, &mut Vec::new())?;
        let layout = signal_header::parse(&mut fields, main.header.format, main.signals, &mut Vec::new())?;

        let mut file = PartialFile::create(disk, path, existing).map_err(refused)?;
        let written = file.write_at(0, &bytes);
        let partial = file.partial().display().to_string();
        written.map_err(|source| EdfError::Write { path: partial, part: "header".to_owned(), source })?;
        Ok(Self {
            file,
            header_bytes: bytes.len() as u64,
            record_duration_s: main.header.record_duration_s,
            record: vec![0; layout.record_bytes],
            layout,
            warnings,
            frames: 0,
            annotated: 0,
            sealed: false,
            pending: VecDeque::new(),
            written: Written { path: name.into(), ..Written::default() },
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
    pub fn partial_path(&self) -> &Path {
        self.file.partial()
    }

    /// Samples that were clipped so far.
    #[must_use]
    pub fn clipped_samples(&self) -> u64 {
        self.written.clipped_samples
    }

    /// Appends interleaved frames `[T, C]` of signals that share one rate, each value in its signal's unit.
    ///
    /// Every record that becomes full is written at once.
    ///
    /// # Errors
    /// [`EdfError::Shape`] for a part of a frame or signals of several rates, [`EdfError::Write`] where the system
    /// refuses: the record stays and is tried again by the next call, frames that did not fit it are not taken.
    pub fn write_frames(&mut self, frames: &[f32]) -> Result<(), EdfError> {
        let channels = self.signals().len();
        let whole = frames.chunks_exact(channels);
        if !whole.remainder().is_empty() {
            return Err(self.shape(frames.len(), format!("a multiple of {channels}")));
        }
        let Some(samples) = self.common_samples() else {
            return Err(self.shape(frames.len(), "whole records, since rates differ (write_record)".to_owned()));
        };
        for frame in whole {
            if self.frames == samples {
                self.flush_record()?;
            }
            for (signal, &value) in frame.iter().enumerate() {
                self.put(signal, self.frames, f64::from(value));
            }
            self.frames += 1;
        }
        if self.frames == samples { self.flush_record() } else { Ok(()) }
    }

    /// Writes one record: for each signal its samples, in its unit.
    ///
    /// # Errors
    /// [`EdfError::Shape`] where a signal has another number of samples than its header says, or frames of an
    /// unfinished record are waiting; [`EdfError::Write`] where the system refuses.
    pub fn write_record<S: AsRef<[f64]>>(&mut self, signals: &[S]) -> Result<(), EdfError> {
        let given = signals.iter().map(|samples| samples.as_ref().len());
        let expected: Vec<usize> = self.signals().iter().map(|signal| signal.samples_per_record).collect();
        if self.frames != 0 || !given.clone().eq(expected.iter().copied()) {
            return Err(self.shape(given.sum(), format!("{expected:?} for the signals of a new record")));
        }
        for (signal, samples) in signals.iter().enumerate() {
            for (frame, &value) in samples.as_ref().iter().enumerate() {
                self.put(signal, frame, value);
            }
        }
        self.flush_record()
    }

    /// Adds an annotation; it is written with the next record that has room for it.
    ///
    /// Onsets count seconds from the start, to 100 ns.
    pub fn annotate(&mut self, annotation: &Annotation) {
        let room = self.annotation_bytes().len().saturating_sub(LONGEST_CLOCK);
        let (list, shortened) = tal::annotation_list(annotation, room);
        self.written.shortened_annotations += u64::from(shortened);
        self.pending.push_back(list);
    }

    /// Makes sure that all records written so far survive a power cut; call it about once a second.
    ///
    /// # Errors
    /// [`EdfError::Write`] where the system refuses.
    pub fn sync(&mut self) -> Result<(), EdfError> {
        self.file.sync().map_err(|source| self.failed("recorded data", source))
    }

    /// Completes the file and gives it its name.
    ///
    /// A record that is partly filled is completed by repeating its last frame, which an annotation `padding` marks.
    ///
    /// # Errors
    /// [`EdfError::Write`] where the system refuses and [`EdfError::Exists`] where a file of that name has appeared;
    /// the `.partial` file stays and holds every whole record.
    pub fn finish(mut self) -> Result<Written, EdfError> {
        self.pad()?;
        self.top_up_annotations()?;
        self.written.dropped_annotations = self.pending.len() as u64;
        self.write_at(236, format!("{:<8}", self.written.records).as_bytes(), "number of records")?;
        self.written.path = self.file.finish().map_err(refused)?;
        Ok(self.written)
    }

    fn pad(&mut self) -> Result<(), EdfError> {
        let samples = self.common_samples().unwrap_or(0);
        if self.frames == 0 {
            return Ok(());
        }
        let missing = samples.saturating_sub(self.frames);
        if missing > 0 {
            let second = self.record_duration_s / samples as f64;
            let onset_s = self.written.records as f64 * self.record_duration_s + self.frames as f64 * second;
            let duration_s = Some(missing as f64 * second);
            self.annotate(&Annotation { onset_s, duration_s, text: "padding".to_owned() });
            for signal in self.layout.signals.iter().filter(|signal| !signal.is_annotation) {
                let (last, end) = (signal.bytes.start + 2 * (self.frames - 1), signal.bytes.end);
                for to in (last + 2..end).step_by(2) {
                    self.record.copy_within(last..last + 2, to);
                }
            }
            self.written.padded_frames = missing;
        }
        self.flush_record()
    }

    /// Puts annotations that came after the last record into the room that it has left.
    fn top_up_annotations(&mut self) -> Result<(), EdfError> {
        let Some(last) = self.written.records.checked_sub(1).filter(|_| !self.pending.is_empty()) else {
            return Ok(());
        };
        self.place_pending();
        let range = self.annotation_bytes();
        let offset = self.record_offset(last) + range.start as u64;
        let bytes = self.record.get(range).unwrap_or_default().to_vec();
        self.write_at(offset, &bytes, "annotations")
    }

    /// Writes the record at its place and begins the next.
    fn flush_record(&mut self) -> Result<(), EdfError> {
        if self.written.records >= 99_999_999 {
            return Err(self.shape(0, "a new file, since no header counts more than 99999999 records".to_owned()));
        }
        if !self.sealed {
            self.seal();
        }
        // At its own place and not where the last write ended: after a failed write that may be inside a record.
        let offset = self.record_offset(self.written.records);
        let record = std::mem::take(&mut self.record);
        let result = self.write_at(offset, &record, "record");
        self.record = record;
        result?;
        self.written.records += 1;
        (self.frames, self.sealed) = (0, false);
        Ok(())
    }

    /// Completes the record with its onset and the annotations that it has room for.
    fn seal(&mut self) {
        let range = self.annotation_bytes();
        let clock = tal::clock_list(self.written.records as f64 * self.record_duration_s);
        if let Some(room) = self.record.get_mut(range) {
            room.fill(0);
            room.iter_mut().zip(&clock).for_each(|(to, from)| *to = *from);
        }
        self.annotated = clock.len();
        self.sealed = true;
        self.place_pending();
    }

    /// Moves waiting annotations into the record while they fit.
    fn place_pending(&mut self) {
        let range = self.annotation_bytes();
        let Some(room) = self.record.get_mut(range) else { return };
        while let Some(list) = self.pending.front() {
            let Some(place) = room.get_mut(self.annotated..self.annotated + list.len()) else { return };
            place.copy_from_slice(list);
            self.annotated += list.len();
            self.pending.pop_front();
        }
    }

    fn put(&mut self, signal: usize, frame: usize, value: f64) {
        let Some(header) = self.layout.signals.get(signal) else { return };
        let known = if value.is_nan() { 0.0 } else { value };
        let digital = ((known - header.physical_min) / header.gain()).round() + f64::from(header.digital_min);
        let clipped = digital.clamp(f64::from(i16::MIN), f64::from(i16::MAX));
        self.written.clipped_samples += u64::from(clipped != digital || value.is_nan());
        let start = header.bytes.start + 2 * frame;
        if let Some(place) = self.record.get_mut(start..start + 2) {
            place.copy_from_slice(&(clipped as i16).to_le_bytes());
        }
    }

    fn annotation_bytes(&self) -> std::ops::Range<usize> {
        self.layout.signals.last().map_or(0..0, |signal| signal.bytes.clone())
    }

    fn common_samples(&self) -> Option<usize> {
        let samples = self.signals().first()?.samples_per_record;
        self.signals().iter().all(|signal| signal.samples_per_record == samples).then_some(samples)
    }

    fn record_offset(&self, index: u64) -> u64 {
        self.header_bytes + index * self.layout.record_bytes as u64
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8], part: &str) -> Result<(), EdfError> {
        let result = self.file.write_at(offset, bytes);
        result.map_err(|source| self.failed(part, source))
    }

    fn failed(&self, part: &str, source: std::io::Error) -> EdfError {
        EdfError::Write { path: self.file.partial().display().to_string(), part: part.to_owned(), source }
    }

    fn shape(&self, given: usize, expected: String) -> EdfError {
        EdfError::Shape { path: self.file.partial().display().to_string(), given, expected }
    }
}

fn refused(refusal: Refusal) -> EdfError {
    let text = |path: &Path| path.display().to_string();
    match refusal {
        Refusal::Exists(path) => EdfError::Exists { path: text(&path) },
        Refusal::Partial(path) => EdfError::Partial { path: text(&path) },
        Refusal::System { path, part, source } => EdfError::Write { path: text(&path), part: part.to_owned(), source },
    }
}
