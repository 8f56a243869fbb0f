//! `channelwise`: the stack of convolutions on each channel by itself, then the mean over the channels.
//!
//! Runs where its encoder does. It costs as many times the stack as there are channels, so it is for few of them. Invariant:
//! all channels share all weights, their order does not matter, and a channel that is zero throughout a window is absent.

use super::EncoderShape;
use super::conv::{Block, Stack, through};
use crate::learn::nn::{Init, Linear, Pool, Pooling};
use burn::module::Module;
use burn::tensor::Tensor;

/// One stack for every channel.
#[derive(Module, Debug)]
pub struct ChannelwiseEncoder {
    blocks: Vec<Block>,
    pub(super) pool: Pool,
    pub(super) head: Linear,
}

impl ChannelwiseEncoder {
    pub(super) fn new(init: &mut Init, shape: &EncoderShape) -> Self {
        let blocks = Stack::of(1, &shape.widths).build(init);
        let pool = Pool::new(init, Pooling::MeanAndDeviation);
        Self { blocks, pool, head: Linear::new(init, 2 * shape.width(), shape.embedding) }
    }

    pub(super) fn features(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, frames, channels] = x.dims();
        let present = x.clone().detach().abs().max_dim(1).not_equal_elem(0.0).float();
        let share = present.clone() / present.sum_dim(2).clamp_min(1.0);
        let alone = x.swap_dims(1, 2).reshape([batch * channels, frames, 1]);
        let features = through(&self.blocks, alone);
        let [_, outputs, width] = features.dims();
        let features = features.reshape([batch, channels, outputs * width]);
        (features * share.swap_dims(1, 2)).sum_dim(1).reshape([batch, outputs, width])
    }
}
