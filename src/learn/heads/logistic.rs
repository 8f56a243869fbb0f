//! Multinomial logistic regression.
//!
//! Pure. Invariant: the fit begins at zero, so it depends on its examples alone; the loss is convex, so it ends at the one
//! minimum, as near as [`TOLERANCE`] says.

use std::collections::VecDeque;

/// Inverse of the penalty's weight, as scikit-learn calls it C.
const INVERSE_PENALTY: f64 = 1.0;
/// Steps at most; a few dozen are usual.
const STEPS: usize = 200;
/// Largest slope, as a share of the first one, at which the minimum is found.
const TOLERANCE: f64 = 1e-5;
/// Pairs of steps and changes of slope that L-BFGS remembers.
const REMEMBERED: usize = 10;

/// Weights `[K, D]` and then `K` biases that minimise the sum over rows of share times cross-entropy, plus half of the sum
/// of squared weights over C, by L-BFGS (Liu and Nocedal, 1989).
///
/// `rows [N, D]`, the class of each row below `classes`, and how much each row counts.
pub(super) fn fit(rows: &[f64], of_rows: &[usize], shares: &[f64], classes: usize) -> Vec<f64> {
    let dimension = rows.len() / of_rows.len().max(1);
    let problem = Problem { rows, of_rows, shares, classes, dimension };
    let mut at = vec![0.0; classes * (dimension + 1)];
    let (mut loss, mut slope) = problem.loss(&at);
    let least = TOLERANCE * norm(&slope);
    let mut memory: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::with_capacity(REMEMBERED + 1);
    for _ in 0..STEPS {
        if norm(&slope) <= least {
            break;
        }
        let direction = direction(&slope, &memory);
        let descent = dot(&direction, &slope);
        // The first step has no measure of its own.
        let mut length = if memory.is_empty() { 1.0 / norm(&slope).max(1.0) } else { 1.0 };
        let Some((next, next_loss, next_slope)) = (0..40).find_map(|_| {
            let next: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let (next_loss, next_slope) = problem.loss(&next);
            let falls = next_loss <= loss + 1e-4 * length * descent;
            length *= 0.5;
            falls.then_some((next, next_loss, next_slope))
        }) else {
            // No shorter step helps: rounding has the rest.
            break;
        };
        let step: Vec<f64> = next.iter().zip(&at).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = next_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-12 {
            memory.push_back((step, change, 1.0 / curvature));
            if memory.len() > REMEMBERED {
                memory.pop_front();
            }
        }
        (at, loss, slope) = (next, next_loss, next_slope);
    }
    at
}

/// A fitted regression on rows that are standardised already.
#[derive(Clone, Debug)]
pub struct Regression {
    /// `[K, D]`.
    weights: Vec<f64>,
    bias: Vec<f64>,
}

impl Regression {
    /// Of examples, each a class below `classes` and a row, with C = 1.
    #[must_use]
    pub fn fit(examples: &[(usize, &[f32])], classes: usize) -> Self {
        let rows: Vec<f64> = examples.iter().flat_map(|(_, row)| row.iter().map(|v| f64::from(*v))).collect();
        let of_rows: Vec<usize> = examples.iter().map(|(class, _)| *class).collect();
        let mut weights = fit(&rows, &of_rows, &vec![1.0; of_rows.len()], classes);
        let bias = weights.split_off(weights.len() - classes);
        Self { weights, bias }
    }

    /// The likeliest class of a row.
    #[must_use]
    pub fn tell(&self, row: &[f32]) -> usize {
        (0..self.bias.len()).max_by(|a, b| self.logit(*a, row).total_cmp(&self.logit(*b, row))).unwrap_or(0)
    }

    /// How much likelier the second of two classes is than the first, as a logarithm.
    #[must_use]
    pub fn margin(&self, row: &[f32]) -> f64 {
        self.logit(1, row) - self.logit(0, row)
    }

