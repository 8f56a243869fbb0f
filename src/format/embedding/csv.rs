//! Embeddings as lines of text.
//!
//! Owned by an [`super::EmbeddingFile`]. Invariant: a line is written whole or, after a crash, is the last one.

use super::{Beside, Row};
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
    pub(super) fn create(path: &Path, dimension: Option<usize>, beside: &Beside) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), lines: Lines::create(path, dimension, beside)? })
    }
}

/// The lines; without a dimension the values are left out.
#[derive(Debug)]
pub(super) struct Lines {
    file: BufWriter<File>,
    with_values: bool,
    with_classes: bool,
    with_novelty: bool,
    with_markers: bool,
}

impl Lines {
    pub fn create(path: &Path, dimension: Option<usize>, beside: &Beside) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create_new(path)?);
        write!(file, "first_frame,start_s,end_s,generation,latency_ms")?;
        for i in 0..dimension.unwrap_or(0) {
            write!(file, ",e{i}")?;
        }
        write!(file, ",quality")?;
        for label in &beside.amplitudes {
            write!(file, ",{}", field(&format!("log_uv_{label}")))?;
        }
        write!(file, "{}", if beside.classes { ",class,confidence" } else { "" })?;
        write!(file, "{}", if beside.novelty { ",novelty,novelty_p" } else { "" })?;
        writeln!(file, "{}", if beside.markers { ",marker_frame,marker" } else { "" })?;
        let Beside { classes: with_classes, novelty: with_novelty, markers: with_markers, .. } = *beside;
        Ok(Self { file, with_values: dimension.is_some(), with_classes, with_novelty, with_markers })
    }

    pub fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        let Row { first, start_s, end_s, generation, latency_ms, quality, amplitudes, marker, values, .. } = row;
        write!(self.file, "{first},{start_s:.6},{end_s:.6},{generation},{latency_ms:.3}")?;
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
