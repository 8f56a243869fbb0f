//! Chunks: the pieces that a file is made of, each `length, tag, content`, and how to find the next after damage.
//!
//! Owns [`Chunk`]; runs on the thread of the reader or writer. Invariant: a chunk that is returned lies wholly inside
//! the file, or says that it is torn.

use super::XdfError;
use super::bytes::Bytes;
use std::io::{Read, Seek};

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    FileHeader = 1,
    StreamHeader = 2,
    Samples = 3,
    ClockOffset = 4,
    Boundary = 5,
    StreamFooter = 6,
}

impl Tag {
    fn of(number: u16) -> Option<Self> {
        use Tag::{Boundary, ClockOffset, FileHeader, Samples, StreamFooter, StreamHeader};
        [FileHeader, StreamHeader, Samples, ClockOffset, Boundary, StreamFooter]
            .into_iter()
            .find(|t| *t as u16 == number)
    }

    /// True for chunks that begin with the number of their stream.
    fn has_stream(self) -> bool {
        !matches!(self, Self::FileHeader | Self::Boundary)
    }
}

/// The content of every boundary chunk, by which a reader finds its way after damage.
pub(super) const BOUNDARY: [u8; 16] =
    [0x43, 0xA5, 0x46, 0xDC, 0xCB, 0xF5, 0x41, 0x0F, 0xB3, 0x0E, 0xD5, 0x46, 0x73, 0x83, 0xCB, 0xE4];

/// The first bytes of a file.
pub(super) const MAGIC: [u8; 4] = *b"XDF:";

/// The longest head of a chunk: nine bytes of length, two of tag, four of stream.
const LONGEST_HEAD: u64 = 15;

/// Where a chunk lies; its content comes after length, tag and number of the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub tag: Option<Tag>,
    pub stream: u32,
    /// Where its content begins.
    pub content: u64,
    /// Where it ends, or the file does.
    pub end: u64,
    /// True where the file ends before the chunk does.
    pub torn: bool,
}

/// A length that says itself how wide it is: 1, 4 or 8 bytes; with the bytes that it takes.
pub(super) fn length(bytes: &[u8]) -> Option<(u64, usize)> {
    let (width, rest) = bytes.split_first()?;
    match width {
        1 => rest.first().map(|&b| (u64::from(b), 2)),
        4 => rest.first_chunk().map(|b| (u64::from(u32::from_le_bytes(*b)), 5)),
        8 => rest.first_chunk().map(|b| (u64::from_le_bytes(*b), 9)),
        _ => None,
    }
}

/// Appends a length in as few bytes as hold it.
pub(super) fn push_length(length: u64, out: &mut Vec<u8>) {
    if let Ok(short) = u8::try_from(length) {
        out.extend([1, short]);
    } else if let Ok(middle) = u32::try_from(length) {
        out.push(4);
        out.extend(middle.to_le_bytes());
    } else {
        out.push(8);
        out.extend(length.to_le_bytes());
    }
}

/// Appends a whole chunk.
pub(super) fn push_chunk(tag: Tag, stream: Option<u32>, content: &[u8], out: &mut Vec<u8>) {
    push_length(2 + if stream.is_some() { 4 } else { 0 } + content.len() as u64, out);
    out.extend((tag as u16).to_le_bytes());
    out.extend(stream.into_iter().flat_map(u32::to_le_bytes));
    out.extend(content);
}

/// The chunk at `offset`, or `None` where the bytes there begin none.
pub(super) fn chunk_at<R: Read + Seek>(bytes: &mut Bytes<R>, offset: u64) -> Result<Option<Chunk>, XdfError> {
    let len = bytes.len;
    let head = bytes.at(offset, LONGEST_HEAD)?;
    let Some((length, taken)) = length(head) else { return Ok(None) };
    let rest = head.get(taken..).unwrap_or_default();
    let Some(number) = rest.first_chunk().map(|b| u16::from_le_bytes(*b)) else { return Ok(None) };
    let tag = Tag::of(number);
    let has_stream = tag.is_some_and(Tag::has_stream);
    let after_tag = offset + taken as u64 + 2;
    let stream = rest.get(2..).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b));
    if has_stream && stream.is_none() {
        return Ok(None);
    }
    let content = after_tag + if has_stream { 4 } else { 0 };
    let Some(announced) = (offset + taken as u64).checked_add(length).filter(|end| *end >= content) else {
        return Ok(None);
    };
    let stream = if has_stream { stream.unwrap_or_default() } else { 0 };
    Ok(Some(Chunk { tag, stream, content, end: announced.min(len), torn: announced > len }))
}

/// The place after the next boundary that begins at `from` or later.
pub(super) fn after_boundary<R: Read + Seek>(bytes: &mut Bytes<R>, from: u64) -> Result<Option<u64>, XdfError> {
    const STEP: u64 = 64 * 1024;
    let mut at = from;
    while at < bytes.len {
        let piece = bytes.at(at, STEP)?;
        if let Some(found) = piece.windows(BOUNDARY.len()).position(|window| window == BOUNDARY) {
            return Ok(Some(at + (found + BOUNDARY.len()) as u64));
        }
        // Pieces overlap, for a boundary may lie across two.
        at += (piece.len() as u64).saturating_sub(BOUNDARY.len() as u64 - 1).max(1);
        if at + BOUNDARY.len() as u64 > bytes.len {
            break;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn lengths_round_trip() {
        for value in [0, 1, 255, 256, 65_536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            let mut out = Vec::new();
            push_length(value, &mut out);
            assert_eq!(length(&out), Some((value, out.len())));
            assert_eq!(length(&out[..out.len() - 1]), None);
        }
        assert_eq!(length(&[2, 1, 1]), None);
    }

    #[test]
    fn a_boundary_across_two_pieces_is_found() {
        let mut data = vec![7; 64 * 1024 - 5];
        data.extend(BOUNDARY);
        data.extend([1, 2, 3]);
        let len = data.len() as u64;
        let mut bytes = Bytes::new("x.xdf", Cursor::new(data), len);
        assert_eq!(after_boundary(&mut bytes, 0).unwrap(), Some(len - 3));
        assert_eq!(after_boundary(&mut bytes, len - 18).unwrap(), None);
    }
}
