//! `[signal]` and `[window]`: what becomes of frames before the model.
//!
//! Plain values. Invariant: keys that they do not know are refused.

use super::ReferenceConfig;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[signal]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignalConfig {
    /// The channels to take: labels, `type:eeg`, `G1..G16` or `/expression/`; empty for all EEG and ECoG channels of the
    /// most common rate.
    pub channels: Vec<String>,
    /// Channels to leave out, written in the same ways.
    pub exclude: Vec<String>,
    /// What channels measure where the source does not say it: `ecog = ["/^G/"]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, Vec<String>>,
    /// Rows and columns of ECoG grids by the letters of their labels: `G = "8x8"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub grids: BTreeMap<String, String>,
    /// Cut-off of the high-pass; 0 switches it off.
    pub highpass_hz: f64,
    /// Cut-off of the low-pass; 0 switches it off.
    pub lowpass_hz: f64,
    /// Line frequency to take out; 0 switches it off.
    pub notch_hz: f64,
    /// `average`, `none` for as recorded, another word, or labels of channels.
    pub reference: ReferenceConfig,
    /// Pairs of the reference `bipolar`: `Fp1-F7`.
    pub bipolar: Vec<String>,
    /// Time constant of the running scale a channel; 0 leaves microvolts.
    pub scale_s: f64,
}

impl Default for SignalConfig {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            exclude: Vec::new(),
            kinds: BTreeMap::new(),
            grids: BTreeMap::new(),
            highpass_hz: 0.5,
            lowpass_hz: 0.0,
            notch_hz: 0.0,
            reference: ReferenceConfig::Word("average".to_owned()),
            bipolar: Vec::new(),
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
