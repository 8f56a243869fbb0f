//! `[teach]` and `[novelty]`: what is told of embeddings while a run goes on.
//!
//! Plain values. Invariant: keys that they do not know are refused.

use serde::{Deserialize, Serialize};

/// `[teach]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TeachConfig {
    /// Make a classifier of windows that markers name.
    pub enabled: bool,
    /// Texts of markers that are classes; empty for all.
    pub classes: Vec<String>,
    /// Seconds that a marker without a duration holds, unless another comes before.
    pub hold_s: f64,
    /// Windows of a class that are remembered.
    pub windows: usize,
    /// Windows of each class from which on the head is linear.
    pub linear_from: usize,
}

impl Default for TeachConfig {
    fn default() -> Self {
        Self { enabled: false, classes: Vec::new(), hold_s: 5.0, windows: 200, linear_from: 30 }
    }
}

/// `[novelty]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoveltyConfig {
    /// Tell how unlike everything before each window is.
    pub enabled: bool,
    /// False alarms an hour that may be.
    pub alarms_per_hour: f64,
    /// Windows to compare with, and as many to calibrate on.
    pub windows: usize,
}

impl Default for NoveltyConfig {
    fn default() -> Self {
        Self { enabled: false, alarms_per_hour: 6.0, windows: 256 }
    }
}
