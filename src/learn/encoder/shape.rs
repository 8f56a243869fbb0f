//! What an encoder is made like, and what follows from that: lengths, receptive field, costs.
//!
//! Plain values, kept in checkpoints. Invariant: what was written by an earlier version still reads: an encoder that names
//! no architecture is `conv`.

use super::conv::Stack;
use serde::{Deserialize, Serialize};

/// An electrode as an encoder knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// The channel's label.
    pub label: String,
    /// Where it sits, seen from above, in the unit disc: nose at (0, 1), right ear at (1, 0). None where that is not known.
    pub position: Option<[f32; 2]>,
}

/// The kinds of encoders, and what each needs beside the widths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Strided causal convolutions over all channels, group normalisation, GELU.
    #[default]
    Conv,
}

impl Architecture {
    /// The words of all of them in configurations.
    pub const WORDS: [&str; 1] = ["conv"];

    /// The word in configurations.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Conv => "conv",
        }
    }
}

/// What an encoder is made like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EncoderShape {
    /// Channels of a frame.
    pub channels: usize,
    /// The kind of encoder.
    #[serde(default)]
    pub architecture: Architecture,
    /// Channels after each of its layers; what a layer is depends on the architecture.
    pub widths: Vec<usize>,
    /// Length of the embedding.
    pub embedding: usize,
    /// The channels' electrodes in order, for encoders that look at them; empty where nothing is known of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
}

impl EncoderShape {
    /// Frames from one feature to the next.
    #[must_use]
    pub fn stride(&self) -> usize {
        match self.architecture {
            Architecture::Conv => Stack::of(self.channels, &self.widths).stride(),
        }
    }

    /// The shortest window that leaves one feature at the end.
    #[must_use]
    pub fn shortest(&self) -> usize {
        self.stride()
    }

    /// Values of one feature.
    #[must_use]
    pub fn width(&self) -> usize {
        match self.architecture {
            Architecture::Conv => self.widths.last().copied().unwrap_or(self.channels),
        }
    }

    /// Features that a window of `frames` frames gives.
    #[must_use]
    pub fn features(&self, frames: usize) -> usize {
        frames / self.stride()
    }

    /// Frames that one feature sees.
    #[must_use]
    pub fn receptive_field(&self) -> usize {
        match self.architecture {
            Architecture::Conv => Stack::of(self.channels, &self.widths).receptive_field(),
        }
    }

    /// Multiplications with addition for a window of `frames` frames.
    #[must_use]
    pub fn multiply_adds(&self, frames: usize) -> u64 {
        let features = match self.architecture {
            Architecture::Conv => Stack::of(self.channels, &self.widths).multiply_adds(frames),
        };
        features + (2 * self.width() * self.embedding) as u64
    }
}
