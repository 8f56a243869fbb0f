//! The windows that a trainer holds, in a checkpoint: replay memory, held windows, the candidate on trial.
//!
//! On the trainer's thread. Invariant: a trainer that takes them up goes on bit for bit as the one that saved them; one of
//! other settings leaves all of them alone.

use super::Trainer;
use super::saved::{behind, with_prefix};
use crate::learn::gate::{Canary, counters, of_counters};
use crate::learn::numbers::{numbers, of_numbers, of_origins, of_rng, of_rows, origins, put_rng, values};
use crate::learn::objective::Learnt;
use crate::learn::{Generation, Health};
use crate::signal::Stamp;

const REPLAY: &str = "replay.";
const CANARY: &str = "canary.";
const TRIAL_METRIC: &str = "trial_metric.";

impl Trainer {
    pub(super) fn save_signal(&self, learnt: &mut Learnt) {
        let window = self.settings.frames * self.settings.objective.encoder.channels;
        let tensors = &mut learnt.tensors;
        tensors.extend(self.memory.saved(REPLAY));
        tensors.push(of_numbers("rng".into(), of_rng(&self.rng)));
        let Some(gate) = &self.gate else { return };
        tensors.push(of_rows("probe.windows".into(), gate.probe.windows.clone(), window));
        tensors.push(of_origins("probe.origins".into(), gate.probe.origins.iter().copied()));
        let unseen: Vec<f32> = gate.unseen.iter().flat_map(|(_, samples)| samples).copied().collect();
        tensors.push(of_rows("unseen.windows".into(), unseen, window));
        tensors.push(of_origins("unseen.origins".into(), gate.unseen.iter().map(|(origin, _)| origin)));
        let [bad, all] = gate.rejected;
        let [loud, batches] = gate.loud.map(f64::to_bits);
        let since = gate.probe.since() as u64;
        tensors.push(of_numbers("gate.since".into(), [since, bad, all, loud, batches]));
        if let Some(canary) = &gate.canary {
            tensors.extend(with_prefix(CANARY, &canary.learnt.tensors));
            let dimension = self.settings.objective.encoder.embedding;
            let [new, served] = canary.embeddings();
            tensors.push(of_rows("trial.candidate".into(), new.to_vec(), dimension));
            tensors.push(of_rows("trial.served".into(), served.to_vec(), dimension));
            let Health { std, rankme, cosine } = canary.candidate.health;
            let health = [std, rankme, cosine].map(f64::to_bits);
            let numbers = [canary.candidate.step, canary.windows as u64].into_iter().chain(health);
            tensors.push(of_numbers("trial.numbers".into(), numbers));
            learnt.counters.extend(counters(TRIAL_METRIC, &canary.showed));
            let behind = canary.learnt.counters.iter();
            learnt.counters.extend(behind.map(|(name, value)| (format!("{CANARY}{name}"), *value)));
        }
    }

    /// Takes up what was saved; false where it was not, or by other settings.
    pub(super) fn take_up_signal(&mut self, learnt: &Learnt) -> bool {
        let tensors = &learnt.tensors;
        let Some(Ok(rng)) = numbers(tensors, "rng").map(<[u64; 3]>::try_from) else { return false };
        if !self.memory.take_up(REPLAY, tensors) {
            return false;
        }
        put_rng(&mut self.rng, rng);
        let window = self.settings.frames * self.settings.objective.encoder.channels;
        let dimension = self.settings.objective.encoder.embedding;
        let Some(gate) = &mut self.gate else { return true };
        if let (Some(probe), Some(at)) = (values(tensors, "probe.windows"), origins(tensors, "probe.origins")) {
            gate.probe.take_up(probe, at, window);
        }
        if let (Some(unseen), Some(at)) = (values(tensors, "unseen.windows"), origins(tensors, "unseen.origins"))
            && unseen.len() == at.len() * window
        {
            for (origin, samples) in at.into_iter().zip(unseen.chunks_exact(window)) {
                gate.unseen.pass(origin, samples, &mut |_, _| {});
            }
        }
        if let Some(&[since, bad, all, loud, batches]) = numbers(tensors, "gate.since").as_deref() {
            gate.probe.resume(since as usize);
            gate.rejected = [bad, all];
            gate.loud = [f64::from_bits(loud), f64::from_bits(batches)];
        }
        if let (Some(&[step, windows, std, rankme, cosine]), Some(new), Some(served)) = (
            numbers(tensors, "trial.numbers").as_deref(),
            values(tensors, "trial.candidate"),
            values(tensors, "trial.served"),
        ) {
            let showed = of_counters(TRIAL_METRIC, &learnt.counters);
            let learnt = behind(CANARY, learnt);
            let mut other = (self.builder)(&self.settings.objective);
            // What does not fit is tried anew with the next candidate.
            if other.restore(&learnt).is_ok() {
                let [std, rankme, cosine] = [std, rankme, cosine].map(f64::from_bits);
                let (health, made_at) = (Health { std, rankme, cosine }, Stamp::default());
                let candidate = Generation { number: 0, step, encoder: other.encoder(), axes: None, health, made_at };
                let mut canary = Canary::new(candidate, learnt, showed, windows as usize);
                for (new, served) in new.chunks_exact(dimension).zip(served.chunks_exact(dimension)) {
                    canary.take(new, served, [0.0; 2]);
                }
                gate.canary = Some(canary);
            }
        }
        true
    }
}
