//! Pooling over time as a layer.

use super::{Init, Kernels, Pooling, plain, pool};
use burn::module::Module;
use burn::tensor::Tensor;

/// Sums windows up over time.
#[derive(Module, Debug)]
pub struct Pool {
    #[module(skip)]
    pooling: Pooling,
    #[module(skip)]
    kernels: Kernels,
}

impl Pool {
    /// A layer.
    #[must_use]
    pub fn new(init: &Init, pooling: Pooling) -> Self {
        Self { pooling, kernels: init.kernels() }
    }

    /// `[B, T, C]` to `[B, C]` or `[B, 2 C]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        match self.kernels {
            Kernels::Own => pool(x, self.pooling),
            Kernels::Plain => plain::pool(x, self.pooling),
        }
    }
}
