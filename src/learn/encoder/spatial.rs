//! `spatial-conv`: attention over electrodes onto virtual channels, then the stack of convolutions.
//!
//! Runs where its encoder does. Invariant: no parameter belongs to a channel or to their order, so one model serves any
//! montage; a channel that is zero throughout a window is absent and changes nothing.

use super::conv::{Block, Stack, through};
use super::{EncoderShape, sites};
use crate::learn::nn::{Init, Linear, Pool, Pooling, SpatialAttention};
use burn::module::Module;
use burn::tensor::Tensor;

/// Deviation of the first scores: each virtual channel begins near a few electrodes of its own. With less, all of them
/// would begin as the mean over the head, which a common average reference has made zero.
const SPREAD: f32 = 3.0;

/// Attention over electrodes, then convolutions over the virtual channels.
#[derive(Module, Debug)]
pub struct SpatialConvEncoder {
    spatial: SpatialAttention,
    blocks: Vec<Block>,
    pub(super) pool: Pool,
    pub(super) head: Linear,
}

impl SpatialConvEncoder {
    pub(super) fn new(init: &mut Init, shape: &EncoderShape, virtual_channels: usize) -> Self {
        let features = sites::features(&shape.sites, shape.channels).into();
        let spatial = SpatialAttention::new(init, features, [sites::depth(), virtual_channels], SPREAD);
        let blocks = Stack::of(virtual_channels, &shape.widths).build(init);
        let pool = Pool::new(init, Pooling::MeanAndDeviation);
        Self { spatial, blocks, pool, head: Linear::new(init, 2 * shape.width(), shape.embedding) }
    }

    pub(super) fn features(&self, x: Tensor<3>) -> Tensor<3> {
        through(&self.blocks, self.spatial.forward(x))
    }
}

/// Multiply-adds of the attention for `frames` frames.
pub(super) fn multiply_adds(channels: usize, virtual_channels: usize, frames: usize) -> u64 {
    (channels * virtual_channels * (frames + sites::depth())) as u64
}
