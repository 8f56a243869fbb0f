//! BYOL: the online network predicts what its own moving average makes of the other view.
//!
//! Owned by the trainer. Invariant: the target has no gradients, and moves once a step, after the optimiser.

use super::followed::{Followed, HasTrunk};
use super::single::Judgement;
use super::trunk::{HIDDEN, PROJECTION, Trunk, centred, halves};
use super::{Batch, Judged, Learnt, Objective, ObjectiveSettings, StepReport, loss};
use crate::learn::nn::{Activation, Compute, Init, Perceptron};
use crate::learn::{CheckpointError, Encoder};
use burn::module::Module;

#[derive(Module, Debug)]
struct Network {
    trunk: Trunk,
    predictor: Perceptron,
}

impl HasTrunk for Network {
    fn trunk(&self) -> &Trunk {
        &self.trunk
    }
}

/// BYOL in training (Grill et al., 2020), with layer instead of batch normalisation (Richemond et al., 2020).
pub(super) struct Byol {
    followed: Followed<Network>,
    compute: Compute,
}

/// The loss of unrelated directions.
const CHANCE: f32 = 2.0;

impl Byol {
    pub fn new(settings: &ObjectiveSettings) -> Self {
        let mut init = Init::training(settings.seed, settings.compute);
        let trunk = Trunk::new(&mut init, &settings.encoder);
        let predictor = Perceptron::new(&mut init, [PROJECTION, HIDDEN, PROJECTION], Activation::Gelu);
        Self { followed: Followed::new(Network { trunk, predictor }, "target", settings), compute: settings.compute }
    }

    fn judgement(&self, batch: &Batch) -> Judgement {
        let network = self.followed.network();
        let targets = self.followed.average().forward(batch.together(2, &self.compute.serving())).1;
        let (t1, t2) = halves(centred(targets).autodiff());
        let (embeddings, projections) = network.trunk.forward(batch.together(2, &self.compute.training()));
        let (o1, o2) = halves(network.predictor.forward(projections));
        Judgement { loss: loss::byol(o1, o2, t1, t2), chance: Some(CHANCE), embeddings: halves(embeddings).0 }
    }
}

impl Objective for Byol {
    fn step(&mut self, batch: &Batch) -> StepReport {
        self.followed.learn(self.judgement(batch))
    }

    fn judge(&self, batch: &Batch) -> Judged {
        self.judgement(batch).into()
    }

    fn scale_rate(&mut self, share: f64) {
        self.followed.scale_rate(share);
    }

    fn encoder(&self) -> Encoder {
        self.followed.encoder()
    }

    fn steps(&self) -> u64 {
        self.followed.steps()
    }

    fn skipped(&self) -> u64 {
        self.followed.skipped()
    }

    fn learnt(&self) -> Learnt {
        self.followed.learnt()
    }

    fn restore(&mut self, learnt: &Learnt) -> Result<(), CheckpointError> {
        self.followed = self.followed.restored(learnt)?;
        Ok(())
    }
}
