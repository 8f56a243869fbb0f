//! Writes XDF as LabRecorder does: several streams at once, each with its clock, a boundary every ten seconds.
//!
//! Owns [`XdfWriter`] and its file; runs on the thread of the recorder. Invariant: the file only grows, a
//! chunk at a time, so that it can be read whatever byte a crash cuts it off at.

use super::chunk::{BOUNDARY, MAGIC, Tag, push_chunk, push_length};
use super::{ClockOffset, Footer, StreamDescription, ValueFormat, Values, XdfError};
use crate::format::disk::{Disk, Existing, NewFile, OsDisk, Refusal};
use crate::signal::Stamp;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XdfWritten {
    /// The finished file.
    pub path: PathBuf,
    /// Samples of each stream, in the order of [`XdfWriter::add_stream`].
    pub samples: Vec<u64>,
    /// Bytes of the file.
    pub bytes: u64,
}

/// An XDF file that is being written.
#[derive(Debug)]
pub struct XdfWriter {
    file: NewFile,
    /// Where the next chunk goes.
    at: u64,
    streams: Vec<Open>,
    content: Vec<u8>,
    chunk: Vec<u8>,
    synced: Option<Stamp>,
    bounded: Option<Stamp>,
}

/// A stream that is being written.
#[derive(Debug)]
struct Open {
    format: ValueFormat,
    channels: usize,
    first_s: Option<f64>,
    last_s: Option<f64>,
    samples: u64,
    offsets: Vec<ClockOffset>,
    ended: bool,
}

/// Seconds between two boundaries; the specification wants one at least as often.
const BOUNDARY_S: f64 = 10.0;

/// Seconds between two syncs.
const SYNC_S: f64 = 1.0;

