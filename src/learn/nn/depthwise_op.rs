//! Causal convolution of each channel by itself, as one operation with its own gradient.
//!
//! Owns the operation; runs on the caller's rayon pool, and on the calling thread alone for a batch of one. A product of
//! matrices has nothing to share here: what counts is that sums stay in registers. Invariant: a window's result does not
//! depend on the rest of its batch.

use super::buffer::Buffer;
use super::conv_kernel::add_columns;
use super::operation::{Gradient, Lying, Operation, Output, of_three};
use crate::dsp::vectorised;
use burn::tensor::Tensor;
use rayon::prelude::*;

#[derive(Debug)]
struct DepthwiseOverTime;

/// `y[t, c]` = bias + the sum over taps of `w[j, c] x[t + j - (kernel - 1), c]`, of `x [B, T, C]` with `w [kernel, C]` and
/// `b [C]`: `[B, T, C]`.
///
/// # Panics
/// If the shapes do not fit each other.
#[must_use]
pub fn depthwise_over_time(x: Tensor<3>, w: Tensor<2>, b: Tensor<1>) -> Tensor<3> {
    assert!(w.dims()[1] == x.dims()[2] && b.dims()[0] == x.dims()[2], "taps and a bias for each channel");
    of_three(DepthwiseOverTime, x, w, b)
}

/// Channels and rows whose sums are in registers at once.
const LANES: usize = 8;
const ROWS: usize = 4;

/// `out[r, c] += sum over i of a[r + i, c] b[i, c]`, for all rows of `out`; `a` holds as many rows as that needs.
///
/// With taps as `b` that is a correlation over time; with the gradient of the output as `b`, the gradient of the taps.
#[inline(always)]
fn correlate(out: &mut [f32], a: &[f32], b: &[f32], channels: usize) {
    for (block, out) in out.chunks_mut(ROWS * channels).enumerate() {
        let a = &a[block * ROWS * channels..];
        let rows = out.len() / channels;
        let mut first = 0;
        while rows == ROWS && first + LANES <= channels {
            let mut sums = [[0.0f32; LANES]; ROWS];
            for (i, b) in b.chunks_exact(channels).enumerate() {
                let b: &[f32] = &b[first..first + LANES];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let a = &a[(i + row) * channels + first..][..LANES];
                    for lane in 0..LANES {
                        sums[lane] += a[lane] * b[lane];
                    }
                }
            }
            for (out, sums) in out.chunks_exact_mut(channels).zip(&sums) {
                out[first..first + LANES].iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
            }
            first += LANES;
        }
        for (row, out) in out.chunks_exact_mut(channels).enumerate() {
            for (channel, out) in out.iter_mut().enumerate().skip(first) {
                let pairs = a[row * channels..].chunks_exact(channels).zip(b.chunks_exact(channels));
                *out += pairs.map(|(a, b)| a[channel] * b[channel]).sum::<f32>();
            }
        }
    }
}

/// Runs `job` on windows of both slices, on this thread alone for one of them.
fn each_window(out: &mut [f32], input: &[f32], window: usize, job: impl Fn(&mut [f32], &[f32]) + Sync) {
    if out.len() <= window {
        job(out, input);
    } else {
        out.par_chunks_exact_mut(window).zip(input.par_chunks_exact(window)).for_each(|(out, input)| job(out, input));
    }
}

impl Operation for DepthwiseOverTime {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[x, w, b] = inputs else { unreachable!("a depthwise convolution has three inputs") };
        let ([_, frames, channels], [kernel, _]) = (x.lengths(), w.lengths());
        let mut y = Buffer::of(x.values.len());
        y.chunks_exact_mut(channels).for_each(|y| y.copy_from_slice(b.values));
        let before = (kernel - 1) * channels;
        each_window(&mut y, x.values, (frames * channels).max(1), |y, x| {
            let mut padded = vec![0.0; before + x.len()];
            padded[before..].copy_from_slice(x);
            vectorised(|| correlate(y, &padded, w.values, channels));
        });
        Output { values: y, shape: x.shape.to_vec(), kept: None }
    }

    fn backward(&self, inputs: &[Lying<'_>], _: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Gradient>> {
        let &[x, w, _] = inputs else { unreachable!("a depthwise convolution has three inputs") };
        let ([batch, frames, channels], [kernel, _]) = (x.lengths(), w.lengths());
        let (window, beyond) = ((frames * channels).max(1), (kernel - 1) * channels);
        let dx = wanted[0].then(|| {
            let mut dx = Buffer::of(x.values.len());
            dx.fill(0.0);
            let reversed: Vec<f32> = w.values.rchunks_exact(channels).flatten().copied().collect();
            each_window(&mut dx, dy, window, |dx, dy| {
                let mut padded = vec![0.0; dy.len() + beyond];
                padded[..dy.len()].copy_from_slice(dy);
                vectorised(|| correlate(dx, &padded, &reversed, channels));
            });
            Gradient::Activation(dx)
        });
        if !wanted[1] && !wanted[2] {
            return vec![dx, None, None];
        }
        // One partial sum a job, added up in order.
        let (size, share) = (kernel * channels, batch.div_ceil(rayon::current_num_threads()).max(1));
        let mut sums = vec![0.0f32; batch.div_ceil(share).max(1) * size];
        let jobs = x.values.par_chunks(share * window).zip(dy.par_chunks(share * window));
        sums.par_chunks_mut(size).zip(jobs).for_each(|(sum, (x, dy))| {
            let mut padded = vec![0.0; beyond + window];
            for (x, dy) in x.chunks_exact(window).zip(dy.chunks_exact(window)) {
                padded[beyond..].copy_from_slice(x);
                vectorised(|| correlate(sum, &padded, dy, channels));
            }
        });
        let (first, others) = sums.split_at_mut(size);
        for other in others.chunks_exact(size) {
            first.iter_mut().zip(other).for_each(|(to, from)| *to += from);
        }
        sums.truncate(size);
        let mut db = vec![0.0; channels];
        add_columns(dy, &mut db);
        vec![dx, Some(Gradient::Parameter(sums)), Some(Gradient::Parameter(db))]
    }
}
