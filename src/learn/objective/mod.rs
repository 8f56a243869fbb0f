//! Objectives: what a self-supervised method asks of the encoder.
//!
//! Each owns its online modules, its target if it has one, and its optimiser, on the trainer's thread. Invariant: target
//! and key encoders live on a device without gradients, so none can reach them, and they move once a step, after it.

mod autoencoder;
mod batch;
mod byol;
mod cpc;
#[cfg(test)]
pub(in crate::learn) mod drill;
mod followed;
mod forecast;
pub mod loss;
mod mae;
mod masked;
mod method;
mod mixup;
mod moco;
pub(in crate::learn) mod online;
mod order;
mod simclr;
mod single;
mod supervised;
mod target;
mod tokens;
mod transform;
mod trunk;

pub use autoencoder::AutoencoderSettings;
pub use batch::{Asks, Batch, Origin, VIEWS};
pub use cpc::CpcNegatives;
pub use forecast::Forecast;
pub use method::{Builder, Method, ObjectiveSettings, build};
pub use mixup::{MixupKeys, MixupSettings};
pub use moco::KeyQueue;
pub use supervised::Lecture;
pub use target::{MaskSettings, MaskTarget};

use super::parameters::Named;
use super::{CheckpointError, Encoder};
use single::Judgement;

/// What one step did.
#[derive(Clone, Debug, Default)]
pub struct StepReport {
    /// The loss before the step.
    pub loss: f32,
    /// The loss that guessing gives at this moment.
    pub chance: Option<f32>,
    /// Norm of all gradients before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// True if loss or gradients were not finite and nothing was changed.
    pub skipped: bool,
    /// Embeddings `[N, D]` before the step: of the first views, or of the pieces of windows where a method cuts them.
    pub embeddings: Vec<f32>,
}

/// What a batch says of an objective that does not learn from it.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The loss.
    pub loss: f32,
    /// The loss that guessing gives at this moment.
    pub chance: Option<f32>,
}

/// All that an objective has learnt: what a checkpoint keeps of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learnt {
    /// Named tensors: `online.…`, `target.…`, `first.…`, `second.…`, `queue`.
    pub tensors: Vec<Named>,
    /// Named whole numbers.
    pub counters: Vec<(String, u64)>,
}

impl From<Judgement> for Judged {
    fn from(judgement: Judgement) -> Self {
        Self { loss: judgement.loss.into_scalar::<f32>(), chance: judgement.chance }
    }
}

/// A self-supervised method in training.
pub trait Objective: Send {
    /// One optimiser step on a batch that holds what the method asks for.
    fn step(&mut self, batch: &Batch) -> StepReport;

    /// The loss of a batch that nothing is learnt from.
    fn judge(&self, batch: &Batch) -> Judged;

    /// Takes steps of this share of the schedule's learning rate from now on.
    fn scale_rate(&mut self, share: f64);

    /// A copy of the encoder without gradients, for serving.
    fn encoder(&self) -> Encoder;

    /// Optimiser steps taken.
    fn steps(&self) -> u64;

    /// Steps not taken because something was not finite.
    fn skipped(&self) -> u64;

    /// All that it has learnt.
    fn learnt(&self) -> Learnt;

    /// Takes up what an objective of the same settings has learnt.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape; the objective is then as it was before.
    fn restore(&mut self, learnt: &Learnt) -> Result<(), CheckpointError>;
}

#[cfg(test)]
mod tests;
