//! Objectives of one network: no target, no queue, nothing that outlasts a step but weights and their optimiser.
//!
//! Owned by the trainer. Invariant: a step depends on weights and batch alone; what is drawn at random comes from the
//! batch's number, so that a step can be taken again.

use super::online::Online;
use super::{Batch, Judged, Learnt, Objective, ObjectiveSettings, StepReport};
use crate::learn::nn::{Compute, Init};
use crate::learn::{CheckpointError, Encoder};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// What a method makes of a batch.
pub(super) struct Judgement {
    /// The loss, a scalar.
    pub loss: Tensor<1>,
    /// The loss of guessing.
    pub chance: Option<f32>,
    /// Embeddings `[N, D]` that it met, for their health.
    pub embeddings: Tensor<2>,
}

/// A method that needs one network.
pub(super) trait Single: Send {
    /// The encoder and what is trained with it.
    type Network: Module + Send;

    /// First weights.
    fn network(&self, init: &mut Init) -> Self::Network;

    /// The encoder in it.
    fn encoder(network: &Self::Network) -> &Encoder;

    /// The loss on a batch.
    fn judge(&self, network: &Self::Network, batch: &Batch, device: &Device) -> Judgement;
}

/// Such a method in training.
pub(super) struct Trained<S: Single> {
    method: S,
    online: Online<S::Network>,
    compute: Compute,
}

impl<S: Single> Trained<S> {
    pub fn new(method: S, settings: &ObjectiveSettings) -> Self {
        let network = method.network(&mut Init::training(settings.seed, settings.compute));
        Self { method, online: Online::new(network, settings.schedule), compute: settings.compute }
    }
}

impl<S: Single> Objective for Trained<S> {
    fn step(&mut self, batch: &Batch) -> StepReport {
        let judged = self.method.judge(self.online.module(), batch, &self.compute.training());
        self.online.learn(judged)
    }

    fn judge(&self, batch: &Batch) -> Judged {
        self.method.judge(self.online.module(), batch, &self.compute.training()).into()
    }

    fn scale_rate(&mut self, share: f64) {
        self.online.scale_rate(share);
    }

    fn encoder(&self) -> Encoder {
        S::encoder(self.online.module()).valid()
    }

    fn steps(&self) -> u64 {
        self.online.steps()
    }

    fn skipped(&self) -> u64 {
        self.online.skipped()
    }

    fn learnt(&self) -> Learnt {
        self.online.learnt()
    }

    fn restore(&mut self, learnt: &Learnt) -> Result<(), CheckpointError> {
        self.online = self.online.restored(learnt)?;
        Ok(())
    }
}
