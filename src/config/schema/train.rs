//! `[model]` and `[train]`: what is trained, and how.
//!
//! Plain values. Invariant: keys that they do not know are refused.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[model]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// `spatial-conv`, `conv`, `channelwise`, `tcn` or `eegnet`.
    pub encoder: String,
    /// Length of an embedding.
    pub embedding: usize,
    /// Channels after each layer; by default those of the encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widths: Option<Vec<usize>>,
    /// Channels that `spatial-conv` makes of all electrodes.
    pub virtual_channels: usize,
    /// Labels of the channels that the model sees, in its order; empty for those that the stream has.
    pub montage: Vec<String>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            encoder: "spatial-conv".to_owned(),
            embedding: 128,
            widths: None,
            virtual_channels: 32,
            montage: Vec::new(),
        }
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
