//! `[serve]`, `[metrics]`, `[compute]` and `[lsl]`: where embeddings and figures go, and what a run stands on.
//!
//! Plain values. Invariant: keys that they do not know are refused.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[serve]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// An LSL stream of embeddings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lsl: Option<LslOutletConfig>,
    /// A file of embeddings, `.csv` or `.npy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<PathBuf>,
    /// Beside each embedding, the amplitude that scaling took out of each channel.
    pub amplitude: bool,
    /// Turn the embeddings of each generation onto the axes of the one before.
    pub align: bool,
    /// The socket for `attach`: `auto`, `off` or a path.
    pub socket: String,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self { lsl: None, embeddings: None, amplitude: false, align: true, socket: "auto".to_owned() }
    }
}

/// `[serve] lsl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LslOutletConfig {
    /// Name of the stream.
    pub name: String,
    /// One more channel, `quality`, before the last.
    #[serde(default)]
    pub quality: bool,
    /// A second stream, `NAME-status`, of what happens and how the run does, as JSON texts.
    #[serde(default)]
    pub status: bool,
    /// A stream, `NAME-signal`, of the signal as the model sees it.
    #[serde(default)]
    pub signal: bool,
    /// A stream, `NAME-novelty`, of how unlike everything before each window is.
    #[serde(default)]
    pub novelty: bool,
}

/// `[metrics]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Where Prometheus finds the run: an address of this computer alone and a port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
}

/// `[compute]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComputeConfig {
    /// What trains: `cpu`; `gpu` and `ndarray` where it was built with these features.
    pub device: String,
    /// `own`, or `plain` for burn's own layers: slower, for comparison.
    pub kernels: String,
    /// Seconds that a call to a graphics card may take before the CPU takes over.
    pub step_limit_s: f64,
    /// Threads of the trainer; 0 for all cores but one.
    pub threads: usize,
    /// `auto`: threads of the data path ask to go ahead of all others; `off`.
    pub priority: String,
    /// Keep the program's memory from being swapped out.
    pub lock_memory: bool,
}

impl Default for ComputeConfig {
    fn default() -> Self {
        Self {
            device: "cpu".to_owned(),
            kernels: "own".to_owned(),
            step_limit_s: 60.0,
            threads: 0,
            priority: "auto".to_owned(),
            lock_memory: false,
        }
    }
}

/// `[lsl]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LslConfig {
    /// Where liblsl lies, if it is not found by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<PathBuf>,
}
