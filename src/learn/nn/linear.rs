//! Linear layers and the two-layer heads of the contrastive methods.

use super::{Activation, GroupNorm, Init, Kernels, linear, plain};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// `y = x W + b`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[inputs, outputs]`.
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    kernels: Kernels,
}

impl Linear {
    /// A layer with even weights of variance 1 / (3 inputs), as PyTorch draws them.
    #[must_use]
    pub fn new(init: &mut Init, inputs: usize, outputs: usize) -> Self {
        let bound = (1.0 / inputs as f32).sqrt();
        let (weight, bias) = (init.uniform([inputs, outputs], bound), init.constant([outputs], 0.0));
        Self { weight, bias, kernels: init.kernels() }
    }

    /// Where it is computed.
    #[must_use]
    pub fn device(&self) -> Device {
        self.weight.val().device()
    }

    /// `[B, inputs]` to `[B, outputs]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self.kernels {
            Kernels::Own => linear(x, self.weight.val(), self.bias.val()),
            Kernels::Plain => plain::linear(x, self.weight.val(), self.bias.val()),
        }
    }

    /// `[B, N, inputs]` to `[B, N, outputs]`.
    #[must_use]
    pub fn forward_tokens(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, inputs] = x.dims();
        let y = self.forward(x.reshape([batch * tokens, inputs]));
        let outputs = y.dims()[1];
        y.reshape([batch, tokens, outputs])
    }
}

/// Linear, layer normalisation, activation, linear: projector and predictor.
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
    pub fn new(init: &mut Init, [inputs, hidden, outputs]: [usize; 3], activation: Activation) -> Self {
        Self {
            input: Linear::new(init, inputs, hidden),
            norm: GroupNorm::new(init, hidden, 1, activation),
            output: Linear::new(init, hidden, outputs),
        }
    }

    /// `[B, inputs]` to `[B, outputs]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(self.norm.forward_rows(self.input.forward(x)))
    }
}
