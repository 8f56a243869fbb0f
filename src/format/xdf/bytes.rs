//! A file as bytes at any place, through one buffer.
//!
//! Owns [`Bytes`]; runs on the thread of its reader. Invariant: never more is held than is asked for and one block, and
//! never more than the file has.

use super::XdfError;
use std::io::{Read, Seek, SeekFrom};

/// Bytes that are read at once where less is asked for.
const BLOCK: u64 = 64 * 1024;

/// A reader with its length and a buffer of what was read last.
#[derive(Debug)]
pub(super) struct Bytes<R> {
    pub name: String,
    pub len: u64,
    reader: R,
    buffer: Vec<u8>,
    start: u64,
}

impl<R: Read + Seek> Bytes<R> {
    pub fn new(name: &str, reader: R, len: u64) -> Self {
        Self { name: name.to_owned(), len, reader, buffer: Vec::new(), start: 0 }
    }

    /// Up to `len` bytes from `offset` on; fewer only where the file ends.
    pub fn at(&mut self, offset: u64, len: u64) -> Result<&[u8], XdfError> {
        let end = offset.saturating_add(len).min(self.len);
        let held = self.start..self.start + self.buffer.len() as u64;
        if offset < held.start || end > held.end {
            self.fill(offset, end)?;
        }
        let from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let to = usize::try_from(end.saturating_sub(self.start)).unwrap_or(usize::MAX);
        Ok(self.buffer.get(from..to).unwrap_or_default())
    }

    fn fill(&mut self, offset: u64, end: u64) -> Result<(), XdfError> {
        let end = end.max(offset.saturating_add(BLOCK)).min(self.len).max(offset.min(self.len));
        let failed = |source| XdfError::Read { name: self.name.clone(), offset, source };
        let wanted = end.saturating_sub(offset);
        self.buffer.clear();
        self.start = offset;
        self.reader.seek(SeekFrom::Start(offset)).map_err(failed)?;
        // `take` and `read_to_end` grow with what is there, so a file that shrank costs nothing either.
        let read = (&mut self.reader).take(wanted).read_to_end(&mut self.buffer).map_err(failed)?;
        if (read as u64) < wanted {
            return Err(failed(std::io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }
}
