//! `eegnet`: EEGNet (Lawhern et al., 2018) with what a stream allows.
//!
//! Runs where its encoder does. Widths are its F1 temporal filters and F2 features; its depth is D = F2 / F1. Three things
//! differ from the paper. Group instead of batch normalisation, with one group, for the power of one filter against another
//! is what the network reads. The spatial filters come before the temporal ones: both are linear, so that is the same
//! function at D / C of the costs (the normalisation between them only scaled). Convolutions are causal, and the end is
//! that of all encoders here. Invariant: kernels see no later frame.

use super::EncoderShape;
use crate::learn::nn::{Activation, Depthwise, GroupNorm, Init, Kernels, Linear, Pool, Pooling, plain, pool};
use burn::module::Module;
use burn::tensor::Tensor;

/// Frames that the two poolings take together, and taps of the convolution between them.
const POOLS: [usize; 2] = [4, 8];
const SEPARABLE: usize = 16;

/// Frames from one feature to the next.
pub(super) const STRIDE: usize = POOLS[0] * POOLS[1];

/// Frames that one feature sees, for temporal filters of `kernel` taps.
pub(super) fn receptive_field(kernel: usize) -> usize {
    (POOLS[1] + SEPARABLE - 1) * POOLS[0] + kernel - 1
}

/// Multiply-adds for `frames` frames.
pub(super) fn multiply_adds(channels: usize, kernel: usize, width: usize, frames: usize) -> u64 {
    (frames * width * (channels + kernel) + frames / POOLS[0] * width * (SEPARABLE + width)) as u64
}

/// Spatial and temporal filters, then a separable convolution, each followed by a mean over a few frames.
#[derive(Module, Debug)]
pub struct EegnetEncoder {
    /// F2 spatial filters: D for each temporal one.
    spatial: Linear,
    /// F1 temporal filters.
    temporal: Depthwise,
    norm1: GroupNorm,
    depthwise: Depthwise,
    pointwise: Linear,
    norm2: GroupNorm,
    pub(super) pool: Pool,
    pub(super) head: Linear,
    #[module(skip)]
    kernels: Kernels,
}

impl EegnetEncoder {
    pub(super) fn new(init: &mut Init, shape: &EncoderShape, kernel: usize) -> Self {
        let width = shape.width();
        let filters = shape.widths.first().copied().unwrap_or(width);
        Self {
            spatial: Linear::new(init, shape.channels, width),
            temporal: Depthwise::new(init, kernel, width, width / filters),
            norm1: GroupNorm::new(init, width, 1, Activation::Elu),
            depthwise: Depthwise::new(init, SEPARABLE, width, 1),
            pointwise: Linear::new(init, width, width),
            norm2: GroupNorm::new(init, width, 1, Activation::Elu),
            pool: Pool::new(init, Pooling::MeanAndDeviation),
            head: Linear::new(init, 2 * width, shape.embedding),
            kernels: init.kernels(),
        }
    }

    pub(super) fn features(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.norm1.forward(self.temporal.forward(self.spatial.forward_tokens(x)));
        let x = self.pointwise.forward_tokens(self.depthwise.forward(self.means(x, POOLS[0])));
        self.means(self.norm2.forward(x), POOLS[1])
    }

    /// Means over each `together` frames; what does not divide is left out at the end.
    fn means(&self, x: Tensor<3>, together: usize) -> Tensor<3> {
        let [batch, frames, width] = x.dims();
        let outputs = frames / together;
        let x = x.narrow(1, 0, outputs * together).reshape([batch * outputs, together, width]);
        let means = match self.kernels {
            Kernels::Own => pool(x, Pooling::Mean),
            Kernels::Plain => plain::pool(x, Pooling::Mean),
        };
        means.reshape([batch, outputs, width])
    }
}
