//! GELU alone, without a normalisation, as a layer.

use super::{Init, Kernels, gelu, plain};
use burn::module::Module;
use burn::tensor::Tensor;

/// See [`super::gelu`].
#[derive(Module, Debug)]
pub struct Gelu {
    #[module(skip)]
    kernels: Kernels,
}

impl Gelu {
    /// A layer.
    #[must_use]
    pub fn new(init: &Init) -> Self {
        Self { kernels: init.kernels() }
    }

    /// Of each value.
    #[must_use]
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match self.kernels {
            Kernels::Own => gelu(x),
            Kernels::Plain => plain::gelu(x),
        }
    }
}
