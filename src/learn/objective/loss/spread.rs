//! Losses without negatives that keep embeddings apart, and the two quantities that say how well they do.
//!
//! Pure functions of two views `[N, D]`. The program trains with none of them; they judge embeddings and serve research.

use super::unit;
use burn::tensor::{Tensor, TensorData, activation::relu};

/// Mean squared distance of unit rows that belong together (Wang and Isola, 2020).
#[must_use]
pub fn alignment(z: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
    (unit(z) - unit(y)).square().sum_dim(1).mean()
}

/// Logarithm of the mean of `exp(-2 |zi - zj|^2)` over pairs of unit rows (Wang and Isola, 2020).
///
/// # Panics
/// If there are fewer than two rows.
#[must_use]
pub fn uniformity(z: Tensor<2>) -> Tensor<1> {
    let rows = z.dims()[0];
    assert!(rows > 1, "uniformity is of pairs");
    let z = unit(z);
    // Differences, not products: near a collapse these would cancel.
    let apart = (z.clone().unsqueeze_dim::<3>(0) - z.unsqueeze_dim(1)).square().sum_dim(2);
    // e^-2d - 1 without cancellation; a row's distance to itself adds nothing.
    let less = apart.clone().neg().tanh() * ((apart * -2.0).exp() + 1.0);
    (less.sum() / (rows * (rows - 1)) as f32).log1p()
}

/// Each column less its mean.
fn centred(x: Tensor<2>) -> Tensor<2> {
    x.clone() - x.mean_dim(0)
}

/// Sum of squares outside the diagonal of `[D, D]`.
fn off_diagonal(matrix: Tensor<2>) -> Tensor<1> {
    let size = matrix.dims()[0];
    let outside = (0..size * size).map(|i| if i / size == i % size { 0.0f32 } else { 1.0 }).collect::<Vec<_>>();
    let outside = Tensor::<2>::from_data(TensorData::new(outside, [size, size]), &matrix.device());
    (matrix.square() * outside).sum()
}

/// `25 invariance + 25 variance + covariance` (Bardes et al., 2022), with half of each view's variance term as in the
/// authors' code.
#[must_use]
pub fn vicreg(a: Tensor<2>, b: Tensor<2>) -> Tensor<1> {
    let [rows, width] = a.dims();
    let invariance = (a.clone() - b.clone()).square().mean();
    let freedom = rows.saturating_sub(1).max(1) as f32;
    let one = |x: Tensor<2>| {
        let x = centred(x);
        let deviation = (x.clone().square().sum_dim(0) / freedom + 1e-4).sqrt();
        let covariance = x.clone().transpose().matmul(x) / freedom;
        (relu(deviation.neg() + 1.0).mean() * 0.5, off_diagonal(covariance) / width as f32)
    };
    let ((variance_a, covariance_a), (variance_b, covariance_b)) = (one(a), one(b));
    (invariance + variance_a + variance_b) * 25.0 + covariance_a + covariance_b
}

/// Squared distance of the two views' cross-correlation from the identity, off the diagonal with `weight` (Zbontar et
/// al., 2021; 0.0051 there).
#[must_use]
pub fn barlow_twins(a: Tensor<2>, b: Tensor<2>, weight: f32) -> Tensor<1> {
    let [rows, width] = a.dims();
    let standard = |x: Tensor<2>| {
        let x = centred(x);
        let variance = x.clone().square().mean_dim(0);
        x / (variance + 1e-5).sqrt()
    };
    let (a, b) = (standard(a), standard(b));
    let diagonal = (a.clone() * b.clone()).sum_dim(0) / rows as f32;
    let correlation = a.transpose().matmul(b) / rows as f32;
    debug_assert_eq!(correlation.dims(), [width, width]);
    (diagonal - 1.0).square().sum() + off_diagonal(correlation) * weight
}
