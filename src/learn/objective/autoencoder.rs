//! The autoencoder: a window through a bottleneck and back.
//!
//! Owned by the trainer. Invariant: fewer numbers pass the bottleneck than a window has, so copying is not possible; the
//! output has the window's length, whatever that is.

use super::Batch;
use super::single::{Judgement, Single};
use crate::learn::nn::{Gelu, Geometry, Init, Linear, TransposedConv};
use crate::learn::{Encoder, EncoderShape};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

/// How a window is made narrow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AutoencoderSettings {
    /// Values that pass the bottleneck for each feature in time, beside the embedding.
    pub latent: usize,
    /// Deviation of the noise that is laid over the input, relative to the window's root mean square; 0 for none. With
    /// noise a tenth of the input's time is zeroed as well, and the clean window is still what is to come out.
    pub noise: f32,
}

impl AutoencoderSettings {
    /// Numbers that pass the bottleneck for a window of `frames` frames.
    #[must_use]
    pub fn passing(&self, shape: &EncoderShape, frames: usize) -> usize {
        shape.embedding + self.latent * shape.features(frames)
    }
}

/// Width of the decoder's last layer before the signal; those before it are twice as wide each, up to the most.
const NARROWEST: usize = 32;
const WIDEST: usize = 128;
/// Share of the frames that denoising sets to zero.
const ZEROED: f64 = 0.1;

#[derive(Module, Debug)]
pub(super) struct Network {
    encoder: Encoder,
    /// Features to the latent, which is linear: one that cannot be negative would die.
    narrow: Linear,
    /// The latent to the decoder's width.
    widen: Linear,
    /// The embedding to the same.
    spread: Linear,
    decoder: Vec<TransposedConv>,
    gelu: Gelu,
    output: Linear,
}

/// An autoencoder (with noise, Vincent et al., 2008) in training.
pub(super) struct Autoencoder {
    pub shape: EncoderShape,
    pub settings: AutoencoderSettings,
    pub seed: u64,
}

/// The prime factors of the encoder's stride, largest first: the decoder stretches time by one a layer.
fn factors(mut stride: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut factor = 2;
    while stride > 1 {
        if factor * factor > stride {
            factor = stride;
        }
        while stride.is_multiple_of(factor) {
            found.push(factor);
            stride /= factor;
        }
        factor += 1;
    }
    found.reverse();
    found
}

/// Features of `frames` frames and the lengths after each layer: each is the next one divided by its factor, rounded down,
/// as the strided convolutions of an encoder do it.
fn lengths(frames: usize, factors: &[usize]) -> Vec<usize> {
    let mut left: usize = factors.iter().product();
    let after = |factor: &usize| {
        left /= factor;
        frames / left
    };
    factors.iter().map(after).collect()
}

impl Network {
    /// A window `[B, T, C]` out of features `[B, T', W]` and embeddings `[B, D]`.
    fn decode(&self, features: Tensor<3>, embeddings: Tensor<2>, frames: usize, stride: usize) -> Tensor<3> {
        let [rows, count, _] = features.dims();
        let latent = self.widen.forward_tokens(self.narrow.forward_tokens(features));
        let x = latent + self.spread.forward(embeddings).unsqueeze_dim(1);
        let lengths = lengths(frames, &factors(stride));
        debug_assert_eq!(count, frames / stride);
        let layers = self.decoder.iter().zip(lengths);
        let x = layers.fold(x, |x, (layer, length)| self.gelu.forward(layer.forward(x, length)));
        debug_assert_eq!(x.dims()[..2], [rows, frames]);
        self.output.forward_tokens(x)
    }
}

