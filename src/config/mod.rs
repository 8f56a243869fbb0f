//! Configuration: what a user writes, and everything that can be wrong with it.
//!
//! Read once, before anything starts. Invariant: a problem names the key, its value and what is allowed, and all problems
//! are found together.

mod parse;
mod problem;
mod schema;

pub use parse::Document;
pub use problem::{ConfigError, Problem, suggestion};
pub use schema::{
    AugmentConfig, AugmentStepConfig, AutoencoderConfig, ComputeConfig, Config, ForecastConfig, LslConfig,
    LslOutletConfig, MaeConfig, MaskedConfig, MemoryConfig, MetricsConfig, MixupConfig, ModelConfig, OrderConfig,
    PretrainConfig, QualityConfig, RecordConfig, ReferenceConfig, ServeConfig, SignalConfig, SourceConfig, Span, Speed,
    Streams, TeachConfig, TrainConfig, WindowConfig,
};
