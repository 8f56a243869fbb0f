//! Convolution over time and its transpose as layers.

use super::{Geometry, Init, Kernels, conv_over_time, plain, transposed_conv_over_time};
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

    /// The outputs for the next frames `[1, T, cin]` of a stream, `[1, T, cout]`, as the causal layer gives them on all of
    /// it; `past` keeps the frames that its taps reach back to, and is empty before the first.
    ///
    /// # Panics
    /// If the layer has a stride.
    #[must_use]
    pub fn next(&self, past: &mut Option<Tensor<3>>, x: Tensor<3>) -> Tensor<3> {
        assert_eq!(self.geometry.stride, 1, "a stride would leave frames over");
        let ([batch, _, cin], left) = (x.dims(), self.geometry.left);
        if left == 0 {
            return self.forward(x);
        }
        let before = past.take().unwrap_or_else(|| Tensor::zeros([batch, left, cin], (&x.device(), x.dtype())));
        let x = Tensor::cat(vec![before, x], 1);
        let frames = x.dims()[1];
        *past = Some(x.clone().narrow(1, frames - left, left));
        self.with(x, Geometry { left: 0, ..self.geometry })
    }

    /// `[B, T, cin]` to `[B, T', cout]`, T' by [`Geometry::outputs`].
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.with(x, self.geometry)
    }

    fn with(&self, x: Tensor<3>, geometry: Geometry) -> Tensor<3> {
        match self.kernels {
            Kernels::Own => conv_over_time(x, self.weight.val(), self.bias.val(), geometry),
            Kernels::Plain => plain::conv_over_time(x, self.weight.val(), self.bias.val(), geometry),
        }
    }
}

/// A transposed convolution over time: it stretches what a convolution of the same geometry shortens.
#[derive(Module, Debug)]
pub struct TransposedConv {
    /// `[kernel * cout, cin]`: the weight of the convolution from `cout` to `cin` channels that it is the adjoint of.
    weight: Param<Tensor<2>>,
    /// `[cout]`.
    bias: Param<Tensor<1>>,
    #[module(skip)]
    geometry: Geometry,
    #[module(skip)]
    kernels: Kernels,
}

impl TransposedConv {
    /// A layer whose weights are drawn evenly with the variance of He et al. (2015) for the taps that an output meets.
    #[must_use]
    pub fn new(init: &mut Init, cin: usize, cout: usize, geometry: Geometry) -> Self {
        let met = cin * geometry.kernel.div_ceil(geometry.stride);
        let weight = init.uniform([geometry.kernel * cout, cin], (6.0 / met as f32).sqrt());
        Self { weight, bias: init.constant([cout], 0.0), geometry, kernels: init.kernels() }
    }

    /// `[B, T, cin]` to `[B, frames, cout]`.
    ///
    /// # Panics
    /// If the convolution of `frames` frames does not give `T`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, frames: usize) -> Tensor<3> {
        let (w, b) = (self.weight.val(), self.bias.val());
        match self.kernels {
            Kernels::Own => transposed_conv_over_time(x, w, b, self.geometry, frames),
            Kernels::Plain => plain::transposed_conv_over_time(x, w, b, self.geometry, frames),
        }
    }
}
