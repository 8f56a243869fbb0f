//! Group normalisation with its activation as a layer.

use super::{Activation, Init, Norm, group_norm};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// Group normalisation (Wu and He, 2018) followed by GELU. With one group and `T = 1` it is layer normalisation.
///
/// No batch statistics: a live batch is not independent draws, and a batch of one is what is served.
#[derive(Module, Debug)]
pub struct GroupNorm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    groups: usize,
}

impl GroupNorm {
    /// A layer for `channels` channels in `groups` groups.
    #[must_use]
    pub fn new(init: &mut Init, channels: usize, groups: usize) -> Self {
        Self { gamma: init.constant([channels], 1.0), beta: init.constant([channels], 0.0), groups }
    }

    /// `[B, T, C]` to `[B, T, C]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let norm = Norm { groups: self.groups, activation: Activation::Gelu };
        group_norm(x, self.gamma.val(), self.beta.val(), norm)
    }
}
