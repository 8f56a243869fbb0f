//! Embeddings as lines of text.
//!
//! Owned by an [`super::EmbeddingFile`]. Invariant: a line is written whole or, after a crash, is the last one;
//! a file of recordings has its temporary name until it is complete.

use super::{Beside, Row};
use crate::format::atomic;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A CSV file with its path.
#[derive(Debug)]
pub struct CsvFile {
    pub(super) path: PathBuf,
    pub(super) lines: Lines,
}

impl CsvFile {
    pub(super) fn create(path: &Path, dimension: Option<usize>, beside: &Beside) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), lines: Lines::create(path, dimension, beside)? })
    }
}

/// The lines; without a dimension the values are left out.
#[derive(Debug)]
pub(super) struct Lines {
    file: BufWriter<File>,
    /// The name that it gets once it is whole, where it has not got it from the start.
    renamed: Option<PathBuf>,
    with_values: bool,
    with_classes: bool,
    with_novelty: bool,
    with_markers: bool,
    with_files: bool,
}

impl Lines {
    pub fn create(path: &Path, dimension: Option<usize>, beside: &Beside) -> io::Result<Self> {
        let renamed = beside.files.then(|| path.to_owned());
        let file = if beside.files { File::create(atomic::partial(path))? } else { File::create_new(path)? };
        let mut file = BufWriter::new(file);
        write!(file, "first_frame,start_s,end_s,generation{}", if beside.files { "" } else { ",latency_ms" })?;
        for i in 0..dimension.unwrap_or(0) {
            write!(file, ",e{i}")?;
        }
        write!(file, ",quality")?;
        for label in &beside.amplitudes {
            write!(file, ",{}", field(&format!("log_uv_{label}")))?;
        }
        write!(file, "{}", if beside.classes { ",class,confidence" } else { "" })?;
        write!(file, "{}", if beside.novelty { ",novelty,novelty_p" } else { "" })?;
        write!(file, "{}", if beside.markers { ",marker_frame,marker" } else { "" })?;
        writeln!(file, "{}", if beside.files { ",file" } else { "" })?;
        let Beside { classes: with_classes, novelty: with_novelty, markers: with_markers, files: with_files, .. } =
            *beside;
        let with_values = dimension.is_some();
        Ok(Self { file, renamed, with_values, with_classes, with_novelty, with_markers, with_files })
    }

    pub fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        let Row { first, start_s, end_s, generation, latency_ms, quality, amplitudes, marker, file, values, .. } = row;
        write!(self.file, "{first},{start_s:.6},{end_s:.6},{generation}")?;
        if !self.with_files {
            write!(self.file, ",{latency_ms:.3}")?;
        }
        for value in values.iter().filter(|_| self.with_values) {
            write!(self.file, ",{value}")?;
        }
        write!(self.file, ",{quality}")?;
        for amplitude in amplitudes {
            write!(self.file, ",{amplitude}")?;
        }
        if self.with_classes {
            write!(self.file, ",{},", field(row.class.unwrap_or_default()))?;
            if let Some(confidence) = row.confidence {
                write!(self.file, "{confidence:.4}")?;
            }
        }
        if self.with_novelty {
            match row.novelty {
                Some((score, probability)) => write!(self.file, ",{score:.4},{probability:.3e}")?,
                None => write!(self.file, ",,")?,
            }
        }
        if self.with_markers {
            let (frame, text) = marker.map_or((None, ""), |marker| (Some(marker.frame), marker.text.as_str()));
            write!(self.file, ",{},{}", frame.map_or_else(String::new, |frame| frame.to_string()), field(text))?;
        }
        if self.with_files {
            write!(self.file, ",{}", field(file))?;
        }
        writeln!(self.file)
    }

    pub fn is_whole_at_last(&self) -> bool {
        self.renamed.is_some()
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        let Some(path) = self.renamed else { return Ok(()) };
        fs::rename(atomic::partial(&path), &path)?;
        atomic::sync_folder_of(&path)
    }
}

/// A text as one field of a line (RFC 4180); line breaks become blanks, so that a line stays one.
fn field(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_text_stays_one_field_of_one_line() {
        assert_eq!(field("T1"), "T1");
        assert_eq!(field("left, fast"), "\"left, fast\"");
        assert_eq!(field("say \"ah\"\nnow"), "\"say \"\"ah\"\" now\"");
    }
}
