//! Group normalisation over time with its activation in one operation, on activations `[B, T, C]`.
//!
//! Owns the operation for burn's flex backend (group normalisation: Wu and He, 2018). Runs on the caller's rayon pool, and
//! on the calling thread alone for a batch of one. Invariant: a sample's result does not depend on the rest of its batch.

use super::activation::Activation;
use super::extension::{lengths, tensor};
use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use rayon::prelude::*;

const EPSILON: f32 = 1e-5;

/// Groups of neighbouring channels, and what follows the normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Norm {
    /// Groups; divides the number of channels.
    pub groups: usize,
    /// The activation.
    pub activation: Activation,
}

/// Mean and reciprocal deviation of each channel's group, written a channel: `[2][C]`.
fn statistics(x: &[f32], channels: usize, groups: usize) -> Vec<f32> {
    let mut sums = vec![0.0f32; 2 * channels];
    let (means, scales) = sums.split_at_mut(channels);
    let in_group = channels / groups;
    let count = (x.len() / groups).max(1) as f32;
    let spread = |values: &mut [f32], map: &dyn Fn(f32) -> f32| {
        for group in values.chunks_exact_mut(in_group) {
            let value = map(group.iter().sum::<f32>() / count);
            group.fill(value);
        }
    };
    for frame in x.chunks_exact(channels) {
        means.iter_mut().zip(frame).for_each(|(sum, v)| *sum += v);
    }
    spread(means, &|mean| mean);
    for frame in x.chunks_exact(channels) {
        for ((sum, mean), v) in scales.iter_mut().zip(&*means).zip(frame) {
            *sum += (v - mean) * (v - mean);
        }
    }
    spread(scales, &|variance| 1.0 / (variance + EPSILON).sqrt());
    sums
}

/// The operation as burn sees it.
#[backend_extension(Autodiff, Flex)]
pub trait NormOp: Backend {
    /// `x [B, T, C]`, `gamma [C]`, `beta [C]` to `[B, T, C]`.
    fn group_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        norm: Norm,
    ) -> FloatTensor<Self>;
}

/// Its gradient on the backend below autodiff.
pub trait NormGradient: NormOp {
    /// Gradients of input, gamma and beta.
    fn group_norm_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        norm: Norm,
    ) -> [FloatTensor<Self>; 3];
}

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
    Tensor::from_dispatch(Dispatch::group_norm(x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch(), norm))
}

/// Scale and shift of each channel for one sample: `y = act(a x + b)`.
fn affine(x: &[f32], gamma: &[f32], beta: &[f32], norm: Norm) -> (Vec<f32>, Vec<f32>) {
    let channels = gamma.len();
    let mut a = statistics(x, channels, norm.groups);
    let mut b = a[..channels].to_vec();
    a.drain(..channels);
    for ((a, b), (gamma, beta)) in a.iter_mut().zip(&mut b).zip(gamma.iter().zip(beta)) {
        *a *= gamma;
        *b = beta - *b * *a;
    }
    (a, b)
}

impl NormOp for Flex {
    fn group_norm(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, norm: Norm) -> FlexTensor {
        let (x, gamma, beta) = (x.to_contiguous(), gamma.to_contiguous(), beta.to_contiguous());
        let [batch, t, channels] = lengths(&x);
        let (xs, gamma, beta): (&[f32], &[f32], &[f32]) = (x.storage(), gamma.storage(), beta.storage());
        let mut y = xs.to_vec();
        let sample = |y: &mut [f32]| {
            let (a, b) = affine(y, gamma, beta, norm);
            for frame in y.chunks_exact_mut(channels) {
                norm.activation.of_affine(frame, &a, &b);
            }
        };
        if batch == 1 {
            sample(&mut y);
        } else {
            y.par_chunks_mut((t * channels).max(1)).for_each(sample);
        }
        tensor(y, &[batch, t, channels])
    }
}