    fn logit(&self, class: usize, row: &[f32]) -> f64 {
        let weights = &self.weights[class * row.len()..][..row.len()];
        weights.iter().zip(row).map(|(w, v)| w * f64::from(*v)).sum::<f64>() + self.bias[class]
    }
}

struct Problem<'a> {
    rows: &'a [f64],
    of_rows: &'a [usize],
    shares: &'a [f64],
    classes: usize,
    dimension: usize,
}

impl Problem<'_> {
    /// The loss and its slope.
    fn loss(&self, at: &[f64]) -> (f64, Vec<f64>) {
        let (weights, bias) = at.split_at(self.classes * self.dimension);
        let mut slope: Vec<f64> = weights.iter().map(|w| w / INVERSE_PENALTY).chain(bias.iter().map(|_| 0.0)).collect();
        let mut loss = 0.5 * dot(weights, weights) / INVERSE_PENALTY;
        let mut logits = vec![0.0; self.classes];
        for ((row, &class), share) in self.rows.chunks_exact(self.dimension).zip(self.of_rows).zip(self.shares) {
            for ((logit, weights), bias) in logits.iter_mut().zip(weights.chunks_exact(self.dimension)).zip(bias) {
                *logit = dot(row, weights) + bias;
            }
            let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
            loss += share * (sum.ln() + most - logits[class]);
            let (of_weights, of_bias) = slope.split_at_mut(self.classes * self.dimension);
            for (k, logit) in logits.iter().enumerate() {
                let error = share * ((logit - most).exp() / sum - f64::from(u8::from(k == class)));
                of_weights[k * self.dimension..][..self.dimension]
                    .iter_mut()
                    .zip(row)
                    .for_each(|(g, x)| *g += error * x);
                of_bias[k] += error;
            }
        }
        (loss, slope)
    }
}

/// Down the slope, as what was remembered bends it.
fn direction(slope: &[f64], memory: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|g| -g).collect();
    let mut parts = Vec::with_capacity(memory.len());
    for (step, change, inverse) in memory.iter().rev() {
        let part = inverse * dot(step, &direction);
        direction.iter_mut().zip(change).for_each(|(d, y)| *d -= part * y);
        parts.push(part);
    }
    if let Some((step, change, _)) = memory.back() {
        let scale = dot(step, change) / dot(change, change);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for ((step, change, inverse), part) in memory.iter().zip(parts.into_iter().rev()) {
        let back = part - inverse * dot(change, &direction);
        direction.iter_mut().zip(step).for_each(|(d, s)| *d += back * s);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SciPy 1.16 finds for eight rows of two numbers: `minimize` of the same loss by BFGS with `gtol=1e-9`.
    const EXPECTED: [f64; 9] = [
        -0.336_247_44,
        0.517_564_49,
        1.080_068_37,
        0.244_715_41,
        -0.743_821_20,
        -0.762_280_17,
        0.516_161_46,
        -0.345_817_62,
        -0.170_344_46,
    ];

    #[test]
    fn finds_what_scipy_finds() {
        let rows = [0.5, 1.2, -0.3, 0.8, 1.5, -0.7, 2.1, 0.4, -1.2, -0.9, -0.6, -1.4, 0.2, 0.1, 1.1, 1.9];
        let classes = [0, 0, 1, 1, 2, 2, 0, 1];
        let found = fit(&rows, &classes, &[1.0; 8], 3);
        assert!(found.iter().zip(&EXPECTED).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?}");
    }

    #[test]
    fn a_row_that_counts_twice_is_two_rows() {
        let rows = [1.0, 0.5, -1.0, 0.2, 0.3, -0.8];
        let twice = [1.0, 0.5, 1.0, 0.5, -1.0, 0.2, 0.3, -0.8];
        let a = fit(&rows, &[0, 1, 1], &[2.0, 1.0, 1.0], 2);
        let b = fit(&twice, &[0, 0, 1, 1], &[1.0; 4], 2);
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4), "{a:?} {b:?}");
    }
}