impl XdfWriter {
    /// Begins a file: `<path>.partial`, which [`XdfWriter::finish`] renames to `path`, or the next run.
    ///
    /// `datetime` is when the recording began, such as `2026-11-25T10:00:00+0100`.
    ///
    /// # Errors
    /// [`XdfError::Exists`] or [`XdfError::Partial`] where a file is there and may not be replaced,
    /// [`XdfError::Write`] where the system refuses.
    pub fn create(path: &Path, datetime: Option<&str>, existing: Existing) -> Result<Self, XdfError> {
        Self::create_on(&OsDisk, path, datetime, existing)
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// As [`XdfWriter::create`].
    pub fn create_on(
        disk: &dyn Disk,
        path: &Path,
        datetime: Option<&str>,
        existing: Existing,
    ) -> Result<Self, XdfError> {
        let file = NewFile::create(disk, path, existing).map_err(refused)?;
        let (streams, content, synced, bounded) = (Vec::new(), Vec::new(), None, None);
        let mut writer = Self { file, at: 0, streams, content, chunk: MAGIC.to_vec(), synced, bounded };
        let datetime = datetime.filter(|text| text.bytes().all(|b| b.is_ascii_graphic() && !b"<>&".contains(&b)));
        let datetime = datetime.map_or_else(String::new, |text| format!("<datetime>{text}</datetime>"));
        let xml = format!("<?xml version=\"1.0\"?><info><version>1.0</version>{datetime}</info>");
        push_chunk(Tag::FileHeader, None, xml.as_bytes(), &mut writer.chunk);
        writer.append("file header")?;
        Ok(writer)
    }

    /// Describes a stream; returns its number. Streams may come at any time.
    ///
    /// # Errors
    /// [`XdfError::Shape`] for one without channels, [`XdfError::Write`] where the system refuses.
    pub fn add_stream(&mut self, description: &StreamDescription) -> Result<u32, XdfError> {
        // Streams are numbered from 1, as LabRecorder does.
        let id = self.streams.len() as u32 + 1;
        if description.channels == 0 {
            return Err(self.shape(id, "it needs at least one channel".to_owned()));
        }
        self.chunk.clear();
        push_chunk(Tag::StreamHeader, Some(id), description.compose().as_bytes(), &mut self.chunk);
        self.append("stream header")?;
        self.streams.push(Open {
            format: description.format,
            channels: description.channels,
            first_s: None,
            last_s: None,
            samples: 0,
            offsets: Vec::new(),
            ended: false,
        });
        Ok(id)
    }

    /// Writes samples of a stream as one chunk: a stamp each, in seconds on the stream's clock, and values `[T, C]`.
    ///
    /// # Errors
    /// [`XdfError::Shape`] for values of another number or format, [`XdfError::Write`] where the system refuses:
    /// nothing of them is in the file then, and they may be given again.
    pub fn write(&mut self, stream: u32, stamps: &[f64], values: &Values) -> Result<(), XdfError> {
        let channels = self.accepts(stream, stamps, values.format(), values.len())?;
        self.samples_of(stamps, |sample, out| values.append_to(sample * channels..(sample + 1) * channels, out));
        self.append_samples(stream, stamps)
    }

    /// The same for frames `[T, C]` of a `float32` stream, without a copy.
    ///
    /// # Errors
    /// As [`XdfWriter::write`].
    pub fn write_frames(&mut self, stream: u32, stamps: &[f64], frames: &[f32]) -> Result<(), XdfError> {
        let channels = self.accepts(stream, stamps, ValueFormat::Float32, frames.len())?;
        self.samples_of(stamps, |sample, out| {
            let frame = frames.get(sample * channels..(sample + 1) * channels).unwrap_or_default();
            frame.iter().for_each(|value| out.extend(value.to_le_bytes()));
        });
        self.append_samples(stream, stamps)
    }

    /// Writes one marker of a stream of one text a sample.
    ///
    /// # Errors
    /// As [`XdfWriter::write`].
    pub fn write_text(&mut self, stream: u32, stamp: f64, text: &str) -> Result<(), XdfError> {
        self.accepts(stream, &[stamp], ValueFormat::String, 1)?;
        self.samples_of(&[stamp], |_, out| {
            push_length(text.len() as u64, out);
            out.extend(text.as_bytes());
        });
        self.append_samples(stream, &[stamp])
    }

    /// Writes a measurement of a stream's clock; LabRecorder makes one every five seconds.
    ///
    /// # Errors
    /// As [`XdfWriter::write`].
    pub fn write_offset(&mut self, stream: u32, offset: ClockOffset) -> Result<(), XdfError> {
        if self.stream(stream).is_none_or(|open| open.ended) {
            return Err(self.shape(stream, "it is not there or has ended".to_owned()));
        }
        let content: Vec<u8> = [offset.at_s, offset.offset_s].into_iter().flat_map(f64::to_le_bytes).collect();
        self.chunk.clear();
        push_chunk(Tag::ClockOffset, Some(stream), &content, &mut self.chunk);
        self.append("clock offset")?;
        if let Some(open) = self.stream(stream) {
            open.offsets.push(offset);
        }
        Ok(())
    }

    /// Tells the time: a boundary is written every ten seconds, and what was written is synced every second.
    ///
    /// # Errors
    /// [`XdfError::Write`] where the system refuses.
    pub fn step(&mut self, now: Stamp) -> Result<(), XdfError> {
        if self.bounded.is_none_or(|last| now - last >= BOUNDARY_S) {
            self.chunk.clear();
            push_chunk(Tag::Boundary, None, &BOUNDARY, &mut self.chunk);
            self.append("boundary")?;
            self.bounded = Some(now);
        }
        if self.synced.is_none_or(|last| now - last >= SYNC_S) {
            self.file.sync().map_err(|source| self.failed("recorded data", source))?;
            self.synced = Some(now);
        }
        Ok(())
    }

    /// Writes the footer of a stream, after which nothing more of it may come.
    ///
    /// # Errors
    /// As [`XdfWriter::write`].
    pub fn end_stream(&mut self, stream: u32) -> Result<(), XdfError> {
        let Some(open) = self.stream(stream).filter(|open| !open.ended) else {
            return Err(self.shape(stream, "it is not there or has ended".to_owned()));
        };
        let written = Footer { first_s: open.first_s, last_s: open.last_s, samples: Some(open.samples) };
        let xml = footer(written, &open.offsets);
        self.chunk.clear();
        push_chunk(Tag::StreamFooter, Some(stream), xml.as_bytes(), &mut self.chunk);
        self.append("stream footer")?;
        if let Some(open) = self.stream(stream) {
            open.ended = true;
        }
        Ok(())
    }

    /// Ends all streams and gives the file its name.
    ///
    /// # Errors
    /// [`XdfError::Write`] where the system refuses and [`XdfError::Exists`] where a file of that name has appeared;
    /// the file stays under the name that it has then and holds everything.
    pub fn finish(&mut self) -> Result<XdfWritten, XdfError> {
        for stream in 1..=self.streams.len() as u32 {
            if self.stream(stream).is_some_and(|open| !open.ended) {
                self.end_stream(stream)?;
            }
        }
        let path = self.file.finish().map_err(refused)?;
        Ok(XdfWritten { path, ..self.so_far() })
    }

    /// What was written so far.
    #[must_use]
    pub fn so_far(&self) -> XdfWritten {
        let samples = self.streams.iter().map(|open| open.samples).collect();
        XdfWritten { path: self.path().to_owned(), samples, bytes: self.at }
    }

    /// Gives up after an error: the file keeps its whole chunks, and half of one is cut off where the system lets it.
    pub fn abandon(mut self) -> XdfWritten {
        // Both make the file tidier, and neither is needed to read it.
        let _ = self.file.truncate(self.at).is_ok() && self.file.sync().is_ok();
        self.so_far()
    }

    /// The file that is being written.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.written()
    }

