//! Frames and blocks: samples on their way from a source to the rings.
//!
//! Owns [`Block`], which a source fills and the tee empties, on the acquisition thread. Invariant: `samples` holds
//! whole frames, interleaved `[T, C]`, and frame numbers count signal time: a gap makes them jump.

use super::{Marker, Montage, Stamp};
use serde::{Deserialize, Serialize};

/// What kind of source a stream comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceKind {
    /// A recording played back.
    Replay,
    /// A Lab Streaming Layer inlet.
    Lsl,
    /// The generative model.
    Synthetic,
}

impl SourceKind {
    /// The word used in summaries and configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Lsl => "lsl",
            Self::Synthetic => "synthetic",
        }
    }
}

/// What is known of a stream before its first frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamFacts {
    /// Where it comes from.
    pub kind: SourceKind,
    /// The file or stream name, for people.
    pub name: String,
    /// Its channels.
    pub montage: Montage,
    /// Nominal sampling rate in hertz, above 0.
    pub rate_hz: f64,
    /// How many frames there are in all, where that is known (a recording played once).
    pub frames: Option<u64>,
    /// What its markers say, each text once, where that is known (a recording).
    pub markers: Option<Vec<String>>,
}

/// Frames that arrived together.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Interleaved samples `[T, C]` in microvolts.
    pub samples: Vec<f32>,
    /// Samples in a frame.
    pub channels: usize,
    /// Number of the first frame; frame `n` lies `n / rate` seconds after the start of the stream.
    pub first: u64,
    /// When the last frame was sampled (or due), on the host's clock.
    pub stamp: Stamp,
    /// Markers that fall into these frames, or between the previous block and these; of a live stream also late ones, on
    /// frames before.
    pub markers: Vec<Marker>,
    /// The stamps that the source itself gave, one a frame, where it has a clock of its own; otherwise none.
    pub own_stamps: Vec<f64>,
    /// What leads from that clock to LSL's clock of this host, in seconds, as it was last measured.
    pub own_clock_s: Option<f64>,
}

impl Block {
    /// An empty block for `channels` channels with room for `frames` frames.
    #[must_use]
    pub fn with_capacity(channels: usize, frames: usize) -> Self {
        Self { samples: Vec::with_capacity(channels * frames), channels, ..Self::default() }
    }

    /// How many frames it holds.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.samples.len().checked_div(self.channels).unwrap_or(0)
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.markers.clear();
        self.own_stamps.clear();
        self.own_clock_s = None;
    }
}
