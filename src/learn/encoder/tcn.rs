//! `tcn`: dilated causal convolutions with residuals, after TS2Vec (Yue et al., 2022).
//!
//! Runs where its encoder does. Each frame is normalised over its channels by itself and not over time, so features can be
//! computed frame by frame: see [`Streaming`](super::Streaming). Invariant: a feature depends on the frames of its receptive
//! field and on nothing later.

use super::EncoderShape;
use crate::learn::nn::{Activation, Conv, Geometry, GroupNorm, Init, Linear, Pool, Pooling};
use burn::module::Module;
use burn::tensor::Tensor;

pub(super) const KERNEL: usize = 3;

/// Frames from one tap to the next in a block.
fn dilation(block: usize) -> usize {
    1 << block
}

/// Frames that one feature sees.
pub(super) fn receptive_field(widths: &[usize]) -> usize {
    1 + (0..widths.len()).map(|block| 2 * (KERNEL - 1) * dilation(block)).sum::<usize>()
}

/// Multiply-adds for `frames` frames.
pub(super) fn multiply_adds(channels: usize, widths: &[usize], frames: usize) -> u64 {
    let (mut of_frame, mut before) = (channels * widths.first().copied().unwrap_or(0), widths.first().copied());
    for &width in widths {
        let from = before.replace(width).unwrap_or(width);
        of_frame += KERNEL * (from + width) * width + if from == width { 0 } else { from * width };
    }
    (frames * of_frame) as u64
}

/// Layer normalisation, GELU, convolution, twice; the input is added.
#[derive(Module, Debug)]
pub struct TcnBlock {
    norm1: GroupNorm,
    conv1: Conv,
    norm2: GroupNorm,
    conv2: Conv,
    /// Where the width changes.
    skip: Option<Linear>,
}

/// What a block keeps of a stream: the frames that its two convolutions reach back to.
#[derive(Clone, Debug, Default)]
pub(super) struct BlockPast([Option<Tensor<3>>; 2]);

/// Each frame `[B, T, C]` through a normalisation by itself.
fn each_frame(norm: &GroupNorm, x: Tensor<3>) -> Tensor<3> {
    let [batch, frames, channels] = x.dims();
    norm.forward(x.reshape([batch * frames, 1, channels])).reshape([batch, frames, channels])
}

impl TcnBlock {
    fn new(init: &mut Init, from: usize, width: usize, dilation: usize) -> Self {
        let geometry = Geometry::causal(KERNEL, 1, dilation);
        Self {
            norm1: GroupNorm::new(init, from, 1, Activation::Gelu),
            conv1: Conv::new(init, from, width, geometry),
            norm2: GroupNorm::new(init, width, 1, Activation::Gelu),
            conv2: Conv::new(init, width, width, geometry),
            skip: (from != width).then(|| Linear::new(init, from, width)),
        }
    }

    fn with(&self, x: Tensor<3>, mut conv: impl FnMut(usize, &Conv, Tensor<3>) -> Tensor<3>) -> Tensor<3> {
        let y = conv(0, &self.conv1, each_frame(&self.norm1, x.clone()));
        let y = conv(1, &self.conv2, each_frame(&self.norm2, y));
        y + self.skip.as_ref().map_or(x.clone(), |skip| skip.forward_tokens(x))
    }
}

/// A linear map of each frame, then blocks whose reach doubles from one to the next.
#[derive(Module, Debug)]
pub struct TcnEncoder {
    input: Linear,
    blocks: Vec<TcnBlock>,
    norm: GroupNorm,
    pub(super) pool: Pool,
    pub(super) head: Linear,
}

impl TcnEncoder {
    pub(super) fn new(init: &mut Init, shape: &EncoderShape) -> Self {
        let mut from = shape.widths.first().copied().unwrap_or(shape.channels);
        let input = Linear::new(init, shape.channels, from);
        let block = |(number, &width): (usize, &usize)| {
            let block = TcnBlock::new(init, from, width, dilation(number));
            from = width;
            block
        };
        let blocks = shape.widths.iter().enumerate().map(block).collect();
        let norm = GroupNorm::new(init, shape.width(), 1, Activation::Gelu);
        let pool = Pool::new(init, Pooling::MeanAndDeviation);
        Self { input, blocks, norm, pool, head: Linear::new(init, 2 * shape.width(), shape.embedding) }
    }

    pub(super) fn features(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.input.forward_tokens(x);
        let x = self.blocks.iter().fold(x, |x, block| block.with(x, |_, conv, x| conv.forward(x)));
        each_frame(&self.norm, x)
    }

    /// The features of the next frames `[1, T, C]` of a stream, of which `past` keeps what is needed.
    pub(super) fn next(&self, past: &mut Vec<BlockPast>, x: Tensor<3>) -> Tensor<3> {
        past.resize_with(self.blocks.len(), BlockPast::default);
        let mut x = self.input.forward_tokens(x);
        for (block, BlockPast(past)) in self.blocks.iter().zip(past) {
            x = block.with(x, |which, conv, x| conv.next(&mut past[which], x));
        }
        each_frame(&self.norm, x)
    }
}
