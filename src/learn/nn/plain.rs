//! The same layers from burn's own operations: what the fast ones are checked against, and what runs on other backends.
//!
//! Owns nothing. Invariant: each function has the signature and the meaning of its fast twin, for tensors of any precision.

use super::norm_kernel::Norm;
use super::{Activation, Geometry, Pooling};
use burn::tensor::activation::{log_softmax, relu, sigmoid, softmax, tanh};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Int, Tensor, TensorData, module};

/// See [`super::conv_over_time`].
#[must_use]
pub fn conv_over_time(x: Tensor<3>, w: Tensor<2>, b: Tensor<1>, g: Geometry) -> Tensor<3> {
    let ([batch, frames, cin], [_, cout]) = (x.dims(), w.dims());
    let outputs = g.outputs(frames);
    if outputs == 0 {
        return Tensor::zeros([batch, 0, cout], (&x.device(), x.dtype()));
    }
    let kernel = w.reshape([g.kernel, cin, cout]).permute([2, 1, 0]);
    let options = ConvOptions::new([g.stride], [0], [g.dilation], 1);
    let x = padded(x, g.left, g.right);
    module::conv1d(x.swap_dims(1, 2), kernel, Some(b), options).swap_dims(1, 2)
}

fn padded(x: Tensor<3>, left: usize, right: usize) -> Tensor<3> {
    let [batch, _, channels] = x.dims();
    let zeros = |n: usize| Tensor::<3>::zeros([batch, n.max(1), channels], (&x.device(), x.dtype()));
    let [before, after] = [left, right].map(zeros);
    let mut parts = vec![x];
    if left > 0 {
        parts.insert(0, before);
    }
    if right > 0 {
        parts.push(after);
    }
    Tensor::cat(parts, 1)
}

/// See [`super::transposed_conv_over_time`].
#[must_use]
pub fn transposed_conv_over_time(x: Tensor<3>, w: Tensor<2>, b: Tensor<1>, g: Geometry, frames: usize) -> Tensor<3> {
    let ([batch, inputs, cin], [cout]) = (x.dims(), b.dims());
    let kernel = w.reshape([g.kernel, cout, cin]).permute([2, 1, 0]);
    let options = ConvTransposeOptions::new([g.stride], [0], [0], [g.dilation], 1);
    let y = module::conv_transpose1d(x.swap_dims(1, 2), kernel, Some(b.clone()), options).swap_dims(1, 2);
    let whole = (inputs - 1) * g.stride + g.reach();
    // Frames that no tap reaches hold the bias alone.
    let missing = (g.left + frames).saturating_sub(whole);
    let y =
        if missing > 0 { Tensor::cat(vec![y, b.reshape([1, 1, cout]).expand([batch, missing, cout])], 1) } else { y };
    y.narrow(1, g.left, frames)
}

/// See [`super::depthwise_over_time`].
#[must_use]
pub fn depthwise_over_time(x: Tensor<3>, w: Tensor<2>, b: Tensor<1>) -> Tensor<3> {
    let [kernel, channels] = w.dims();
    let options = ConvOptions::new([1], [0], [1], channels);
    let w = w.transpose().reshape([channels, 1, kernel]);
    module::conv1d(padded(x, kernel - 1, 0).swap_dims(1, 2), w, Some(b), options).swap_dims(1, 2)
}

/// See [`super::spatial_attention`]; here the features `[C, F]` are a tensor.
#[must_use]
pub fn spatial_attention(x: Tensor<3>, weight: Tensor<2>, features: Tensor<2>) -> Tensor<3> {
    let ([batch, _, channels], [_, width]) = (x.dims(), weight.dims());
    let absent = x.clone().abs().max_dim(1).equal_elem(0.0).swap_dims(1, 2).expand([batch, channels, width]);
    let scores = features.matmul(weight).reshape([1, channels, width]).expand([batch, channels, width]);
    // Not minus infinity: where every channel is absent the softmax would not be a number.
    let weights = softmax(scores.mask_fill(absent.clone(), -1e30), 1).mask_fill(absent, 0.0);
    x.matmul(weights)
}

