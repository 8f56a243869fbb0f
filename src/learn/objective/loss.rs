//! The losses alone: pure functions of tensors, tested against reference values and gradients.
//!
//! Every cosine is of rows scaled to unit length as PyTorch's `normalize` does it.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};

/// Rows (last dimension) scaled to unit length; rows shorter than 1e-12 are divided by that.
#[must_use]
pub fn unit<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    // Scaled by the largest value first: the squares of huge or tiny rows stay in range. The factor takes no gradient,
    // for the result does not depend on it.
    let largest = x.clone().detach().abs().max_dim(D - 1).clamp_min(1e-12);
    let x = x / largest.clone();
    let norm = x.clone().square().sum_dim(D - 1).sqrt();
    let floor = largest.recip().mul_scalar(1e-12);
    x / norm.max_pair(floor)
}

/// `BYOL` (Grill et al., 2020): mean over rows of `(2 - 2 cos(o1, t2) + 2 - 2 cos(o2, t1)) / 2`, half of the paper's sum.
///
/// `o1`, `o2` are predictions `[B, D]`, `t1`, `t2` the targets of the same views; no gradient reaches the targets.
#[must_use]
pub fn byol(o1: Tensor<2>, o2: Tensor<2>, t1: Tensor<2>, t2: Tensor<2>) -> Tensor<1> {
    let cosine = |o: Tensor<2>, t: Tensor<2>| (unit(o) * unit(t.detach())).sum_dim(1);
    let cosines = cosine(o1, t2) + cosine(o2, t1);
    cosines.mean().neg().add_scalar(2.0)
}

/// Row losses of `MoCo` (He et al., 2020): cross-entropy of the key against the queue, temperature applied to both.
///
/// `q`, `k` are `[B, D]`, `queue` is `[K, D]` of unit rows; where `masked [B, K]` is true the key is no negative (unfilled,
/// or near in time). No gradient reaches keys and queue. Returns `[B]`.
#[must_use]
pub fn moco_rows(q: Tensor<2>, k: Tensor<2>, queue: Tensor<2>, masked: Vec<bool>, temperature: f32) -> Tensor<1> {
    let [rows, keys] = [q.dims()[0], queue.dims()[0]];
    let (q, k) = (unit(q), unit(k.detach()));
    let positive = (q.clone() * k).sum_dim(1);
    let negative = q.matmul(queue.detach().transpose());
    let mask = Tensor::from_data(TensorData::new(masked, [rows, keys]), &negative.device());
    let negative = negative.mask_fill(mask, f32::NEG_INFINITY);
    let logits = Tensor::cat(vec![positive, negative], 1) / temperature;
    log_softmax(logits, 1).slice([0..rows, 0..1]).neg().squeeze_dim(1)
}

/// `MoCo` version 3 (Chen, Xie and He, 2021): keys of the other view in the batch instead of a queue,
/// `2 tau (CE(q1, k2) + CE(q2, k1))`. All are `[B, D]`; no gradient reaches the keys.
#[must_use]
pub fn moco_v3(q1: Tensor<2>, q2: Tensor<2>, k1: Tensor<2>, k2: Tensor<2>, temperature: f32) -> Tensor<1> {
    let one = |q: Tensor<2>, k: Tensor<2>| {
        let logits = unit(q).matmul(unit(k.detach()).transpose()) / temperature;
        diagonal_cross_entropy(logits.unsqueeze_dim(0))
    };
    (one(q1, k2) + one(q2, k1)) * (2.0 * temperature)
}

/// How `CPC` scores a prediction against a latent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Score {
    /// The log-bilinear score of van den Oord et al. (2018).
    Dot,
    /// Cosine over temperature.
    Cosine {
        /// The temperature.
        temperature: f32,
    },
}

/// What a prediction is told apart from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negatives {
    /// The other rows of the batch at the same time (Eldele et al., 2021).
    BatchSameTime,
    /// All rows at all times.
    BatchTime,
    /// The same row at other times.
    SameSequence,
}

/// `CPC` (van den Oord et al., 2018): one InfoNCE for each step ahead.
///
/// `z [B, N, D]` latents, `c [B, N, H]` contexts, `heads` one `[H, D]` for 1, 2, … steps ahead. Returns the mean over rows
/// for each step ahead; their mean is the loss. Gradients reach the latents on both sides.
///
/// # Panics
/// If there are as many heads as latents: the last would have nothing to predict.
#[must_use]
pub fn cpc_steps(
    z: &Tensor<3>,
    c: &Tensor<3>,
    heads: &[Tensor<2>],
    score: Score,
    negatives: Negatives,
) -> Vec<Tensor<1>> {
    let [rows, steps, dimension] = z.dims();
    let width = c.dims()[2];
    assert!(heads.len() < steps, "there are more steps ahead than latents");
    let one = |ahead: usize, head: &Tensor<2>| {
        let n = steps - ahead;
        let context = c.clone().slice([0..rows, 0..n]).reshape([rows * n, width]);
        let predicted = context.matmul(head.clone()).reshape([rows, n, dimension]);
        let latents = z.clone().slice([0..rows, ahead..steps]);
        let (predicted, latents) = match score {
            Score::Dot => (predicted, latents),
            Score::Cosine { .. } => (unit(predicted), unit(latents)),
        };
        // [G, M, D]: M predictions against the M latents of their group.
        let grouped = |x: Tensor<3>| match negatives {
            Negatives::BatchTime => x.reshape([1, rows * n, dimension]),
            Negatives::BatchSameTime => x.swap_dims(0, 1),
            Negatives::SameSequence => x,
        };
        let logits = grouped(predicted).matmul(grouped(latents).transpose());
        let logits = match score {
            Score::Dot => logits,
            Score::Cosine { temperature } => logits / temperature,
        };
        diagonal_cross_entropy(logits)
    };
    heads.iter().enumerate().map(|(i, head)| one(i + 1, head)).collect()
}

/// Mean cross-entropy of logits `[G, M, M]` whose right answers lie on the diagonal.
fn diagonal_cross_entropy(logits: Tensor<3>) -> Tensor<1> {
    let [groups, size, _] = logits.dims();
    let right = Tensor::<1, Int>::arange(0..size as i64, &logits.device()).reshape([1, size, 1]);
    log_softmax(logits, 2).gather(2, right.repeat_dim(0, groups)).mean().neg()
}
