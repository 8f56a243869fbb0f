//! Learning: encoders, objectives, replay memory, health, generations, checkpoints, and the trainer that joins them.
//!
//! Everything here can be used without the pipeline. One thread owns a [`Trainer`]; what others see of it are
//! [`Generation`]s, which never change.

mod checkpoint;
mod encoder;
mod generation;
mod health;
pub mod nn;
mod objective;
mod optimiser;
pub mod parameters;
mod replay;
mod trainer;

pub use checkpoint::{Checkpoint, CheckpointError, Identity};
pub use encoder::{Encoder, EncoderShape};
pub use generation::Generation;
pub use health::Health;
pub use objective::{Batch, KeyQueue, Learnt, Method, Objective, ObjectiveSettings, Origin, StepReport, build, loss};
pub use optimiser::{AdamW, Schedule};
pub use replay::ReplayMemory;
pub use trainer::{Trainer, TrainerSettings, TrainerStatus};

use burn::tensor::Device;

/// The device that serves: burn's flex backend on the CPU, without gradients.
#[must_use]
pub fn serving_device() -> Device {
    Device::flex()
}

/// The device that trains: the same backend with gradients.
#[must_use]
pub fn training_device() -> Device {
    Device::flex().autodiff()
}
