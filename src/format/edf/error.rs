//! What can be wrong with an EDF or BDF file, or with writing one.
//!
//! Owns [`EdfError`]; runs on no thread of its own. Invariant: each message is one line that says which file, what,
//! where, and what to do.

use std::io;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum EdfError {
    /// The path cannot be opened.
    #[error("{name} cannot be opened: {}", super::super::unopened(.source))]
    Open {
        /// The file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The path is a directory, a pipe or a device.
    #[error("{name} is {kind}; give the path of one EDF or BDF file")]
    NotAFile {
        /// The path.
        name: String,
        /// What it is instead, with its article.
        kind: &'static str,
    },
    /// The file has no bytes.
    #[error("{name} is empty (0 bytes): the recording or the copy failed; copy it again from where it was recorded")]
    Empty {
        /// The file.
        name: String,
    },
    /// The first eight bytes are those of another format.
    #[error(
        "{name} is not an EDF or BDF file: from byte 0 it holds {found}, where EDF has \"0\" and seven blanks and BDF \
         has byte 255 and \"BIOSEMI\"; give a recording in one of these formats"
    )]
    NotEdf {
        /// The file.
        name: String,
        /// What its first bytes are, quoted.
        found: String,
    },
    /// The file ends inside its header.
    #[error(
        "{name} ends at byte {len} inside the {part}, which needs {needed} bytes; the file is cut off, copy it again"
    )]
    Truncated {
        /// The file.
        name: String,
        /// Which part of the header.
        part: String,
        /// Bytes that the header needs.
        needed: u64,
        /// Bytes that the file has.
        len: u64,
    },
    /// A header field cannot be used.
    #[error("{name}: {field} at byte {offset} is {value:?}, {problem}")]
    Field {
        /// The file.
        name: String,
        /// The field, with the signal that it belongs to.
        field: String,
        /// What it holds.
        value: String,
        /// Where it begins in the file.
        offset: u64,
        /// Why that cannot be, and what to do.
        problem: String,
    },
    /// The number of records contradicts the size of the file.
    #[error(
        "{name}: number of records at byte 236 is {announced}, but the file holds {whole} whole records of \
         {record_bytes} bytes and {rest} bytes more; the file is incomplete or its header is wrong, copy it again or repair it"
    )]
    Size {
        /// The file.
        name: String,
        /// Records that the header announces.
        announced: u64,
        /// Whole records that are there.
        whole: u64,
        /// Bytes of one record.
        record_bytes: u64,
        /// Bytes after the last whole record.
        rest: u64,
    },
    /// The file went through a copy that turned every line feed into carriage return and line feed.
    #[error(
        "{name} is damaged: each of the first {line_feeds} bytes of value 10 in the records follows a byte 13, as after \
         a copy in text mode (git autocrlf, FTP ASCII), so samples have moved; copy it again in binary mode"
    )]
    LineEndings {
        /// The file.
        name: String,
        /// Line feeds that were looked at.
        line_feeds: u32,
    },
    /// A part of the file cannot be read.
    #[error(
        "{name}: {part} at byte {offset} cannot be read: {source}; if the file is still being copied, try again after that"
    )]
    Read {
        /// The file.
        name: String,
        /// Which part.
        part: String,
        /// Where it begins.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A record was asked for that is not there.
    #[error("{name} has {records} records, record {index} is not there; ask for one below {records}")]
    NoSuchRecord {
        /// The file.
        name: String,
        /// The record asked for, counted from 0.
        index: u64,
        /// Records that are there.
        records: u64,
    },
    /// A signal was asked for that is not there or carries annotations.
    #[error("signal {signal} is not one of the {signals} signals, or carries annotations; ask for an ordinary signal")]
    NoSuchSignal {
        /// The signal asked for, counted from 0.
        signal: usize,
        /// Signals in the file, those of annotations included.
        signals: usize,
    },
    /// Signals of different rates were asked for as frames.
    #[error(
        "signal {signal} has {samples} samples a record where the first has {expected}; frames need signals of one rate, \
         choose them with most_common_rate"
    )]
    MixedRates {
        /// The signal that differs.
        signal: usize,
        /// Its samples a record.
        samples: usize,
        /// Those of the first signal.
        expected: usize,
    },
    /// The file to be written is there already.
    #[error("{path} exists already and is not overwritten; choose another name, or ask for it to be replaced")]
    Exists {
        /// The path.
        path: String,
    },
    /// The temporary file of an earlier recording is there.
    #[error(
        "{path} is there: another recorder is writing it, or was interrupted and left it; it holds all whole records, \
         so move or repair it first, or ask for it to be replaced"
    )]
    Partial {
        /// The temporary file.
        path: String,
    },
    /// A value cannot be written in the header.
    #[error("{path}: {field} cannot be {value}: {problem}")]
    Unwritable {
        /// The file to be written.
        path: String,
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// Why, and what to do.
        problem: String,
    },
    /// Samples do not make whole frames or records.
    #[error("{path}: {given} samples were given where {expected} are needed; give whole frames or whole records")]
    Shape {
        /// The file being written.
        path: String,
        /// Samples that were given.
        given: usize,
        /// What their number has to be, in words.
        expected: String,
    },
    /// The system refused to write.
    #[error("{path}: {part} cannot be written: {source}; whole records written before are safe in that file")]
    Write {
        /// The temporary file.
        path: String,
        /// Which part.
        part: String,
        /// What the system said.
        source: io::Error,
    },
}
