//! `[signal]` and `[window]`: what becomes of frames before the model.
//!
//! Plain values. Invariant: keys that they do not know are refused.

use serde::{Deserialize, Serialize};

/// `[signal]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignalConfig {
    /// Labels of the channels to take; empty for all EEG and ECoG channels of the most common rate.
    pub channels: Vec<String>,
    /// Labels of channels to leave out.
    pub exclude: Vec<String>,
    /// Rate of the frames that the model sees; 0 for that of the stream.
    pub rate_hz: f64,
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
            rate_hz: 0.0,
            highpass_hz: 0.5,
            lowpass_hz: 0.0,
            notch_hz: 0.0,
            reference: "average".to_owned(),
            scale_s: 30.0,
        }
    }
}

/// `[window]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowConfig {
    /// Length of a window.
    pub length_s: f64,
    /// From the start of one window to the start of the next.
    pub hop_s: f64,
}

impl Default for WindowConfig {
    fn default() -> Self {
        Self { length_s: 2.0, hop_s: 0.25 }
    }
}
