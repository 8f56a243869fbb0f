//! Recording: frames as they were acquired, with markers and embeddings, into a file that survives a crash.
//!
//! Owned by the recorder's thread, behind a ring of its own. Invariant: nothing here holds acquisition up; what cannot be
//! kept is counted and told, and a disk that fails costs the recording, not the run.

mod edf;
mod settings;
mod stage;
#[cfg(test)]
mod stage_tests;
mod xdf;

pub use settings::{EmbeddingFacts, RecordError, RecordFormat, RecordSettings};
pub use stage::{Heard, RecordCounts, RecordStage, Recorded};

use crate::format::edf::EdfError;
use crate::format::xdf::XdfError;
use crate::signal::{Marker, Stamp};

/// What the recorder hears beside frames.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A marker.
    Marker(Marker),
    /// What leads from the clock of the source's own stamps to LSL's clock of this host, in seconds, as it was measured now.
    Clock(f64),
}

/// An embedding on its way into a recording.
#[derive(Clone, Debug)]
pub struct EmbeddingCopy {
    /// When the last frame of its window was sampled.
    pub stamp: Stamp,
    /// The generation that made it.
    pub generation: u64,
    /// The embedding.
    pub values: Vec<f32>,
}

/// A file that frames go into.
#[derive(Debug)]
enum Sink {
    Edf(Box<edf::EdfSink>),
    Xdf(Box<xdf::XdfSink>),
}

/// Why a sink takes no more.
#[derive(Debug, thiserror::Error)]
enum SinkError {
    #[error(transparent)]
    Edf(#[from] EdfError),
    #[error(transparent)]
    Xdf(#[from] XdfError),
}

/// What a sink says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
struct SinkFigures {
    bytes: u64,
    clipped_samples: u64,
    lost_frames: u64,
    dropped_markers: u64,
}

impl Sink {
    /// Frames are missing before the next one.
    fn gap(&mut self, frames: u64) -> Result<(), SinkError> {
        match self {
            Self::Edf(sink) => Ok(sink.gap(frames)?),
            // Stamps say it.
            Self::Xdf(_) => Ok(()),
        }
    }

    /// Frames `[T, C]`; `stamp` is that of the last, `own` are those that the source itself gave, where it did; NaN where
    /// one is missing.
    fn frames(&mut self, frames: &[f32], stamp: Stamp, own: &[f64]) -> Result<(), SinkError> {
        match self {
            Self::Edf(sink) => Ok(sink.frames(frames, stamp)?),
            Self::Xdf(sink) => Ok(sink.frames(frames, stamp, own)?),
        }
    }

    /// The source's clock was measured.
    fn clock(&mut self, offset_s: f64) {
        match self {
            // Its times are those of the first frame and of the rate.
            Self::Edf(_) => {}
            Self::Xdf(sink) => sink.clock(offset_s),
        }
    }

    /// A marker on a frame that was written or will be; `ahead_s` is how far it lies before the next frame.
    fn marker(&mut self, marker: &Marker, ahead_s: f64) -> Result<(), SinkError> {
        match self {
            Self::Edf(sink) => {
                sink.marker(marker, ahead_s);
                Ok(())
            }
            Self::Xdf(sink) => Ok(sink.marker(marker, ahead_s)?),
        }
    }

    fn embedding(&mut self, embedding: &EmbeddingCopy) -> Result<(), SinkError> {
        match self {
            Self::Edf(_) => Ok(()),
            Self::Xdf(sink) => Ok(sink.embedding(embedding)?),
        }
    }

    fn step(&mut self, now: Stamp) -> Result<(), SinkError> {
        match self {
            Self::Edf(sink) => Ok(sink.step(now)?),
            Self::Xdf(sink) => Ok(sink.step(now)?),
        }
    }

    fn figures(&self) -> SinkFigures {
        match self {
            Self::Edf(sink) => sink.figures(),
            Self::Xdf(sink) => sink.figures(),
        }
    }

    fn finish(&mut self) -> Result<SinkFigures, SinkError> {
        match self {
            Self::Edf(sink) => Ok(sink.finish()?),
            Self::Xdf(sink) => Ok(sink.finish()?),
        }
    }

    /// Gives up after an error.
    fn abandon(self) -> SinkFigures {
        match self {
            Self::Edf(sink) => sink.abandon(),
            Self::Xdf(sink) => sink.abandon(),
        }
    }
}
