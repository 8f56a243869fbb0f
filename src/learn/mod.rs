//! Learning: encoders, objectives, replay memory, health, generations, checkpoints, and the trainer that joins them.
//!
//! Everything here can be used without the pipeline. One thread owns a [`Trainer`]; what others see of it are
//! [`Generation`]s, which never change.

pub mod axes;
mod checkpoint;
mod draw;
mod encoder;
pub mod gate;
mod generation;
pub mod heads;
pub mod health;
mod model;
pub mod nn;
pub mod novelty;
mod numbers;
mod objective;
mod optimiser;
pub mod parameters;
pub mod replay;
mod trainer;
pub mod twin;

pub use axes::Axes;
pub use checkpoint::{Checkpoint, CheckpointError, Identity};
pub use encoder::{Architecture, Encoder, EncoderShape, Site, Streaming};
pub use gate::{Alarm, COSINE_BINS, Decision, Drift, Examination, Figures, GateSettings, Limit, Metrics, limit};
pub use generation::Generation;
pub use heads::{Classifier, HeadKind, Heads, Lesson, Lessons};
pub use health::Health;
pub use model::{Model, ModelCard, ModelError};
pub use objective::{
    Asks, AutoencoderSettings, Batch, Builder, CpcNegatives, Forecast, Judged, KeyQueue, Learnt, Lecture, MaskSettings,
    MaskTarget, Method, MixupKeys, MixupSettings, Objective, ObjectiveSettings, Origin, StepReport, build, loss,
};
pub use optimiser::{AdamW, Schedule};
pub use replay::{Policy, ReplayMemory};
pub use trainer::{Trainer, TrainerSettings, TrainerStatus, Validation};
