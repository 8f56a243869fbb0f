//! Cross-entropy of rows of logits as one operation with its own gradient.
//!
//! Owns the operation; runs on the caller's rayon pool, one job a row where there are many. Invariant: loss and gradient
//! keep their relative precision when the right answer is all but certain, for neither is one minus a probability.

use super::activation::exp;
use super::buffer::Buffer;
use super::init::Compute;
use super::operation::{Gradient, Lying, Operation, Output, of_one};
use super::plain;
use crate::dsp::vectorised;
use burn::tensor::Tensor;
use rayon::prelude::*;

#[derive(Debug)]
struct CrossEntropy {
    right: Vec<usize>,
    masked: Option<Vec<bool>>,
}

/// The cross-entropy `[R]` of each row of `logits [R, K]` with its right answer; answers that are masked (`[R, K]`, true)
/// do not exist. A right answer that is masked is taken as if it were not.
///
/// # Panics
/// If the sizes do not fit each other, or a right answer is none of the `K`.
#[must_use]
pub fn cross_entropy(logits: Tensor<2>, right: Vec<usize>, masked: Option<Vec<bool>>) -> Tensor<1> {
    let [rows, answers] = logits.dims();
    assert!(right.len() == rows && right.iter().all(|&at| at < answers), "one right answer a row");
    assert!(masked.as_ref().is_none_or(|masked| masked.len() == rows * answers), "one mask a logit");
    if logits.device().inner() == Compute::default().serving() {
        of_one(CrossEntropy { right, masked }, logits)
    } else {
        plain::cross_entropy(logits, &right, masked)
    }
}

/// Sums that grow side by side: few enough for registers, many enough for vectors.
const LANES: usize = 16;

/// The sum of a row, added up in a fixed order.
#[inline(always)]
fn sum(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, v)| *lane += v);
    }
    lanes.iter().chain(rest).sum()
}

/// Turns a row of logits into `p`, where the right answer holds the sum of all others instead; returns the loss.
#[inline(always)]
fn row_loss(row: &mut [f32], right: usize, masked: Option<&[bool]>) -> f32 {
    if let Some(masked) = masked {
        for (i, (v, &masked)) in row.iter_mut().zip(masked).enumerate() {
            if masked && i != right {
                *v = f32::NEG_INFINITY;
            }
        }
    }
    let largest = row.iter().fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
    let short = largest - row[right];
    for v in row.iter_mut() {
        // The clamp of `exp` would leave 1e-38 of what is masked.
        *v = if *v == f32::NEG_INFINITY { 0.0 } else { exp(*v - largest) };
    }
    let of_right = std::mem::take(&mut row[right]);
    let others = sum(row);
    let share = 1.0 / (of_right + others);
    row.iter_mut().for_each(|v| *v *= share);
    row[right] = others * share;
    // ln(1 + others) is precise for few of them, where ln(of_right + others) is not.
    if short > 0.0 { short + (of_right + others).ln() } else { others.ln_1p() + 0.0 * of_right }
}

impl Operation for CrossEntropy {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[logits] = inputs else { unreachable!("a cross-entropy has one input") };
        let [rows, answers] = logits.lengths();
        let (mut losses, mut kept) = (Buffer::of(rows), Buffer::of(rows * answers));
        kept.copy_from_slice(logits.values);
        let jobs = losses.par_iter_mut().zip(kept.par_chunks_exact_mut(answers.max(1))).enumerate();
        jobs.with_min_len((1 << 12) / answers.max(1) + 1).for_each(|(i, (loss, row))| {
            let masked = self.masked.as_ref().map(|masked| &masked[i * answers..(i + 1) * answers]);
            *loss = vectorised(|| row_loss(row, self.right[i], masked));
        });
        Output { values: losses, shape: vec![rows], kept: Some(kept) }
    }

    fn backward(&self, inputs: &[Lying<'_>], kept: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Gradient>> {
        let &[logits] = inputs else { unreachable!("a cross-entropy has one input") };
        let [_, answers] = logits.lengths();
        let mut dx = Buffer::of(logits.values.len());
        let rows = dx.par_chunks_exact_mut(answers.max(1)).zip(kept.par_chunks_exact(answers.max(1)));
        rows.zip(dy).enumerate().with_min_len((1 << 12) / answers.max(1) + 1).for_each(|(i, ((dx, p), dy))| {
            vectorised(|| dx.iter_mut().zip(p).for_each(|(dx, p)| *dx = p * dy));
            dx[self.right[i]] *= -1.0;
        });
        vec![Some(Gradient::Activation(dx))]
    }
}
