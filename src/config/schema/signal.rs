//! `[signal]`: what becomes of frames before the model.
//!
//! Plain values. Invariant: keys that it does not know are refused.

use serde::{Deserialize, Serialize};

/// `[signal]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignalConfig {
    /// Labels of the channels to take; empty for all EEG and ECoG channels of the most common rate.
    pub channels: Vec<String>,
    /// Labels of channels to leave out.
    pub exclude: Vec<String>,
    /// Cut-off of the high-pass; 0 switches it off.
    pub highpass_hz: f64,
    /// Cut-off of the low-pass; 0 switches it off.
    pub lowpass_hz: f64,
    /// Line frequency to take out; 0 switches it off.
    pub notch_hz: f64,
    /// `average`, or `none` for as recorded.
    pub reference: String,
    /// Time constant of the running scale a channel; 0 leaves microvolts.
    pub scale_s: f64,
}

impl Default for SignalConfig {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            exclude: Vec::new(),
            highpass_hz: 0.5,
            lowpass_hz: 0.0,
            notch_hz: 0.0,
            reference: "average".to_owned(),
            scale_s: 30.0,
        }
    }
}
