//! The online side of an objective: modules that learn, and their optimiser.

use super::single::Judgement;
use super::{Learnt, StepReport};
use crate::learn::parameters::{self, Named};
use crate::learn::{AdamW, CheckpointError, Schedule};
use burn::module::Module;
use burn::tensor::Tensor;

/// A module with its optimiser.
#[derive(Debug)]
pub(in crate::learn) struct Online<M> {
    module: M,
    optimiser: AdamW,
    skipped_losses: u64,
}

/// What a step against a loss did.
pub(in crate::learn) struct Descent {
    loss: f32,
    gradient_norm: f64,
    learning_rate: f64,
    pub skipped: bool,
}

impl Descent {
    /// The loss before the step.
    pub fn loss(&self) -> f32 {
        self.loss
    }
}

impl<M: Module> Online<M> {
    pub fn new(module: M, schedule: Schedule) -> Self {
        Self { module, optimiser: AdamW::new(schedule), skipped_losses: 0 }
    }

    pub fn module(&self) -> &M {
        &self.module
    }

    /// Takes steps of this share of the schedule's learning rate from now on.
    pub fn scale_rate(&mut self, share: f64) {
        self.optimiser.scale_rate(share);
    }

    pub fn steps(&self) -> u64 {
        self.optimiser.steps()
    }

    pub fn skipped(&self) -> u64 {
        self.optimiser.skipped() + self.skipped_losses
    }

    /// One step against `loss`, a scalar that depends on the module's parameters.
    pub fn descend(&mut self, loss: &Tensor<1>) -> Descent {
        let learning_rate = self.optimiser.learning_rate();
        let value = loss.clone().into_scalar::<f32>();
        if !value.is_finite() {
            self.skipped_losses += 1;
            return Descent { loss: value, gradient_norm: f64::NAN, learning_rate, skipped: true };
        }
        let gradients = parameters::gradients(&self.module, &loss.backward());
        let mut values = parameters::list(&self.module);
        let gradient_norm = self.optimiser.step(&mut values, &gradients);
        let skipped = !gradient_norm.is_finite();
        if !skipped {
            match parameters::with_values(self.module.clone(), &values) {
                Ok(module) => self.module = module,
                Err(error) => unreachable!("values that were just listed: {error}"),
            }
        }
        Descent { loss: value, gradient_norm, learning_rate, skipped }
    }

    /// One step against the loss that a method made of a batch, with what is told of both.
    pub(super) fn learn(&mut self, judged: Judgement) -> StepReport {
        let Judgement { loss, chance, embeddings } = judged;
        let Descent { loss, gradient_norm, learning_rate, skipped } = self.descend(&loss);
        let embeddings = parameters::values_of(embeddings.detach());
        StepReport { loss, chance, gradient_norm, learning_rate, skipped, embeddings }
    }

    pub fn learnt(&self) -> Learnt {
        let values = parameters::list(&self.module);
        let (mut tensors, steps, skipped) = self.optimiser.state(&values);
        tensors.extend(prefixed("online", values));
        let counters = vec![
            ("steps".to_owned(), steps),
            ("skipped".to_owned(), skipped),
            ("skipped_losses".to_owned(), self.skipped_losses),
        ];
        Learnt { tensors, counters }
    }

    /// The same with what [`Online::learnt`] gave.
    pub fn restored(&self, learnt: &Learnt) -> Result<Self, CheckpointError> {
        let module = restored(&self.module, "online", learnt)?;
        let mut optimiser = self.optimiser.clone();
        let (steps, skipped) = (counter(learnt, "steps")?, counter(learnt, "skipped")?);
        if !optimiser.restore(&parameters::list(&module), &learnt.tensors, steps, skipped) {
            return Err(CheckpointError::Missing("the optimiser's state".to_owned()));
        }
        Ok(Self { module, optimiser, skipped_losses: counter(learnt, "skipped_losses")? })
    }
}

/// The parameters with a prefix before their names.
pub(super) fn prefixed(prefix: &str, values: Vec<Named>) -> impl Iterator<Item = Named> {
    values.into_iter().map(move |named| Named { name: format!("{prefix}.{}", named.name), ..named })
}

/// A module of the same type with the values that bear this prefix.
pub(super) fn restored<M: Module>(module: &M, prefix: &str, learnt: &Learnt) -> Result<M, CheckpointError> {
    let of_module = learnt.tensors.iter().filter_map(|named| {
        let name = named.name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned();
        Some(Named { name, ..named.clone() })
    });
    Ok(parameters::with_values(module.clone(), &of_module.collect::<Vec<_>>())?)
}

/// A counter by name.
pub(super) fn counter(learnt: &Learnt, name: &str) -> Result<u64, CheckpointError> {
    let found = learnt.counters.iter().find(|(n, _)| n == name).map(|&(_, value)| value);
    found.ok_or_else(|| CheckpointError::Missing(format!("the counter `{name}`")))
}
