//! Opens a file and reads the samples of its streams in pieces.
//!
//! Owns [`XdfFile`]; runs on the thread that opened it. Invariant: memory is bounded by the number of chunks, one buffer
//! and the piece that was asked for, whatever the length of the file.

use super::bytes::Bytes;
use super::chunk::MAGIC;
use super::clock::{self, ClockLine};
use super::index::{Index, XdfStream};
use super::jitter::{Evening, effective_rate_hz};
use super::samples::{Sample, push_values, sample_at};
use super::{Samples, Timeline, Values, XdfError};
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

/// An XDF file that is open for reading.
#[derive(Debug)]
pub struct XdfFile<R = File> {
    pub(super) bytes: Bytes<R>,
    pub(super) index: Index,
    timelines: Vec<Option<Arc<Timeline>>>,
    warnings: Vec<String>,
}

/// Where reading of a stream goes on; the default is its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// The chunk, and samples of it that were passed.
    chunk: usize,
    passed: u64,
    /// The byte of the next sample; 0 for the first of the chunk.
    byte: u64,
    /// Number of the next sample.
    sample: u64,
    /// The stamp before, from which one that is left out follows.
    stamp: f64,
}

impl Place {
    /// Number of the next sample, counted from 0.
    #[must_use]
    pub fn sample(&self) -> u64 {
        self.sample
    }
}

/// Bytes that are looked at at once.
const PIECE: u64 = 64 * 1024;

/// Samples that are gone through at once for their stamps.
const STAMPS: usize = 4096;

/// At least so many samples, or chunks, lie between two places that a timeline remembers.
const BETWEEN_MARKS: u64 = 4096;

impl XdfFile {
    /// Opens a file and goes through the heads of its chunks.
    ///
    /// # Errors
    /// An [`XdfError`] of one line where it is no XDF file or the system fails. Damage is no error: see
    /// [`XdfFile::warnings`].
    pub fn open(path: &Path) -> Result<Self, XdfError> {
        let name = path.display().to_string();
        let failed = |source| XdfError::Open { name: name.clone(), source };
        // Looked at before it is opened: opening a pipe would wait for its other end.
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(XdfError::NotAFile { name });
        }
        let file = File::open(path).map_err(failed)?;
        Self::from_reader(&name, file, metadata.len())
    }
}

/// True for a file that begins as XDF does; false for one that does not, or that cannot be read.
#[must_use]
pub fn is_xdf(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let is_file = std::fs::metadata(path).is_ok_and(|facts| facts.is_file());
    is_file && File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == MAGIC
}

impl<R: Read + Seek> XdfFile<R> {
    /// Opens the `len` bytes of `reader`; `name` is how messages call them.
    ///
    /// # Errors
    /// As [`XdfFile::open`].
    pub fn from_reader(name: &str, reader: R, len: u64) -> Result<Self, XdfError> {
        let mut bytes = Bytes::new(name, reader, len);
        let magic = bytes.at(0, MAGIC.len() as u64)?;
        if magic != MAGIC {
            let hint = match magic {
                [0x1f, 0x8b, ..] => "it is compressed, unpack it with gunzip first",
                [] => "it is empty, copy it again from where it was recorded",
                _ => "give a recording in this format",
            };
            let found = format!("\"{}\"", magic.escape_ascii());
            return Err(XdfError::NotXdf { name: name.to_owned(), found, hint });
        }
        let index = Index::of(&mut bytes)?;
        let timelines = vec![None; index.streams.len()];
        Ok(Self { bytes, index, timelines, warnings: Vec::new() })
    }

    /// Reads up to `limit` samples of a stream on from `place` and moves it on; false where there are none left.
    ///
    /// A chunk that is damaged inside ends with its last whole sample.
    ///
    /// # Errors
    /// [`XdfError::NoSuchStream`], and [`XdfError::Read`] where the system fails.
    pub fn read(
        &mut self,
        stream: usize,
        place: &mut Place,
        limit: usize,
        out: &mut Samples,
    ) -> Result<bool, XdfError> {
        self.check(stream)?;
        let format = self.index.streams.get(stream).map(|s| s.description.format).unwrap_or_default();
        if out.values.format() != format {
            out.values = Values::of(format);
        }
        out.values.clear();
        out.stamps.clear();
        out.first = place.sample;
        self.go_on(stream, place, limit, &mut out.stamps, Some(&mut out.values))?;
        Ok(!out.stamps.is_empty())
    }

