//! Classifiers on frozen embeddings: nearest class means at first, a linear head once there are labels enough.
//!
//! Pure functions of examples, used on the thread that teaches; [`Classifier::probabilities`] is for the one that serves.
//! Invariant: the same examples in the same order give the same classifier, and reading one allocates nothing.

use super::logistic;
use serde::{Deserialize, Serialize};

/// Which kind of head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeadKind {
    /// The nearest class mean by cosine, shrunk.
    Prototype,
    /// Multinomial logistic regression.
    Linear,
}

impl HeadKind {
    /// The word in summaries and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Prototype => "prototypes",
            Self::Linear => "linear",
        }
    }
}

/// Tells the classes of embeddings apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    kind: HeadKind,
    /// The class of each row of weights.
    classes: Vec<usize>,
    /// Where the axes begin, and one over the length of each.
    middle: Vec<f32>,
    scale: Vec<f32>,
    /// `[K, D]`, on those axes.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// Factor of cosines before the softmax: a cosine 0.3 above its negative gives 86 %.
const SHARPNESS: f32 = 3.0;
/// Deviations of a class mean, in its own standard errors, that may be chance and count as nothing.
const SHRINK: f64 = 1.0;
/// The spread over all windows counts like so many windows when that within classes is estimated.
const PRIOR: f64 = 4.0;

impl Classifier {
    /// A classifier of `examples`, each a class and an embedding: linear where each class has `linear_from`, prototypes
    /// otherwise. None for fewer than two classes.
    ///
    /// Prototypes are nearest shrunken centroids (Tibshirani et al., 2002) on axes as long as the spread within classes,
    /// compared by cosine about the middle of the class means. The linear head is multinomial logistic regression with an
    /// L2 penalty (C = 1) on standardised embeddings, with classes weighed alike.
    #[must_use]
    pub fn teach(examples: &[(usize, &[f32])], dimension: usize, linear_from: usize) -> Option<Self> {
        let mut classes: Vec<usize> = examples.iter().map(|(class, _)| *class).collect();
        classes.sort_unstable();
        classes.dedup();
        if classes.len() < 2 || dimension == 0 {
            return None;
        }
        let places: Vec<usize> = examples.iter().filter_map(|(class, _)| classes.binary_search(class).ok()).collect();
        let rows: Vec<&[f32]> = examples.iter().map(|(_, row)| *row).collect();
        let moments = Moments::of(&rows, &places, classes.len(), dimension);
        let few = moments.counts.iter().any(|count| *count < linear_from as f64);
        Some(if few { Self::prototypes(classes, &moments) } else { Self::linear(classes, &rows, &places, &moments) })
    }

    fn prototypes(classes: Vec<usize>, moments: &Moments) -> Self {
        let dimension = moments.middle.len();
        let spare = moments.rows - moments.counts.len() as f64;
        let spread: Vec<f64> = (0..dimension)
            .map(|d| ((moments.within[d] + PRIOR * moments.total[d]) / (spare + PRIOR)).max(moments.floor).sqrt())
            .collect();
        let mut weights = Vec::with_capacity(classes.len() * dimension);
        for (mean, count) in moments.means.chunks_exact(dimension).zip(&moments.counts) {
            let away = mean.iter().zip(&moments.middle).zip(&spread).map(|((m, middle), s)| (m - middle) / s);
            let mut row: Vec<f64> = away.clone().map(|v| shrunk(v, SHRINK / count.sqrt())).collect();
            if row.iter().all(|v| *v == 0.0) {
                // All of it may be chance; it is still the best guess that there is.
                row = away.collect();
            }
            let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
            weights.extend(row.into_iter().map(|v| (v / norm) as f32));
        }
        Self {
            kind: HeadKind::Prototype,
            bias: vec![0.0; classes.len()],
            classes,
            middle: single(&moments.middle),
            scale: spread.into_iter().map(|s| (1.0 / s) as f32).collect(),
            weights,
        }
    }

