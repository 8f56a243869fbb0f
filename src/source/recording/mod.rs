//! Recordings of any format as streams of chunks in the order of time: what replaying and converting have in common.
//!
//! Owns [`Recording`]; runs on the thread that opened it. Invariant: memory is bounded by one record or one chunk of each
//! stream, and values keep the unit and the precision of the file.

mod convert;
#[cfg(test)]
mod convert_tests;
mod cut;
mod edf;
mod resample;
mod stream;
mod to_edf;
mod to_xdf;
mod xdf;

pub use self::stream::{Chunk, RecordedChannel, RecordedStream, SignalScale};
pub use convert::{Conversion, ConvertError, Converted, convert};

use super::SourceError;
use crate::format::edf::StartTime;
use crate::format::xdf::is_xdf;
use edf::EdfRecording;
use std::path::Path;
use xdf::XdfRecording;

/// Bytes that onset and duration of an annotation take at most.
const STAMP_BYTES: usize = 40;

/// A recording that is played from some moment to its end.
#[derive(Debug)]
pub struct Recording {
    inner: Inner,
    name: String,
}

#[derive(Debug)]
enum Inner {
    Edf(Box<EdfRecording>),
    Xdf(Box<XdfRecording>),
}

/// What is known of a recording as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// When it began, to the second.
    pub start: Option<StartTime>,
    /// Seconds from `start` to time 0 of the recording.
    pub onset_s: f64,
    /// What the clock of the recording computer said at time 0; 0 in EDF and BDF.
    pub clock_s: f64,
    /// The patient field; empty where there is none.
    pub patient: String,
    /// The recording field; empty where there is none.
    pub recording: String,
    /// Seconds of a record, where there are records.
    pub record_duration_s: Option<f64>,
}

impl Recording {
    /// Opens a recording; its format is told by its first bytes.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let inner = match is_xdf(path) {
            true => Inner::Xdf(Box::new(XdfRecording::open(path)?)),
            false => Inner::Edf(Box::new(EdfRecording::open(path)?)),
        };
        Ok(Self { inner, name })
    }

    /// The file, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True for XDF, whose streams stand for themselves; in EDF and BDF they are signals of one rate each.
    #[must_use]
    pub fn is_xdf(&self) -> bool {
        matches!(self.inner, Inner::Xdf(_))
    }

    /// Its streams.
    #[must_use]
    pub fn streams(&self) -> &[RecordedStream] {
        match &self.inner {
            Inner::Edf(recording) => recording.streams(),
            Inner::Xdf(recording) => recording.streams(),
        }
    }

    /// What is known of it as a whole.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        match &self.inner {
            Inner::Edf(recording) => recording.facts(),
            Inner::Xdf(recording) => recording.facts(),
        }
    }

    /// What was odd about it, a line each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        match &self.inner {
            Inner::Edf(recording) => recording.warnings(),
            Inner::Xdf(recording) => recording.warnings(),
        }
    }

    /// When the last sample was taken, in seconds from time 0.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        match &self.inner {
            Inner::Edf(recording) => recording.end_s(),
            Inner::Xdf(recording) => recording.end_s(),
        }
    }

    /// Bytes that all its texts take, about.
    ///
    /// # Errors
    /// If the system fails.
    pub fn text_bytes(&mut self) -> Result<usize, SourceError> {
        match &mut self.inner {
            Inner::Edf(recording) => Ok(recording.text_bytes()),
            Inner::Xdf(recording) => recording.text_bytes(),
        }
    }

    /// Goes to a moment, in seconds from time 0: chunks that end before it do not come any more.
    ///
    /// # Errors
    /// If the system fails.
    pub fn seek(&mut self, seconds: f64) -> Result<(), SourceError> {
        match &mut self.inner {
            Inner::Edf(recording) => recording.seek(seconds),
            Inner::Xdf(recording) => recording.seek(seconds),
        }
    }

    /// Reads the next chunk into `chunk`; false at the end. Chunks come in the order of their first samples.
    ///
    /// # Errors
    /// If the system fails.
    pub fn next(&mut self, chunk: &mut Chunk) -> Result<bool, SourceError> {
        match &mut self.inner {
            Inner::Edf(recording) => recording.next(chunk),
            Inner::Xdf(recording) => recording.next(chunk),
        }
    }
}
