//! The encoder: a window `[T, C]` becomes one embedding.
//!
//! A burn module; the trainer's thread changes it, and serving threads hold copies that never change. Invariant: it takes
//! windows of any length from [`EncoderShape::shortest`] on, and a row's embedding does not depend on the rest of its batch.

use super::nn::{Activation, Conv, Geometry, GroupNorm, Init, Linear, Pool, Pooling};
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// What an encoder is made like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderShape {
    /// Channels of a frame.
    pub channels: usize,
    /// Output channels of each convolution; each halves the number of samples.
    pub widths: Vec<usize>,
    /// Length of the embedding.
    pub embedding: usize,
}

const KERNEL: usize = 5;
const STRIDE: usize = 2;
const GROUPS: usize = 8;

impl EncoderShape {
    /// The shortest window that leaves one sample at the end.
    #[must_use]
    pub fn shortest(&self) -> usize {
        STRIDE.pow(u32::try_from(self.widths.len()).unwrap_or(u32::MAX))
    }

    /// Samples that one value before the pooling sees.
    #[must_use]
    pub fn receptive_field(&self) -> usize {
        self.widths.iter().rev().fold(1, |field, _| (field - 1) * STRIDE + KERNEL)
    }

    /// Multiplications with addition for a window of `frames` frames.
    #[must_use]
    pub fn multiply_adds(&self, frames: usize) -> u64 {
        let (mut total, mut frames, mut channels) = (0, frames, self.channels);
        for &width in &self.widths {
            frames /= STRIDE;
            total += (frames * width * KERNEL * channels) as u64;
            channels = width;
        }
        total + (2 * channels * self.embedding) as u64
    }
}

/// Convolution, group normalisation, GELU.
#[derive(Module, Debug)]
pub struct Block {
    conv: Conv,
    norm: GroupNorm,
}

/// Causal convolutions over time, then mean and standard deviation over time, then a linear map.
#[derive(Module, Debug)]
pub struct Encoder {
    blocks: Vec<Block>,
    pool: Pool,
    head: Linear,
}

impl Encoder {
    /// An encoder with first weights from `init`.
    #[must_use]
    pub fn new(init: &mut Init, shape: &EncoderShape) -> Self {
        let mut channels = shape.channels;
        let mut blocks = Vec::with_capacity(shape.widths.len());
        for &width in &shape.widths {
            let groups = if width.is_multiple_of(GROUPS) { GROUPS } else { 1 };
            let conv = Conv::new(init, channels, width, Geometry::causal(KERNEL, STRIDE, 1));
            blocks.push(Block { conv, norm: GroupNorm::new(init, width, groups, Activation::Gelu) });
            channels = width;
        }
        let pool = Pool::new(init, Pooling::MeanAndDeviation);
        Self { blocks, pool, head: Linear::new(init, 2 * channels, shape.embedding) }
    }

    /// `[B, T, C]` to embeddings `[B, D]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let x = self.blocks.iter().fold(x, |x, block| block.norm.forward(block.conv.forward(x)));
        self.head.forward(self.pool.forward(x))
    }

    /// The embedding of one window `[T, C]`, for serving.
    #[must_use]
    pub fn embed(&self, window: Vec<f32>, channels: usize) -> Vec<f32> {
        let frames = window.len() / channels;
        let x = Tensor::<3>::from_data(TensorData::new(window, [1, frames, channels]), &self.head.device());
        super::parameters::values_of(self.forward(x))
    }
}

#[cfg(test)]
mod tests {
    use super::super::nn::Compute;
    use super::*;
    use burn::tensor::Distribution;

    fn shape() -> EncoderShape {
        EncoderShape { channels: 3, widths: vec![8, 16, 16], embedding: 10 }
    }

    #[test]
    fn rows_do_not_depend_on_their_batch() {
        let device = Compute::default().serving();
        let encoder = Encoder::new(&mut Init::serving(7, Compute::default()), &shape());
        let x = Tensor::<3>::random([5, 40, 3], Distribution::Normal(0.0, 1.0), &device);
        let together = super::super::parameters::values_of(encoder.forward(x.clone()));
        for row in 0..5 {
            let window = super::super::parameters::values_of(x.clone().narrow(0, row, 1));
            let alone = encoder.embed(window, 3);
            for (a, b) in alone.iter().zip(&together[row * 10..]) {
                assert!((a - b).abs() < 1e-5, "row {row}: {a} and {b}");
            }
        }
    }

    #[test]
    fn counts_what_it_costs() {
        assert_eq!(shape().shortest(), 8);
        assert_eq!(shape().receptive_field(), 29);
        assert_eq!(shape().multiply_adds(8), 4 * 8 * 15 + 2 * 16 * 40 + 16 * 80 + 2 * 16 * 10);
        let encoder = Encoder::new(&mut Init::serving(7, Compute::default()), &shape());
        assert_eq!(encoder.embed(vec![0.5; 8 * 3], 3).len(), 10);
    }
}
