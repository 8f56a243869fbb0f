//! The same encoder taught with labels: what a method that does without them is measured by.
//!
//! Owned by whoever compares, never by a run. Invariant: the encoder has the first weights of its seed and takes the number
//! of steps that it is told, whatever the labels are.

use super::single::{Judgement, Single, Trained};
use super::{Batch, Method, Objective, ObjectiveSettings, Origin};
use crate::learn::nn::{Init, Linear, cross_entropy};
use crate::learn::{Encoder, EncoderShape, Schedule};
use burn::module::Module;
use burn::tensor::Device;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

#[derive(Module, Debug)]
struct Network {
    encoder: Encoder,
    classifier: Linear,
}

struct Supervised<'a> {
    shape: EncoderShape,
    classes: usize,
    /// The class of each window, by the source in its origin.
    labels: &'a [usize],
}

impl Single for Supervised<'_> {
    type Network = Network;

    fn network(&self, init: &mut Init) -> Network {
        let encoder = Encoder::new(init, &self.shape);
        let classifier = Linear::new(init, self.shape.embedding, self.classes);
        Network { encoder, classifier }
    }

    fn encoder(network: &Network) -> &Encoder {
        &network.encoder
    }

    fn judge(&self, network: &Network, batch: &Batch, device: &Device) -> Judgement {
        let embeddings = network.encoder.forward(batch.view(0, device));
        let right = batch.origins[0].iter().map(|origin| self.labels[origin.source as usize]).collect();
        Judgement {
            loss: cross_entropy(network.classifier.forward(embeddings.clone()), right, None).mean(),
            chance: Some((self.classes as f32).ln()),
            embeddings,
        }
    }
}

/// Windows with labels, and how long an encoder is taught them.
#[derive(Clone, Debug)]
pub struct Lecture<'a> {
    /// Windows `[T, C]`, all of one shape.
    pub windows: &'a [Vec<f32>],
    /// The class of each.
    pub labels: &'a [usize],
    /// How many classes there are.
    pub classes: usize,
    /// The encoder.
    pub encoder: &'a EncoderShape,
    /// Optimiser steps.
    pub steps: u64,
    /// Windows a step.
    pub batch: usize,
}

impl Lecture<'_> {
    /// The encoder after `steps` steps of cross-entropy through one linear layer, on the `known` windows alone, in passes each of another
    /// order; windows are taken as they are, without augmentations.
    #[must_use]
    pub fn teach(&self, known: &[usize], seed: u64, schedule: Schedule) -> Encoder {
        let supervised = Supervised { shape: self.encoder.clone(), classes: self.classes, labels: self.labels };
        let channels = self.encoder.channels;
        let frames = self.windows.first().map_or(0, |window| window.len() / channels.max(1));
        // The method is not asked for: what is trained is given.
        let settings = ObjectiveSettings::new(Method::Simclr, self.encoder.clone(), frames);
        let mut trained = Trained::new(supervised, &ObjectiveSettings { seed, schedule, ..settings });
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut pass: Vec<usize> = Vec::new();
        let size = self.batch.min(known.len()).max(1);
        for step in 0..self.steps {
            if pass.len() < size {
                pass = known.to_vec();
                pass.shuffle(&mut rng);
            }
            let rows = pass.split_off(pass.len() - size);
            let mut batch = Batch { frames, channels, draw: step * size as u64, ..Batch::default() };
            for row in rows {
                batch.views[0].extend(&self.windows[row]);
                batch.origins[0].push(Origin { source: row as u32, first: 0 });
            }
            trained.step(&batch);
        }
        trained.encoder()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Architecture;

    #[test]
    fn it_learns_the_labels_that_it_is_taught_and_sees_no_other_windows() {
        let encoder = EncoderShape {
            channels: 2,
            architecture: Architecture::Conv,
            widths: vec![8, 8],
            embedding: 8,
            sites: vec![],
        };
        // Slow and fast sines at any phase.
        let window = |i: usize| -> Vec<f32> {
            let pace = if i.is_multiple_of(2) { 0.2 } else { 0.9 };
            (0..64)
                .flat_map(|t| [(t as f32 * pace + i as f32).sin(), (t as f32 * pace + 2.0 * i as f32).cos()])
                .collect()
        };
        let labels: Vec<usize> = (0..48).map(|i| i % 2).collect();
        let mut windows: Vec<Vec<f32>> = (0..48).map(window).collect();
        let schedule = Schedule { learning_rate: 1e-2, warmup_steps: 5, ..Schedule::default() };
        let known: Vec<usize> = (0..32).collect();
        let lecture = |windows: &[Vec<f32>]| {
            let lecture = Lecture { windows, labels: &labels, classes: 2, encoder: &encoder, steps: 60, batch: 16 };
            let taught = lecture.teach(&known, 3, schedule);
            windows.iter().map(|window| taught.embed(window.clone(), 2)).collect::<Vec<_>>()
        };
        let rows = lecture(&windows);
        let middle = |class: usize| -> Vec<f32> {
            let of = || known.iter().filter(|&&i| labels[i] == class);
            (0..8).map(|d| of().map(|&i| rows[i][d]).sum::<f32>() / 16.0).collect()
        };
        let (slow, fast) = (middle(0), middle(1));
        let far = |row: &[f32], from: &[f32]| row.iter().zip(from).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
        let right = (32..48).filter(|&i| (far(&rows[i], &fast) < far(&rows[i], &slow)) == (labels[i] == 1)).count();
        assert!(right >= 15, "{right} of 16 windows that were not taught");
        // Other windows beyond the known ones change nothing.
        windows[40] = vec![9.0; 128];
        let again = lecture(&windows);
        assert_eq!(rows[..40], again[..40]);
    }
}
