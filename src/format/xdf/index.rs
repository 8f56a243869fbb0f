//! One pass over the heads of all chunks: which streams there are, where their samples lie, and what is damaged.
//!
//! Owns [`XdfStream`]; runs on the thread that opens the file. Invariant: memory grows with the chunks that are there,
//! and a place where the file cannot be understood costs what lies between it and the next boundary.

use super::bytes::Bytes;
use super::chunk::{Chunk, MAGIC, Tag, after_boundary, chunk_at, length};
use super::clock::{ClockOffset, last_is_corrupt};
use super::description::{text, with_xml};
use super::samples::fewest_bytes;
use super::{StreamDescription, XdfError};
use std::io::{Read, Seek};

/// What the recorder wrote of a stream when it was over.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Footer {
    /// Stamp of the first sample, on the stream's clock.
    pub first_s: Option<f64>,
    /// Stamp of the last sample.
    pub last_s: Option<f64>,
    /// Samples in all.
    pub samples: Option<u64>,
}

/// One stream of a file.
#[derive(Clone, Debug)]
pub struct XdfStream {
    /// Its number in the file.
    pub id: u32,
    /// What it says of itself.
    pub description: StreamDescription,
    /// What the recorder wrote at its end; `None` where the recording was interrupted or the footer is damaged.
    pub footer: Option<Footer>,
    /// Measurements of its clock, in the order of the file.
    pub offsets: Vec<ClockOffset>,
    pub(super) chunks: Vec<SampleChunk>,
    /// Samples that its chunks announce.
    pub(super) announced: u64,
    /// Samples after which it ends though more are there.
    pub(super) limit: Option<u64>,
}

impl XdfStream {
    /// True where no chunk holds samples of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.announced == 0
    }
}

/// Samples that follow on in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleChunk {
    /// Where the first sample begins.
    pub offset: u64,
    pub end: u64,
    pub samples: u64,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub streams: Vec<XdfStream>,
    pub datetime: Option<String>,
    pub damage: Damage,
    /// Where chunks lie that follow each other and can be used.
    pub good: Vec<std::ops::Range<u64>>,
    /// The last chunk, where it holds samples and is cut off: its stream and where its samples begin.
    pub torn: Option<(u32, u64)>,
    pub warnings: Vec<String>,
}

/// Longer descriptions are damage.
const LONGEST_XML: u64 = 16 << 20;

/// More places than this are counted but not told one by one.
const MOST_TOLD: usize = 8;

/// What could not be understood.
#[derive(Debug, Default)]
pub(super) struct Damage {
    places: u64,
    bytes: u64,
    told: Vec<String>,
}

impl Damage {
    fn add(&mut self, from: u64, to: u64, what: &str) {
        self.places += 1;
        self.bytes += to.saturating_sub(from);
        if self.told.len() < MOST_TOLD {
            self.told.push(format!("{what} at byte {from}, {} bytes left out", to.saturating_sub(from)));
        }
    }

    pub fn warning(&self) -> Option<String> {
        let more = if self.places as usize > self.told.len() { "; …" } else { "" };
        let told = self.told.join("; ");
        (self.places > 0)
            .then(|| format!("damaged in {} place(s), {} bytes in all: {told}{more}", self.places, self.bytes))
    }
}

impl Index {
    /// Goes through the file once.
    pub fn of<R: Read + Seek>(bytes: &mut Bytes<R>) -> Result<Self, XdfError> {
        let mut index = Self::default();
        let mut at = MAGIC.len() as u64;
        while at < bytes.len {
            at = index.step(bytes, at)?;
        }
        index.close();
        Ok(index)
    }

