//! Convolution over time as a layer.

use super::{Geometry, Init, Kernels, conv_over_time, plain};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// A convolution over time of any geometry.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[kernel * cin, cout]`: the taps in order of time, each with its input channels.
    weight: Param<Tensor<2>>,
    /// `[cout]`.
    bias: Param<Tensor<1>>,
    #[module(skip)]
    geometry: Geometry,
    #[module(skip)]
    kernels: Kernels,
}

impl Conv {
    /// A layer whose weights are drawn evenly with the variance of He et al. (2015).
    #[must_use]
    pub fn new(init: &mut Init, cin: usize, cout: usize, geometry: Geometry) -> Self {
        let depth = cin * geometry.kernel;
        let weight = init.uniform([depth, cout], (6.0 / depth as f32).sqrt());
        Self { weight, bias: init.constant([cout], 0.0), geometry, kernels: init.kernels() }
    }

    /// `[B, T, cin]` to `[B, T', cout]`, T' by [`Geometry::outputs`].
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        match self.kernels {
            Kernels::Own => conv_over_time(x, self.weight.val(), self.bias.val(), self.geometry),
            Kernels::Plain => plain::conv_over_time(x, self.weight.val(), self.bias.val(), self.geometry),
        }
    }
}
