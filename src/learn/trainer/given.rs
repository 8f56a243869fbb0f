//! Batches of windows that others hold: dealt out one by one for pretraining, or kept to judge by.
//!
//! On the trainer's thread. Invariant: what a batch holds follows from the windows that it is given and from how many came
//! before it alone, and judging changes nothing.

use super::Trainer;
use super::gated::FIXED_DRAWS;
use crate::learn::objective::Batch;
use crate::learn::{Health, ReplayMemory};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The stream of draws that finds neighbours; those before it draw views and what objectives hide.
const NEIGHBOURS: u64 = 8;

/// What windows say of an encoder that learnt nothing from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// Optimiser steps behind it.
    pub step: u64,
    /// Mean loss.
    pub loss: f64,
    /// Mean loss that guessing gives, where the method has one.
    pub chance: Option<f64>,
    /// Health of the embeddings.
    pub health: Health,
    /// Windows that were judged.
    pub windows: usize,
}

impl Trainer {
    /// True if the windows of a memory can make a row as the method asks for it.
    #[must_use]
    pub fn can_learn_from(&self, memory: &ReplayMemory) -> bool {
        self.drawing.possible(memory)
    }

    /// Fills `batch` with these windows of a memory that is not the trainer's, and with the neighbours that the method asks
    /// for, augmented where it wants that.
    pub fn deal(&mut self, memory: &ReplayMemory, places: &[usize], batch: &mut Batch) {
        self.deal_at(memory, places, batch, self.draws);
        self.draws += self.drawn[0].len() as u64;
    }

    /// What the windows of a memory that nothing is learnt from say, each in the same views at every look; none if there are
    /// too few for the method.
    pub fn validate(&mut self, memory: &ReplayMemory) -> Option<Validation> {
        // As many windows a batch as in training: a contrastive loss depends on it.
        let rows = self.settings.batch.min(memory.len());
        if rows < 2 || !self.can_learn_from(memory) {
            return None;
        }
        let places: Vec<usize> = (0..memory.len()).collect();
        let encoder = self.objective.encoder();
        let (mut batch, mut embeddings, mut plain) = (Batch::default(), Vec::new(), Vec::new());
        let (mut loss, mut chance, mut batches) = (0.0, Some(0.0), 0.0);
        for (places, first) in places.chunks_exact(rows).zip((FIXED_DRAWS..).step_by(rows)) {
            self.deal_at(memory, places, &mut batch, first);
            let judged = self.objective.judge(&batch);
            loss += f64::from(judged.loss);
            chance = chance.zip(judged.chance).map(|(sum, chance)| sum + f64::from(chance));
            batches += 1.0;
            plain.clear();
            places.iter().for_each(|&place| memory.window(place, &mut plain));
            embeddings.extend(encoder.embed_all(plain.clone(), batch.frames, batch.channels));
        }
        let dimension = self.settings.objective.encoder.embedding;
        Some(Validation {
            step: self.status.steps,
            loss: loss / batches,
            chance: chance.map(|sum| sum / batches),
            health: Health::of(&embeddings, dimension),
            windows: embeddings.len() / dimension,
        })
    }

    fn deal_at(&mut self, memory: &ReplayMemory, places: &[usize], batch: &mut Batch, first: u64) {
        let mut rng =
            ChaCha8Rng::seed_from_u64(self.settings.objective.seed ^ first.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.set_stream(NEIGHBOURS);
        self.drawn[0].clear();
        self.drawn[0].extend(places);
        self.drawing.join(memory, &mut rng, &mut self.drawn);
        self.fill(Some(memory), batch, first);
        // They are places of another memory.
        batch.places.clear();
    }
}