impl Autoencoder {
    fn noisy(&self, batch: &Batch) -> Vec<f32> {
        let mut windows = batch.views[0].clone();
        let mut rng = batch.rng(self.seed);
        let zeroed = (batch.frames as f64 * ZEROED) as usize;
        for window in windows.chunks_exact_mut(batch.frames * batch.channels) {
            let square = window.iter().map(|v| v * v).sum::<f32>() / window.len() as f32;
            let deviation = square.sqrt() * self.settings.noise;
            for v in window.iter_mut() {
                let noise: f32 = StandardNormal.sample(&mut rng);
                *v += noise * deviation;
            }
            let from = rng.random_range(0..=batch.frames - zeroed);
            window[from * batch.channels..(from + zeroed) * batch.channels].fill(0.0);
        }
        windows
    }
}

impl Single for Autoencoder {
    type Network = Network;

    fn network(&self, init: &mut Init) -> Network {
        let (shape, latent) = (&self.shape, self.settings.latent);
        let factors = factors(shape.stride());
        let widths: Vec<usize> = (0..=factors.len()).rev().map(|i| (NARROWEST << i.min(8)).min(WIDEST)).collect();
        let encoder = Encoder::new(init, shape);
        let layer = |init: &mut Init, i: usize, factor: usize| {
            TransposedConv::new(init, widths[i], widths[i + 1], Geometry::causal(2 * factor, factor, 1))
        };
        Network {
            encoder,
            narrow: Linear::new(init, shape.width(), latent),
            widen: Linear::new(init, latent, widths[0]),
            spread: Linear::new(init, shape.embedding, widths[0]),
            decoder: factors.iter().enumerate().map(|(i, &factor)| layer(init, i, factor)).collect(),
            gelu: Gelu::new(init),
            output: Linear::new(init, NARROWEST, shape.channels),
        }
    }

    fn encoder(network: &Network) -> &Encoder {
        &network.encoder
    }

    fn judge(&self, network: &Network, batch: &Batch, device: &Device) -> Judgement {
        let clean = batch.view(0, device);
        let input = if self.settings.noise > 0.0 {
            Tensor::from_data(TensorData::new(self.noisy(batch), clean.dims()), device)
        } else {
            clean.clone()
        };
        let features = network.encoder.features(input);
        let embeddings = network.encoder.readout(features.clone());
        let output = network.decode(features, embeddings.clone(), batch.frames, self.shape.stride());
        let square = batch.views[0].iter().map(|v| v * v).sum::<f32>() / batch.views[0].len().max(1) as f32;
        // Guessing is silence: it is off by the power of the signal.
        Judgement { loss: (output - clean).square().mean(), chance: Some(square), embeddings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_lead_back_to_any_window() {
        assert_eq!(factors(40), [5, 2, 2, 2]);
        assert_eq!(factors(61), [61]);
        assert!(factors(1).is_empty());
        for frames in 8..300 {
            let lengths = lengths(frames, &factors(8));
            assert_eq!(lengths, [frames / 4, frames / 2, frames]);
            for (before, after) in [frames / 8].iter().chain(&lengths).zip(&lengths) {
                assert_eq!(Geometry::causal(4, 2, 1).outputs(*after), *before, "{frames}");
            }
        }
    }

    #[test]
    fn a_window_of_any_length_comes_back_as_long_as_it_was() {
        use super::super::tests::{batch, encoders};
        use crate::learn::nn::Compute;
        for shape in encoders() {
            let settings = AutoencoderSettings { latent: 2, noise: 0.0 };
            let autoencoder = Autoencoder { shape, settings, seed: 3 };
            let device = Compute::default().training();
            let network = autoencoder.network(&mut Init::training(1, Compute::default()));
            for frames in [64, 63, 57, 41, 16, 9] {
                let mut cut = batch(1, 4);
                let window = cut.frames * cut.channels;
                let rows = cut.views[0].chunks_exact(window);
                cut.views[0] = rows.flat_map(|row| row[..frames * cut.channels].to_vec()).collect();
                cut.frames = frames;
                let judged = autoencoder.judge(&network, &cut, &device);
                assert!(judged.loss.into_scalar::<f32>().is_finite(), "{frames}");
            }
        }
    }
}
