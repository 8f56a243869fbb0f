//! A network in training and a moving average that follows its trunk: a target, or a key encoder.
//!
//! Owned by an objective. Invariant: the average has no gradients, and moves once a step, after the optimiser, and not at
//! all where the step was skipped.

use super::online::{Online, prefixed, restored};
use super::single::Judgement;
use super::trunk::Trunk;
use super::{Learnt, ObjectiveSettings, StepReport};
use crate::learn::{CheckpointError, Encoder, parameters};
use burn::module::Module;

/// What is trained, of which the average follows the trunk.
pub(super) trait HasTrunk: Module {
    /// The part that is followed.
    fn trunk(&self) -> &Trunk;
}

impl HasTrunk for Trunk {
    fn trunk(&self) -> &Trunk {
        self
    }
}

/// Such a network with its average.
pub(super) struct Followed<N> {
    online: Online<N>,
    average: Trunk,
    /// What the average is called in checkpoints.
    name: &'static str,
    momentum: f32,
}

impl<N: HasTrunk> Followed<N> {
    /// The average begins where the network does.
    pub fn new(network: N, name: &'static str, settings: &ObjectiveSettings) -> Self {
        let average = network.trunk().valid();
        Self { online: Online::new(network, settings.schedule), average, name, momentum: settings.momentum }
    }

    pub fn network(&self) -> &N {
        self.online.module()
    }

    pub fn average(&self) -> &Trunk {
        &self.average
    }

    /// One step against the loss that a method made of a batch, then one of the average.
    pub fn learn(&mut self, judged: Judgement) -> StepReport {
        let report = self.online.learn(judged);
        if !report.skipped {
            let trunk = parameters::list(self.network().trunk());
            self.average = parameters::moved_towards(self.average.clone(), &trunk, self.momentum);
        }
        report
    }

    pub fn encoder(&self) -> Encoder {
        self.network().trunk().encoder.valid()
    }

    pub fn scale_rate(&mut self, share: f64) {
        self.online.scale_rate(share);
    }

    pub fn steps(&self) -> u64 {
        self.online.steps()
    }

    pub fn skipped(&self) -> u64 {
        self.online.skipped()
    }

    pub fn learnt(&self) -> Learnt {
        let mut learnt = self.online.learnt();
        learnt.tensors.extend(prefixed(self.name, parameters::list(&self.average)));
        learnt
    }

    /// The same with what [`Followed::learnt`] gave.
    pub fn restored(&self, learnt: &Learnt) -> Result<Self, CheckpointError> {
        let (online, average) = (self.online.restored(learnt)?, restored(&self.average, self.name, learnt)?);
        Ok(Self { online, average, ..*self })
    }
}
