//! The twin of a masked autoencoder: a transformer over the visible patches, and a small one over all of them.

use super::{Shape, Twin, normal, online};
use crate::learn::nn::{Activation, Compute, GroupNorm, Init, Linear, Transformer};
use crate::learn::objective::online::Online;
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

const PATCH: usize = 16;
const WIDTH: usize = 128;
const HEADS: usize = 4;
const DEPTH: usize = 4;

#[derive(Module, Debug)]
struct Network {
    embed: Linear,
    encoder: Vec<Transformer>,
    encoded: GroupNorm,
    bridge: Linear,
    mask: Param<Tensor<2>>,
    decoder: Transformer,
    decoded: GroupNorm,
    head: Linear,
}

/// He et al. (2022) on patches of 16 frames of all channels, a quarter of which are visible.
pub(super) struct Mae {
    online: Online<Network>,
    /// `[B, N, 16 C]`.
    patches: Vec<f32>,
    batch: usize,
    tokens: usize,
    depth: usize,
    positions: Vec<f32>,
    rng: ChaCha8Rng,
    compute: Compute,
}

impl Mae {
    pub fn new(shape: Shape, seed: u64, compute: Compute) -> Self {
        let (tokens, depth) = (shape.frames / PATCH, PATCH * shape.channels);
        let mut init = Init::training(seed, compute);
        let block = |init: &mut Init| Transformer::new(init, WIDTH, HEADS, 4 * WIDTH);
        let norm = |init: &mut Init| GroupNorm::new(init, WIDTH, 1, Activation::Identity);
        let network = Network {
            embed: Linear::new(&mut init, depth, WIDTH),
            encoder: (0..DEPTH).map(|_| block(&mut init)).collect(),
            encoded: norm(&mut init),
            bridge: Linear::new(&mut init, WIDTH, WIDTH),
            mask: init.uniform([1, WIDTH], 0.02),
            decoder: block(&mut init),
            decoded: norm(&mut init),
            head: Linear::new(&mut init, WIDTH, depth),
        };
        Self {
            online: online(network),
            patches: normal(seed, shape.batch * tokens * depth),
            batch: shape.batch,
            tokens,
            depth,
            positions: positions(tokens),
            rng: ChaCha8Rng::seed_from_u64(seed),
            compute,
        }
    }

    fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), &self.compute.training())
    }
}

/// Sines and cosines of the position `[N, WIDTH]` (Vaswani et al., 2017).
fn positions(tokens: usize) -> Vec<f32> {
    let half = WIDTH / 2;
    let angle = |at: usize, i: usize| at as f32 / 10_000f32.powf(i as f32 / half as f32);
    let row =
        |at: usize| (0..WIDTH).map(move |i| if i < half { angle(at, i).sin() } else { angle(at, i - half).cos() });
    (0..tokens).flat_map(row).collect()
}

impl Twin for Mae {
    fn step(&mut self) -> f32 {
        let Self { batch, tokens, depth, .. } = *self;
        let visible = (tokens / 4).max(1);
        let (mut seen, mut places) = (Vec::with_capacity(batch * visible * depth), Vec::new());
        // For each patch the row of its latent, or the mask's, which comes last.
        let (mut rows, mut masked) = (vec![(batch * visible) as i64; batch * tokens], vec![1.0; batch * tokens]);
        let mut order: Vec<usize> = (0..tokens).collect();
        for row in 0..batch {
            order.shuffle(&mut self.rng);
            for (i, &patch) in order[..visible].iter().enumerate() {
                seen.extend_from_slice(&self.patches[(row * tokens + patch) * depth..][..depth]);
                places.extend_from_slice(&self.positions[patch * WIDTH..][..WIDTH]);
                rows[row * tokens + patch] = (row * visible + i) as i64;
                masked[row * tokens + patch] = 0.0;
            }
        }
        let network = self.online.module();
        let x = network.embed.forward(self.tensor(seen, [batch * visible, depth]));
        let x = (x + self.tensor(places, [batch * visible, WIDTH])).reshape([batch, visible, WIDTH]);
        let x = network.encoder.iter().fold(x, |x, block| block.forward(x)).reshape([batch * visible, WIDTH]);
        let latents = network.bridge.forward(network.encoded.forward_rows(x));
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [batch * tokens]), &self.compute.training());
        let all = Tensor::cat(vec![latents, network.mask.val()], 0).select(0, rows);
        let all = all.reshape([batch, tokens, WIDTH]) + self.tensor(self.positions.clone(), [1, tokens, WIDTH]);
        let all = network.decoder.forward(all).reshape([batch * tokens, WIDTH]);
        let predicted = network.head.forward(network.decoded.forward_rows(all));
        let target = self.tensor(self.patches.clone(), [batch * tokens, depth]);
        let errors = (predicted - target).square().mean_dim(1).squeeze_dim::<1>(1);
        let count = masked.iter().sum::<f32>().max(1.0);
        let loss = (errors * self.tensor(masked, [batch * tokens])).sum() / count;
        self.online.descend(&loss).loss()
    }
}
