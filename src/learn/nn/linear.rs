//! Linear layers and the two-layer heads of the contrastive methods.

use super::{GroupNorm, Init};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// `y = x W + b`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[inputs, outputs]`.
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Linear {
    /// A layer with even weights of variance 1 / (3 inputs), as PyTorch draws them.
    #[must_use]
    pub fn new(init: &mut Init, inputs: usize, outputs: usize) -> Self {
        let bound = (1.0 / inputs as f32).sqrt();
        Self { weight: init.uniform([inputs, outputs], bound), bias: init.constant([outputs], 0.0) }
    }

    /// `[B, inputs]` to `[B, outputs]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val()) + self.bias.val().unsqueeze()
    }
}

/// Linear, layer normalisation, GELU, linear: projector and predictor.
///
/// Layer instead of batch normalisation: BYOL needs no batch statistics (Richemond et al., 2020), and statistics of a live
/// batch would leak the state of the moment.
#[derive(Module, Debug)]
pub struct Perceptron {
    input: Linear,
    norm: GroupNorm,
    output: Linear,
}

impl Perceptron {
    /// A head.
    #[must_use]
    pub fn new(init: &mut Init, inputs: usize, hidden: usize, outputs: usize) -> Self {
        Self {
            input: Linear::new(init, inputs, hidden),
            norm: GroupNorm::new(init, hidden, 1),
            output: Linear::new(init, hidden, outputs),
        }
    }

    /// `[B, inputs]` to `[B, outputs]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let hidden = self.norm.forward(self.input.forward(x).unsqueeze_dim(1)).squeeze_dim(1);
        self.output.forward(hidden)
    }
}
