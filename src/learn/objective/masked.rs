//! Masked prediction: mask tokens stand where patches are hidden and go through the encoder with the rest.
//!
//! Owned by the trainer. Invariant: what is hidden reaches the encoder as the mask token alone, and the target is of
//! the signal itself.

use super::batch::rows_of;
use super::single::{Judgement, Single};
use super::target::{MaskSettings, target};
use super::tokens::Tokens;
use super::{Batch, loss};
use crate::learn::encoder::places;
use crate::learn::nn::{self, Init, Linear};
use crate::learn::{Encoder, EncoderShape};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

#[derive(Module, Debug)]
pub(super) struct Network {
    tokens: Tokens,
    mask: Param<Tensor<1>>,
    /// The embedding of the row to the tokens' width: so that it learns whatever the encoder.
    spread: Linear,
    head: Linear,
}

/// Masked prediction as of words (Devlin et al., 2019) on patches, in training.
pub(super) struct Masked {
    pub shape: EncoderShape,
    pub patch: usize,
    pub settings: MaskSettings,
    pub seed: u64,
}

/// Hides spans of `span` patches of `count` until a share `hidden` is, and leaves at least one.
fn spans(count: usize, span: usize, hidden: f64, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut gone = vec![false; count];
    let span = span.clamp(1, count.saturating_sub(1).max(1));
    let wanted = ((count as f64 * hidden + 0.5).floor() as usize).clamp(1, count.saturating_sub(span).max(1));
    while gone.iter().filter(|&&gone| gone).count() < wanted {
        let from = rng.random_range(0..=count - span);
        gone[from..from + span].fill(true);
    }
    gone
}

impl Single for Masked {
    type Network = Network;

    fn network(&self, init: &mut Init) -> Network {
        let width = Tokens::width(&self.shape);
        Network {
            tokens: Tokens::new(init, &self.shape),
            mask: init.uniform([width], 0.02),
            spread: Linear::new(init, self.shape.embedding, width),
            head: Linear::new(init, width, self.settings.values(self.patch) * self.shape.channels),
        }
    }

    fn encoder(network: &Network) -> &Encoder {
        &network.tokens.encoder
    }

    fn judge(&self, network: &Network, batch: &Batch, device: &Device) -> Judgement {
        let (rows, mut rng) = (batch.rows(), batch.rng(self.seed));
        let patches = nn::patches(batch.view(0, device), self.patch);
        let count = patches.dims()[1];
        let MaskSettings { hidden: share, span, .. } = self.settings;
        let hidden: Vec<bool> = (0..rows).flat_map(|_| spans(count, span, share, &mut rng)).collect();

        // Hidden patches are silent before the encoder sees them, too: what it makes of them is thrown away.
        let seen = hidden.iter().map(|&hidden| if hidden { 0.0 } else { 1.0 }).collect::<Vec<f32>>();
        let seen = Tensor::<3>::from_data(TensorData::new(seen, [rows, count, 1]), device);
        let (tokens, of_patches) = network.tokens.embedded(patches.clone() * seen.clone(), batch.channels);
        let width = tokens.dims()[2];
        let mask = network.mask.val().reshape([1, 1, width]);
        let tokens = tokens * seen.clone() + mask * (seen.neg() + 1.0);
        let mixed = network.tokens.mixed(tokens + places(count, width, device).unsqueeze_dim(0));
        let (embeddings, summary) = network.tokens.summary(mixed.clone(), of_patches);
        let embeddings = if embeddings.dims()[0] > rows {
            let patches: Vec<usize> = (0..rows * count).filter(|&patch| !hidden[patch]).collect();
            rows_of(embeddings, &patches)
        } else {
            embeddings
        };
        let spread = network.spread.forward(summary).unsqueeze_dim(1);
        let predicted = network.head.forward_tokens(mixed + spread);

        let (target, chance) = target(patches, batch.channels, &hidden, &self.settings);
        let loss = loss::masked_patches(predicted, target, &hidden);
        Judgement { loss, chance: Some(chance), embeddings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn spans_hide_their_share_and_leave_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for count in 2..20 {
            for span in 1..6 {
                let gone = spans(count, span, 0.5, &mut rng);
                let hidden = gone.iter().filter(|&&gone| gone).count();
                assert!(hidden >= 1 && hidden < count, "{hidden} of {count} by {span}");
                let runs = gone.split(|gone| !gone).map(<[bool]>::len).filter(|&run| run > 0);
                assert!(runs.min().unwrap() >= span.min(count - 1), "{gone:?} by {span}");
            }
        }
        let gone = spans(40, 2, 0.4, &mut rng);
        let hidden = gone.iter().filter(|&&gone| gone).count();
        assert!((16..=17).contains(&hidden), "{hidden}");
    }
}
