//! Mixing: a blend of two windows answers to both of them, and tells how much of each is in it.
//!
//! Owned by the trainer. Invariant: no window is blended with itself while the batch has another.

use super::single::{Judgement, Single};
use super::trunk::{HIDDEN, Trunk};
use super::{Batch, loss};
use crate::learn::nn::{Activation, Init, Perceptron};
use crate::learn::{Encoder, EncoderShape};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, activation::sigmoid};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Beta, Distribution};
use serde::{Deserialize, Serialize};

/// How windows are mixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixupSettings {
    /// Shares are drawn from Beta(alpha, alpha): 1 is even, below that most blends are nearly one of the two.
    pub alpha: f64,
    /// Weight of the squared error of the share that is told, beside the contrastive loss.
    pub share_weight: f32,
    /// Where the keys lie that a blend is told apart from.
    pub keys: MixupKeys,
}

/// Where the keys of blends lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MixupKeys {
    /// In the batch, made by the encoder itself (i-Mix; Lee et al., 2021).
    Batch,
    /// In a queue, made by its moving average (MixCo; Kim et al., 2020); no share is told then.
    Queue,
}

impl MixupKeys {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Batch, Self::Queue];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Queue => "queue",
        }
    }
}

#[derive(Module, Debug)]
pub(super) struct Network {
    trunk: Trunk,
    /// Embeddings of a blend and of its two sources to the share of the first.
    share: Perceptron,
}

/// i-Mix (Lee et al., 2021) on the N-pair loss in training, with the share to be predicted as well.
pub(super) struct Mixup {
    pub shape: EncoderShape,
    pub temperature: f32,
    pub seed: u64,
    pub settings: MixupSettings,
}

/// For each row another one to blend it with, and its share.
pub(super) fn blends(batch: &Batch, seed: u64, alpha: f64) -> (Vec<usize>, Vec<f32>) {
    let (rows, mut rng) = (batch.rows(), batch.rng(seed));
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut rng);
    // Each row with the one after it in a random circle.
    let mut with = vec![0; rows];
    (0..rows).for_each(|i| with[order[i]] = order[(i + 1) % rows]);
    let shares = match Beta::new(alpha, alpha) {
        Ok(beta) => (0..rows).map(|_| beta.sample(&mut rng) as f32).collect(),
        Err(_) => (0..rows).map(|_| rng.random_range(0.0..1.0)).collect(),
    };
    (with, shares)
}

impl Single for Mixup {
    type Network = Network;

    fn network(&self, init: &mut Init) -> Network {
        let share = [3 * self.shape.embedding, HIDDEN, 1];
        Network { trunk: Trunk::new(init, &self.shape), share: Perceptron::new(init, share, Activation::Gelu) }
    }

    fn encoder(network: &Network) -> &Encoder {
        &network.trunk.encoder
    }

    fn judge(&self, network: &Network, batch: &Batch, device: &Device) -> Judgement {
        let rows = batch.rows();
        let (with, shares) = blends(batch, self.seed, self.settings.alpha);
        // Blends of the first views are the queries, the second views the keys.
        let blends = loss::mixed(batch.view(0, device), &with, &shares);
        let (embeddings, projections) = network.trunk.forward(Tensor::cat(vec![blends, batch.view(1, device)], 0));
        let half = |x: &Tensor<2>, which: usize| x.clone().narrow(0, which * rows, rows);
        let (queries, keys) = (half(&projections, 0), half(&projections, 1));
        let contrast = loss::mixed_pairs(queries, keys, &with, &shares, self.temperature);
        let (of_blends, of_windows) = (half(&embeddings, 0), half(&embeddings, 1));
        let told = network.share.forward(Tensor::cat(
            vec![of_blends, of_windows.clone(), super::batch::rows_of(of_windows.clone(), &with)],
            1,
        ));
        let shares = Tensor::<2>::from_data(TensorData::new(shares, [rows, 1]), device);
        let share_error = (sigmoid(told) - shares).square().mean();
        Judgement {
            loss: contrast + share_error * self.settings.share_weight,
            chance: Some((rows.max(1) as f32).ln()),
            embeddings: of_windows,
        }
    }
}
