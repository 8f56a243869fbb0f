//! Embeddings as lines of text.
//!
//! Owned by an [`super::EmbeddingFile`]. Invariant: a line is written whole or, after a crash, is the last one.

use super::Row;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A CSV file with its path.
#[derive(Debug)]
pub struct CsvFile {
    pub(super) path: PathBuf,
    pub(super) lines: Lines,
}

impl CsvFile {
    pub(super) fn create(path: &Path, dimension: Option<usize>) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), lines: Lines::create(path, dimension)? })
    }
}

/// The lines; without a dimension the values are left out.
#[derive(Debug)]
pub(super) struct Lines {
    file: BufWriter<File>,
    with_values: bool,
}

impl Lines {
    pub fn create(path: &Path, dimension: Option<usize>) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create_new(path)?);
        write!(file, "first_frame,start_s,end_s,generation,latency_ms")?;
        for i in 0..dimension.unwrap_or(0) {
            write!(file, ",e{i}")?;
        }
        writeln!(file)?;
        Ok(Self { file, with_values: dimension.is_some() })
    }

    pub fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        let Row { first, start_s, end_s, generation, latency_ms, values } = row;
        write!(self.file, "{first},{start_s:.6},{end_s:.6},{generation},{latency_ms:.3}")?;
        for value in values.iter().filter(|_| self.with_values) {
            write!(self.file, ",{value}")?;
        }
        writeln!(self.file)
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()
    }
}
