//! The configuration as a user writes it.
//!
//! Plain values with their defaults. Invariant: every section refuses keys that it does not know.

mod augment;
mod methods;
mod novelty;
mod pretrain;
mod quality;
mod record;
mod reference;
mod serve;
mod signal;
mod source;
mod span;
mod streams;
mod teach;
mod train;
mod window;

pub use augment::{AugmentConfig, AugmentStepConfig};
pub use methods::{AutoencoderConfig, ForecastConfig, MaeConfig, MaskedConfig, MixupConfig, OrderConfig};
pub use novelty::NoveltyConfig;
pub use pretrain::PretrainConfig;
pub use quality::QualityConfig;
pub use record::RecordConfig;
pub use reference::ReferenceConfig;
pub use serve::{ComputeConfig, LslConfig, LslOutletConfig, MetricsConfig, ServeConfig};
pub use signal::SignalConfig;
pub use source::{SourceConfig, Speed};
pub use span::Span;
pub use streams::Streams;
pub use teach::TeachConfig;
pub use train::{MemoryConfig, ModelConfig, TrainConfig};
pub(in crate::config) use window::RIVALS;
pub use window::WindowConfig;

use serde::{Deserialize, Serialize};

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
    /// How channels and windows are judged.
    pub quality: QualityConfig,
    /// How they are cut into windows.
    pub window: WindowConfig,
    /// How views of windows are made.
    pub augment: AugmentConfig,
    /// The encoder.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// How recordings of folders are dealt out to train on.
    pub pretrain: PretrainConfig,
    /// What markers teach meanwhile.
    pub teach: TeachConfig,
    /// What is unlike everything before.
    pub novelty: NoveltyConfig,
    /// Where embeddings go.
    pub serve: ServeConfig,
    /// Where the signal itself goes.
    pub record: RecordConfig,
    /// Where figures of the run are told.
    pub metrics: MetricsConfig,
    /// What it runs on.
    pub compute: ComputeConfig,
    /// Lab Streaming Layer itself.
    pub lsl: LslConfig,
}
