//! Makes a whole file out of one that was cut off or damaged.
//!
//! Owns nothing but the two files while it runs; runs on the calling thread. Invariant: chunks that can be used are copied
//! byte by byte; whatever is not copied is counted and told.

use super::chunk::{MAGIC, Tag, push_chunk, push_length};
use super::samples::{Sample, sample_at};
use super::writer::{footer, refused};
use super::{Footer, Place, Samples, XdfError, XdfFile};
use crate::format::disk::{Existing, NewFile, OsDisk};
use std::path::{Path, PathBuf};

/// What a repair did.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The repaired file.
    pub path: PathBuf,
    /// Its streams: the name and how many samples there are.
    pub streams: Vec<(String, u64)>,
    /// What was set right, a line each.
    pub mended: Vec<String>,
    /// What could not be kept, a line each.
    pub lost: Vec<String>,
}

/// Bytes that are copied at once.
const PIECE: u64 = 1 << 20;

/// Samples that are counted at once.
const COUNTED: usize = 4096;

/// Writes what can be read of the file at `from` to `to`, which may be the same where it is to be replaced.
///
/// Damaged chunks are left out, the whole samples of one that was cut off are kept, and streams without a footer get one.
///
/// # Errors
/// As [`XdfFile::open`]; [`XdfError::Exists`] where `to` is there and may not be replaced, [`XdfError::Write`] where the
/// system refuses.
pub fn repair(from: &Path, to: &Path, existing: Existing) -> Result<Repaired, XdfError> {
    let mut source = XdfFile::open(from)?;
    let (mut mended, mut lost) = (Vec::new(), Vec::new());
    let mut file = Copy { file: NewFile::create(&OsDisk, to, existing).map_err(refused)?, at: 0 };
    file.append(&MAGIC, "file header")?;
    let good = source.index.good.clone();
    if good.first().is_none_or(|first| first.start != MAGIC.len() as u64) {
        mended.push("the header of the file was damaged and is new".to_owned());
        let mut chunk = Vec::new();
        push_chunk(Tag::FileHeader, None, b"<?xml version=\"1.0\"?><info><version>1.0</version></info>", &mut chunk);
        file.append(&chunk, "file header")?;
    }
    for range in &good {
        let mut at = range.start;
        while at < range.end {
            let piece = source.bytes.at(at, PIECE.min(range.end - at))?;
            file.append(piece, "chunks")?;
            at += piece.len() as u64;
        }
    }
    if let Some((stream, offset)) = source.index.torn {
        let chunk = whole_samples(&mut source, stream, offset)?;
        file.append(&chunk, "samples")?;
        mended.push(format!("the last chunk, of stream {stream}, was cut off: its whole samples are kept"));
    }
    lost.extend(source.index.damage.warning());
    let kept = good.iter().map(|range| range.end - range.start).sum::<u64>() + MAGIC.len() as u64;
    let left_out = source.bytes.len.saturating_sub(kept);
    if lost.is_empty() && source.index.torn.is_none() && left_out > 0 {
        lost.push(format!("{left_out} bytes of a chunk that was cut off"));
    }
    let mut streams = Vec::new();
    for number in 0..source.streams().len() {
        let (written, samples) = ends(&mut source, number)?;
        let Some(stream) = source.streams().get(number) else { continue };
        if stream.footer.is_none() {
            let xml = footer(written, &stream.offsets);
            let mut chunk = Vec::new();
            push_chunk(Tag::StreamFooter, Some(stream.id), xml.as_bytes(), &mut chunk);
            file.append(&chunk, "stream footer")?;
            mended.push(format!("stream {} ({:?}) had no footer and has one", stream.id, stream.description.name));
        }
        streams.push((stream.description.name.clone(), samples));
    }
    let path = file.file.finish().map_err(refused)?;
    Ok(Repaired { path, streams, mended, lost })
}

/// The first and last stamp of a stream and how many samples there are.
fn ends(source: &mut XdfFile, stream: usize) -> Result<(Footer, u64), XdfError> {
    let (mut place, mut samples) = (Place::default(), Samples::default());
    let mut footer = Footer::default();
    let mut count = 0;
    while source.read(stream, &mut place, COUNTED, &mut samples)? {
        footer.first_s = footer.first_s.or(samples.stamps.first().copied());
        footer.last_s = samples.stamps.last().copied();
        count += samples.stamps.len() as u64;
    }
    footer.samples = Some(count);
    Ok((footer, count))
}

/// The whole samples of a chunk that was cut off, as a chunk.
fn whole_samples(source: &mut XdfFile, id: u32, offset: u64) -> Result<Vec<u8>, XdfError> {
    let description = source.streams().iter().find(|stream| stream.id == id).map(|stream| stream.description.clone());
    let Some(description) = description else { return Ok(Vec::new()) };
    // A chunk is what arrived within half a second or so; what is there of it is less.
    let len = source.bytes.len - offset;
    let bytes = source.bytes.at(offset, len)?;
    let (mut used, mut count) = (0, 0_u64);
    while let Sample::Whole { end, .. } = sample_at(bytes.get(used..).unwrap_or_default(), &description) {
        used += end;
        count += 1;
    }
    let (mut content, mut chunk) = (Vec::new(), Vec::new());
    push_length(count, &mut content);
    content.extend(bytes.get(..used).unwrap_or_default());
    push_chunk(Tag::Samples, Some(id), &content, &mut chunk);
    Ok(if count > 0 { chunk } else { Vec::new() })
}

/// The file that is being written.
struct Copy {
    file: NewFile,
    at: u64,
}

impl Copy {
    fn append(&mut self, bytes: &[u8], part: &'static str) -> Result<(), XdfError> {
        let path = self.file.written().display().to_string();
        self.file.write_at(self.at, bytes).map_err(|source| XdfError::Write { path, part, source })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}
