//! The configuration as a user writes it.
//!
//! Plain values with their defaults. Invariant: every section refuses keys that it does not know.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Where frames come from.
    pub source: SourceConfig,
    /// What becomes of them before the model.
    pub signal: SignalConfig,
    /// How they are cut into windows.
    pub window: WindowConfig,
    /// How views of windows are made.
    pub augment: AugmentConfig,
    /// The encoder.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// Where embeddings go.
    pub serve: ServeConfig,
    /// What it runs on.
    pub compute: ComputeConfig,
    /// Lab Streaming Layer itself.
    pub lsl: LslConfig,
}

/// `[source]`: exactly one of `replay`, `lsl`, `synthetic`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// A recording (EDF, EDF+, BDF, BDF+).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<PathBuf>,
    /// A live stream: its name, or a predicate like `type='EEG' and hostname='amp'`; empty for the only EEG stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lsl: Option<String>,
    /// The generative model, live and without end.
    pub synthetic: bool,
    /// How many times real time a recording plays, or `"max"`.
    pub speed: Speed,
    /// Play the recording again and again.
    #[serde(rename = "loop")]
    pub repeat: bool,
    /// Signal in one block of a recording or of the generative model, as an amplifier's packet.
    pub block_ms: f64,
    /// How long to wait for a live stream that is not there yet.
    pub wait_s: f64,
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self {
            replay: None,
            lsl: None,
            synthetic: false,
            speed: Speed::Times(1.0),
            repeat: false,
            block_ms: 10.0,
            wait_s: 10.0,
        }
    }
}

/// How fast a recording plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// This many times real time.
    Times(f64),
    /// As fast as its consumers can take it.
    Max,
}

impl Serialize for Speed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Times(times) => serializer.serialize_f64(*times),
            Self::Max => serializer.serialize_str("max"),
        }
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Speed;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or \"max\"")
            }
            fn visit_f64<E>(self, v: f64) -> Result<Speed, E> {
                Ok(Speed::Times(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Speed, E> {
                Ok(Speed::Times(v as f64))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Speed, E> {
                Ok(Speed::Times(v as f64))
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Speed, E> {
                v.parse().map_err(|()| E::invalid_value(serde::de::Unexpected::Str(v), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl std::str::FromStr for Speed {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "max" { Ok(Self::Max) } else { text.parse().map(Self::Times).map_err(|_| ()) }
    }
}

/// `[signal]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignalConfig {
    /// Labels of the channels to take; empty for all EEG and ECoG channels of the most common rate.
    pub channels: Vec<String>,
    /// Labels of channels to leave out.
    pub exclude: Vec<String>,
    /// Cut-off of the high-pass; 0 switches it off.
    pub highpass_hz: f64,
    /// Cut-off of the low-pass; 0 switches it off.
    pub lowpass_hz: f64,
    /// Line frequency to take out; 0 switches it off.
    pub notch_hz: f64,
    /// `average`, or `none` for as recorded.
    pub reference: String,
    /// Time constant of the running scale a channel; 0 leaves microvolts.
    pub scale_s: f64,
}

impl Default for SignalConfig {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            exclude: Vec::new(),
            highpass_hz: 0.5,
            lowpass_hz: 0.0,
            notch_hz: 0.0,
            reference: "average".to_owned(),
            scale_s: 30.0,
        }
    }
}

/// `[window]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowConfig {
    /// Length of a window.
    pub length_s: f64,
    /// From the start of one window to the start of the next.
    pub hop_s: f64,
}

impl Default for WindowConfig {
    fn default() -> Self {
        Self { length_s: 2.0, hop_s: 0.25 }
    }
}

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

/// `[model]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// `conv`.
    pub encoder: String,
    /// Length of an embedding.
    pub embedding: usize,
    /// Channels of the convolutions, each of which halves the rate.
    pub widths: Vec<usize>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self { encoder: "conv".to_owned(), embedding: 128, widths: vec![32, 64, 128] }
    }
}

/// `[train]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Train at all.
    pub enabled: bool,
    /// `byol`, `moco` or `cpc`.
    pub method: String,
    /// Windows a step.
    pub batch: usize,
    /// Steps of offline pretraining; a live run trains as long as it lasts.
    pub steps: u64,
    /// Most optimiser steps a second of signal; at full speed exactly so many.
    pub steps_per_s: f64,
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// Steps of the warm-up.
    pub warmup_steps: u64,
    /// Decoupled weight decay of matrices.
    pub weight_decay: f64,
    /// Momentum of target and key encoders.
    pub momentum: f64,
    /// Temperature of contrastive losses; by default 0.2 for `moco` and 0.1 for `cpc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Keys in `moco`'s queue.
    pub queue: usize,
    /// Pieces that `cpc` cuts a window into.
    pub pieces: usize,
    /// Pieces ahead that `cpc` predicts.
    pub ahead: usize,
    /// Steps from one served generation to the next.
    pub publish_every: u64,
    /// Folder for checkpoints; empty for none.
    pub checkpoint: PathBuf,
    /// Seconds from one checkpoint to the next.
    pub checkpoint_every_s: f64,
    /// The replay memory.
    pub memory: MemoryConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            method: "byol".to_owned(),
            batch: 64,
            steps: 5000,
            steps_per_s: 4.0,
            learning_rate: 5e-4,
            warmup_steps: 100,
            weight_decay: 1e-4,
            momentum: 0.99,
            temperature: None,
            queue: 1024,
            pieces: 8,
            ahead: 3,
            publish_every: 50,
            checkpoint: PathBuf::from("checkpoints"),
            checkpoint_every_s: 60.0,
            memory: MemoryConfig::default(),
        }
    }
}

/// `[train] memory`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// Windows that it holds.
    pub windows: usize,
    /// Share of a batch that comes from its newest quarter.
    pub recent_fraction: f64,
    /// What makes room for a new window: `fifo`, the oldest.
    pub policy: String,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { windows: 2048, recent_fraction: 0.25, policy: "fifo".to_owned() }
    }
}

/// `[serve]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// An LSL stream of embeddings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lsl: Option<LslOutletConfig>,
    /// A file of embeddings, `.csv` or `.npy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<PathBuf>,
}

/// `[serve] lsl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LslOutletConfig {
    /// Name of the stream.
    pub name: String,
}

/// `[compute]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComputeConfig {
    /// `cpu`; `ndarray` where it was built with that feature.
    pub device: String,
    /// `own`, or `plain` for burn's own layers: slower, for comparison.
    pub kernels: String,
    /// Threads of the trainer; 0 for all cores but one.
    pub threads: usize,
}

impl Default for ComputeConfig {
    fn default() -> Self {
        Self { device: "cpu".to_owned(), kernels: "own".to_owned(), threads: 0 }
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
