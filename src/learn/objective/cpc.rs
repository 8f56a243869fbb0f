//! CPC: the pieces of a window predict the pieces after them.
//!
//! Owned by the trainer. Each window is cut into pieces that the encoder sees one by one, so the receptive field of a
//! latent is its own piece and no prediction can look at its answer (Banville et al., 2021). Invariant: pieces do not overlap.

use super::Batch;
use super::loss::{Negatives, Score, cpc_steps};
use super::single::{Judgement, Single};
use crate::learn::nn::{Gru, Init};
use crate::learn::{Encoder, EncoderShape};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// What a piece is told apart from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpcNegatives {
    /// The pieces of other windows at the same time.
    SameTime,
    /// The pieces of all windows at all times.
    AllTimes,
    /// Of those at the same time only the ones from other recordings, or from behind a gap.
    OtherRecordings,
}

impl CpcNegatives {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SameTime, Self::AllTimes, Self::OtherRecordings];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SameTime => "same-time",
            Self::AllTimes => "all-times",
            Self::OtherRecordings => "other-recordings",
        }
    }
}

#[derive(Module, Debug)]
pub(super) struct Network {
    encoder: Encoder,
    context: Gru,
    heads: Vec<Param<Tensor<2>>>,
}

/// CPC in training (van den Oord et al., 2018): a GRU sums up the past, one linear head a step ahead.
pub(super) struct Cpc {
    pub shape: EncoderShape,
    /// Pieces of a window.
    pub pieces: usize,
    /// How many pieces ahead are predicted.
    pub ahead: usize,
    /// Cosines over this are the scores; without it, the log-bilinear ones of the paper. Latents share a large mean at first:
    /// it cancels between the answers to one prediction in the latter, and hides what differs in the former.
    pub temperature: Option<f32>,
    pub negatives: CpcNegatives,
}

/// Width of the context (Banville et al. use 100).
const CONTEXT: usize = 128;

impl Cpc {
    /// Negatives of a batch, and the mean number of them for each prediction.
    fn negatives(&self, batch: &Batch) -> (Negatives, f32) {
        let rows = batch.rows();
        match self.negatives {
            CpcNegatives::SameTime => (Negatives::BatchSameTime, rows as f32 - 1.0),
            CpcNegatives::AllTimes => {
                // Each step ahead has as many predictions as pieces are left.
                let left = self.pieces as f32 - (self.ahead as f32 + 1.0) / 2.0;
                (Negatives::BatchTime, rows as f32 * left - 1.0)
            }
            CpcNegatives::OtherRecordings => {
                let recordings: Vec<u32> = batch.origins[0].iter().map(|origin| origin.source).collect();
                let others = |a: &u32| recordings.iter().filter(|&b| a != b).count();
                let mean = recordings.iter().map(others).sum::<usize>() as f32 / rows.max(1) as f32;
                (Negatives::OtherRecordings(recordings), mean)
            }
        }
    }
}

impl Single for Cpc {
    type Network = Network;

    fn network(&self, init: &mut Init) -> Network {
        let dimension = self.shape.embedding;
        let encoder = Encoder::new(init, &self.shape);
        let context = Gru::new(init, dimension, CONTEXT);
        let bound = (1.0 / CONTEXT as f32).sqrt();
        let heads = (0..self.ahead).map(|_| init.uniform([CONTEXT, dimension], bound)).collect();
        Network { encoder, context, heads }
    }

    fn encoder(network: &Network) -> &Encoder {
        &network.encoder
    }

    fn judge(&self, network: &Network, batch: &Batch, device: &Device) -> Judgement {
        let rows = batch.rows();
        let piece = batch.frames / self.pieces;
        let used = piece * self.pieces;
        // What does not divide is left out at the beginning: the end of a window is the newest.
        let x = batch.view(0, device).slice([0..rows, batch.frames - used..batch.frames]);
        let latents = network.encoder.forward(x.reshape([rows * self.pieces, piece, batch.channels]));
        let z = latents.clone().reshape([rows, self.pieces, latents.dims()[1]]);
        let c = network.context.forward(z.clone());
        let heads: Vec<Tensor<2>> = network.heads.iter().map(Param::val).collect();
        let (negatives, count) = self.negatives(batch);
        let score = self.temperature.map_or(Score::Dot, |temperature| Score::Cosine { temperature });
        let steps = cpc_steps(&z, &c, &heads, score, &negatives);
        Judgement { loss: Tensor::cat(steps, 0).mean(), chance: Some((1.0 + count).ln()), embeddings: latents }
    }
}
