//! `[pretrain]`: how recordings of folders are dealt out to train on.
//!
//! Plain values. Invariant: keys that it does not know are refused.

use serde::{Deserialize, Serialize};

/// `[pretrain]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PretrainConfig {
    /// An expression that finds in a path whose recording it is; empty for each recording by itself.
    pub group: String,
    /// Share of the groups that are kept to judge by; nothing is learnt from them.
    pub validation: f64,
    /// Windows of those groups that are judged.
    pub windows: usize,
    /// Steps from one look at them to the next.
    pub every: u64,
    /// Passes through all recordings; 0 for as many as `train.steps` need.
    pub epochs: u64,
    /// Seconds of a recording that are read at once.
    pub stretch_s: f64,
    /// MB (10^6 bytes) of windows in memory, among which batches are mixed.
    pub mb: u64,
}

impl Default for PretrainConfig {
    fn default() -> Self {
        Self { group: String::new(), validation: 0.1, windows: 512, every: 100, epochs: 0, stretch_s: 60.0, mb: 128 }
    }
}
