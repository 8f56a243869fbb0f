//! Causal depthwise convolution as a layer.

use super::{Init, Kernels, depthwise_over_time, plain};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// A causal convolution of each channel by itself; neighbouring channels may share their taps.
#[derive(Module, Debug)]
pub struct Depthwise {
    /// `[kernel, C / shared]`.
    weight: Param<Tensor<2>>,
    /// `[C]`.
    bias: Param<Tensor<1>>,
    #[module(skip)]
    kernels: Kernels,
}

impl Depthwise {
    /// A layer for `channels` channels, of which each `shared` next to each other have the same taps.
    #[must_use]
    pub fn new(init: &mut Init, kernel: usize, channels: usize, shared: usize) -> Self {
        let weight = init.uniform([kernel, channels / shared], (3.0 / kernel as f32).sqrt());
        Self { weight, bias: init.constant([channels], 0.0), kernels: init.kernels() }
    }

    /// `[B, T, C]` to `[B, T, C]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val();
        let ([kernel, different], channels) = (weight.dims(), x.dims()[2]);
        let shared = channels / different;
        let weight = weight.reshape([kernel, different, 1]).expand([kernel, different, shared]);
        let (weight, bias) = (weight.reshape([kernel, channels]), self.bias.val());
        match self.kernels {
            Kernels::Own => depthwise_over_time(x, weight, bias),
            Kernels::Plain => plain::depthwise_over_time(x, weight, bias),
        }
    }
}
