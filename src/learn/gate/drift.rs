//! Drift: how far the newest windows lie from those before them.
//!
//! Pure functions and a switch, on the trainer's thread. Invariant: a distance is in spreads of what was before, so that it
//! has no unit and no limit depends on an encoder or an amplifier.

/// How far the newest minute of the replay memory lies from the rest of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drift {
    /// Of the embeddings that are served, in their spread before.
    pub embedding: f64,
    /// Of the logarithms of band powers, in their spread before.
    pub power: f64,
    /// Windows of the newest minute that were looked at, and of the rest.
    pub windows: [usize; 2],
}

impl Drift {
    /// The larger of the two.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.embedding.max(self.power)
    }
}

/// Drift that has begun lasts until it is below this share of the limit: a state at the limit must not come and go.
const OVER: f64 = 0.7;

/// Whether there is drift, given whether there was.
pub(in crate::learn) fn drifts(drift: &Drift, was: bool, limit: f64) -> bool {
    drift.most() > if was { OVER * limit } else { limit }
}

/// Fréchet distance of two normal distributions whose dimensions are independent (Dowson and Landau, 1982), of rows `[N, D]`,
/// over the spread of the second; none with fewer than two rows of either, or without spread.
pub(in crate::learn) fn distance(new: &[f32], before: &[f32], dimension: usize) -> Option<f64> {
    let [new, before] = [moments(new, dimension)?, moments(before, dimension)?];
    let squares = new.iter().zip(&before);
    let apart: f64 = squares.map(|((m, v), (n, w))| (m - n).powi(2) + (v.sqrt() - w.sqrt()).powi(2)).sum();
    let spread: f64 = before.iter().map(|(_, variance)| variance).sum();
    Some((apart / spread).sqrt()).filter(|distance| distance.is_finite())
}

/// Mean and variance of each dimension.
fn moments(rows: &[f32], dimension: usize) -> Option<Vec<(f64, f64)>> {
    let n = rows.len().checked_div(dimension).filter(|n| *n >= 2)? as f64;
    let column = |d: usize| rows[d..].iter().step_by(dimension).map(|v| f64::from(*v));
    let of = |d: usize| {
        let mean = column(d).sum::<f64>() / n;
        (mean, column(d).map(|v| (v - mean).powi(2)).sum::<f64>() / n)
    };
    Some((0..dimension).map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn rows(count: usize, middle: f32, width: f32, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..8 * count).map(|_| middle + width * rng.random_range(-1.0..1.0f32)).collect()
    }

    #[test]
    fn a_distance_is_in_spreads_whatever_the_unit() {
        let spread = (1.0f64 / 3.0).sqrt();
        for unit in [1e-6, 1.0, 1e4] {
            let before = rows(4000, 0.0, unit, 1);
            let of = |new: &[f32]| distance(new, &before, 8).unwrap();
            assert!(of(&rows(4000, 0.0, unit, 2)) < 0.05);
            assert!((of(&rows(4000, unit, unit, 2)) - 1.0 / spread).abs() < 0.05, "moved by a unit");
            assert!((of(&rows(4000, 0.0, 3.0 * unit, 2)) - 2.0).abs() < 0.05, "three times as wide");
        }
        assert_eq!(distance(&[1.0; 8], &rows(9, 0.0, 1.0, 1), 8), None, "one row has no spread");
        assert_eq!(distance(&[1.0; 16], &[1.0; 16], 8), None, "nothing to measure by");
    }

    #[test]
    fn drift_lasts_until_it_is_clearly_over() {
        let at = |embedding: f64| Drift { embedding, power: 0.1, windows: [9; 2] };
        assert!(drifts(&at(1.1), false, 1.0) && drifts(&at(0.8), true, 1.0));
        assert!(!drifts(&at(0.8), false, 1.0) && !drifts(&at(0.6), true, 1.0));
        assert!(drifts(&Drift { power: 1.2, ..at(0.0) }, false, 1.0), "of the signal alone");
    }
}
