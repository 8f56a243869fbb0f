//! `[window]`: how frames are cut into windows.
//!
//! Plain values. Invariant: keys that it does not know are refused; of two keys for one thing at most one is written.

use serde::{Deserialize, Serialize};

/// `[window]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowConfig {
    /// Length of a window in seconds; 2 where nothing else says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_s: Option<f64>,
    /// Length of a window in samples, instead of `length_s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// From the start of one window to the start of the next in seconds; 0.25 where nothing else says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop_s: Option<f64>,
    /// The same in samples, instead of `hop_s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop: Option<usize>,
    /// Serve one window round each marker that says this; in slashes it is a regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub around: Option<String>,
    /// Seconds from the marker to the window's start; below 0 for windows that begin before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_s: Option<f64>,
    /// Seconds from the marker to the window's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_s: Option<f64>,
}

/// Pairs of keys that say the same in other words: one laid over a configuration takes the place of the other.
pub(in crate::config) const RIVALS: [(&str, &[&str]); 6] = [
    ("length_s", &["length"]),
    ("length", &["length_s"]),
    ("hop_s", &["hop"]),
    ("hop", &["hop_s"]),
    ("from_s", &["length", "length_s"]),
    ("to_s", &["length", "length_s"]),
];

impl WindowConfig {
    /// Frames of a window at `rate_hz`.
    #[must_use]
    pub fn length_frames(&self, rate_hz: f64) -> usize {
        match (self.length, self.from_s, self.to_s) {
            (_, Some(from_s), Some(to_s)) => ((to_s - from_s) * rate_hz).round() as usize,
            (Some(frames), ..) => frames,
            _ => (self.length_s.unwrap_or(2.0) * rate_hz).round() as usize,
        }
    }

    /// Frames from one window to the next at `rate_hz`, at least one.
    #[must_use]
    pub fn hop_frames(&self, rate_hz: f64) -> usize {
        let frames = self.hop.unwrap_or_else(|| (self.hop_s.unwrap_or(0.25) * rate_hz).round() as usize);
        frames.max(1)
    }

    /// The key that says how long a window is, and its value.
    #[must_use]
    pub fn length_key(&self) -> (&'static str, String) {
        match (self.length, self.from_s, self.to_s) {
            (_, Some(_), Some(to_s)) => ("window.to_s", to_s.to_string()),
            (Some(frames), ..) => ("window.length", frames.to_string()),
            _ => ("window.length_s", self.length_s.unwrap_or(2.0).to_string()),
        }
    }
}
