//! Means over seeds, and how sure they are.
//!
//! Pure. Invariant: an interval covers the mean with 95 % if what varies from seed to seed is normal (Student, 1908).

use std::fmt;

/// A mean with half the width of its interval.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// From the mean to either end.
    pub half: f64,
}

/// The 97.5th percentile of Student's distribution, by degrees of freedom from 1 on.
const STUDENT: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

impl Interval {
    /// Of values, one a seed.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let student = values.len().checked_sub(2).and_then(|at| STUDENT.get(at)).copied().unwrap_or(f64::INFINITY);
        Self { mean, half: student * (variance / n).sqrt() }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.sign_plus() {
            return write!(f, "{:+.3} ± {:.3}", self.mean, self.half);
        }
        write!(f, "{:.3} ± {:.3}", self.mean, self.half)
    }
}
