//! Windows mixed with others of their batch, and losses against both.
//!
//! Pure functions. Invariant: a share of 1 gives the loss without mixing.

use super::unit;
use crate::learn::nn::cross_entropy;
use burn::tensor::{Int, Tensor, TensorData};

/// Each row `i` of `x [B, T, C]` as `s x[i] + (1 - s) x[with[i]]`, its share `s` from `shares [B]` (Zhang et al., 2018).
#[must_use]
pub fn mixed(x: Tensor<3>, with: &[usize], shares: &[f32]) -> Tensor<3> {
    let (rows, device) = (x.dims()[0], x.device());
    let at = with.iter().map(|&row| row as i64).collect::<Vec<_>>();
    let others = x.clone().select(0, Tensor::<1, Int>::from_data(TensorData::new(at, [rows]), &device));
    let shares = Tensor::<3>::from_data(TensorData::new(shares.to_vec(), [rows, 1, 1]), &device);
    x * shares.clone() + others * (shares.neg() + 1.0)
}

/// Mean over rows of `s CE(logits, right) + (1 - s) CE(logits, right[with])` for logits `[B, M]`.
#[must_use]
pub fn mixed_cross_entropy(logits: Tensor<2>, right: &[usize], with: &[usize], shares: &[f32]) -> Tensor<1> {
    let rows = right.len();
    let shares = Tensor::<1>::from_data(TensorData::new(shares.to_vec(), [rows]), &logits.device());
    let other = with.iter().map(|&row| right[row]).collect();
    let (own, other) = (cross_entropy(logits.clone(), right.to_vec(), None), cross_entropy(logits, other, None));
    (own * shares.clone() + other * (shares.neg() + 1.0)).mean()
}

/// i-Mix on the N-pair loss (Lee et al., 2021): queries `[B, D]` of mixed windows against the keys `[B, D]` of the batch,
/// by cosine over temperature; the right key of row `i` is its own with share `s` and that of `with[i]` with the rest.
#[must_use]
pub fn mixed_pairs(q: Tensor<2>, k: Tensor<2>, with: &[usize], shares: &[f32], temperature: f32) -> Tensor<1> {
    let own: Vec<usize> = (0..with.len()).collect();
    mixed_cross_entropy(unit(q).matmul(unit(k).transpose()) / temperature, &own, with, shares)
}
