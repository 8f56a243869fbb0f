//! The encoder by its architecture.
//!
//! Owns the choice and nothing else. Invariant: the names of parameters do not tell of the choice, so that a file of weights
//! names layers as PyTorch would: `blocks.0.conv.weight`.

use super::channelwise::ChannelwiseEncoder;
use super::conv::ConvEncoder;
use super::eegnet::EegnetEncoder;
use super::patch_transformer::PatchTransformer;
use super::spatial::SpatialConvEncoder;
use super::tcn::TcnEncoder;
use super::{Architecture, EncoderShape};
use crate::learn::nn::{Init, Linear, Pool};
use crate::learn::parameters;
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

/// Features over time, then their mean and standard deviation over the window, then a linear map.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one encoder to a network, and a layer in a box is no module")]
pub enum Encoder {
    /// See [`Architecture::Conv`].
    Conv(ConvEncoder),
    /// See [`Architecture::SpatialConv`].
    SpatialConv(SpatialConvEncoder),
    /// See [`Architecture::Channelwise`].
    Channelwise(ChannelwiseEncoder),
    /// See [`Architecture::Tcn`].
    Tcn(TcnEncoder),
    /// See [`Architecture::Eegnet`].
    Eegnet(EegnetEncoder),
    /// See [`Architecture::PatchTransformer`].
    PatchTransformer(PatchTransformer),
}

impl Encoder {
    /// An encoder with first weights from `init`.
    #[must_use]
    pub fn new(init: &mut Init, shape: &EncoderShape) -> Self {
        match shape.architecture {
            Architecture::Conv => Self::Conv(ConvEncoder::new(init, shape)),
            Architecture::SpatialConv { virtual_channels } => {
                Self::SpatialConv(SpatialConvEncoder::new(init, shape, virtual_channels))
            }
            Architecture::Channelwise => Self::Channelwise(ChannelwiseEncoder::new(init, shape)),
            Architecture::Tcn => Self::Tcn(TcnEncoder::new(init, shape)),
            Architecture::Eegnet { kernel } => Self::Eegnet(EegnetEncoder::new(init, shape, kernel)),
            Architecture::PatchTransformer { patch } => {
                Self::PatchTransformer(PatchTransformer::new(init, shape, patch))
            }
        }
    }

    /// Windows `[B, T, C]` to features `[B, T', W]`, T' and W by [`EncoderShape::features`] and [`EncoderShape::width`].
    #[must_use]
    pub fn features(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Conv(encoder) => encoder.features(x),
            Self::SpatialConv(encoder) => encoder.features(x),
            Self::Channelwise(encoder) => encoder.features(x),
            Self::Tcn(encoder) => encoder.features(x),
            Self::Eegnet(encoder) => encoder.features(x),
            Self::PatchTransformer(encoder) => encoder.features(x),
        }
    }

    /// Features `[B, T', W]` to embeddings `[B, D]`.
    #[must_use]
    pub fn readout(&self, features: Tensor<3>) -> Tensor<2> {
        let (pool, head) = self.ends();
        head.forward(pool.forward(features))
    }

    /// `[B, T, C]` to embeddings `[B, D]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        self.readout(self.features(x))
    }

    /// The embedding of one window `[T, C]`, for serving: on the calling thread alone.
    #[must_use]
    pub fn embed(&self, window: Vec<f32>, channels: usize) -> Vec<f32> {
        let frames = window.len() / channels;
        self.embed_all(window, frames, channels)
    }

    /// The embeddings of many windows `[T, C]` of as many frames, one after the other.
    #[must_use]
    pub fn embed_all(&self, windows: Vec<f32>, frames: usize, channels: usize) -> Vec<f32> {
        let count = windows.len() / (frames * channels).max(1);
        if count == 0 {
            return Vec::new();
        }
        let x = Tensor::<3>::from_data(TensorData::new(windows, [count, frames, channels]), &self.ends().1.device());
        parameters::values_of(self.forward(x))
    }

    /// How many parameters it has.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.num_params()
    }

    fn ends(&self) -> (&Pool, &Linear) {
        match self {
            Self::Conv(encoder) => (&encoder.pool, &encoder.head),
            Self::SpatialConv(encoder) => (&encoder.pool, &encoder.head),
            Self::Channelwise(encoder) => (&encoder.pool, &encoder.head),
            Self::Tcn(encoder) => (&encoder.pool, &encoder.head),
            Self::Eegnet(encoder) => (&encoder.pool, &encoder.head),
            Self::PatchTransformer(encoder) => (&encoder.pool, &encoder.head),
        }
    }

    /// The transformer, for those that hide patches from it.
    pub(in crate::learn) fn patch_transformer(&self) -> Option<&PatchTransformer> {
        match self {
            Self::PatchTransformer(encoder) => Some(encoder),
            _ => None,
        }
    }
}
