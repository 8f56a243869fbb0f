//! What an encoder is made like, and what follows from that: lengths, receptive field, costs.
//!
//! Plain values, kept in checkpoints. Invariant: what was written by an earlier version still reads: an encoder that names
//! no architecture is `conv`.

use super::conv::Stack;
use super::{eegnet, patch_transformer, spatial, tcn};
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
    /// Attention over electrodes onto virtual channels, then the same convolutions: for any montage.
    SpatialConv {
        /// Virtual channels.
        virtual_channels: usize,
    },
    /// The same convolutions on each channel by itself, then the mean over channels: for any montage of few channels.
    Channelwise,
    /// Dilated causal convolutions without a stride, for streams; the widths are those of its blocks.
    Tcn,
    /// EEGNet; the widths are F1 and F2, a multiple of it.
    Eegnet {
        /// Taps of the temporal filters: half a second in the paper.
        kernel: usize,
    },
    /// Tokens of patches that see each other: as many blocks as there are widths, all as wide as the last one.
    PatchTransformer {
        /// Frames of a patch.
        patch: usize,
    },
}

impl Architecture {
    /// The words of all of them in configurations.
    pub const WORDS: [&str; 6] = ["spatial-conv", "conv", "channelwise", "tcn", "eegnet", "patch-transformer"];

    /// The word in configurations.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Conv => "conv",
            Self::SpatialConv { .. } => "spatial-conv",
            Self::Channelwise => "channelwise",
            Self::Tcn => "tcn",
            Self::Eegnet { .. } => "eegnet",
            Self::PatchTransformer { .. } => "patch-transformer",
        }
    }

    /// True if it makes tokens of patches.
    #[must_use]
    pub fn is_patch_transformer(&self) -> bool {
        matches!(self, Self::PatchTransformer { .. })
    }

    /// True where no weight belongs to a channel, so that what was learnt with one montage serves another.
    #[must_use]
    pub fn serves_any_montage(&self) -> bool {
        matches!(self, Self::SpatialConv { .. } | Self::Channelwise)
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
    /// The convolutions of those that have a stack of them.
    fn stack(&self) -> Stack<'_> {
        let channels = match self.architecture {
            Architecture::SpatialConv { virtual_channels } => virtual_channels,
            Architecture::Channelwise => 1,
            _ => self.channels,
        };
        Stack::of(channels, &self.widths)
    }

    /// True if weights of one fit the other: all is the same, or all but the montage where that does not matter.
    #[must_use]
    pub fn shares_weights_with(&self, other: &Self) -> bool {
        let on_this_montage = Self { channels: self.channels, sites: self.sites.clone(), ..other.clone() };
        let any_montage = self.architecture.serves_any_montage();
        *self == on_this_montage && (any_montage || self.channels == other.channels)
    }

    /// Frames from one feature to the next.
    #[must_use]
    pub fn stride(&self) -> usize {
        match self.architecture {
            Architecture::Tcn => 1,
            Architecture::Eegnet { .. } => eegnet::STRIDE,
            Architecture::PatchTransformer { patch } => patch,
            _ => self.stack().stride(),
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
        self.widths.last().copied().unwrap_or(self.channels)
    }

    /// Features that a window of `frames` frames gives.
    #[must_use]
    pub fn features(&self, frames: usize) -> usize {
        frames / self.stride()
    }

    /// Frames that one feature sees. A normalisation over time, which all but `tcn` have, adds the window's mean and scale.
    #[must_use]
    pub fn receptive_field(&self) -> usize {
        match self.architecture {
            Architecture::Tcn => tcn::receptive_field(&self.widths),
            Architecture::Eegnet { kernel } => eegnet::receptive_field(kernel),
            // Its own patch before attention, and with attention all of the window.
            Architecture::PatchTransformer { patch } => patch,
            _ => self.stack().receptive_field(),
        }
    }

    /// Multiplications with addition for a window of `frames` frames.
    #[must_use]
    pub fn multiply_adds(&self, frames: usize) -> u64 {
        let stack = self.stack().multiply_adds(frames);
        let features = match self.architecture {
            Architecture::Conv => stack,
            Architecture::SpatialConv { virtual_channels } => {
                spatial::multiply_adds(self.channels, virtual_channels, frames) + stack
            }
            Architecture::Channelwise => stack * self.channels as u64,
            Architecture::Tcn => tcn::multiply_adds(self.channels, &self.widths, frames),
            Architecture::Eegnet { kernel } => eegnet::multiply_adds(self.channels, kernel, self.width(), frames),
            Architecture::PatchTransformer { patch } => {
                return patch_transformer::multiply_adds(self, frames / patch, patch);
            }
        };
        features + (2 * self.width() * self.embedding) as u64
    }
}