    fn stream(&mut self, stream: u32) -> Option<&mut Open> {
        self.streams.get_mut((stream as usize).checked_sub(1)?)
    }

    /// Channels of a stream that can take these samples.
    fn accepts(&mut self, stream: u32, stamps: &[f64], format: ValueFormat, values: usize) -> Result<usize, XdfError> {
        let Some(open) = self.stream(stream).filter(|open| !open.ended) else {
            return Err(self.shape(stream, "it is not there or has ended".to_owned()));
        };
        let (own, channels) = (open.format, open.channels);
        let problem = if own != format {
            format!("it carries {}, not {}", own.word(), format.word())
        } else if values != stamps.len() * channels {
            format!("{} samples of {channels} values are {}, not {values}", stamps.len(), stamps.len() * channels)
        } else if !stamps.iter().all(|stamp| stamp.is_finite()) {
            "a stamp is not a number".to_owned()
        } else {
            return Ok(channels);
        };
        Err(self.shape(stream, problem))
    }

    /// Composes the content of a chunk of samples.
    fn samples_of(&mut self, stamps: &[f64], mut values: impl FnMut(usize, &mut Vec<u8>)) {
        self.content.clear();
        push_length(stamps.len() as u64, &mut self.content);
        for (sample, stamp) in stamps.iter().enumerate() {
            self.content.push(8);
            self.content.extend(stamp.to_le_bytes());
            values(sample, &mut self.content);
        }
    }

    fn append_samples(&mut self, stream: u32, stamps: &[f64]) -> Result<(), XdfError> {
        let (Some(&first), Some(&last)) = (stamps.first(), stamps.last()) else { return Ok(()) };
        self.chunk.clear();
        push_chunk(Tag::Samples, Some(stream), &self.content, &mut self.chunk);
        self.append("samples")?;
        if let Some(open) = self.stream(stream) {
            open.first_s.get_or_insert(first);
            open.last_s = Some(last);
            open.samples += stamps.len() as u64;
        }
        Ok(())
    }

    /// Writes the chunk that was composed. After a failed write the next one goes to the same place.
    fn append(&mut self, part: &'static str) -> Result<(), XdfError> {
        let written = self.file.write_at(self.at, &self.chunk);
        written.map_err(|source| self.failed(part, source))?;
        self.at += self.chunk.len() as u64;
        Ok(())
    }

    fn failed(&self, part: &'static str, source: std::io::Error) -> XdfError {
        XdfError::Write { path: self.file.written().display().to_string(), part, source }
    }

    fn shape(&self, stream: u32, problem: String) -> XdfError {
        XdfError::Shape { path: self.file.written().display().to_string(), stream, problem }
    }
}

/// The footer of a stream as XML.
pub(super) fn footer(written: Footer, offsets: &[ClockOffset]) -> String {
    let mut xml = "<?xml version=\"1.0\"?><info>".to_owned();
    for (name, stamp) in [("first_timestamp", written.first_s), ("last_timestamp", written.last_s)] {
        let _ = stamp.map(|stamp| write!(xml, "<{name}>{stamp}</{name}>"));
    }
    let _ = write!(xml, "<sample_count>{}</sample_count><clock_offsets>", written.samples.unwrap_or_default());
    for ClockOffset { at_s, offset_s } in offsets {
        let _ = write!(xml, "<offset><time>{at_s}</time><value>{offset_s}</value></offset>");
    }
    xml.push_str("</clock_offsets></info>");
    xml
}

pub(super) fn refused(refusal: Refusal) -> XdfError {
    let text = |path: &Path| path.display().to_string();
    match refusal {
        Refusal::Exists(path) => XdfError::Exists { path: text(&path) },
        Refusal::Partial(path) => XdfError::Partial { path: text(&path) },
        Refusal::System { path, part, source } => XdfError::Write { path: text(&path), part, source },
    }
}
