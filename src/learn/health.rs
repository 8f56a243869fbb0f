//! Health of embeddings without labels.
//!
//! Pure functions on the trainer's thread. Invariant: these say whether embeddings have collapsed, not whether they are
//! good: a random encoder has a high rank.

use nalgebra::DMatrix;

/// What a batch of embeddings looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Health {
    /// Mean standard deviation a dimension of unit embeddings, times the root of the dimension: 1 is spread, 0 collapsed.
    pub std: f64,
    /// RankMe (Garrido et al., 2023): the exponential of the entropy of the singular values of the centred embeddings.
    pub rankme: f64,
}

/// Below this [`Health::std`] embeddings have collapsed. First weights have 0.1 to 0.2: their embeddings share a mean.
const COLLAPSED_STD: f64 = 0.05;

impl Health {
    /// Health of embeddings `[N, D]`. With fewer than two rows it is all zero.
    #[must_use]
    pub fn of(embeddings: &[f32], dimension: usize) -> Self {
        let rows = embeddings.len().checked_div(dimension).unwrap_or(0);
        if rows < 2 {
            return Self::default();
        }
        Self { std: unit_deviation(embeddings, dimension, rows), rankme: rankme(embeddings, dimension, rows) }
    }

    /// True if all embeddings have become nearly the same.
    #[must_use]
    pub fn collapsed(&self) -> bool {
        self.std < COLLAPSED_STD
    }

    /// True if nothing in it is NaN or infinite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.std.is_finite() && self.rankme.is_finite()
    }
}

fn unit_deviation(embeddings: &[f32], dimension: usize, rows: usize) -> f64 {
    let mut sums = vec![[0.0f64; 2]; dimension];
    for row in embeddings.chunks_exact(dimension) {
        let norm = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt().max(1e-12);
        for (sum, &v) in sums.iter_mut().zip(row) {
            let v = f64::from(v) / norm;
            *sum = [sum[0] + v, sum[1] + v * v];
        }
    }
    let n = rows as f64;
    let deviation = |[sum, squares]: &[f64; 2]| ((squares - sum * sum / n) / (n - 1.0)).max(0.0).sqrt();
    sums.iter().map(deviation).sum::<f64>() / dimension as f64 * (dimension as f64).sqrt()
}

fn rankme(embeddings: &[f32], dimension: usize, rows: usize) -> f64 {
    let mut matrix = DMatrix::from_row_iterator(rows, dimension, embeddings.iter().map(|&v| f64::from(v)));
    for mut column in matrix.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
    }
    if !matrix.iter().all(|v| v.is_finite()) {
        return f64::NAN;
    }
    // The squares of the singular values are the eigenvalues of the smaller Gram matrix.
    let gram = if rows < dimension { &matrix * matrix.transpose() } else { matrix.transpose() * &matrix };
    let singular: Vec<f64> = gram.symmetric_eigenvalues().iter().map(|v| v.max(0.0).sqrt()).collect();
    let total: f64 = singular.iter().sum();
    let entropy = |s: &f64| {
        let p = s / total.max(1e-300) + 1e-7;
        -p * p.ln()
    };
    singular.iter().map(entropy).sum::<f64>().exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_spread_from_collapse() {
        let spread: Vec<f32> = (0..32 * 16).map(|i| (((i * 7919 + 13) % 2003) as f32 / 1001.0) - 1.0).collect();
        let health = Health::of(&spread, 16);
        assert!(health.std > 0.8 && health.rankme > 12.0 && !health.collapsed(), "{health:?}");
        let same: Vec<f32> = (0..32 * 16).map(|i| (i % 16) as f32 + (i / 16) as f32 * 1e-4).collect();
        let health = Health::of(&same, 16);
        assert!(health.collapsed() && health.rankme < 1.5, "{health:?}");
        let broken = [f32::NAN, 1.0, 2.0, 3.0];
        assert!(!Health::of(&broken, 2).is_finite());
    }
}
