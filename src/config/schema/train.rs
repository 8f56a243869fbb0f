//! `[model]` and `[train]`: what is trained, and how.
//!
//! Plain values. Invariant: keys that they do not know are refused.

use super::{AutoencoderConfig, ForecastConfig, MaeConfig, MaskedConfig, MixupConfig, OrderConfig};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[model]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// `spatial-conv`, `conv`, `channelwise`, `tcn`, `eegnet` or `patch-transformer`.
    pub encoder: String,
    /// Length of an embedding.
    pub embedding: usize,
    /// Channels after each layer; by default those of the encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widths: Option<Vec<usize>>,
    /// Channels that `spatial-conv` makes of all electrodes.
    pub virtual_channels: usize,
    /// Length of a patch: of those that a `patch-transformer` sees, that `mae` and `masked` hide, that `forecast` predicts.
    pub patch_s: f64,
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
            patch_s: 0.25,
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
    /// `byol`, `moco`, `cpc`, `simclr`, `mae`, `masked`, `autoencoder`, `order`, `transform`, `forecast` or `mixup`.
    pub method: String,
    /// Windows a step.
    pub batch: usize,
    /// Steps of offline pretraining; a live run trains as long as it lasts.
    pub steps: u64,
    /// Most optimiser steps a second of signal; at full speed exactly so many.
    pub steps_per_s: f64,
    /// Most of the machine that training may take while a stream is live, in percent of all cores.
    pub cpu_percent: f64,
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// Steps of the warm-up.
    pub warmup_steps: u64,
    /// Decoupled weight decay of matrices.
    pub weight_decay: f64,
    /// Momentum of target and key encoders.
    pub momentum: f64,
    /// Temperature of contrastive losses; by default 0.2, and for `cpc` log-bilinear scores without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Keys in `moco`'s queue.
    pub queue: usize,
    /// Pieces that `cpc` cuts a window into.
    pub pieces: usize,
    /// Pieces ahead that `cpc` predicts.
    pub ahead: usize,
    /// What `cpc` tells a piece apart from: `same-time`, `all-times` or `other-recordings`.
    pub negatives: String,
    /// Steps from one served generation to the next.
    pub publish_every: u64,
    /// Folder for checkpoints; empty for none.
    pub checkpoint: PathBuf,
    /// Seconds from one checkpoint to the next.
    pub checkpoint_every_s: f64,
    /// Put the windows of the replay memory into checkpoints: raw signal on the disk.
    pub checkpoint_signal: bool,
    /// The replay memory.
    pub memory: MemoryConfig,
    /// What weights have to show before they are served.
    pub gate: GateConfig,
    /// What `mae` alone asks for.
    pub mae: MaeConfig,
    /// What `masked` alone asks for.
    pub masked: MaskedConfig,
    /// What `autoencoder` alone asks for.
    pub autoencoder: AutoencoderConfig,
    /// What `order` alone asks for.
    pub order: OrderConfig,
    /// What `forecast` alone asks for.
    pub forecast: ForecastConfig,
    /// What `mixup` alone asks for.
    pub mixup: MixupConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            method: "byol".to_owned(),
            batch: 64,
            steps: 5000,
            steps_per_s: 4.0,
            cpu_percent: 100.0,
            learning_rate: 5e-4,
            warmup_steps: 100,
            weight_decay: 1e-4,
            momentum: 0.99,
            temperature: None,
            queue: 1024,
            pieces: 8,
            ahead: 3,
            negatives: "same-time".to_owned(),
            publish_every: 50,
            checkpoint: PathBuf::from("checkpoints"),
            checkpoint_every_s: 60.0,
            checkpoint_signal: false,
            memory: MemoryConfig::default(),
            gate: GateConfig::default(),
            mae: MaeConfig::default(),
            masked: MaskedConfig::default(),
            autoencoder: AutoencoderConfig::default(),
            order: OrderConfig::default(),
            forecast: ForecastConfig::default(),
            mixup: MixupConfig::default(),
        }
    }
}

/// `[train] memory`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// Windows that it holds.
    pub windows: usize,
    /// Most MB (10^6 bytes) that it may take; 0 for as many as the windows need.
    pub mb: u64,
    /// How often a window is learnt from before it makes room first.
    pub uses: u32,
    /// Share of a batch that comes from its newest windows.
    pub recent_fraction: f64,
    /// Share of a batch that comes from them, at least, while the signal drifts.
    pub drift_fraction: f64,
    /// What is kept of windows that are no longer new: nothing (`fifo`), an even sample (`reservoir`), what differs most
    /// (`minred`).
    pub policy: String,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { windows: 2048, mb: 0, uses: 256, recent_fraction: 0.25, drift_fraction: 0.5, policy: "fifo".to_owned() }
    }
}

/// `[train] gate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateConfig {
    /// Examine candidates; without, all that are finite are served.
    pub enabled: bool,
    /// Largest loss on new signal, relative to that of what is served.
    pub loss_ratio: f64,
    /// Windows that a candidate encodes in the shadow first.
    pub canary: usize,
    /// Candidates refused in a row before the trainer goes back.
    pub failures: u32,
    /// Windows held out for good, to judge by.
    pub probe: usize,
    /// Newest windows that are held back from learning, to judge by.
    pub unseen: usize,
    /// Drift, in spreads of what was before, from which on the signal counts as another.
    pub drift: f64,
    /// Longest time for a window; by default a hop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            loss_ratio: 1.05,
            canary: 50,
            failures: 3,
            probe: 64,
            unseen: 32,
            drift: 1.0,
            latency_ms: None,
        }
    }
}
