//! A gated recurrent unit over all steps of a sequence.

use super::{Init, Linear};
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};

/// One layer (Cho et al., 2014), gates in PyTorch's order: reset, update, new.
#[derive(Module, Debug)]
pub struct Gru {
    input: Linear,
    hidden: Linear,
    width: usize,
}

impl Gru {
    /// A layer from `inputs` values a step to `width`.
    #[must_use]
    pub fn new(init: &mut Init, inputs: usize, width: usize) -> Self {
        Self { input: Linear::new(init, inputs, 3 * width), hidden: Linear::new(init, width, 3 * width), width }
    }

    /// `[B, N, inputs]` to the state after each step, `[B, N, width]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let ([batch, steps, inputs], width) = (x.dims(), self.width);
        // All steps' input gates in one product.
        let gates = self.input.forward(x.reshape([batch * steps, inputs])).reshape([batch, steps, 3 * width]);
        let mut state = Tensor::<2>::zeros([batch, width], &gates.device());
        let mut states = Vec::with_capacity(steps);
        for step in 0..steps {
            let now: Tensor<2> = gates.clone().slice([0..batch, step..step + 1]).squeeze_dim(1);
            let before = self.hidden.forward(state.clone());
            let part = |t: &Tensor<2>, gate: usize| t.clone().slice([0..batch, gate * width..(gate + 1) * width]);
            let reset = sigmoid(part(&now, 0) + part(&before, 0));
            let update = sigmoid(part(&now, 1) + part(&before, 1));
            let new = tanh(part(&now, 2) + reset * part(&before, 2));
            state = new.clone() + update * (state - new);
            states.push(state.clone().unsqueeze_dim(1));
        }
        Tensor::cat(states, 1)
    }
}