    fn linear(classes: Vec<usize>, rows: &[&[f32]], places: &[usize], moments: &Moments) -> Self {
        let scale: Vec<f64> = moments.total.iter().map(|total| 1.0 / total.max(moments.floor).sqrt()).collect();
        let standard: Vec<f64> = rows
            .iter()
            .flat_map(|row| row.iter().zip(&moments.middle).zip(&scale).map(|((v, m), s)| (f64::from(*v) - m) * s))
            .collect();
        let shares: Vec<f64> =
            places.iter().map(|&k| moments.rows / (classes.len() as f64 * moments.counts[k])).collect();
        let fitted = logistic::fit(&standard, places, &shares, classes.len());
        let (weights, bias) = fitted.split_at(classes.len() * scale.len());
        Self {
            kind: HeadKind::Linear,
            classes,
            middle: single(&moments.middle),
            scale: single(&scale),
            weights: single(weights),
            bias: single(bias),
        }
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> HeadKind {
        self.kind
    }

    /// The classes that it knows, in ascending order.
    #[must_use]
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// Probabilities of the classes for an embedding, those that it does not know being 0; the likeliest class. None, and
    /// all 0, where the embedding is not finite or `out` has no room for a class.
    pub fn probabilities(&self, embedding: &[f32], out: &mut [f32]) -> Option<usize> {
        out.fill(0.0);
        let axes = || embedding.iter().zip(&self.middle).zip(&self.scale).map(|((v, middle), s)| (v - middle) * s);
        let sharpness = match self.kind {
            HeadKind::Prototype => SHARPNESS / axes().map(|v| v * v).sum::<f32>().sqrt().max(1e-12),
            HeadKind::Linear => 1.0,
        };
        let mut most = f32::NEG_INFINITY;
        for ((class, row), bias) in
            self.classes.iter().zip(self.weights.chunks_exact(self.middle.len())).zip(&self.bias)
        {
            let logit = sharpness * axes().zip(row).map(|(v, w)| v * w).sum::<f32>() + bias;
            *out.get_mut(*class)? = logit;
            most = most.max(logit);
        }
        let mut sum = 0.0;
        for &class in &self.classes {
            out[class] = (out[class] - most).exp();
            sum += out[class];
        }
        if !sum.is_finite() || embedding.len() != self.middle.len() {
            out.fill(0.0);
            return None;
        }
        self.classes.iter().for_each(|&class| out[class] /= sum);
        self.classes.iter().copied().max_by(|a, b| out[*a].total_cmp(&out[*b]))
    }
}

/// A value less `by` towards zero.
fn shrunk(value: f64, by: f64) -> f64 {
    value.signum() * (value.abs() - by).max(0.0)
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|v| *v as f32).collect()
}

/// Counts, means and spreads, each class weighing the same.
struct Moments {
    rows: f64,
    counts: Vec<f64>,
    /// `[K, D]`.
    means: Vec<f64>,
    middle: Vec<f64>,
    /// Sum of squares about the means of their classes.
    within: Vec<f64>,
    /// Variance about the middle.
    total: Vec<f64>,
    /// The least variance that counts.
    floor: f64,
}

