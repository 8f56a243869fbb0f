//! `[augment]`: how views of windows are made.
//!
//! Plain values. Invariant: keys that it does not know are refused.

use super::Span;
use serde::{Deserialize, Serialize};

/// `[augment]`: a preset, or a list of steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// `eeg`, `ecog`, `sleep`, `seed` or `none`; `eeg` where there is no list either.
    pub preset: Option<String>,
    /// Augmentations in their order.
    pub steps: Option<Vec<AugmentStepConfig>>,
}

/// One augmentation: the key that names it, and its probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentStepConfig {
    /// Factor of all samples.
    pub amplitude: Option<Span>,
    /// Deviation of noise, relative to each channel's own.
    pub noise: Option<Span>,
    /// A constant, relative to each channel's deviation, either way.
    pub dc_shift: Option<Span>,
    /// Share of the window, either way.
    pub time_shift: Option<Span>,
    /// Share of the window that is kept and drawn out.
    pub crop_resize: Option<Span>,
    /// Share of the window that is silent.
    pub time_mask: Option<Span>,
    /// The same with soft edges.
    pub smooth_mask: Option<Span>,
    /// Probability of each channel to fall silent.
    pub channel_dropout: Option<Span>,
    /// Probability of each channel to change its place.
    pub channel_shuffle: Option<Span>,
    /// `true`.
    pub sign_flip: Option<bool>,
    /// `true`.
    pub time_reverse: Option<bool>,
    /// Width of the band that is taken out, in hertz.
    pub band_stop_hz: Option<Span>,
    /// Share of a turn by which phases are turned.
    pub surrogate: Option<Span>,
    /// Hertz, either way.
    pub frequency_shift_hz: Option<Span>,
    /// Pieces that change places.
    pub permutation: Option<Span>,
    /// Share of another window.
    pub mixup: Option<Span>,
    /// Probability that it is used for a view.
    pub p: f64,
}

impl Default for AugmentStepConfig {
    fn default() -> Self {
        Self {
            amplitude: None,
            noise: None,
            dc_shift: None,
            time_shift: None,
            crop_resize: None,
            time_mask: None,
            smooth_mask: None,
            channel_dropout: None,
            channel_shuffle: None,
            sign_flip: None,
            time_reverse: None,
            band_stop_hz: None,
            surrogate: None,
            frequency_shift_hz: None,
            permutation: None,
            mixup: None,
            p: 1.0,
        }
    }
}
