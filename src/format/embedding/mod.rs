//! Files of embeddings: `.csv`, one line a window, `.npy`, one row a window, and of recordings `.parquet`.
//!
//! Owned by the encode stage, or by the thread that embeds recordings. Invariant: a CSV file of a live stream is readable at
//! every line; all others have their temporary name until they are whole; none replaces a file that was there before.

mod csv;
mod npy;
mod parquet;

use crate::signal::Marker;
use std::io;
use std::path::{Path, PathBuf};

/// One embedding with its window.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Number of the window's first frame, at the rate of the model.
    pub first: u64,
    /// Seconds from the start of the stream to the window's first frame.
    pub start_s: f64,
    /// Seconds from the start of the stream to the end of its last frame.
    pub end_s: f64,
    /// The generation that made it.
    pub generation: u64,
    /// From the arrival of the last frame to the embedding.
    pub latency_ms: f64,
    /// Share of the window's channels that were good throughout, 0 for an artefact.
    pub quality: f32,
    /// Logarithm of the microvolts of each channel; empty where they are not asked for.
    pub amplitudes: &'a [f32],
    /// The class that a head tells, where there is one.
    pub class: Option<&'a str>,
    /// Its probability.
    pub confidence: Option<f32>,
    /// The marker that the window lies round, where there is one.
    pub marker: Option<&'a Marker>,
    /// The recording that it is of; empty where that is not asked for.
    pub file: &'a str,
    /// The embedding.
    pub values: &'a [f32],
}

/// Columns beside the embeddings.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Labels of the channels whose amplitudes are written; empty for none.
    pub amplitudes: Vec<String>,
    /// Write the class that a head tells, and its probability.
    pub classes: bool,
    /// Write the marker that a window lies round.
    pub markers: bool,
    /// Write which recording a window is of, and no latency, which only a live stream has. The file then has a temporary
    /// name until it is whole.
    pub files: bool,
}

/// Why embeddings cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingFileError {
    /// The ending says none of the forms.
    #[error("{}: embeddings are written as .csv or .npy, and those of recordings (`embed`) as .parquet too", .0.display())]
    Ending(PathBuf),
    /// There is such a file.
    #[error("{}: there is such a file already; name another, or move it away", .0.display())]
    Exists(PathBuf),
    /// The system refuses.
    #[error("{}: embeddings cannot be written: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// A file that takes embeddings.
#[derive(Debug)]
pub enum EmbeddingFile {
    /// Lines of text.
    Csv(csv::CsvFile),
    /// A NumPy array `[N, D]`, with the windows beside it in `NAME.windows.csv`.
    Npy(npy::NpyFile),
    /// Columns, as Apache Parquet has them.
    Parquet(Box<parquet::ParquetFile>),
}

impl EmbeddingFile {
    /// Makes the file for embeddings of this dimension; the ending of `path` chooses the form.
    ///
    /// # Errors
    /// If the ending is another, the file exists, or it cannot be made.
    pub fn create(path: &Path, dimension: usize, beside: &Beside) -> Result<Self, EmbeddingFileError> {
        if path.exists() {
            return Err(EmbeddingFileError::Exists(path.to_owned()));
        }
        let windows = npy::windows_of(path);
        if path.extension().is_some_and(|e| e == "npy") && windows.exists() {
            return Err(EmbeddingFileError::Exists(windows));
        }
        let failed = |error| EmbeddingFileError::Io { path: path.to_owned(), error };
        match path.extension().and_then(|e| e.to_str()) {
            Some("csv") => csv::CsvFile::create(path, Some(dimension), beside).map(Self::Csv).map_err(failed),
            Some("npy") => npy::NpyFile::create(path, dimension, beside).map(Self::Npy).map_err(failed),
            // What a live run writes has to be readable while it grows.
            Some("parquet") if beside.files => {
                parquet::ParquetFile::create(path, dimension).map(Box::new).map(Self::Parquet).map_err(failed)
            }
            _ => Err(EmbeddingFileError::Ending(path.to_owned())),
        }
    }

    /// Writes one embedding.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, row: Row<'_>) -> Result<(), EmbeddingFileError> {
        let written = match self {
            Self::Csv(file) => file.lines.push(row),
            Self::Npy(file) => file.lines.push(row),
            Self::Parquet(file) => file.push(row),
        };
        written.map_err(|error| EmbeddingFileError::Io { path: self.path().to_owned(), error })
    }

    /// Brings what was written so far to the disk, as far as it can be read already.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn flush(&mut self) -> Result<(), EmbeddingFileError> {
        let written = match self {
            Self::Csv(file) => file.lines.flush(),
            Self::Npy(file) => file.lines.flush(),
            Self::Parquet(_) => Ok(()),
        };
        written.map_err(|error| EmbeddingFileError::Io { path: self.path().to_owned(), error })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Csv(file) => &file.path,
            Self::Npy(file) => &file.path,
            Self::Parquet(file) => &file.path,
        }
    }

    /// Removes what was made, for a run that does not start after all or a recording that cannot be read on.
    pub fn discard(self) {
        let path = self.path();
        let temporary = crate::format::atomic::partial;
        let made = match &self {
            Self::Csv(file) if file.lines.is_whole_at_last() => vec![temporary(path)],
            Self::Csv(_) => vec![path.to_owned()],
            Self::Npy(file) if file.lines.is_whole_at_last() => {
                vec![temporary(path), temporary(&npy::windows_of(path))]
            }
            Self::Npy(_) => vec![temporary(path), npy::windows_of(path)],
            Self::Parquet(_) => vec![temporary(path)],
        };
        for path in made {
            // That a stump may stay behind adds nothing to the failure that is told.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If it cannot be completed; a file with a temporary name then keeps it.
    pub fn finish(self) -> Result<PathBuf, EmbeddingFileError> {
        let path = self.path().to_owned();
        let done = match self {
            Self::Csv(file) => file.lines.finish(),
            Self::Npy(file) => file.lines.finish(&file.path),
            Self::Parquet(file) => file.finish(),
        };
        match done {
            Ok(()) => Ok(path),
            Err(error) => Err(EmbeddingFileError::Io { path, error }),
        }
    }
}