impl Moments {
    fn of(rows: &[&[f32]], places: &[usize], classes: usize, dimension: usize) -> Self {
        let (mut counts, mut means) = (vec![0.0; classes], vec![0.0; classes * dimension]);
        for (row, &k) in rows.iter().zip(places) {
            counts[k] += 1.0;
            means[k * dimension..][..dimension].iter_mut().zip(*row).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        means.chunks_exact_mut(dimension).zip(&counts).for_each(|(mean, n)| mean.iter_mut().for_each(|m| *m /= n));
        let mut middle = vec![0.0; dimension];
        for mean in means.chunks_exact(dimension) {
            middle.iter_mut().zip(mean).for_each(|(sum, m)| *sum += m / classes as f64);
        }
        let (mut within, mut total) = (vec![0.0; dimension], vec![0.0; dimension]);
        for (row, &k) in rows.iter().zip(places) {
            let share = 1.0 / (classes as f64 * counts[k]);
            for (d, v) in row.iter().enumerate().take(dimension) {
                within[d] += (f64::from(*v) - means[k * dimension + d]).powi(2);
                total[d] += share * (f64::from(*v) - middle[d]).powi(2);
            }
        }
        let floor = 1e-6 * total.iter().sum::<f64>() / dimension as f64 + 1e-24;
        Self { rows: rows.len() as f64, counts, means, middle, within, total, floor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const DIMENSION: usize = 24;

    /// Rows of noise whose first axes say the class, and whose last one is loud and says nothing.
    fn rows(classes: usize, each: usize, seed: u64) -> Vec<(usize, Vec<f32>)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut row = |class: usize| {
            let mut row: Vec<f32> = (0..DIMENSION).map(|_| 5.0 + rng.random_range(-1.0..1.0)).collect();
            row[class] += 1.5;
            row[DIMENSION - 1] *= 40.0;
            row
        };
        (0..classes * each).map(|i| (i % classes, row(i % classes))).collect()
    }

    fn accuracy(classifier: &Classifier, rows: &[(usize, Vec<f32>)]) -> f64 {
        let mut out = [0.0; 4];
        let right = rows.iter().filter(|(class, row)| classifier.probabilities(row, &mut out) == Some(*class)).count();
        right as f64 / rows.len() as f64
    }

    fn taught(rows: &[(usize, Vec<f32>)], linear_from: usize) -> Option<Classifier> {
        let examples: Vec<(usize, &[f32])> = rows.iter().map(|(class, row)| (*class, row.as_slice())).collect();
        Classifier::teach(&examples, DIMENSION, linear_from)
    }

    #[test]
    fn a_few_labels_make_prototypes_and_many_a_linear_head() {
        let held = rows(3, 100, 9);
        let few = taught(&rows(3, 4, 1), 30).unwrap();
        let many = taught(&rows(3, 60, 1), 30).unwrap();
        assert_eq!((few.kind(), many.kind()), (HeadKind::Prototype, HeadKind::Linear));
        let [few, many] = [&few, &many].map(|classifier| accuracy(classifier, &held));
        assert!(few > 0.7 && many > 0.9, "{few} {many}, a third by chance");
        assert!(taught(&rows(1, 4, 1), 30).is_none(), "one class");
    }

    #[test]
    fn probabilities_are_those_of_the_classes_that_it_knows() {
        let known: Vec<(usize, Vec<f32>)> = rows(3, 40, 2).into_iter().filter(|(class, _)| *class != 1).collect();
        for linear_from in [1, 1000] {
            let classifier = taught(&known, linear_from).unwrap();
            let mut out = [9.0; 4];
            let class = classifier.probabilities(&known[0].1, &mut out).unwrap();
            assert!((out.iter().sum::<f32>() - 1.0).abs() < 1e-5 && out[1] == 0.0 && out[3] == 0.0, "{out:?}");
            assert_eq!((class, class), (known[0].0, usize::from(out[2] > out[0]) * 2));
            assert_eq!(classifier.probabilities(&[f32::NAN; DIMENSION], &mut out), None);
            assert_eq!(out, [0.0; 4]);
            assert_eq!(classifier.probabilities(&known[0].1, &mut out[..2]), None, "no room for the third class");
        }
    }

    #[test]
    fn one_window_of_each_class_is_a_beginning() {
        let classifier = taught(&[(0, vec![1.0; DIMENSION]), (3, vec![-1.0; DIMENSION])], 30).unwrap();
        let mut out = [0.0; 4];
        assert_eq!(classifier.probabilities(&[0.8; DIMENSION], &mut out), Some(0));
        assert_eq!(classifier.probabilities(&[-0.1; DIMENSION], &mut out), Some(3));
    }
}
