//! What a trainer leaves in a checkpoint, and how it goes on from one.
//!
//! On the trainer's thread. Invariant: what a checkpoint serves is what was served when it was made, whatever the trainer
//! was at.

use super::Trainer;
use crate::learn::checkpoint::Identity;
use crate::learn::gate::{Best, counters, of_counters};
use crate::learn::objective::Learnt;
use crate::learn::parameters::Named;
use crate::learn::{Axes, Checkpoint, CheckpointError, Generation, Health};
use crate::signal::Stamp;
use std::sync::Arc;

/// Before the names of all that stands behind what is served.
pub(in crate::learn) const SERVED: &str = "served.";

/// Before the names of the counters with what it showed.
pub(in crate::learn) const SERVED_METRIC: &str = "served_metric.";

/// Counters with the bits of the best figures.
const BEST: [&str; 4] = ["gate_best_std", "gate_best_rank", "gate_best_participation", "gate_best_uniformity"];

impl Trainer {
    /// All that it has learnt, to be saved; `with_signal` also the windows that it holds, which are raw signal, so that it
    /// goes on as if it had never stopped.
    #[must_use]
    pub fn checkpoint(&self, identity: &Identity, with_signal: bool) -> Checkpoint {
        let mut learnt = self.objective.learnt();
        let mut counter = |name: &str, value: u64| learnt.counters.push((name.to_owned(), value));
        counter("draws", self.draws);
        counter("generations", self.status.generations);
        counter("refused", self.status.refused);
        counter("rollbacks", self.status.rollbacks);
        counter("undone_steps", self.undone[0]);
        counter("undone_skipped", self.undone[1]);
        counter("drifts", self.status.drifts.into());
        if let Some(gate) = &self.gate {
            counter("gate_failures", gate.failures.into());
            counter("gate_good", gate.good.into());
            // The rate is one over a power of two.
            counter("gate_rate_divisor", gate.rate.recip().round() as u64);
            let Best { std, rank, participation, uniformity } = gate.best;
            for (name, value) in BEST.into_iter().zip([std, rank, participation, uniformity]) {
                counter(name, value.to_bits());
            }
            let served = &gate.served;
            counter("served_number", served.generation.number);
            counter("served_step", served.generation.step);
            learnt.counters.extend(counters(SERVED_METRIC, &gate.showed));
            learnt.tensors.extend(with_prefix(SERVED, &served.learnt.tensors));
            let counters = served.learnt.counters.iter();
            learnt.counters.extend(counters.map(|(name, value)| (format!("{SERVED}{name}"), *value)));
            learnt.tensors.extend(served.generation.axes.iter().flat_map(|axes| axes.named()));
        }
        if with_signal {
            self.save_signal(&mut learnt);
        }
        Checkpoint { identity: identity.clone(), learnt, scale: None }
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// If it does not fit; the trainer is then as it was before.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let learnt = &checkpoint.learnt;
        let counter = |name: &str| learnt.counters.iter().find(|(n, _)| n == name).map(|&(_, value)| value);
        let count = |name: &str| counter(name).unwrap_or_default();
        if let Some(gate) = &mut self.gate {
            // Checkpoints from before there was a gate serve what they have learnt.
            let served = if counter("served_number").is_some() { behind(SERVED, learnt) } else { learnt.clone() };
            gate.judge.restore(&served)?;
            let (raw, axes) = (gate.judge.encoder(), Axes::among(&learnt.tensors).map(Arc::new));
            gate.served.generation = Generation {
                number: counter("served_number").unwrap_or(count("generations")),
                step: counter("served_step").unwrap_or(count("steps")),
                encoder: axes.as_ref().map_or_else(|| raw.clone(), |axes| axes.folded(&raw)),
                axes,
                health: Health::default(),
                made_at: Stamp::default(),
            };
            (gate.served.raw, gate.served.learnt) = (raw, served);
        }
        self.objective.restore(learnt)?;
        if let Some(gate) = &mut self.gate {
            gate.failures = u32::try_from(count("gate_failures")).unwrap_or_default();
            gate.good = u32::try_from(count("gate_good")).unwrap_or_default();
            gate.rate = 1.0 / count("gate_rate_divisor").max(1) as f64;
            let [std, rank, participation, uniformity] = BEST.map(|name| f64::from_bits(count(name)));
            gate.showed = of_counters(SERVED_METRIC, &learnt.counters);
            gate.best = Best { std, rank, participation, uniformity };
            self.objective.scale_rate(gate.rate);
            (self.status.rate, self.status.failures) = (gate.rate, gate.failures);
            self.status.residual = gate.served.generation.axes.as_ref().map(|axes| axes.residual);
        }
        (self.draws, self.status.generations) = (count("draws"), count("generations"));
        (self.status.refused, self.status.rollbacks) = (count("refused"), count("rollbacks"));
        self.undone = [count("undone_steps"), count("undone_skipped")];
        self.count();
        self.let_drift(count("drifts") == 1);
        if !self.take_up_signal(learnt) {
            // Draws go on where they stopped, in a stream of their own: the memory is another.
            self.rng.set_stream(2 + self.draws);
        }
        Ok(())
    }
}

pub(super) fn with_prefix<'a>(prefix: &'a str, tensors: &'a [Named]) -> impl Iterator<Item = Named> + 'a {
    tensors.iter().map(move |named| Named { name: format!("{prefix}{}", named.name), ..named.clone() })
}

/// What lies behind a prefix, without it.
pub(super) fn behind(prefix: &str, learnt: &Learnt) -> Learnt {
    let tensors = learnt
        .tensors
        .iter()
        .filter_map(|named| Some(Named { name: named.name.strip_prefix(prefix)?.to_owned(), ..named.clone() }));
    let counters =
        learnt.counters.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), *value)));
    Learnt { tensors: tensors.collect(), counters: counters.collect() }
}
