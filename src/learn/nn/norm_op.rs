//! Group normalisation with its activation as one operation with its own gradient.
//!
//! Owns the operation (group normalisation: Wu and He, 2018); runs on the caller's rayon pool, and on the calling thread
//! alone for a batch of one. Invariant: sums over the batch are taken in an order that depends on the number of threads
//! only.

use super::buffer::Buffer;
pub use super::norm_kernel::Norm;
use super::norm_kernel::SCRATCH;
use super::operation::{Gradient, Lying, Operation, Output, of_three};
use crate::dsp::vectorised;
use burn::tensor::Tensor;
use rayon::prelude::*;

/// Normalises `x [B, T, C]` over time and the channels of each group, scales it by `gamma [C]`, shifts it by `beta [C]`
/// and applies the activation.
///
/// # Panics
/// If the groups do not divide the channels.
#[must_use]
pub fn group_norm(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>, norm: Norm) -> Tensor<3> {
    let channels = x.dims()[2];
    assert!(norm.groups > 0 && channels.is_multiple_of(norm.groups), "groups divide the channels");
    assert!(gamma.dims()[0] == channels && beta.dims()[0] == channels, "one gamma and beta a channel");
    of_three(norm, x, gamma, beta)
}

/// Windows that one job takes: a share of the batch, for a window may be a single frame.
fn share(batch: usize) -> usize {
    batch.div_ceil(2 * rayon::current_num_threads()).max(1)
}

impl Operation for Norm {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[x, gamma, beta] = inputs else { unreachable!("a normalisation has three inputs") };
        let [batch, frames, channels] = x.lengths();
        let (mut y, mut stats) = (Buffer::of(x.values.len()), Buffer::of(batch * 2 * channels));
        let window = (frames * channels).max(1);
        let job = |y: &mut [f32], x: &[f32], stats: &mut [f32]| {
            let mut scratch = vec![0.0; SCRATCH * channels];
            vectorised(|| {
                let windows = y.chunks_exact_mut(window).zip(x.chunks_exact(window));
                for ((y, x), stats) in windows.zip(stats.chunks_exact_mut(2 * channels)) {
                    self.window(x, [gamma.values, beta.values], stats, &mut scratch, y);
                }
            });
        };
        let share = share(batch);
        if batch <= share {
            job(&mut y, x.values, &mut stats);
        } else {
            let jobs = y.par_chunks_mut(share * window).zip(x.values.par_chunks(share * window));
            jobs.zip(stats.par_chunks_mut(share * 2 * channels)).for_each(|((y, x), stats)| job(y, x, stats));
        }
        Output { values: y, shape: x.shape.to_vec(), kept: Some(stats) }
    }

    fn backward(&self, inputs: &[Lying<'_>], stats: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Gradient>> {
        let &[x, gamma, beta] = inputs else { unreachable!("a normalisation has three inputs") };
        let [batch, frames, channels] = x.lengths();
        let (window, share) = ((frames * channels).max(1), share(batch));
        let mut dx = Buffer::of(x.values.len());
        // One pair of sums a job, added up in order.
        let mut sums = vec![0.0f32; batch.div_ceil(share).max(1) * 2 * channels];
        let inputs = x.values.par_chunks(share * window).zip(dy.par_chunks(share * window));
        let jobs = dx.par_chunks_mut(share * window).zip(inputs).zip(stats.par_chunks(share * 2 * channels));
        jobs.zip(sums.par_chunks_mut(2 * channels)).for_each(|(((dx, (x, dy)), stats), sums)| {
            let (of_gamma, of_beta) = sums.split_at_mut(channels);
            let mut scratch = vec![0.0; SCRATCH * channels];
            vectorised(|| {
                let windows = x.chunks_exact(window).zip(dy.chunks_exact(window)).zip(stats.chunks_exact(2 * channels));
                for (dx, ((x, dy), stats)) in dx.chunks_exact_mut(window).zip(windows) {
                    let parameters = [gamma.values, beta.values];
                    self.window_gradient([x, dy, stats], parameters, dx, &mut scratch, [&mut *of_gamma, &mut *of_beta]);
                }
            });
        });
        let (first, others) = sums.split_at_mut(2 * channels);
        for other in others.chunks_exact(2 * channels) {
            first.iter_mut().zip(other).for_each(|(to, from)| *to += from);
        }
        let (of_gamma, of_beta) = (first[..channels].to_vec(), first[channels..].to_vec());
        vec![Some(Gradient::Activation(dx)), Some(Gradient::Parameter(of_gamma)), Some(Gradient::Parameter(of_beta))]
    }
}
