//! Group normalisation with its activation as a layer.

use super::{Activation, Init, Kernels, Norm, group_norm, plain};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// Group normalisation (Wu and He, 2018) followed by an activation. With one group and `T = 1` it is layer normalisation.
///
/// No batch statistics: a live batch is not independent draws, and a batch of one is what is served.
#[derive(Module, Debug)]
pub struct GroupNorm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    #[module(skip)]
    norm: Norm,
    #[module(skip)]
    kernels: Kernels,
}

impl GroupNorm {
    /// A layer for `channels` channels in `groups` groups.
    #[must_use]
    pub fn new(init: &mut Init, channels: usize, groups: usize, activation: Activation) -> Self {
        Self {
            gamma: init.constant([channels], 1.0),
            beta: init.constant([channels], 0.0),
            norm: Norm { groups, activation },
            kernels: init.kernels(),
        }
    }

    /// `[B, T, C]` to `[B, T, C]`, each window normalised over time.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        match self.kernels {
            Kernels::Own => group_norm(x, self.gamma.val(), self.beta.val(), self.norm),
            Kernels::Plain => plain::group_norm(x, self.gamma.val(), self.beta.val(), self.norm),
        }
    }

    /// `[N, C]` to `[N, C]`, each row by itself: with one group, layer normalisation (Ba et al., 2016).
    #[must_use]
    pub fn forward_rows(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward(x.unsqueeze_dim(1)).squeeze_dim(1)
    }
}
