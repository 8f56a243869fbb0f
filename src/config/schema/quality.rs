//! `[quality]`: how channels and windows are judged.
//!
//! Plain values. Invariant: keys that it does not know are refused; the defaults are those of `dsp::quality`.

use serde::{Deserialize, Serialize};

/// `[quality]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityConfig {
    /// Judge channels at all.
    pub enabled: bool,
    /// Frequency of the mains; without it that of the notch, and without a notch both 50 and 60 Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_hz: Option<f64>,
    /// Seconds that a channel must keep to the good side before it is good again.
    pub hold_s: f64,
    /// Peak to peak in microvolts below which a channel is flat.
    pub flat_uv: f64,
    /// Share of samples at the extreme value from which a channel is railed; 0 switches it off.
    pub railed_share: f64,
    /// RMS of the line over that of the brain from which it is line noise; 0 switches it off.
    pub line_ratio: f64,
    /// High frequencies over what brains have from which it is muscle; 0 switches it off.
    pub muscle_ratio: f64,
    /// Largest step over the usual one from which a channel jumps; 0 switches it off.
    pub jump_ratio: f64,
    /// Microvolts below which no step is a jump.
    pub jump_uv: f64,
    /// Correlation with other channels below which a channel shares nothing with them; 0 switches it off.
    pub correlation: f64,
    /// Share of bad channels beyond which a window is not learnt from.
    pub max_bad_share: f64,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            line_hz: None,
            hold_s: 2.0,
            flat_uv: 0.5,
            railed_share: 0.1,
            line_ratio: 2.5,
            muscle_ratio: 5.0,
            jump_ratio: 20.0,
            jump_uv: 50.0,
            correlation: 0.4,
            max_bad_share: 0.25,
        }
    }
}