    /// Takes the chunk at `at` in; returns where the next begins.
    fn step<R: Read + Seek>(&mut self, bytes: &mut Bytes<R>, at: u64) -> Result<u64, XdfError> {
        let Some(chunk) = chunk_at(bytes, at)? else { return self.lose(bytes, at, "no chunk") };
        if chunk.torn {
            // Either the recording was cut off here, or the length is damaged and more follows.
            if after_boundary(bytes, chunk.content)?.is_some() {
                return self.lose(bytes, at, "a chunk that is longer than the file");
            }
            let kept = chunk.tag == Some(Tag::Samples) && self.samples(bytes, &chunk)?.is_ok();
            if kept {
                let stream = self.streams.iter().find(|stream| stream.id == chunk.stream);
                // Where not even one sample is whole, the last chunk of the stream is one before this.
                let last = stream.and_then(|s| s.chunks.last()).filter(|last| last.offset >= chunk.content);
                self.torn = last.map(|last| (chunk.stream, last.offset));
            }
            let what = if kept { "its whole samples are read" } else { "it is left out" };
            self.warnings.push(format!("the last chunk, at byte {at}, is cut off; {what}"));
            return Ok(bytes.len);
        }
        let taken = match chunk.tag {
            Some(Tag::FileHeader) => self.file_header(bytes, &chunk)?,
            Some(Tag::StreamHeader) => self.stream_header(bytes, &chunk)?,
            Some(Tag::Samples) => self.samples(bytes, &chunk)?,
            Some(Tag::ClockOffset) => self.clock_offset(bytes, &chunk)?,
            Some(Tag::StreamFooter) => self.footer(bytes, &chunk)?,
            Some(Tag::Boundary) => Ok(()),
            None => Err("a chunk of unknown kind"),
        };
        let Err(what) = taken else {
            match self.good.last_mut().filter(|last| last.end == at) {
                Some(last) => last.end = chunk.end,
                None => self.good.push(at..chunk.end),
            }
            return Ok(chunk.end);
        };
        // Where another chunk follows only the content is damaged, else the length is too.
        let follows =
            chunk.end == bytes.len || chunk_at(bytes, chunk.end)?.is_some_and(|next| next.tag.is_some() && !next.torn);
        if !follows {
            return self.lose(bytes, at, what);
        }
        self.damage.add(at, chunk.end, what);
        Ok(chunk.end)
    }

    fn lose<R: Read + Seek>(&mut self, bytes: &mut Bytes<R>, at: u64, what: &str) -> Result<u64, XdfError> {
        let next = after_boundary(bytes, at)?.unwrap_or(bytes.len);
        self.damage.add(at, next, what);
        Ok(next)
    }