impl NormGradient for Flex {
    fn group_norm_gradient(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        dy: FlexTensor,
        norm: Norm,
    ) -> [FlexTensor; 3] {
        let (x, gamma, beta, dy) = (x.to_contiguous(), gamma.to_contiguous(), beta.to_contiguous(), dy.to_contiguous());
        let [batch, t, channels] = lengths(&x);
        let (xs, gs, bs): (&[f32], &[f32], &[f32]) = (x.storage(), gamma.storage(), beta.storage());
        let dys: &[f32] = dy.storage();
        let row = (t * channels).max(1);
        let mut dx = dys.to_vec();
        // One pair of sums a sample, added up in order: the result does not depend on the threads.
        let sums: Vec<[Vec<f32>; 2]> = dx
            .par_chunks_mut(row)
            .zip(xs.par_chunks(row))
            .map(|(dx, x)| sample_gradient(dx, x, gs, bs, norm))
            .collect();
        let (mut dgamma, mut dbeta) = (vec![0.0f32; channels], vec![0.0f32; channels]);
        for [of_gamma, of_beta] in &sums {
            dgamma.iter_mut().zip(of_gamma).for_each(|(to, from)| *to += from);
            dbeta.iter_mut().zip(of_beta).for_each(|(to, from)| *to += from);
        }
        [tensor(dx, &[batch, t, channels]), tensor(dgamma, &[channels]), tensor(dbeta, &[channels])]
    }
}

/// Turns `dx`, which holds the gradient of one sample's output, into that of its input; returns those of gamma and beta.
fn sample_gradient(dx: &mut [f32], x: &[f32], gamma: &[f32], beta: &[f32], norm: Norm) -> [Vec<f32>; 2] {
    let channels = gamma.len();
    let stats = statistics(x, channels, norm.groups);
    let (means, scales) = stats.split_at(channels);
    let a: Vec<f32> = scales.iter().zip(gamma).map(|(s, g)| s * g).collect();
    let b: Vec<f32> = means.iter().zip(&a).zip(beta).map(|((m, a), beta)| beta - m * a).collect();
    let (mut dgamma, mut dbeta) = (vec![0.0f32; channels], vec![0.0f32; channels]);
    for (dx, x) in dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
        norm.activation.times_slope_of_affine(dx, x, &a, &b);
        for c in 0..channels {
            dbeta[c] += dx[c];
            dgamma[c] += dx[c] * (x[c] - means[c]);
        }
    }
    dgamma.iter_mut().zip(scales).for_each(|(sum, scale)| *sum *= scale);
    // Per channel: dx = a * g - offset - slope * x.
    let (mut offset, mut slope) = (vec![0.0f32; channels], vec![0.0f32; channels]);
    let (in_group, count) = (channels / norm.groups, (x.len() / norm.groups) as f32);
    for from in (0..channels).step_by(in_group) {
        let group = from..from + in_group;
        let mean_g = group.clone().map(|c| gamma[c] * dbeta[c]).sum::<f32>() / count;
        let mean_gx = group.clone().map(|c| gamma[c] * dgamma[c]).sum::<f32>() / count;
        for c in group {
            slope[c] = scales[c] * scales[c] * mean_gx;
            offset[c] = scales[c] * mean_g - slope[c] * means[c];
        }
    }
    for (dx, x) in dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
        for c in 0..channels {
            dx[c] = a[c] * dx[c] - offset[c] - slope[c] * x[c];
        }
    }
    [dgamma, dbeta]
}

#[derive(Debug)]
struct NormBackward;

impl<B: NormGradient> Backward<B, 3> for NormBackward {
    type State = (NodeId, NodeId, NodeId, Norm);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let parents = ops.parents;
        let dy = grads.consume::<B>(&ops.node);
        let (x, gamma, beta, norm) = ops.state;
        let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
        let gamma: FloatTensor<B> = checkpointer.retrieve_node_output(gamma);
        let beta: FloatTensor<B> = checkpointer.retrieve_node_output(beta);
        let gradients = B::group_norm_gradient(x, gamma, beta, dy, norm);
        for (parent, gradient) in parents.into_iter().zip(gradients) {
            if let Some(node) = parent {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: NormGradient, C: CheckpointStrategy> NormOp for Autodiff<B, C> {
    fn group_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        norm: Norm,
    ) -> FloatTensor<Self> {
        match NormBackward.prepare::<C>([x.node(), gamma.node(), beta.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let at = (prepared.checkpoint(&x), prepared.checkpoint(&gamma), prepared.checkpoint(&beta));
                let y = B::group_norm(x.primitive().clone(), gamma.primitive().clone(), beta.primitive().clone(), norm);
                prepared.finish((at.0, at.1, at.2, norm), y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::group_norm(x.into_primitive(), gamma.into_primitive(), beta.into_primitive(), norm))
            }
        }
    }
}
