//! `[augment]`: how views of windows are made.
//!
//! Plain values. Invariant: keys that it does not know are refused.

use serde::{Deserialize, Serialize};

/// `[augment]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// `eeg`, `ecog` or `none`.
    pub preset: String,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self { preset: "eeg".to_owned() }
    }
}