/// See [`super::group_norm`].
#[must_use]
pub fn group_norm(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>, norm: Norm) -> Tensor<3> {
    let [batch, frames, channels] = x.dims();
    let grouped = x.reshape([batch, frames, norm.groups, channels / norm.groups]);
    let centred = grouped.clone() - grouped.mean_dim(1).mean_dim(3);
    let variance = centred.clone().square().mean_dim(1).mean_dim(3);
    let normal = (centred / (variance + 1e-5).sqrt()).reshape([batch, frames, channels]);
    let u = normal * gamma.reshape([1, 1, channels]) + beta.reshape([1, 1, channels]);
    match norm.activation {
        Activation::Identity => u,
        Activation::Relu => relu(u),
        Activation::Gelu => gelu(u),
        Activation::Elu => u.clone().clamp_min(0.0) + (u.clamp_max(0.0).exp() - 1.0),
    }
}

/// See [`super::gelu`].
#[must_use]
pub fn gelu<const D: usize>(u: Tensor<D>) -> Tensor<D> {
    let inner = (u.clone() + u.clone() * u.clone() * u.clone() * 0.044_715) * 0.797_884_560_8;
    u * 0.5 * (tanh(inner) + 1.0)
}

/// See [`super::linear`].
#[must_use]
pub fn linear(x: Tensor<2>, w: Tensor<2>, b: Tensor<1>) -> Tensor<2> {
    x.matmul(w) + b.unsqueeze()
}

/// See [`super::pool`].
#[must_use]
pub fn pool(x: Tensor<3>, pooling: Pooling) -> Tensor<2> {
    let mean = x.clone().mean_dim(1);
    match pooling {
        Pooling::Mean => mean.squeeze_dim(1),
        Pooling::MeanAndDeviation => {
            let variance = (x - mean.clone()).square().mean_dim(1);
            Tensor::cat(vec![mean, (variance + f64::from(Pooling::FLOOR)).sqrt()], 2).squeeze_dim(1)
        }
    }
}

/// See [`super::gru_over_time`].
#[must_use]
pub fn gru_over_time(x: Tensor<3>, [w, u]: [Tensor<2>; 2], [b, c]: [Tensor<1>; 2]) -> Tensor<3> {
    let ([batch, steps, inputs], width) = (x.dims(), u.dims()[0]);
    let gates = linear(x.reshape([batch * steps, inputs]), w, b).reshape([batch, steps, 3 * width]);
    let mut state = Tensor::<2>::zeros([batch, width], (&gates.device(), gates.dtype()));
    let mut states = Vec::with_capacity(steps);
    for step in 0..steps {
        let now: Tensor<2> = gates.clone().narrow(1, step, 1).squeeze_dim(1);
        let before = linear(state.clone(), u.clone(), c.clone());
        let part = |t: &Tensor<2>, gate: usize| t.clone().narrow(1, gate * width, width);
        let reset = sigmoid(part(&now, 0) + part(&before, 0));
        let update = sigmoid(part(&now, 1) + part(&before, 1));
        let new = tanh(part(&now, 2) + reset * part(&before, 2));
        state = new.clone() + update * (state - new);
        states.push(state.clone().unsqueeze_dim(1));
    }
    Tensor::cat(states, 1)
}

/// See [`super::attention`].
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "the signature of its fast twin")]
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [batch, tokens, triple] = qkv.dims();
    let (width, of_head) = (triple / 3, triple / 3 / heads);
    let part = |which: usize| {
        let part = qkv.clone().narrow(2, which * width, width);
        part.reshape([batch, tokens, heads, of_head]).swap_dims(1, 2)
    };
    let scores = part(0).matmul(part(1).swap_dims(2, 3)) / (of_head as f64).sqrt();
    softmax(scores, 3).matmul(part(2)).swap_dims(1, 2).reshape([batch, tokens, width])
}

/// See [`super::cross_entropy`].
#[must_use]
pub fn cross_entropy(logits: Tensor<2>, right: &[usize], masked: Option<Vec<bool>>) -> Tensor<1> {
    let ([rows, answers], device) = (logits.dims(), logits.device());
    let logits = match masked {
        Some(mut masked) => {
            right.iter().enumerate().for_each(|(row, &at)| masked[row * answers + at] = false);
            logits.mask_fill(Tensor::from_data(TensorData::new(masked, [rows, answers]), &device), f32::NEG_INFINITY)
        }
        None => logits,
    };
    let right = right.iter().map(|&at| at as i64).collect::<Vec<_>>();
    let right = Tensor::<2, Int>::from_data(TensorData::new(right, [rows, 1]), &device);
    log_softmax(logits, 1).gather(1, right).neg().squeeze_dim(1)
}
