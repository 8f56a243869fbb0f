//! `SimCLR`: each view of a window tells the other one from all views of the batch.
//!
//! Owned by the trainer. Invariant: both views go through the network in one batch.

use super::single::{Judgement, Single};
use super::trunk::{Trunk, halves};
use super::{Batch, loss};
use crate::learn::nn::Init;
use crate::learn::{Encoder, EncoderShape};
use burn::tensor::{Device, Tensor};

/// `SimCLR` (Chen et al., 2020), with layer instead of batch normalisation in its projector.
pub(super) struct Simclr {
    pub shape: EncoderShape,
    pub temperature: f32,
}

impl Single for Simclr {
    type Network = Trunk;

    fn network(&self, init: &mut Init) -> Trunk {
        Trunk::new(init, &self.shape)
    }

    fn encoder(network: &Trunk) -> &Encoder {
        &network.encoder
    }

    fn judge(&self, network: &Trunk, batch: &Batch, device: &Device) -> Judgement {
        let (embeddings, projections): (Tensor<2>, Tensor<2>) = network.forward(batch.together(2, device));
        let (z1, z2) = halves(projections);
        Judgement {
            loss: loss::nt_xent(z1, z2, self.temperature),
            chance: Some(((2 * batch.rows()).saturating_sub(1).max(1) as f32).ln()),
            embeddings: halves(embeddings).0,
        }
    }
}