    fn content<'b, R: Read + Seek>(bytes: &'b mut Bytes<R>, chunk: &Chunk) -> Result<Option<&'b [u8]>, XdfError> {
        let len = chunk.end - chunk.content;
        if len > LONGEST_XML { Ok(None) } else { bytes.at(chunk.content, len).map(Some) }
    }

    fn file_header<R: Read + Seek>(&mut self, bytes: &mut Bytes<R>, chunk: &Chunk) -> Result<Taken, XdfError> {
        let xml = Self::content(bytes, chunk)?;
        let datetime = xml.and_then(|xml| with_xml(xml, |info| text(info, "datetime")));
        self.datetime = datetime.filter(|text| !text.is_empty()).or(self.datetime.take());
        Ok(Ok(()))
    }

    fn stream_header<R: Read + Seek>(&mut self, bytes: &mut Bytes<R>, chunk: &Chunk) -> Result<Taken, XdfError> {
        let Some(xml) = Self::content(bytes, chunk)? else { return Ok(Err("a description of more than 16 MiB")) };
        if self.streams.iter().any(|stream| stream.id == chunk.stream) {
            return Ok(Err("a second description of a stream"));
        }
        match StreamDescription::parse(xml) {
            Ok(description) => {
                let (footer, limit) = (None, None);
                let (offsets, chunks) = (Vec::new(), Vec::new());
                self.streams.push(XdfStream {
                    id: chunk.stream,
                    description,
                    footer,
                    offsets,
                    chunks,
                    announced: 0,
                    limit,
                });
                Ok(Ok(()))
            }
            Err(problem) => {
                self.warnings.push(format!("stream {} cannot be read: {problem}", chunk.stream));
                Ok(Err("a description that cannot be used"))
            }
        }
    }

    fn samples<R: Read + Seek>(&mut self, bytes: &mut Bytes<R>, chunk: &Chunk) -> Result<Taken, XdfError> {
        let head = length(bytes.at(chunk.content, 9)?);
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == chunk.stream) else {
            return Ok(Err("samples of a stream without description"));
        };
        let Some((count, taken)) = head else { return Ok(Err("samples without a count")) };
        let offset = chunk.content + taken as u64;
        let room = chunk.end.saturating_sub(offset);
        let fit = room / fewest_bytes(&stream.description);
        if count > fit && !chunk.torn {
            return Ok(Err("samples that are more than the chunk has room for"));
        }
        let samples = count.min(fit);
        if samples > 0 {
            stream.chunks.push(SampleChunk { offset, end: chunk.end, samples });
            stream.announced += samples;
        }
        Ok(Ok(()))
    }

    fn clock_offset<R: Read + Seek>(&mut self, bytes: &mut Bytes<R>, chunk: &Chunk) -> Result<Taken, XdfError> {
        let content = bytes.at(chunk.content, 16)?;
        let number = |at: usize| content.get(at..).and_then(|b| b.first_chunk()).map(|b| f64::from_le_bytes(*b));
        let (Some(at_s), Some(offset_s)) = (number(0), number(8)) else {
            return Ok(Err("a clock offset that is too short"));
        };
        let stream = self.streams.iter_mut().find(|stream| stream.id == chunk.stream);
        match stream.filter(|_| at_s.is_finite() && offset_s.is_finite() && chunk.end - chunk.content == 16) {
            Some(stream) => stream.offsets.push(ClockOffset { at_s, offset_s }),
            None => return Ok(Err("a clock offset that cannot be used")),
        }
        Ok(Ok(()))
    }

    fn footer<R: Read + Seek>(&mut self, bytes: &mut Bytes<R>, chunk: &Chunk) -> Result<Taken, XdfError> {
        let footer = Self::content(bytes, chunk)?.and_then(|xml| {
            with_xml(xml, |info| Footer {
                first_s: text(info, "first_timestamp").parse().ok(),
                last_s: text(info, "last_timestamp").parse().ok(),
                samples: text(info, "sample_count").parse().ok(),
            })
        });
        let stream = self.streams.iter_mut().find(|stream| stream.id == chunk.stream);
        match (stream, footer) {
            (Some(stream), Some(footer)) => stream.footer = Some(footer),
            (None, _) => return Ok(Err("a footer of a stream without description")),
            (_, None) => return Ok(Err("a footer that is not XML")),
        }
        Ok(Ok(()))
    }

    /// What can only be said at the end of the file.
    fn close(&mut self) {
        for stream in &mut self.streams {
            let name = format!("stream {} ({:?})", stream.id, stream.description.name);
            let Some(written) = stream.footer.map(|footer| footer.samples) else {
                self.warnings
                    .push(format!("{name} has no footer: the recording was interrupted, or the end is damaged"));
                continue;
            };
            let Some(written) = written else { continue };
            if stream.announced > written && last_is_corrupt(&stream.offsets) {
                stream.offsets.pop();
                stream.limit = Some(written);
                self.warnings.push(format!(
                    "{name}: the last clock offset and {} samples after the count of the footer are those of an outlet \
                     that went away (pylsl issue 67); left out",
                    stream.announced - written
                ));
            } else if stream.announced != written {
                self.warnings.push(format!("{name} has {} samples, its footer says {written}", stream.announced));
            }
        }
        self.warnings.extend(self.damage.warning());
    }
}

/// Nothing, or why a chunk cannot be used.
type Taken = Result<(), &'static str>;
