//! Convolution over time as a layer.

use super::{Geometry, Init, conv_over_time};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// A strided causal convolution: output `t` sees samples up to `(t + 1) * stride - 1` and nothing later.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[kernel * cin, cout]`: the taps in order of time, each with its input channels.
    weight: Param<Tensor<2>>,
    /// `[cout]`.
    bias: Param<Tensor<1>>,
    kernel: usize,
    stride: usize,
}

impl Conv {
    /// A layer whose weights are drawn evenly with the variance of He et al. (2015).
    ///
    /// # Panics
    /// If the stride is larger than the kernel: samples would be passed over.
    #[must_use]
    pub fn new(init: &mut Init, cin: usize, cout: usize, kernel: usize, stride: usize) -> Self {
        assert!(kernel >= stride && stride > 0, "a stride beyond the kernel passes samples over");
        let bound = (6.0 / (cin * kernel) as f32).sqrt();
        let weight = init.uniform([kernel * cin, cout], bound);
        Self { weight, bias: init.constant([cout], 0.0), kernel, stride }
    }

    /// `[B, T, cin]` to `[B, T / stride, cout]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let g = Geometry { kernel: self.kernel, stride: self.stride, left: self.kernel - self.stride, right: 0 };
        conv_over_time(x, self.weight.val(), self.bias.val(), g)
    }
}
