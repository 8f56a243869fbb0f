//! `patch-transformer`: patches of all channels become tokens that see each other.
//!
//! Runs where its encoder does. Invariant: a token knows its place before any other sees it, so leaving tokens out (as masked
//! autoencoders do) leaves the places of the rest as they are.

use super::EncoderShape;
use crate::learn::nn::{Activation, GroupNorm, Init, Linear, Pool, Pooling, Transformer, patches};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

/// Patches of the signal as it lies, a linear map and a place for each, then transformer blocks.
#[derive(Module, Debug)]
pub struct PatchTransformer {
    embed: Linear,
    blocks: Vec<Transformer>,
    norm: GroupNorm,
    pub(super) pool: Pool,
    pub(super) head: Linear,
    patch: usize,
}

/// How many heads a width is parted into: of 32 values, or of 8 where it has no multiple of 32.
pub(in crate::learn) fn heads(width: usize) -> usize {
    [32, 8].into_iter().find(|&head| width.is_multiple_of(head)).map_or(1, |head| width / head)
}

/// Multiply-adds of all of it on so many tokens.
pub(super) fn multiply_adds(shape: &EncoderShape, tokens: usize, patch: usize) -> u64 {
    let width = shape.width();
    let block = tokens * width * (4 * width + 8 * width + 2 * tokens);
    (tokens * patch * shape.channels * width + shape.widths.len() * block + width * shape.embedding) as u64
}

/// Sines and cosines of the places `0..count`, `[count, width]` (Vaswani et al., 2017).
#[must_use]
pub(in crate::learn) fn places(count: usize, width: usize, device: &Device) -> Tensor<2> {
    let half = width.div_ceil(2);
    let angle = |at: usize, i: usize| at as f32 / 10_000f32.powf(i as f32 / half as f32);
    let row =
        |at: usize| (0..width).map(move |i| if i < half { angle(at, i).sin() } else { angle(at, i - half).cos() });
    let values: Vec<f32> = (0..count).flat_map(row).collect();
    Tensor::from_data(TensorData::new(values, [count, width]), device)
}

impl PatchTransformer {
    pub(super) fn new(init: &mut Init, shape: &EncoderShape, patch: usize) -> Self {
        let width = shape.width();
        let blocks = shape.widths.iter().map(|_| Transformer::new(init, width, heads(width), 4 * width)).collect();
        Self {
            embed: Linear::new(init, patch * shape.channels, width),
            blocks,
            norm: GroupNorm::new(init, width, 1, Activation::Identity),
            pool: Pool::new(init, Pooling::Mean),
            head: Linear::new(init, width, shape.embedding),
            patch,
        }
    }

    /// Patches `[B, N, P C]` to tokens `[B, N, W]` without a place.
    #[must_use]
    pub(in crate::learn) fn embedded(&self, patches: Tensor<3>) -> Tensor<3> {
        self.embed.forward_tokens(patches)
    }

    /// Tokens `[B, N, W]` that have their places, after they have seen each other.
    #[must_use]
    pub(in crate::learn) fn mixed(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [rows, count, width] = tokens.dims();
        let x = self.blocks.iter().fold(tokens, |x, block| block.forward(x));
        self.norm.forward_rows(x.reshape([rows * count, width])).reshape([rows, count, width])
    }

    pub(super) fn features(&self, x: Tensor<3>) -> Tensor<3> {
        let tokens = self.embedded(patches(x, self.patch));
        let [_, count, width] = tokens.dims();
        let places = places(count, width, &tokens.device());
        self.mixed(tokens + places.unsqueeze_dim(0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::*;
    use crate::learn::nn::Compute;
    use crate::learn::parameters;

    #[test]
    fn a_token_knows_where_its_patch_was() {
        let architecture = Architecture::PatchTransformer { patch: 4 };
        let shape =
            EncoderShape { channels: 2, architecture, widths: vec![8], embedding: 3, ..EncoderShape::default() };
        let encoder = PatchTransformer::new(&mut Init::serving(3, Compute::default()), &shape, 4);
        let x: Vec<f32> = (0..32).map(|i| (i as f32 * 0.9).sin()).collect();
        let x = Tensor::<3>::from_data(TensorData::new(x, [1, 16, 2]), &Compute::default().serving());
        // Without places the same patches in another order would have the same mean.
        let turned = Tensor::cat(vec![x.clone().narrow(1, 8, 8), x.clone().narrow(1, 0, 8)], 1);
        let [a, b] = [x, turned].map(|x| parameters::values_of(encoder.features(x).mean_dim(1)));
        assert!(a.iter().zip(&b).any(|(a, b)| (a - b).abs() > 1e-3), "{a:?} and {b:?}");
    }
}
