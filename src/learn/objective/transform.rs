//! Which transformation was applied: one class of several.
//!
//! Owned by the trainer. Invariant: what is applied to a row follows from the batch's number and the row.

use super::Batch;
use super::single::{Judgement, Single};
use super::trunk::HIDDEN;
use crate::learn::nn::{Activation, Init, Perceptron, cross_entropy};
use crate::learn::{Encoder, EncoderShape};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What may be done to a window `[T, C]` (after Saeed et al., 2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transformation {
    /// Nothing.
    Identity,
    /// The last frame first.
    Reversed,
    /// The other sign.
    Negated,
    /// Noise of half to once each channel's root mean square.
    Noisy,
    /// Quarters in another order.
    Permuted,
    /// Time runs faster at one end than at the other.
    Warped,
    /// Channels in another order; not for single channels.
    Exchanged,
}

impl Transformation {
    const ALL: [Self; 7] =
        [Self::Identity, Self::Reversed, Self::Negated, Self::Noisy, Self::Permuted, Self::Warped, Self::Exchanged];

    /// Those that change a window of so many channels.
    fn of(channels: usize) -> &'static [Self] {
        if channels > 1 { &Self::ALL } else { &Self::ALL[..6] }
    }

    fn apply(self, window: &mut [f32], channels: usize, rng: &mut ChaCha8Rng) {
        let before = window.to_vec();
        let frames = window.len() / channels;
        let frame = |at: usize| &before[at * channels..(at + 1) * channels];
        let targets = window.chunks_exact_mut(channels).enumerate();
        match self {
            Self::Identity => {}
            Self::Reversed => targets.for_each(|(t, to)| to.copy_from_slice(frame(frames - 1 - t))),
            Self::Negated => window.iter_mut().for_each(|v| *v = -*v),
            Self::Noisy => {
                let relative: f32 = rng.random_range(0.5..1.0);
                let mut squares = vec![0.0f32; channels];
                before.chunks_exact(channels).flat_map(|f| f.iter().enumerate()).for_each(|(c, v)| squares[c] += v * v);
                for to in window.chunks_exact_mut(channels) {
                    for (v, square) in to.iter_mut().zip(&squares) {
                        let noise: f32 = StandardNormal.sample(rng);
                        *v += noise * relative * (square / frames as f32).sqrt();
                    }
                }
            }
            Self::Permuted => {
                let order = another_order(4, rng);
                let quarter = frames / 4;
                for (t, to) in targets.take(4 * quarter) {
                    to.copy_from_slice(frame(order[t / quarter] * quarter + t % quarter));
                }
            }
            Self::Warped => {
                let power: f64 = if rng.random_bool(0.5) { 0.6 } else { 1.6 };
                let last = frames.saturating_sub(1).max(1) as f64;
                for (t, to) in targets {
                    let at = (t as f64 / last).powf(power) * last;
                    let (from, part) = ((at as usize).min(frames - 1), at.fract() as f32);
                    let pair = frame(from).iter().zip(frame((from + 1).min(frames - 1)));
                    to.iter_mut().zip(pair).for_each(|(v, (a, b))| *v = a + (b - a) * part);
                }
            }
            Self::Exchanged => {
                let order = another_order(channels, rng);
                targets.for_each(|(t, to)| to.iter_mut().zip(&order).for_each(|(v, &c)| *v = frame(t)[c]));
            }
        }
    }
}

/// An order of `count` things that is not theirs, if they have another.
fn another_order(count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    while count > 1 && order.is_sorted() {
        order.shuffle(rng);
    }
    order
}

#[derive(Module, Debug)]
pub(super) struct Network {
    encoder: Encoder,
    classifier: Perceptron,
}

/// Predicting the transformation, in training.
pub(super) struct Transform {
    pub shape: EncoderShape,
    pub seed: u64,
}

impl Single for Transform {
    type Network = Network;

    fn network(&self, init: &mut Init) -> Network {
        let classes = Transformation::of(self.shape.channels).len();
        let encoder = Encoder::new(init, &self.shape);
        let classifier = Perceptron::new(init, [self.shape.embedding, HIDDEN, classes], Activation::Gelu);
        Network { encoder, classifier }
    }

    fn encoder(network: &Network) -> &Encoder {
        &network.encoder
    }

    fn judge(&self, network: &Network, batch: &Batch, device: &Device) -> Judgement {
        let mut windows = batch.views[0].clone();
        let mut rng = batch.rng(self.seed);
        let all = Transformation::of(batch.channels);
        let mut right = Vec::with_capacity(batch.rows());
        for window in windows.chunks_exact_mut(batch.frames * batch.channels) {
            let which = rng.random_range(0..all.len());
            all[which].apply(window, batch.channels, &mut rng);
            right.push(which);
        }
        let shape = [batch.rows(), batch.frames, batch.channels];
        let embeddings = network.encoder.forward(Tensor::from_data(TensorData::new(windows, shape), device));
        Judgement {
            loss: cross_entropy(network.classifier.forward(embeddings.clone()), right, None).mean(),
            chance: Some((all.len() as f32).ln()),
            embeddings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn each_but_the_first_changes_a_window_and_keeps_it_finite() {
        let window: Vec<f32> = (0..64 * 3).map(|i| (i as f32 * 0.37).sin() + (i % 3) as f32).collect();
        for transformation in Transformation::ALL {
            let mut changed = window.clone();
            transformation.apply(&mut changed, 3, &mut ChaCha8Rng::seed_from_u64(1));
            assert!(changed.iter().all(|v| v.is_finite()));
            assert_eq!(changed == window, transformation == Transformation::Identity, "{transformation:?}");
            let mut short = vec![1.0, 2.0];
            transformation.apply(&mut short, 2, &mut ChaCha8Rng::seed_from_u64(1));
            assert!(short.iter().all(|v| v.is_finite()), "{transformation:?}");
        }
    }
}