    fn go_on(
        &mut self,
        stream: usize,
        place: &mut Place,
        limit: usize,
        stamps: &mut Vec<f64>,
        mut values: Option<&mut Values>,
    ) -> Result<(), XdfError> {
        let Some(XdfStream { description, chunks, limit: last, .. }) = self.index.streams.get(stream) else {
            return Ok(());
        };
        let step_s = if description.rate_hz > 0.0 { 1.0 / description.rate_hz } else { 0.0 };
        while let Some(chunk) = chunks.get(place.chunk) {
            let mut wanted = PIECE;
            let mut at = place.byte.max(chunk.offset);
            'chunk: while place.passed < chunk.samples {
                let piece = self.bytes.at(at, wanted.min(chunk.end.saturating_sub(at)))?;
                let is_rest = at + piece.len() as u64 >= chunk.end;
                let mut used = 0;
                while place.passed < chunk.samples {
                    if stamps.len() >= limit || last.is_some_and(|last| place.sample >= last) {
                        place.byte = at + used as u64;
                        return Ok(());
                    }
                    match sample_at(piece.get(used..).unwrap_or_default(), description) {
                        Sample::Whole { stamp, values: from, end } => {
                            if let Some(values) = &mut values {
                                let bytes = piece.get(used + from..used + end).unwrap_or_default();
                                push_values(bytes, description.format, values);
                            }
                            place.stamp = stamp.unwrap_or(place.stamp + step_s);
                            stamps.push(place.stamp);
                            used += end;
                            place.passed += 1;
                            place.sample += 1;
                        }
                        Sample::Short if is_rest => break 'chunk,
                        Sample::Bad => break 'chunk,
                        Sample::Short => break,
                    }
                }
                // A sample that is longer than a piece needs a longer one.
                wanted = if used == 0 { wanted.saturating_mul(2) } else { PIECE };
                at += used as u64;
            }
            *place = Place { chunk: place.chunk + 1, passed: 0, byte: 0, ..*place };
            if stamps.len() >= limit {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The times of a stream's samples; the first call goes through all of them.
    ///
    /// # Errors
    /// As [`XdfFile::read`].
    pub fn timeline(&mut self, stream: usize) -> Result<Arc<Timeline>, XdfError> {
        self.check(stream)?;
        if let Some(Some(timeline)) = self.timelines.get(stream) {
            return Ok(Arc::clone(timeline));
        }
        let timeline = Arc::new(self.measure(stream)?);
        if let Some(kept) = self.timelines.get_mut(stream) {
            *kept = Some(Arc::clone(&timeline));
        }
        Ok(timeline)
    }

    fn measure(&mut self, stream: usize) -> Result<Timeline, XdfError> {
        let Some(facts) = self.index.streams.get(stream) else { return Ok(Timeline::default()) };
        let (id, expected) = (facts.id, facts.limit.unwrap_or(facts.announced));
        let nominal = facts.description.rate_hz;
        let mut evening = Evening::new(nominal, facts.description.can_drop_samples);
        let mut lines: std::collections::VecDeque<ClockLine> = clock::lines(&facts.offsets).into();
        let mut timeline = Timeline::default();
        timeline.clock.extend(lines.front().map(|line| (0, *line)));
        let (mut place, mut stamps) = (Place::default(), Vec::new());
        let mut marked: Option<Place> = None;
        loop {
            let before = place;
            stamps.clear();
            self.go_on(stream, &mut place, STAMPS, &mut stamps, None)?;
            for (&stamp, sample) in stamps.iter().zip(before.sample..) {
                while lines.front().is_some_and(|line| line.is_over(stamp)) {
                    lines.pop_front();
                    timeline.clock.extend(lines.front().map(|line| (sample, *line)));
                }
                let seconds = lines.front().map_or(stamp, |line| line.apply(stamp));
                evening.add(seconds);
                if sample == before.sample && marked.is_none_or(|m| before.sample - m.sample >= BETWEEN_MARKS) {
                    timeline.marks.push((seconds, before));
                    marked = Some(before);
                }
            }
            if stamps.is_empty() {
                break;
            }
        }
        timeline.segments = evening.finish();
        timeline.samples = place.sample;
        timeline.effective_rate_hz = if nominal > 0.0 { effective_rate_hz(&timeline.segments) } else { 0.0 };
        if place.sample < expected {
            self.warnings
                .push(format!("stream {id}: {} samples of damaged chunks are left out", expected - place.sample));
        }
        let off = (timeline.effective_rate_hz - nominal).abs();
        if nominal > 0.0 && timeline.samples > 1 && off > 0.1 * nominal {
            let rate_hz = timeline.effective_rate_hz;
            self.warnings.push(format!("stream {id} says {nominal} Hz, but its stamps are those of {rate_hz:.4} Hz"));
        }
        Ok(timeline)
    }

    fn check(&self, stream: usize) -> Result<(), XdfError> {
        let streams = self.index.streams.len();
        let name = || self.bytes.name.clone();
        if stream < streams { Ok(()) } else { Err(XdfError::NoSuchStream { name: name(), stream, streams }) }
    }
}

impl<R> XdfFile<R> {
    /// The streams in the order in which the file describes them.
    #[must_use]
    pub fn streams(&self) -> &[XdfStream] {
        &self.index.streams
    }

    /// When the recording began, as the recorder wrote it: `2026-11-25T10:00:00+0100`.
    #[must_use]
    pub fn datetime(&self) -> Option<&str> {
        self.index.datetime.as_deref()
    }

    /// What was odd or damaged about the file but could be passed over, a line each.
    ///
    /// Damage between chunks at once, that inside chunks after [`XdfFile::timeline`] has gone through the stream.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.index.warnings.iter().chain(&self.warnings).cloned().collect()
    }
}
