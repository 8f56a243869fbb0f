//! Attention over electrodes as one operation with its own gradient.
//!
//! Owns the operation; runs on the caller's rayon pool, and on the calling thread alone for a batch of one. A channel whose
//! samples are all zero in a window is absent from it and takes no part in the softmax. Invariant: an absent channel changes
//! nothing, and a window's result does not depend on the rest of its batch.

use super::activation::exp;
use super::buffer::Buffer;
use super::gemm::{Onto, Strided, product};
use super::operation::{Gradient, Lying, Operation, Output, of_two};
use crate::dsp::vectorised;
use burn::tensor::Tensor;
use rayon::prelude::*;
use std::sync::Arc;

/// Features of electrodes `[C, F]`, which are not learnt.
#[derive(Debug)]
struct SpatialAttention(Arc<[f32]>);

/// Windows `x [B, T, C]` onto `V` virtual channels `[B, T, V]`: each is a mean over the channels present, weighted by the
/// softmax over them of `features [C, F]` times `weight [F, V]` (Défossez et al., 2023).
///
/// # Panics
/// If the shapes do not fit each other.
#[must_use]
pub fn spatial_attention(x: Tensor<3>, weight: Tensor<2>, features: Arc<[f32]>) -> Tensor<3> {
    assert_eq!(features.len(), x.dims()[2] * weight.dims()[0], "a row of features a channel");
    of_two(SpatialAttention(features), x, weight)
}

/// The channels of a window that are not zero throughout; true if that is all of them.
fn find_present(x: &[f32], present: &mut [bool]) -> bool {
    present.fill(false);
    let mut missing = present.len();
    for frame in x.chunks_exact(present.len()) {
        for (present, _) in present.iter_mut().zip(frame).filter(|(present, value)| !**present && **value != 0.0) {
            *present = true;
            missing -= 1;
        }
        if missing == 0 {
            return true;
        }
    }
    false
}

/// Weights `[C, V]` from scores: in each column the softmax over the present rows, zero in the others.
#[inline(always)]
fn softmax(scores: &[f32], present: &[bool], weights: &mut [f32]) {
    let width = scores.len() / present.len();
    let mut largest = vec![f32::NEG_INFINITY; width];
    let rows = || scores.chunks_exact(width).zip(present);
    for (row, _) in rows().filter(|(_, present)| **present) {
        largest.iter_mut().zip(row).for_each(|(largest, score)| *largest = largest.max(*score));
    }
    let mut sums = vec![0.0f32; width];
    for (to, (row, &present)) in weights.chunks_exact_mut(width).zip(rows()) {
        if present {
            let shifted = row.iter().zip(&largest);
            to.iter_mut().zip(shifted).for_each(|(to, (score, largest))| *to = exp(score - largest));
            sums.iter_mut().zip(&*to).for_each(|(sum, weight)| *sum += weight);
        } else {
            to.fill(0.0);
        }
    }
    for (to, _) in weights.chunks_exact_mut(width).zip(present).filter(|(_, present)| **present) {
        to.iter_mut().zip(&sums).for_each(|(to, sum)| *to /= sum);
    }
}

/// Adds the gradient of the scores from that of the weights; absent channels have none.
#[inline(always)]
fn softmax_gradient(weights: &[f32], of_weights: &[f32], width: usize, of_scores: &mut [f32]) {
    let rows = || weights.chunks_exact(width).zip(of_weights.chunks_exact(width));
    let mut along = vec![0.0f32; width];
    for (weights, of_weights) in rows() {
        let products = weights.iter().zip(of_weights);
        along.iter_mut().zip(products).for_each(|(sum, (weight, of_weight))| *sum += weight * of_weight);
    }
    for (to, (weights, of_weights)) in of_scores.chunks_exact_mut(width).zip(rows()) {
        for ((to, along), (weight, of_weight)) in to.iter_mut().zip(&along).zip(weights.iter().zip(of_weights)) {
            *to += weight * (of_weight - along);
        }
    }
}

/// Weights `[C, V]` of one window after the other.
struct Weights<'a> {
    scores: &'a [f32],
    of_all: &'a [f32],
    present: Vec<bool>,
    own: Vec<f32>,
}

impl<'a> Weights<'a> {
    fn new(scores: &'a [f32], of_all: &'a [f32], channels: usize) -> Self {
        Self { scores, of_all, present: vec![true; channels], own: Vec::new() }
    }

    /// The weights for a window, and whether they are those of all windows with every channel present.
    fn of(&mut self, x: &[f32]) -> (&[f32], bool) {
        if find_present(x, &mut self.present) {
            return (self.of_all, true);
        }
        self.own.resize(self.scores.len(), 0.0);
        vectorised(|| softmax(self.scores, &self.present, &mut self.own));
        (&self.own, false)
    }
}

