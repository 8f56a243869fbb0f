//! What a batch of embeddings looks like.
//!
//! A pure function of it. Invariant: with fewer than two rows all is zero.

use super::{mean_cosine, rankme, unit_deviations};
use serde::{Deserialize, Serialize};

/// What a batch of embeddings looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Mean standard deviation a dimension of unit embeddings, times the root of the dimension: 1 is spread, 0 collapsed.
    pub std: f64,
    /// RankMe (Garrido et al., 2023): the exponential of the entropy of the singular values of the centred embeddings.
    pub rankme: f64,
    /// Mean cosine of two embeddings: 0 is spread, 1 collapsed.
    pub cosine: f64,
}

/// Below this [`Health::std`] embeddings have collapsed. First weights have 0.1 to 0.2: their embeddings share a mean.
const COLLAPSED_STD: f64 = 0.05;

impl Health {
    /// Health of embeddings `[N, D]`. With fewer than two rows it is all zero.
    #[must_use]
    pub fn of(embeddings: &[f32], dimension: usize) -> Self {
        if embeddings.len().checked_div(dimension).unwrap_or(0) < 2 {
            return Self::default();
        }
        let deviations = unit_deviations(embeddings, dimension);
        let std = deviations.iter().sum::<f64>() / (dimension as f64).sqrt();
        Self { std, rankme: rankme(embeddings, dimension, true), cosine: mean_cosine(embeddings, dimension) }
    }

    /// True if all embeddings have become nearly the same.
    #[must_use]
    pub fn collapsed(&self) -> bool {
        self.std < COLLAPSED_STD
    }

    /// True if nothing in it is NaN or infinite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.std.is_finite() && self.rankme.is_finite() && self.cosine.is_finite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_spread_from_collapse() {
        let spread: Vec<f32> = (0..32 * 16).map(|i| (((i * 7919 + 13) % 2003) as f32 / 1001.0) - 1.0).collect();
        let health = Health::of(&spread, 16);
        assert!(health.std > 0.8 && health.rankme > 12.0 && health.cosine < 0.2 && !health.collapsed(), "{health:?}");
        let same: Vec<f32> = (0..32 * 16).map(|i| (i % 16) as f32 + (i / 16) as f32 * 1e-4).collect();
        let health = Health::of(&same, 16);
        assert!(health.collapsed() && health.rankme < 1.5 && health.cosine > 0.99, "{health:?}");
        let broken = [f32::NAN, 1.0, 2.0, 3.0];
        assert!(!Health::of(&broken, 2).is_finite());
    }
}
