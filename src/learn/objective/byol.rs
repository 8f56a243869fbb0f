//! BYOL: the online network predicts what its own moving average makes of the other view.
//!
//! Owned by the trainer. Invariant: the target has no gradients, and moves once a step, after the optimiser.

use super::online::{Online, prefixed, restored};
use super::trunk::{HIDDEN, PROJECTION, Trunk, halves};
use super::{Batch, Learnt, Objective, ObjectiveSettings, StepReport, loss};
use crate::learn::nn::{Activation, Compute, Init, Perceptron};
use crate::learn::{CheckpointError, Encoder, parameters};
use burn::module::Module;

#[derive(Module, Debug)]
struct Network {
    trunk: Trunk,
    predictor: Perceptron,
}

/// BYOL in training (Grill et al., 2020), with layer instead of batch normalisation (Richemond et al., 2020).
pub(super) struct Byol {
    online: Online<Network>,
    target: Trunk,
    momentum: f32,
    compute: Compute,
}

/// The loss of unrelated directions.
const CHANCE: f32 = 2.0;

impl Byol {
    pub fn new(settings: &ObjectiveSettings) -> Self {
        let mut init = Init::training(settings.seed, settings.compute);
        let trunk = Trunk::new(&mut init, &settings.encoder);
        let predictor = Perceptron::new(&mut init, [PROJECTION, HIDDEN, PROJECTION], Activation::Gelu);
        let (target, network) = (trunk.valid(), Network { trunk, predictor });
        Self {
            online: Online::new(network, settings.schedule),
            target,
            momentum: settings.momentum,
            compute: settings.compute,
        }
    }
}

impl Objective for Byol {
    fn step(&mut self, batch: &Batch) -> StepReport {
        let network = self.online.module();
        let targets = self.target.forward(batch.together(2, &self.compute.serving())).1;
        let (t1, t2) = halves(targets.autodiff());
        let (embeddings, projections) = network.trunk.forward(batch.together(2, &self.compute.training()));
        let (o1, o2) = halves(network.predictor.forward(projections));
        let descent = self.online.descend(&loss::byol(o1, o2, t1, t2));
        if !descent.skipped {
            let online = parameters::list(&self.online.module().trunk);
            self.target = parameters::moved_towards(self.target.clone(), &online, self.momentum);
        }
        descent.report(Some(CHANCE), parameters::values_of(halves(embeddings.detach()).0))
    }

    fn encoder(&self) -> Encoder {
        self.online.module().trunk.encoder.valid()
    }

    fn steps(&self) -> u64 {
        self.online.steps()
    }

    fn skipped(&self) -> u64 {
        self.online.skipped()
    }

    fn learnt(&self) -> Learnt {
        let mut learnt = self.online.learnt();
        learnt.tensors.extend(prefixed("target", parameters::list(&self.target)));
        learnt
    }

    fn restore(&mut self, learnt: &Learnt) -> Result<(), CheckpointError> {
        let (online, target) = (self.online.restored(learnt)?, restored(&self.target, "target", learnt)?);
        (self.online, self.target) = (online, target);
        Ok(())
    }
}
