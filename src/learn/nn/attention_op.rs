//! Scaled dot-product attention of all heads as one operation with its own gradient.
//!
//! Owns the operation; runs on the caller's rayon pool, one job a row of the batch, and on the calling thread alone for a
//! batch of one. Invariant: a row's result does not depend on the rest of its batch.

use super::activation::exp;
use super::buffer::Buffer;
use super::gemm::{Onto, Strided, product};
use super::operation::{Gradient, Lying, Operation, Output, of_one};
use crate::dsp::vectorised;
use burn::tensor::Tensor;
use rayon::prelude::*;

#[derive(Debug)]
struct Attention {
    heads: usize,
}

/// Attention (Vaswani et al., 2017) of queries, keys and values `[B, N, 3 D]`, side by side, in `heads` heads: `[B, N, D]`.
///
/// # Panics
/// If the width is not three times a multiple of the heads.
#[must_use]
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    assert!(heads > 0 && qkv.dims()[2].is_multiple_of(3 * heads), "heads divide queries, keys and values");
    of_one(Attention { heads }, qkv)
}

/// Each row becomes its softmax after scaling.
#[inline(always)]
fn softmax(rows: &mut [f32], width: usize, scale: f32) {
    for row in rows.chunks_exact_mut(width) {
        let largest = row.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        row.iter_mut().for_each(|v| *v = exp((*v - largest) * scale));
        let share = 1.0 / row.iter().sum::<f32>();
        row.iter_mut().for_each(|v| *v *= share);
    }
}

/// Gradient of scores from that of weights, in place.
#[inline(always)]
fn softmax_gradient(gradients: &mut [f32], weights: &[f32], width: usize, scale: f32) {
    for (gradients, weights) in gradients.chunks_exact_mut(width).zip(weights.chunks_exact(width)) {
        let along: f32 = gradients.iter().zip(weights).map(|(g, w)| g * w).sum();
        gradients.iter_mut().zip(weights).for_each(|(g, w)| *g = (*g - along) * w * scale);
    }
}

impl Attention {
    /// Sizes: rows of the batch, tokens, width, width of a head.
    fn sizes(&self, qkv: Lying<'_>) -> [usize; 4] {
        let [batch, tokens, triple] = qkv.lengths();
        [batch, tokens, triple / 3, triple / 3 / self.heads]
    }
}

/// Queries (0), keys (1) or values (2) of one head.
fn part(qkv: &[f32], which: usize, head: usize, width: usize, of_head: usize) -> Strided<'_> {
    Strided { values: &qkv[which * width + head * of_head..], row: 3 * width, column: 1 }
}

impl Operation for Attention {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[qkv] = inputs else { unreachable!("attention has one input") };
        let [batch, tokens, width, of_head] = self.sizes(qkv);
        let mut y = Buffer::of(batch * tokens * width);
        let mut weights = Buffer::of(batch * self.heads * tokens * tokens);
        let scale = 1.0 / (of_head as f32).sqrt();
        let job = |y: &mut [f32], weights: &mut [f32], qkv: &[f32]| {
            for (head, weights) in weights.chunks_exact_mut(tokens * tokens).enumerate() {
                let [q, k, v] = [0, 1, 2].map(|which| part(qkv, which, head, width, of_head));
                product(Onto::Fresh, weights, tokens, [tokens, tokens, of_head], q, k.transposed());
                vectorised(|| softmax(weights, tokens, scale));
                let out = &mut y[head * of_head..];
                product(Onto::Fresh, out, width, [tokens, of_head, tokens], Strided::rows(weights, tokens), v);
            }
        };
        if batch == 1 {
            job(&mut y, &mut weights, qkv.values);
        } else if !y.is_empty() {
            let jobs = y.par_chunks_exact_mut(tokens * width);
            let jobs = jobs.zip(weights.par_chunks_exact_mut(self.heads * tokens * tokens));
            let inputs = qkv.values.par_chunks_exact(3 * tokens * width);
            jobs.zip(inputs).for_each(|((y, weights), qkv)| job(y, weights, qkv));
        }
        Output { values: y, shape: vec![batch, tokens, width], kept: Some(weights) }
    }

    fn backward(&self, inputs: &[Lying<'_>], weights: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Gradient>> {
        let &[qkv] = inputs else { unreachable!("attention has one input") };
        let [_, tokens, width, of_head] = self.sizes(qkv);
        let mut gradient = Buffer::of(qkv.values.len());
        let (scale, square) = (1.0 / (of_head as f32).sqrt(), tokens * tokens);
        let job = |gradient: &mut [f32], qkv: &[f32], weights: &[f32], dy: &[f32]| {
            let mut of_scores = vec![0.0; square];
            for (head, weights) in weights.chunks_exact(square).enumerate() {
                let [q, k, v] = [0, 1, 2].map(|which| part(qkv, which, head, width, of_head));
                let dy = Strided { values: &dy[head * of_head..], row: width, column: 1 };
                let mut into = |which: usize, size: [usize; 3], a: Strided<'_>, b: Strided<'_>| {
                    product(Onto::Fresh, &mut gradient[which * width + head * of_head..], 3 * width, size, a, b);
                };
                let by_tokens = [tokens, of_head, tokens];
                into(2, by_tokens, Strided::rows(weights, tokens).transposed(), dy);
                product(Onto::Fresh, &mut of_scores, tokens, [tokens, tokens, of_head], dy, v.transposed());
                vectorised(|| softmax_gradient(&mut of_scores, weights, tokens, scale));
                into(0, by_tokens, Strided::rows(&of_scores, tokens), k);
                into(1, by_tokens, Strided::rows(&of_scores, tokens).transposed(), q);
            }
        };
        if !dy.is_empty() {
            let jobs = gradient.par_chunks_exact_mut(3 * tokens * width);
            let inputs = qkv.values.par_chunks_exact(3 * tokens * width);
            let kept = weights.par_chunks_exact(self.heads * square).zip(dy.par_chunks_exact(tokens * width));
            jobs.zip(inputs).zip(kept).for_each(|((gradient, qkv), (weights, dy))| job(gradient, qkv, weights, dy));
        }
        vec![Some(Gradient::Activation(gradient))]
    }
}
