//! Windows as tokens, one a patch: what masked prediction works on, with any encoder.
//!
//! Owned by an objective. Invariant: no token has seen another patch before places are given and patches are hidden.

use crate::learn::encoder::heads;
use crate::learn::nn::{Activation, GroupNorm, Init, Linear, Transformer};
use crate::learn::{Encoder, EncoderShape};
use burn::module::Module;
use burn::tensor::Tensor;

/// An encoder, and what makes tokens of its patches if it does not do so itself.
///
/// A `patch-transformer` is used from inside. Any other encoder sees each patch by itself, as CPC's does its pieces, and
/// transformer blocks of the objective let the embeddings of the patches see each other.
#[derive(Module, Debug)]
pub(super) struct Tokens {
    pub encoder: Encoder,
    embed: Option<Linear>,
    blocks: Vec<Transformer>,
    norm: Option<GroupNorm>,
}

/// Width and number of the blocks behind encoders that have none.
const WIDTH: usize = 128;
const BLOCKS: usize = 2;

impl Tokens {
    /// First weights.
    pub fn new(init: &mut Init, shape: &EncoderShape) -> Self {
        let encoder = Encoder::new(init, shape);
        let bare = encoder.patch_transformer().is_none();
        Self {
            encoder,
            embed: bare.then(|| Linear::new(init, shape.embedding, WIDTH)),
            blocks: (0..if bare { BLOCKS } else { 0 }).map(|_| block(init, WIDTH)).collect(),
            norm: bare.then(|| GroupNorm::new(init, WIDTH, 1, Activation::Identity)),
        }
    }

    /// Width of a token.
    pub fn width(shape: &EncoderShape) -> usize {
        if shape.architecture.is_patch_transformer() { shape.width() } else { WIDTH }
    }

    /// Patches `[B, N, P C]` to tokens `[B, N, W]` without their places; where the encoder makes an embedding of each patch,
    /// these as well, `[B N, D]`.
    pub fn embedded(&self, patches: Tensor<3>, channels: usize) -> (Tensor<3>, Option<Tensor<2>>) {
        let [rows, count, values] = patches.dims();
        match (self.encoder.patch_transformer(), &self.embed) {
            (Some(transformer), _) => (transformer.embedded(patches), None),
            (None, Some(embed)) => {
                let alone = patches.reshape([rows * count, values / channels, channels]);
                let embeddings = self.encoder.forward(alone);
                let dimension = embeddings.dims()[1];
                let tokens = embed.forward_tokens(embeddings.clone().reshape([rows, count, dimension]));
                (tokens, Some(embeddings))
            }
            (None, None) => unreachable!("an encoder without tokens has a map to them"),
        }
    }

    /// Tokens `[B, n, W]` after they have seen each other.
    pub fn mixed(&self, tokens: Tensor<3>) -> Tensor<3> {
        match (self.encoder.patch_transformer(), &self.norm) {
            (Some(transformer), _) => transformer.mixed(tokens),
            (None, Some(norm)) => {
                let [rows, count, width] = tokens.dims();
                let x = self.blocks.iter().fold(tokens, |x, block| block.forward(x));
                norm.forward_rows(x.reshape([rows * count, width])).reshape([rows, count, width])
            }
            (None, None) => unreachable!("an encoder without blocks has some behind it"),
        }
    }

    /// The embeddings that a step met and one for each of its rows, `[B, D]`: read out of the tokens, or the mean over
    /// those of the patches.
    pub fn summary(&self, mixed: Tensor<3>, of_patches: Option<Tensor<2>>) -> (Tensor<2>, Tensor<2>) {
        let [rows, count, _] = mixed.dims();
        match of_patches {
            Some(embeddings) => {
                let dimension = embeddings.dims()[1];
                let mean = embeddings.clone().reshape([rows, count, dimension]).mean_dim(1).squeeze_dim(1);
                (embeddings, mean)
            }
            None => {
                let embeddings = self.encoder.readout(mixed);
                (embeddings.clone(), embeddings)
            }
        }
    }
}

/// A transformer block of the usual proportions.
pub(super) fn block(init: &mut Init, width: usize) -> Transformer {
    Transformer::new(init, width, heads(width), 4 * width)
}
