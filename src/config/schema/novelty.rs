//! `[novelty]`: looking out for windows that are unlike everything before.
//!
//! Plain values. Invariant: keys that it does not know are refused.

use serde::{Deserialize, Serialize};

/// `[novelty]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoveltyConfig {
    /// Look out for it.
    pub enabled: bool,
    /// False alarms an hour, at most, on a signal that goes on as it was.
    pub false_alarms_per_hour: f64,
    /// Windows that stand for all that came.
    pub windows: usize,
}

impl Default for NoveltyConfig {
    fn default() -> Self {
        Self { enabled: true, false_alarms_per_hour: 2.0, windows: 512 }
    }
}
