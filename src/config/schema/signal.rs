//! `[signal]`: what becomes of frames before the model.
//!
//! Plain values. Invariant: keys that it does not know are refused.

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
    /// Rate of the frames that the model sees; 0 for that of the stream.
    pub rate_hz: f64,
    /// Cut-off of the high-pass; 0 switches it off. Together with `lowpass_hz` it is one band-pass.
    pub highpass_hz: f64,
    /// Cut-off of the low-pass; 0 switches it off.
    pub lowpass_hz: f64,
    /// Order of high- and low-pass, and poles at each edge of the band-pass.
    pub filter_order: usize,
    /// Line frequency to take out; 0 switches it off.
    pub notch_hz: f64,
    /// How many of its multiples are taken out; 1 is the line itself.
    pub notch_harmonics: usize,
    /// Frequency of a notch over its width.
    pub notch_q: f64,
    /// `average`, `none` for as recorded, another word, or labels of channels.
    pub reference: ReferenceConfig,
    /// Pairs of the reference `bipolar`: `Fp1-F7`.
    pub bipolar: Vec<String>,
    /// Time constant of the running scale a channel; 0 leaves microvolts.
    pub scale_s: f64,
    /// What a channel is divided by: `ema`, its running standard deviation, or `robust`, its median absolute deviation.
    pub scale: String,
    /// What becomes of scaled values far out: `clip` or `soft-log`.
    pub limit: String,
}

impl Default for SignalConfig {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            exclude: Vec::new(),
            kinds: BTreeMap::new(),
            grids: BTreeMap::new(),
            rate_hz: 0.0,
            highpass_hz: 0.5,
            lowpass_hz: 0.0,
            filter_order: 4,
            notch_hz: 0.0,
            notch_harmonics: 1,
            notch_q: 30.0,
            reference: ReferenceConfig::Word("average".to_owned()),
            bipolar: Vec::new(),
            scale_s: 30.0,
            scale: "ema".to_owned(),
            limit: "clip".to_owned(),
        }
    }
}
