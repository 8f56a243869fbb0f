//! Losses that tell a window's own answer from others, and BYOL's, which has no others.
//!
//! Pure functions. Invariant: no gradient reaches targets, keys and queues.

use crate::learn::nn::cross_entropy;
use burn::tensor::Tensor;

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
    (away(o1, t2) + away(o2, t1)) * 0.5
}

/// One half of it: mean over rows of `2 - 2 cos(o, t)`. No gradient reaches the targets.
#[must_use]
pub fn away(o: Tensor<2>, t: Tensor<2>) -> Tensor<1> {
    let cosines = (unit(o) * unit(t.detach())).sum_dim(1);
    cosines.mean() * -2.0 + 2.0
}

/// Row losses of `MoCo` (He et al., 2020): cross-entropy of the key against the queue, temperature applied to both.
///
/// `q`, `k` are `[B, D]`, `queue` is `[K, D]` of unit rows; where `masked [B, K]` is true the key is no negative (unfilled,
/// or near in time); `None` if all are negatives. No gradient reaches keys and queue. Returns `[B]`.
#[must_use]
pub fn moco_rows(
    q: Tensor<2>,
    k: Tensor<2>,
    queue: Tensor<2>,
    masked: Option<Vec<bool>>,
    temperature: f32,
) -> Tensor<1> {
    let [rows, keys] = [q.dims()[0], queue.dims()[0]];
    let (q, k) = (unit(q), unit(k.detach()));
    let positive = (q.clone() * k).sum_dim(1);
    let negative = q.matmul(queue.detach().transpose());
    let logits = Tensor::cat(vec![positive, negative], 1) / temperature;
    // The key comes first and is never masked.
    let masked = masked.map(|masked| {
        let rows = masked.chunks_exact(keys.max(1));
        rows.flat_map(|row| std::iter::once(false).chain(row.iter().copied())).collect()
    });
    cross_entropy(logits, vec![0; rows], masked)
}

/// `MoCo` version 3 (Chen, Xie and He, 2021): keys of the other view in the batch instead of a queue,
/// `2 tau (CE(q1, k2) + CE(q2, k1))`. All are `[B, D]`; no gradient reaches the keys.
#[must_use]
pub fn moco_v3(q1: Tensor<2>, q2: Tensor<2>, k1: Tensor<2>, k2: Tensor<2>, temperature: f32) -> Tensor<1> {
    let one = |q: Tensor<2>, k: Tensor<2>| {
        let logits = unit(q).matmul(unit(k.detach()).transpose()) / temperature;
        diagonal_cross_entropy(logits.unsqueeze_dim(0), None)
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Negatives {
    /// The other rows of the batch at the same time (Eldele et al., 2021).
    BatchSameTime,
    /// Of those only the ones of other recordings: from which recording each row comes, `[B]` (Banville et al., 2021).
    OtherRecordings(Vec<u32>),
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
    negatives: &Negatives,
) -> Vec<Tensor<1>> {
    let steps = z.dims()[1];
    assert!(heads.len() < steps, "there are more steps ahead than latents");
    let one = |(i, head): (usize, &Tensor<2>)| {
        let n = steps - i - 1;
        cpc_step(z.clone().narrow(1, i + 1, n), c.clone().narrow(1, 0, n), head.clone(), score, negatives)
    };
    heads.iter().enumerate().map(one).collect()
}

/// One InfoNCE of `CPC`: contexts `[B, N, H]` through a head `[H, D]` against the latents `[B, N, D]` that they predict.
#[must_use]
pub fn cpc_step(z: Tensor<3>, c: Tensor<3>, head: Tensor<2>, score: Score, negatives: &Negatives) -> Tensor<1> {
    let ([rows, n, dimension], width) = (z.dims(), c.dims()[2]);
    let predicted = c.reshape([rows * n, width]).matmul(head).reshape([rows, n, dimension]);
    let (predicted, latents) = match score {
        Score::Dot => (predicted, z),
        Score::Cosine { .. } => (unit(predicted), unit(z)),
    };
    // [G, M, D]: M predictions against the M latents of their group.
    let grouped = |x: Tensor<3>| match negatives {
        Negatives::BatchTime => x.reshape([1, rows * n, dimension]),
        Negatives::BatchSameTime | Negatives::OtherRecordings(_) => x.swap_dims(0, 1),
        Negatives::SameSequence => x,
    };
    let logits = grouped(predicted).matmul(grouped(latents).transpose());
    let logits = match score {
        Score::Dot => logits,
        Score::Cosine { temperature } => logits / temperature,
    };
    let masked = match negatives {
        Negatives::OtherRecordings(recordings) => {
            let of_row = |a: &u32| recordings.iter().map(|b| a == b).collect::<Vec<_>>();
            Some((0..n).flat_map(|_| recordings.iter().flat_map(of_row)).collect())
        }
        _ => None,
    };
    diagonal_cross_entropy(logits, masked)
}

/// `SimCLR`'s NT-Xent (Chen et al., 2020, eq. 1): each of the `2 B` views against the other one of its window, all others
/// being negatives. `z1`, `z2` are projections `[B, D]`. Returns `[2 B]`; their mean is the loss.
#[must_use]
pub fn nt_xent_rows(z1: Tensor<2>, z2: Tensor<2>, temperature: f32) -> Tensor<1> {
    let rows = z1.dims()[0];
    let z = unit(Tensor::cat(vec![z1, z2], 0));
    let logits = z.clone().matmul(z.transpose()) / temperature;
    let all = 2 * rows;
    let itself = (0..all * all).map(|i| i / all == i % all).collect();
    cross_entropy(logits, (0..all).map(|i| (i + rows) % all).collect(), Some(itself))
}

/// The mean of [`nt_xent_rows`].
#[must_use]
pub fn nt_xent(z1: Tensor<2>, z2: Tensor<2>, temperature: f32) -> Tensor<1> {
    nt_xent_rows(z1, z2, temperature).mean()
}

/// Mean cross-entropy of logits `[G, M, M]` whose right answers lie on the diagonal; masked ones are no answers.
fn diagonal_cross_entropy(logits: Tensor<3>, masked: Option<Vec<bool>>) -> Tensor<1> {
    let [groups, size, _] = logits.dims();
    let right = (0..groups * size).map(|row| row % size).collect();
    cross_entropy(logits.reshape([groups * size, size]), right, masked).mean()
}