impl SpatialAttention {
    /// Scores and the weights with every channel present, both `[C, V]`.
    fn scores(&self, weight: Lying<'_>, channels: usize) -> [Vec<f32>; 2] {
        let [features, width] = weight.lengths();
        let mut scores = vec![0.0; channels * width];
        let (a, b) = (Strided::rows(&self.0, features), Strided::rows(weight.values, width));
        product(Onto::Fresh, &mut scores, width, [channels, width, features], a, b);
        let mut weights = vec![0.0; scores.len()];
        vectorised(|| softmax(&scores, &vec![true; channels], &mut weights));
        [scores, weights]
    }
}

/// Windows that one job takes.
fn share(batch: usize) -> usize {
    batch.div_ceil(rayon::current_num_threads()).max(1)
}

impl Operation for SpatialAttention {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[x, weight] = inputs else { unreachable!("spatial attention has two inputs") };
        let ([batch, frames, channels], [_, width]) = (x.lengths(), weight.lengths());
        let [scores, of_all] = self.scores(weight, channels);
        let (window, out) = ((frames * channels).max(1), (frames * width).max(1));
        let mut y = Buffer::of(batch * frames * width);
        let job = |y: &mut [f32], x: &[f32]| {
            let mut weights = Weights::new(&scores, &of_all, channels);
            for (y, x) in y.chunks_exact_mut(out).zip(x.chunks_exact(window)) {
                let b = Strided::rows(weights.of(x).0, width);
                product(Onto::Fresh, y, width, [frames, width, channels], Strided::rows(x, channels), b);
            }
        };
        let share = share(batch);
        if batch <= share {
            job(&mut y, x.values);
        } else {
            let jobs = y.par_chunks_mut(share * out).zip(x.values.par_chunks(share * window));
            jobs.for_each(|(y, x)| job(y, x));
        }
        Output { values: y, shape: vec![batch, frames, width], kept: None }
    }

    fn backward(&self, inputs: &[Lying<'_>], _: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Gradient>> {
        let &[x, weight] = inputs else { unreachable!("spatial attention has two inputs") };
        let ([batch, frames, channels], [features, width]) = (x.lengths(), weight.lengths());
        let [scores, of_all] = self.scores(weight, channels);
        let (window, out, size) = ((frames * channels).max(1), (frames * width).max(1), channels * width);
        let share = share(batch);
        let dx = wanted[0].then(|| {
            let mut dx = Buffer::of(x.values.len());
            let inputs = x.values.par_chunks(share * window).zip(dy.par_chunks(share * out));
            dx.par_chunks_mut(share * window).zip(inputs).for_each(|(dx, (x, dy))| {
                let mut weights = Weights::new(&scores, &of_all, channels);
                let windows = x.chunks_exact(window).zip(dy.chunks_exact(out));
                for (dx, (x, dy)) in dx.chunks_exact_mut(window).zip(windows) {
                    let b = Strided::rows(weights.of(x).0, width).transposed();
                    product(Onto::Fresh, dx, channels, [frames, channels, width], Strided::rows(dy, width), b);
                }
            });
            Gradient::Activation(dx)
        });
        if !wanted[1] {
            return vec![dx, None];
        }
        // A pair of sums a job, added up in order: of the weights that windows share, and of the others' scores.
        let mut sums = vec![0.0f32; batch.div_ceil(share).max(1) * 2 * size];
        let jobs = x.values.par_chunks(share * window).zip(dy.par_chunks(share * out));
        sums.par_chunks_mut(2 * size).zip(jobs).for_each(|(sums, (x, dy))| {
            let mut weights = Weights::new(&scores, &of_all, channels);
            let (of_shared, of_scores) = sums.split_at_mut(size);
            let mut of_own = vec![0.0; size];
            for (x, dy) in x.chunks_exact(window).zip(dy.chunks_exact(out)) {
                let (a, b) = (Strided::rows(x, channels).transposed(), Strided::rows(dy, width));
                let (weights, shared) = weights.of(x);
                if shared {
                    product(Onto::Sum, of_shared, width, [channels, width, frames], a, b);
                } else {
                    product(Onto::Fresh, &mut of_own, width, [channels, width, frames], a, b);
                    vectorised(|| softmax_gradient(weights, &of_own, width, of_scores));
                }
            }
        });
        let (first, others) = sums.split_at_mut(2 * size);
        for other in others.chunks_exact(2 * size) {
            first.iter_mut().zip(other).for_each(|(to, from)| *to += from);
        }
        let (of_shared, of_scores) = first.split_at_mut(size);
        vectorised(|| softmax_gradient(&of_all, of_shared, width, of_scores));
        let mut dw = vec![0.0; features * width];
        let a = Strided::rows(&self.0, features).transposed();
        product(Onto::Fresh, &mut dw, width, [features, width, channels], a, Strided::rows(of_scores, width));
        vec![dx, Some(Gradient::Parameter(dw))]
    }
}
