//! `conv`: strided causal convolutions over time, the stack that other encoders build on.
//!
//! Runs where its encoder does. Group normalisation looks over the whole window, so features of a stream cannot be
//! computed frame by frame. Invariant: a feature depends on earlier frames only through taps and the window's statistics.

use super::EncoderShape;
use crate::learn::nn::{Activation, Conv, Geometry, GroupNorm, Init, Linear, Pool, Pooling};
use burn::module::Module;
use burn::tensor::Tensor;

/// Taps, stride and groups of every convolution here.
pub(super) const KERNEL: usize = 5;
const STRIDE: usize = 2;
const GROUPS: usize = 8;

/// The sizes of a stack of convolutions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stack<'a> {
    channels: usize,
    widths: &'a [usize],
}

impl<'a> Stack<'a> {
    pub fn of(channels: usize, widths: &'a [usize]) -> Self {
        Self { channels, widths }
    }

    /// Frames from one feature to the next.
    pub fn stride(self) -> usize {
        STRIDE.pow(u32::try_from(self.widths.len()).unwrap_or(u32::MAX))
    }

    /// Frames that one feature sees.
    pub fn receptive_field(self) -> usize {
        self.widths.iter().rev().fold(1, |field, _| (field - 1) * STRIDE + KERNEL)
    }

    /// Multiply-adds for `frames` frames.
    pub fn multiply_adds(self, frames: usize) -> u64 {
        let (mut total, mut frames, mut channels) = (0, frames, self.channels);
        for &width in self.widths {
            frames /= STRIDE;
            total += (frames * width * KERNEL * channels) as u64;
            channels = width;
        }
        total
    }

    /// The layers.
    pub fn build(self, init: &mut Init) -> Vec<Block> {
        let mut channels = self.channels;
        let block = |&width: &usize| {
            let groups = if width.is_multiple_of(GROUPS) { GROUPS } else { 1 };
            let conv = Conv::new(init, channels, width, Geometry::causal(KERNEL, STRIDE, 1));
            channels = width;
            Block { conv, norm: GroupNorm::new(init, width, groups, Activation::Gelu) }
        };
        self.widths.iter().map(block).collect()
    }
}

/// Convolution, group normalisation, GELU.
#[derive(Module, Debug)]
pub struct Block {
    conv: Conv,
    norm: GroupNorm,
}

/// Windows `[B, T, C]` through all blocks: `[B, T', W]`.
pub(super) fn through(blocks: &[Block], x: Tensor<3>) -> Tensor<3> {
    blocks.iter().fold(x, |x, block| block.norm.forward(block.conv.forward(x)))
}

/// The stack over all channels of a frame; its weights belong to one order of channels.
#[derive(Module, Debug)]
pub struct ConvEncoder {
    blocks: Vec<Block>,
    pub(super) pool: Pool,
    pub(super) head: Linear,
}

impl ConvEncoder {
    pub(super) fn new(init: &mut Init, shape: &EncoderShape) -> Self {
        let blocks = Stack::of(shape.channels, &shape.widths).build(init);
        let pool = Pool::new(init, Pooling::MeanAndDeviation);
        Self { blocks, pool, head: Linear::new(init, 2 * shape.width(), shape.embedding) }
    }

    pub(super) fn features(&self, x: Tensor<3>) -> Tensor<3> {
        through(&self.blocks, x)
    }
}
