//! The masked autoencoder: a few patches of a window are seen, all others are to be drawn.
//!
//! Owned by the trainer. Invariant: what is hidden never reaches the encoder, and the target is of the signal itself.

use super::loss::Masking;
use super::single::{Judgement, Single};
use super::target::{MaskSettings, target};
use super::tokens::{Tokens, block};
use super::{Batch, loss};
use crate::learn::encoder::places;
use crate::learn::nn::{self, Activation, GroupNorm, Init, Linear, Transformer};
use crate::learn::{Encoder, EncoderShape};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand::RngExt;

#[derive(Module, Debug)]
pub(super) struct Network {
    tokens: Tokens,
    bridge: Linear,
    /// The embedding of what is seen to the decoder's width: so that it learns whatever the encoder.
    spread: Linear,
    mask: Param<Tensor<1>>,
    decoder: Vec<Transformer>,
    decoded: GroupNorm,
    head: Linear,
}

/// A masked autoencoder (He et al., 2022) in training.
pub(super) struct Mae {
    pub shape: EncoderShape,
    pub patch: usize,
    pub settings: MaskSettings,
    pub seed: u64,
}

/// Width and number of the decoder's blocks.
const WIDTH: usize = 64;
const BLOCKS: usize = 2;

impl Mae {
    /// What of `count` patches is hidden in this batch.
    fn masking(&self, batch: &Batch, count: usize) -> Masking {
        let mut rng = batch.rng(self.seed);
        let noise: Vec<f32> = (0..batch.rows() * count).map(|_| rng.random_range(0.0..1.0)).collect();
        Masking::of_noise(&noise, count, Masking::seen(count, self.settings.hidden))
    }
}

impl Single for Mae {
    type Network = Network;

    fn network(&self, init: &mut Init) -> Network {
        Network {
            tokens: Tokens::new(init, &self.shape),
            bridge: Linear::new(init, Tokens::width(&self.shape), WIDTH),
            spread: Linear::new(init, self.shape.embedding, WIDTH),
            mask: init.uniform([WIDTH], 0.02),
            decoder: (0..BLOCKS).map(|_| block(init, WIDTH)).collect(),
            decoded: GroupNorm::new(init, WIDTH, 1, Activation::Identity),
            head: Linear::new(init, WIDTH, self.settings.values(self.patch) * self.shape.channels),
        }
    }

    fn encoder(network: &Network) -> &Encoder {
        &network.tokens.encoder
    }

    fn judge(&self, network: &Network, batch: &Batch, device: &Device) -> Judgement {
        let rows = batch.rows();
        let patches = nn::patches(batch.view(0, device), self.patch);
        let count = patches.dims()[1];
        let masking = self.masking(batch, count);
        let of_tokens = places(count, Tokens::width(&self.shape), device).unsqueeze_dim::<3>(0);
        let (tokens, of_patches) = network.tokens.embedded(masking.visible(patches.clone()), batch.channels);
        let latents = network.tokens.mixed(tokens + masking.visible(of_tokens.repeat_dim(0, rows)));
        let (embeddings, summary) = network.tokens.summary(latents.clone(), of_patches);

        let all = loss::restored(network.bridge.forward_tokens(latents), network.mask.val(), &masking);
        let summary = network.spread.forward(summary).unsqueeze_dim(1);
        let all = all + places(count, WIDTH, device).unsqueeze_dim(0) + summary;
        let all = network.decoder.iter().fold(all, |x, block| block.forward(x)).reshape([rows * count, WIDTH]);
        let decoded = network.decoded.forward_rows(all).reshape([rows, count, WIDTH]);
        let predicted = network.head.forward_tokens(decoded);

        let hidden = masking.hidden();
        let (target, chance) = target(patches, batch.channels, &hidden, &self.settings);
        let loss = loss::masked_patches(predicted, target, &hidden);
        Judgement { loss, chance: Some(chance), embeddings }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{batch, conv, encoders};
    use super::*;
    use crate::learn::nn::Compute;
    use crate::learn::parameters::values_of;

    #[test]
    fn what_is_hidden_never_reaches_the_encoder() {
        for shape in encoders() {
            let settings = MaskSettings { hidden: 0.5, normalise: false, ..MaskSettings::default() };
            let mae = Mae { shape, patch: 8, settings, seed: 3 };
            let device = Compute::default().training();
            let network = mae.network(&mut Init::training(1, Compute::default()));
            let judge = |batch: &Batch| {
                let judged = mae.judge(&network, batch, &device);
                (values_of(judged.embeddings.detach()), judged.loss.into_scalar::<f32>())
            };
            let seen = batch(1, 8);
            let mut changed = seen.clone();
            let hidden = mae.masking(&seen, 8).hidden();
            let patches = changed.views[0].chunks_exact_mut(8 * seen.channels).zip(&hidden);
            patches.filter(|(_, hidden)| **hidden).for_each(|(patch, _)| patch.iter_mut().for_each(|v| *v += 100.0));
            let ((a, before), (b, after)) = (judge(&seen), judge(&changed));
            assert_eq!(a, b);
            assert!(after > before + 100.0, "but it is what is to be drawn: {before} and {after}");
        }
    }

    #[test]
    fn noise_cannot_be_drawn_better_than_by_guessing() {
        use super::super::{Method, ObjectiveSettings, build};
        use rand::SeedableRng;
        // A target that takes gradients, or a patch that is seen, would let the loss fall.
        for method in [Method::Mae, Method::Masked] {
            let settings = ObjectiveSettings { patch: 8, ..ObjectiveSettings::new(method, conv(), 64) };
            let mut objective = build(&settings);
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(9);
            let mut late = 0.0;
            for i in 0..150 {
                let mut noise = batch(i, 16);
                noise.views[0].iter_mut().for_each(|v| *v = rng.random_range(-1.0..1.0));
                let loss = objective.step(&noise).loss;
                late += if i >= 130 { loss / 20.0 } else { 0.0 };
            }
            assert!((0.9..1.2).contains(&late), "{method:?}: {late}");
        }
    }
}
