//! CPC: the pieces of a window predict the pieces after them.
//!
//! Owned by the trainer. Each window is cut into pieces that the encoder sees one by one, so the receptive field of a
//! latent is its own piece and no prediction can look at its answer (Banville et al., 2021). Invariant: pieces do not overlap.

use super::loss::{Negatives, Score, cpc_steps};
use super::online::Online;
use super::{Batch, Learnt, Objective, ObjectiveSettings, StepReport};
use crate::learn::nn::{Compute, Gru, Init};
use crate::learn::{CheckpointError, Encoder, parameters};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

#[derive(Module, Debug)]
struct Network {
    encoder: Encoder,
    context: Gru,
    heads: Vec<Param<Tensor<2>>>,
}

/// CPC in training (van den Oord et al., 2018): a GRU sums up the past, one linear head a step ahead.
pub(super) struct Cpc {
    online: Online<Network>,
    pieces: usize,
    temperature: f32,
    compute: Compute,
}

/// Width of the context (Banville et al. use 100).
const CONTEXT: usize = 128;

impl Cpc {
    pub fn new(settings: &ObjectiveSettings) -> Self {
        let mut init = Init::training(settings.seed, settings.compute);
        let dimension = settings.encoder.embedding;
        let encoder = Encoder::new(&mut init, &settings.encoder);
        let context = Gru::new(&mut init, dimension, CONTEXT);
        let bound = (1.0 / CONTEXT as f32).sqrt();
        let heads = (0..settings.ahead).map(|_| init.uniform([CONTEXT, dimension], bound)).collect();
        let online = Online::new(Network { encoder, context, heads }, settings.schedule);
        Self { online, pieces: settings.pieces, temperature: settings.temperature, compute: settings.compute }
    }
}

impl Objective for Cpc {
    fn step(&mut self, batch: &Batch) -> StepReport {
        let (rows, network) = (batch.rows(), self.online.module());
        let piece = batch.frames / self.pieces;
        let used = piece * self.pieces;
        // What does not divide is left out at the beginning: the end of a window is the newest.
        let x = batch.view(0, &self.compute.training()).slice([0..rows, batch.frames - used..batch.frames]);
        let latents = network.encoder.forward(x.reshape([rows * self.pieces, piece, batch.channels]));
        let dimension = latents.dims()[1];
        let z = latents.clone().reshape([rows, self.pieces, dimension]);
        let c = network.context.forward(z.clone());
        let heads: Vec<Tensor<2>> = network.heads.iter().map(Param::val).collect();
        let score = Score::Cosine { temperature: self.temperature };
        let steps = cpc_steps(&z, &c, &heads, score, &Negatives::BatchSameTime);
        let loss = Tensor::cat(steps, 0).mean();
        let descent = self.online.descend(&loss);
        descent.report(Some((rows as f32).ln()), parameters::values_of(latents.detach()))
    }

    fn encoder(&self) -> Encoder {
        self.online.module().encoder.valid()
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
