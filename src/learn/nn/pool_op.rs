//! Mean and standard deviation over time as one operation with its own gradient.
//!
//! Owns the operation; runs on the caller's rayon pool, and on the calling thread alone for a batch of one. Invariant: a
//! window's result does not depend on the rest of its batch.

use super::buffer::Buffer;
use super::operation::{Gradient, Lying, Operation, Output, of_one};
use crate::dsp::vectorised;
use burn::tensor::Tensor;
use rayon::prelude::*;

/// What a window is summed up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The mean over time: `C` values.
    Mean,
    /// Mean and standard deviation over time: `2 C` values.
    MeanAndDeviation,
}

impl Pooling {
    /// Added to a variance: it keeps the slope of the root finite where a feature stands still.
    pub const FLOOR: f32 = 1e-5;

    /// Values for `channels` channels.
    #[must_use]
    pub fn width(self, channels: usize) -> usize {
        match self {
            Self::Mean => channels,
            Self::MeanAndDeviation => 2 * channels,
        }
    }

    #[inline(always)]
    fn window(self, x: &[f32], channels: usize, y: &mut [f32]) {
        let share = 1.0 / (x.len() / channels).max(1) as f32;
        let (means, deviations) = y.split_at_mut(channels);
        means.fill(0.0);
        for frame in x.chunks_exact(channels) {
            means.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x);
        }
        means.iter_mut().for_each(|mean| *mean *= share);
        if self == Self::MeanAndDeviation {
            deviations.fill(0.0);
            for frame in x.chunks_exact(channels) {
                for ((sum, mean), x) in deviations.iter_mut().zip(&*means).zip(frame) {
                    *sum += (x - mean) * (x - mean);
                }
            }
            deviations.iter_mut().for_each(|sum| *sum = (*sum * share + Self::FLOOR).sqrt());
        }
    }

    #[inline(always)]
    fn window_gradient(self, [x, y, dy]: [&[f32]; 3], channels: usize, dx: &mut [f32]) {
        let share = 1.0 / (x.len() / channels).max(1) as f32;
        let (means, deviations) = y.split_at(channels);
        let (of_means, of_deviations) = dy.split_at(channels);
        for (dx, x) in dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            dx.iter_mut().zip(of_means).for_each(|(dx, dy)| *dx = dy * share);
            let of_deviations = of_deviations.iter().zip(deviations);
            for ((dx, x), (mean, (dy, deviation))) in dx.iter_mut().zip(x).zip(means.iter().zip(of_deviations)) {
                *dx += dy / deviation * share * (x - mean);
            }
        }
    }
}

/// Sums `x [B, T, C]` up over time: `[B, C]` or `[B, 2 C]`, means first.
#[must_use]
pub fn pool(x: Tensor<3>, pooling: Pooling) -> Tensor<2> {
    of_one(pooling, x)
}

impl Operation for Pooling {
    fn forward(&self, inputs: &[Lying<'_>], keep: bool) -> Output {
        let &[x] = inputs else { unreachable!("pooling has one input") };
        let [batch, frames, channels] = x.lengths();
        let (window, width) = ((frames * channels).max(1), self.width(channels));
        let mut y = Buffer::of(batch * width);
        let job = |y: &mut [f32], x: &[f32]| vectorised(|| self.window(x, channels, y));
        if batch == 1 || frames == 0 {
            y.chunks_exact_mut(width.max(1)).for_each(|y| job(y, x.values));
        } else {
            y.par_chunks_exact_mut(width).zip(x.values.par_chunks_exact(window)).for_each(|(y, x)| job(y, x));
        }
        let kept = keep.then(|| {
            let mut kept = Buffer::of(y.len());
            kept.copy_from_slice(&y);
            kept
        });
        Output { values: y, shape: vec![batch, width], kept }
    }

    fn backward(&self, inputs: &[Lying<'_>], y: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Gradient>> {
        let &[x] = inputs else { unreachable!("pooling has one input") };
        let [_, frames, channels] = x.lengths();
        let (window, width) = ((frames * channels).max(1), self.width(channels).max(1));
        let mut dx = Buffer::of(x.values.len());
        let inputs = x.values.par_chunks_exact(window).zip(y.par_chunks_exact(width)).zip(dy.par_chunks_exact(width));
        dx.par_chunks_exact_mut(window).zip(inputs).for_each(|(dx, ((x, y), dy))| {
            vectorised(|| self.window_gradient([x, y, dy], channels, dx));
        });
        vec![Some(Gradient::Activation(dx))]
    }
}
