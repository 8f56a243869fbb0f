//! Encoder and projector: what contrastive methods train.

use crate::learn::nn::{Activation, Init, Perceptron};
use crate::learn::{Encoder, EncoderShape};
use burn::module::Module;
use burn::tensor::Tensor;

/// Width of heads between their layers.
pub(super) const HIDDEN: usize = 256;
/// Values that a projection has.
pub(super) const PROJECTION: usize = 128;

/// An encoder with a projector behind it, which is left out where embeddings are served (Chen et al., 2020).
#[derive(Module, Debug)]
pub(super) struct Trunk {
    pub encoder: Encoder,
    projector: Perceptron,
}

impl Trunk {
    /// First weights.
    pub fn new(init: &mut Init, shape: &EncoderShape) -> Self {
        let encoder = Encoder::new(init, shape);
        let projector = Perceptron::new(init, [shape.embedding, HIDDEN, PROJECTION], Activation::Gelu);
        Self { encoder, projector }
    }

    /// Windows `[B, T, C]` to embeddings `[B, D]` and projections `[B, 128]`.
    pub fn forward(&self, x: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        let embeddings = self.encoder.forward(x);
        (embeddings.clone(), self.projector.forward(embeddings))
    }
}

/// The two halves of `[2B, D]`.
pub(super) fn halves(x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let rows = x.dims()[0] / 2;
    (x.clone().narrow(0, 0, rows), x.narrow(0, rows, rows))
}

/// Projections `[B, D]` that are to be predicted, less what all of this batch share.
///
/// First embeddings share most of what they are, for features are normalised over each window, and to predict that alone
/// would be no task: the loss would fall to nothing while windows become the same. A target without its centre leaves no
/// such way out (after Caron et al., 2021, whose centre is a running mean), and no layer depends on the batch.
pub(super) fn centred(targets: Tensor<2>) -> Tensor<2> {
    let centre = targets.clone().mean_dim(0);
    targets - centre
}
