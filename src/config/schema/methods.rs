//! `[train.mae]`, `[train.masked]` and so on: what one method alone asks for.
//!
//! Plain values. Invariant: keys that they do not know are refused.

use serde::{Deserialize, Serialize};

/// `[train.mae]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaeConfig {
    /// Share of the patches that is hidden.
    pub hidden: f64,
    /// What is to be drawn of them: `signal` or `spectrum`.
    pub target: String,
    /// Each patch to be drawn less its mean and over its deviation.
    pub normalise: bool,
}

impl Default for MaeConfig {
    fn default() -> Self {
        Self { hidden: 0.6, target: "signal".to_owned(), normalise: true }
    }
}

/// `[train.masked]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskedConfig {
    /// Share of the patches that is hidden.
    pub hidden: f64,
    /// Least length of what is hidden in one piece.
    pub span_s: f64,
    /// What is to be predicted: `signal` or `spectrum`.
    pub target: String,
    /// Each patch to be predicted less its mean and over its deviation.
    pub normalise: bool,
}

impl Default for MaskedConfig {
    fn default() -> Self {
        Self { hidden: 0.4, span_s: 0.25, target: "signal".to_owned(), normalise: true }
    }
}

/// `[train.autoencoder]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoencoderConfig {
    /// Values that pass the bottleneck for each feature in time, beside the embedding.
    pub latent: usize,
    /// Noise laid over the input, relative to the window's root mean square; 0 for a plain autoencoder.
    pub noise: f64,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self { latent: 8, noise: 0.2 }
    }
}

/// `[train.order]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderConfig {
    /// Two windows are neighbours if they start at most so far apart.
    pub near_s: f64,
    /// A window is far away if it starts at least so far from both.
    pub far_s: f64,
}

impl Default for OrderConfig {
    fn default() -> Self {
        Self { near_s: 10.0, far_s: 30.0 }
    }
}

/// `[train.forecast]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForecastConfig {
    /// `latent` or `patch`.
    pub predict: String,
}

impl Default for ForecastConfig {
    fn default() -> Self {
        Self { predict: "latent".to_owned() }
    }
}

/// `[train.mixup]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixupConfig {
    /// Shares are drawn from Beta(alpha, alpha).
    pub alpha: f64,
    /// Weight of predicting the share, beside the contrastive loss.
    pub share_weight: f64,
    /// Where the keys lie that a blend is told apart from: `batch` (i-Mix) or `queue` (MixCo).
    pub keys: String,
}

impl Default for MixupConfig {
    fn default() -> Self {
        Self { alpha: 1.0, share_weight: 1.0, keys: "batch".to_owned() }
    }
}
