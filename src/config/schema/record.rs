//! `[record]`: the signal as it is acquired, into a file.
//!
//! Plain values. Invariant: keys that it does not know are refused.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[record]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordConfig {
    /// The file: `.edf`, `.bdf`, `.xdf`, or without an ending for EDF+ or BDF+ as the source needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// `leave` for a discontinuous file, `hold` to repeat the last sample where samples are missing.
    pub gaps: String,
    /// Ends of the range of channels that come as floating-point numbers, for EDF and BDF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_uv: Option<f64>,
    /// The patient field of EDF and BDF.
    pub patient: String,
}

impl Default for RecordConfig {
    fn default() -> Self {
        Self { file: None, gaps: "leave".to_owned(), range_uv: None, patient: String::new() }
    }
}
