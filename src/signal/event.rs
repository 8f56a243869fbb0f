//! Events: what happened that a person should know.
//!
//! Owns [`Event`]; any thread makes them, telemetry collects them. Invariant: the text stands alone, in plain words.

use super::Stamp;
use serde::{Deserialize, Serialize};

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A stage is ready.
    Ready,
    /// A marker arrived.
    Marker,
    /// Frames are missing between two blocks.
    Gap,
    /// The source is lost, or back.
    Source,
    /// Channels have become bad, or good again.
    Quality,
    /// A consumer lost frames.
    Loss,
    /// A new generation is served.
    Swap,
    /// A head was taught, or examined.
    Taught,
    /// A window is unlike all those before.
    Novel,
    /// A checkpoint was written.
    Checkpoint,
    /// Something to look at; the run goes on.
    Warning,
    /// A stage failed.
    Error,
}

impl EventKind {
    /// A word of at most eight letters for narrow columns.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Marker => "marker",
            Self::Gap => "gap",
            Self::Source => "source",
            Self::Quality => "quality",
            Self::Loss => "loss",
            Self::Swap => "swap",
            Self::Taught => "taught",
            Self::Novel => "novel",
            Self::Checkpoint => "saved",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, on the host's clock.
    pub at: Stamp,
    /// What about.
    pub kind: EventKind,
    /// What, in plain words.
    pub text: String,
}
