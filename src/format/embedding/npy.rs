//! Embeddings as a NumPy array (format 1.0).
//!
//! Owned by an [`super::EmbeddingFile`]. The number of rows stands in the header, so the file has a temporary name until
//! it is known; the windows lie beside it in a CSV file that is readable all the time.

use super::csv::Lines;
use super::{Beside, Row};
use crate::format::atomic;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// An NPY file with its path.
#[derive(Debug)]
pub struct NpyFile {
    pub(super) path: PathBuf,
    pub(super) lines: Array,
}

#[derive(Debug)]
pub(super) struct Array {
    file: BufWriter<File>,
    windows: Lines,
    dimension: usize,
    rows: u64,
}

/// Length of the whole header; a multiple of 64, with room for any number of rows.
const HEADER: usize = 128;

impl NpyFile {
    pub(super) fn create(path: &Path, dimension: usize, beside: &Beside) -> io::Result<Self> {
        let windows = Lines::create(&windows_of(path), None, beside)?;
        let mut file = BufWriter::new(File::create(atomic::partial(path))?);
        file.write_all(&header(0, dimension))?;
        Ok(Self { path: path.to_owned(), lines: Array { file, windows, dimension, rows: 0 } })
    }
}

impl Array {
    pub fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        for value in row.values {
            self.file.write_all(&value.to_le_bytes())?;
        }
        self.rows += 1;
        self.windows.push(row)
    }

    pub fn is_whole_at_last(&self) -> bool {
        self.windows.is_whole_at_last()
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.windows.flush()
    }

    pub fn finish(mut self, path: &Path) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.rows, self.dimension))?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        self.windows.finish()?;
        fs::rename(atomic::partial(path), path)?;
        atomic::sync_folder_of(path)
    }
}

/// The file beside `path` that holds the windows.
pub(super) fn windows_of(path: &Path) -> PathBuf {
    path.with_extension("windows.csv")
}

/// Magic, version, length of the rest, and the dictionary padded with blanks.
fn header(rows: u64, dimension: usize) -> Vec<u8> {
    let facts = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}");
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(((HEADER - 10) as u16).to_le_bytes());
    header.extend(facts.bytes());
    header.resize(HEADER - 1, b' ');
    header.push(b'\n');
    header
}
