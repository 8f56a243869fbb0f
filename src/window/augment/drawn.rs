//! One augmentation with its numbers drawn.
//!
//! Plain values. Invariant: what a view is depends on these and the window alone.

use super::workspace::Workspace;
use super::{Key, channels, level, mask, time};

/// What is done to a window. Frames and channels count from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "each field is what its name says, explained at the augmentation")]
pub enum Drawn {
    /// See [`super::Augmentation::Amplitude`].
    Amplitude { factor: f32 },
    /// See [`super::Augmentation::Noise`].
    Noise { relative: f32, key: Key },
    /// See [`super::Augmentation::DcShift`].
    DcShift { relative: f32 },
    /// See [`super::Augmentation::TimeShift`].
    TimeShift { frames: usize, later: bool },
    /// See [`super::Augmentation::CropResize`].
    CropResize { start: usize, kept: usize },
    /// See [`super::Augmentation::TimeMask`].
    TimeMask { start: usize, length: usize },
    /// See [`super::Augmentation::SmoothMask`].
    SmoothMask { start: usize, length: usize },
    /// See [`super::Augmentation::ChannelDropout`]; `kept` stays whatever happens.
    ChannelDropout { probability: f32, kept: usize, key: Key },
    /// See [`super::Augmentation::ChannelShuffle`].
    ChannelShuffle { probability: f32, key: Key },
    /// See [`super::Augmentation::SignFlip`].
    SignFlip,
    /// See [`super::Augmentation::TimeReverse`].
    TimeReverse,
    /// See [`super::Augmentation::BandStop`].
    BandStop { centre_hz: f32, width_hz: f32 },
    /// See [`super::Augmentation::Surrogate`].
    Surrogate { magnitude: f32, key: Key },
    /// See [`super::Augmentation::FrequencyShift`].
    FrequencyShift { by_hz: f32 },
    /// See [`super::Augmentation::Permutation`].
    Permutation { segments: usize, key: Key },
    /// See [`super::Augmentation::Mixup`].
    Mixup { share: f32 },
}

impl Drawn {
    /// Does it.
    pub(super) fn apply(self, window: &mut [f32], partner: Option<&[f32]>, workspace: &mut Workspace) {
        match self {
            Self::Amplitude { factor } => level::scale(window, factor),
            Self::Noise { relative, key } => level::add_noise(window, relative, key, workspace),
            Self::DcShift { relative } => level::add_constant(window, relative, workspace),
            Self::TimeShift { frames, later } => time::shift(window, workspace.channels(), frames, later),
            Self::CropResize { start, kept } => time::resize(window, start, kept, workspace),
            Self::TimeMask { start, length } => mask::zero(window, workspace.channels(), start, length),
            Self::SmoothMask { start, length } => mask::smooth(window, workspace.channels(), start, length),
            Self::ChannelDropout { probability, kept, key } => {
                channels::drop_some(window, workspace, |channel| is_dropped(channel, probability, kept, key));
            }
            Self::ChannelShuffle { probability, key } => channels::shuffle(window, probability, key, workspace),
            Self::SignFlip => level::scale(window, -1.0),
            Self::TimeReverse => time::reverse(window, workspace.channels()),
            Self::BandStop { centre_hz, width_hz } => workspace.spectral(|s| s.band_stop(window, centre_hz, width_hz)),
            Self::Surrogate { magnitude, key } => {
                workspace.spectral(|s| s.surrogate(window, |bin| magnitude * key.uniform(bin)));
            }
            Self::FrequencyShift { by_hz } => workspace.spectral(|s| s.frequency_shift(window, by_hz)),
            Self::Permutation { segments, key } => time::permute(window, segments, key, workspace),
            Self::Mixup { share } => {
                if let Some(partner) = partner {
                    level::mix(window, partner, share);
                }
            }
        }
    }
}

/// Whether a channel is among those that are dropped.
pub(super) fn is_dropped(channel: usize, probability: f32, kept: usize, key: Key) -> bool {
    channel != kept && key.uniform(channel as u32) < probability
}
