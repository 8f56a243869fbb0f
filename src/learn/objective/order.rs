//! Order in time: are two windows neighbours, and does a third one lie between two others?
//!
//! Owned by the trainer. Invariant: the right answers follow from where the windows come from.

use super::single::{Judgement, Single};
use super::{Batch, Origin};
use crate::learn::nn::{Init, Linear, cross_entropy};
use crate::learn::{Encoder, EncoderShape};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

#[derive(Module, Debug)]
pub(super) struct Network {
    encoder: Encoder,
    /// `|a - b|` to far apart, near.
    position: Linear,
    /// `|a - b|` and `|b - c|` to shuffled, in order.
    triplet: Linear,
}

/// Relative positioning and temporal shuffling (Banville et al., 2021) in training, half of the loss each.
pub(super) struct Order {
    pub shape: EncoderShape,
}

/// 1 where `between` starts after `from` and before `to`, 0 where not.
fn in_order(from: Origin, between: Origin, to: Origin) -> usize {
    let one_stretch = from.source == between.source && between.source == to.source;
    usize::from(one_stretch && from.first < between.first && between.first < to.first)
}

impl Single for Order {
    type Network = Network;

    fn network(&self, init: &mut Init) -> Network {
        let width = self.shape.embedding;
        let encoder = Encoder::new(init, &self.shape);
        Network { encoder, position: Linear::new(init, width, 2), triplet: Linear::new(init, 2 * width, 2) }
    }

    fn encoder(network: &Network) -> &Encoder {
        &network.encoder
    }

    fn judge(&self, network: &Network, batch: &Batch, device: &Device) -> Judgement {
        let rows = batch.rows();
        let embeddings = network.encoder.forward(batch.together(3, device));
        let [a, b, c] = [0, 1, 2].map(|which| embeddings.clone().narrow(0, which * rows, rows));
        let (ab, bc) = ((a.clone() - b.clone()).abs(), (b - c).abs());
        let [from, between, to] = &batch.origins;
        let right: Vec<usize> = (0..rows).map(|i| in_order(from[i], between[i], to[i])).collect();
        // What lies between two neighbours is a neighbour of the first, and what does not is far from it.
        let position = cross_entropy(network.position.forward(ab.clone()), right.clone(), None).mean();
        let triplet = cross_entropy(network.triplet.forward(Tensor::cat(vec![ab, bc], 1)), right, None).mean();
        Judgement { loss: (position + triplet) * 0.5, chance: Some(std::f32::consts::LN_2), embeddings: a }
    }
}
