//! A gated recurrent unit over all steps of a sequence, as a layer.

use super::{Init, Kernels, gru_over_time, plain};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// One pair of weight and bias.
#[derive(Module, Debug)]
struct Gates {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

/// One layer (Cho et al., 2014), gates in PyTorch's order: reset, update, new.
#[derive(Module, Debug)]
pub struct Gru {
    input: Gates,
    hidden: Gates,
    #[module(skip)]
    kernels: Kernels,
}

impl Gru {
    /// A layer from `inputs` values a step to `width`, weights even as in [`super::Linear`].
    #[must_use]
    pub fn new(init: &mut Init, inputs: usize, width: usize) -> Self {
        let mut gates = |from: usize| {
            let weight = init.uniform([from, 3 * width], (1.0 / from as f32).sqrt());
            Gates { weight, bias: init.constant([3 * width], 0.0) }
        };
        Self { input: gates(inputs), hidden: gates(width), kernels: init.kernels() }
    }

    /// `[B, N, inputs]` to the state after each step, `[B, N, width]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let weights = [self.input.weight.val(), self.hidden.weight.val()];
        let biases = [self.input.bias.val(), self.hidden.bias.val()];
        match self.kernels {
            Kernels::Own => gru_over_time(x, weights, biases),
            Kernels::Plain => plain::gru_over_time(x, weights, biases),
        }
    }
}
