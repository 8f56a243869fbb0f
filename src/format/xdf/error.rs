//! What can be wrong with an XDF file, or with writing one.
//!
//! Owns [`XdfError`]; runs on no thread of its own. Invariant: each message is one line that says which file, what,
//! where, and what to do. Damage that leaves streams readable is no error but a warning of the file.

use std::io;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum XdfError {
    /// The path cannot be opened.
    #[error("{name} cannot be opened: {}", super::super::unopened(.source))]
    Open {
        /// The file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The path is a directory, a pipe or a device.
    #[error("{name} is not a file; give the path of one XDF file")]
    NotAFile {
        /// The path.
        name: String,
    },
    /// The first four bytes are those of another format.
    #[error("{name} is not an XDF file: from byte 0 it holds {found}, where XDF has \"XDF:\"; {hint}")]
    NotXdf {
        /// The file.
        name: String,
        /// What its first bytes are, quoted.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// A part of the file cannot be read.
    #[error("{name}: byte {offset} cannot be read: {source}; if the file is still being copied, try again after that")]
    Read {
        /// The file.
        name: String,
        /// Where.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A stream was asked for that is not there.
    #[error("{name} has {streams} streams, stream {stream} (counted from 0) is not there")]
    NoSuchStream {
        /// The file.
        name: String,
        /// The stream asked for.
        stream: usize,
        /// Streams in the file.
        streams: usize,
    },
    /// The file to be written is there already.
    #[error("{path} exists already and is not overwritten; choose another name, or ask for it to be replaced")]
    Exists {
        /// The path.
        path: String,
    },
    /// The temporary file of an earlier recording is there.
    #[error(
        "{path} is there: another recorder is writing it, or was interrupted and left it; it holds all that was \
         recorded, so move or repair it first, or ask for it to be replaced"
    )]
    Partial {
        /// The temporary file.
        path: String,
    },
    /// Samples do not fit their stream.
    #[error("{path}: stream {stream} cannot take this: {problem}")]
    Shape {
        /// The file being written.
        path: String,
        /// The number of the stream.
        stream: u32,
        /// What does not fit.
        problem: String,
    },
    /// The system refused to write.
    #[error("{path}: {part} cannot be written: {source}; what was written before is safe in that file")]
    Write {
        /// The temporary file.
        path: String,
        /// Which part.
        part: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
