//! Probing: what frozen features tell of labels, by groups that took no part.
//!
//! Pure. Invariant: a group's rows are judged by what other groups taught, and take no part in how features are
//! standardised; the same seed deals groups out and draws labels alike, whatever the features are.

use super::scores::{Scores, adjusted_rand, auroc, confusion, r2, silhouette};
use super::{Features, Interval, dealt};
use crate::learn::heads::Regression;
use nalgebra::{Cholesky, DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use smartcore::cluster::kmeans::{KMeans, KMeansParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;
use std::borrow::Cow;

/// How features are judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// Deals of the groups.
    pub seeds: u64,
    /// Parts that groups are dealt out to; each is judged by what the others teach.
    pub folds: usize,
    /// Shares of the labels that are taught.
    pub shares: Vec<f64>,
}

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judge {
    /// Twenty neighbours by cosine.
    Neighbours,
    /// Logistic regression, taught a share of the labels.
    Linear(f64),
}

/// What one judge found.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Who.
    pub judge: Judge,
    /// Of each seed.
    pub seeds: Vec<Scores>,
    /// Counts `[is, told]` over all seeds.
    pub confusion: Vec<Vec<usize>>,
}

/// What was told of one row.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The deal.
    pub seed: u64,
    /// The part that it was in.
    pub fold: usize,
    /// The row.
    pub row: usize,
    /// What neighbours say.
    pub neighbours: usize,
    /// What a regression says that was taught all labels of the others.
    pub linear: usize,
}

impl Judged {
    /// The interval of one figure.
    #[must_use]
    pub fn interval(&self, of: impl Fn(&Scores) -> f64) -> Interval {
        Interval::of(&self.seeds.iter().map(of).collect::<Vec<f64>>())
    }
}

impl Protocol {
    /// The parts of a deal: rows to learn from, and rows to judge.
    fn parts(&self, groups: &[usize], seed: u64) -> Vec<[Vec<usize>; 2]> {
        let count = groups.iter().max().map_or(0, |most| most + 1);
        let folds = self.folds.min(count).max(2);
        let part = dealt(count, folds, seed);
        let split = |fold: usize| {
            let (known, asked) = (0..groups.len()).partition(|&row| part[groups[row]] != fold);
            [known, asked]
        };
        (0..folds).map(split).collect()
    }

    /// Tells classes apart; what was told of each row goes to `take`.
    pub fn classify(&self, features: &Features, classes: usize, take: impl FnMut(Told)) -> Vec<Judged> {
        self.classify_taught(&features.subjects, classes, &self.shares, |_, _| Cow::Borrowed(features), take)
    }

    /// The same of features that labels taught: of each seed and part, by the seed and the rows that may teach. The same
    /// regressions and neighbours judge them, for the shares of the labels that are given.
    pub fn classify_taught<'a>(
        &self,
        groups: &[usize],
        classes: usize,
        shares: &[f64],
        mut features: impl FnMut(u64, &[usize]) -> Cow<'a, Features>,
        mut take: impl FnMut(Told),
    ) -> Vec<Judged> {
        let linear = shares.iter().map(|&share| Judge::Linear(share));
        let mut all: Vec<Judged> = [Judge::Neighbours]
            .into_iter()
            .chain(linear)
            .map(|judge| Judged { judge, seeds: Vec::new(), confusion: vec![vec![0; classes]; classes] })
            .collect();
        for seed in 1..=self.seeds {
            let mut counts = vec![vec![vec![0; classes]; classes]; all.len()];
            for (fold, [known, asked]) in self.parts(groups, seed).into_iter().enumerate() {
                let features = features(seed, &known);
                let near = features.nearest(&known, &asked);
                let standard = features.standard(&known);
                let mut told = Vec::new();
                for (judge, counts) in all.iter().zip(&mut counts) {
                    let now = match judge.judge {
                        Judge::Neighbours => near.clone(),
                        Judge::Linear(share) => {
                            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (fold as u64) << 32);
                            let taught =
                                if share < 1.0 { features.drawn(&known, share, &mut rng) } else { known.clone() };
                            let examples: Vec<(usize, &[f32])> =
                                taught.iter().map(|&i| (features.classes[i], standard[i].as_slice())).collect();
                            let head = Regression::fit(&examples, classes);
                            asked.iter().map(|&row| head.tell(&standard[row])).collect()
                        }
                    };
                    asked.iter().zip(&now).for_each(|(&row, &told)| counts[features.classes[row]][told] += 1);
                    if judge.judge == Judge::Linear(1.0) {
                        told.clone_from(&now);
                    }
                }
                for (at, &row) in asked.iter().enumerate() {
                    if let Some(&linear) = told.get(at) {
                        take(Told { seed, fold, row, neighbours: near[at], linear });
                    }
                }
            }
            for (judged, counts) in all.iter_mut().zip(counts) {
                judged.seeds.push(Scores::of(&counts));
                for (sum, row) in judged.confusion.iter_mut().flatten().zip(counts.into_iter().flatten()) {
                    *sum += row;
                }
            }
        }
        all
    }

    /// The most frequent class of those that teach, of each seed.
    #[must_use]
    pub fn majority(&self, features: &Features, classes: usize) -> Vec<Scores> {
        let of_seed = |seed: u64| {
            let (mut is, mut told) = (Vec::new(), Vec::new());
            for [known, asked] in self.parts(&features.subjects, seed) {
                let count = |class: &usize| known.iter().filter(|&&row| features.classes[row] == *class).count();
                let most = (0..classes).max_by_key(count).unwrap_or(0);
                is.extend(asked.iter().map(|&row| features.classes[row]));
                told.resize(is.len(), most);
            }
            Scores::of(&confusion(&is, &told, classes))
        };
        (1..=self.seeds).map(of_seed).collect()
    }

    /// R² of ridge regression (α = 1) of standardised features on `targets`, of each seed; none where it cannot be fitted.
    #[must_use]
    pub fn regress(&self, features: &Features, targets: &[f64]) -> Option<Vec<f64>> {
        let of_seed = |seed: u64| {
            let (mut is, mut told) = (Vec::new(), Vec::new());
            for [known, asked] in self.parts(&features.subjects, seed) {
                let standard = features.standard(&known);
                let rows = |of: &[usize]| -> Vec<&[f32]> { of.iter().map(|&row| standard[row].as_slice()).collect() };
                let known_targets: Vec<f64> = known.iter().map(|&row| targets[row]).collect();
                told.extend(ridge(&rows(&known), &known_targets, &rows(&asked))?);
                is.extend(asked.iter().map(|&row| targets[row]));
            }
            Some(r2(&is, &told))
        };
        (1..=self.seeds).map(of_seed).collect()
    }

    /// AUROC of one class against all others, of each seed: by logistic regression that was taught it, and by the distance to
    /// the five nearest of the others, which never saw it.
    #[must_use]
    pub fn detect(&self, features: &Features, class: usize) -> Option<[Vec<f64>; 2]> {
        let mut found = [Vec::new(), Vec::new()];
        for seed in 1..=self.seeds {
            let (mut is, mut scores) = (Vec::new(), [Vec::new(), Vec::new()]);
            for [known, asked] in self.parts(&features.subjects, seed) {
                let usual: Vec<usize> = known.iter().copied().filter(|&row| features.classes[row] != class).collect();
                if usual.is_empty() || usual.len() == known.len() {
                    return None;
                }
                let standard = features.standard(&known);
                let examples: Vec<(usize, &[f32])> = known
                    .iter()
                    .map(|&row| (usize::from(features.classes[row] == class), standard[row].as_slice()))
                    .collect();
                let head = Regression::fit(&examples, 2);
                scores[0].extend(asked.iter().map(|&row| head.margin(&standard[row])));
                let standard = features.standard(&usual);
                scores[1].extend(asked.iter().map(|&row| distance(&standard, &usual, &standard[row])));
                is.extend(asked.iter().map(|&row| features.classes[row] == class));
            }
            for (found, scores) in found.iter_mut().zip(scores) {
                found.push(auroc(&is, &scores)?);
            }
        }
        Some(found)
    }

    /// K-means of standardised features in as many clusters as there are classes: silhouette, and the adjusted Rand index
    /// with the classes; of each seed the best of ten starts. None where there are too few rows.
    #[must_use]
    pub fn cluster(&self, features: &Features, classes: usize) -> Option<[Vec<f64>; 2]> {
        let all: Vec<usize> = (0..features.rows.len()).collect();
        let standard = features.standard(&all);
        let rows = matrix(standard.iter().map(Vec::as_slice))?;
        let mut found = [Vec::new(), Vec::new()];
        for seed in 1..=self.seeds {
            let starts = (0..STARTS).filter_map(|start| {
                let mut settings = KMeansParameters::default().with_k(classes).with_max_iter(300);
                settings.seed = Some(seed * STARTS + start);
                let fitted = KMeans::<f64, i64, DenseMatrix<f64>, Vec<i64>>::fit(&rows, settings).ok()?;
                let clusters: Vec<usize> = fitted.predict(&rows).ok()?.into_iter().map(|k| k as usize).collect();
                Some((spread(&standard, &clusters, classes), clusters))
            });
            let (_, clusters) = starts.min_by(|a, b| a.0.total_cmp(&b.0))?;
            found[0].push(silhouette(&standard, &clusters));
            found[1].push(adjusted_rand(&features.classes, &clusters));
        }
        Some(found)
    }
}

/// Starts of k-means, of which the best is taken.
const STARTS: u64 = 10;
/// Neighbours whose distance says how unusual a row is.
const NEAREST: usize = 5;

/// Weight of the penalty of ridge regression.
const ALPHA: f64 = 1.0;

/// What ridge regression (Hoerl and Kennard, 1970) on standardised rows says of others; solved in rows where there are fewer
/// of them than features. None without rows.
fn ridge(known: &[&[f32]], targets: &[f64], asked: &[&[f32]]) -> Option<Vec<f64>> {
    let dimension = known.first()?.len();
    let of = |rows: &[&[f32]]| {
        DMatrix::from_row_iterator(rows.len(), dimension, rows.iter().flat_map(|row| row.iter().map(|&v| f64::from(v))))
    };
    let mean = targets.iter().sum::<f64>() / targets.len() as f64;
    let (x, y) = (of(known), DVector::from_iterator(targets.len(), targets.iter().map(|target| target - mean)));
    let penalty = |size: usize| DMatrix::<f64>::identity(size, size) * ALPHA;
    let weights = if known.len() < dimension {
        x.transpose() * Cholesky::new(&x * x.transpose() + penalty(known.len()))?.solve(&y)
    } else {
        Cholesky::new(x.transpose() * &x + penalty(dimension))?.solve(&(x.transpose() * y))
    };
    Some((of(asked) * weights).iter().map(|value| value + mean).collect())
}

fn matrix<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Option<DenseMatrix<f64>> {
    let rows: Vec<Vec<f64>> = rows.map(|row| row.iter().map(|&value| f64::from(value)).collect()).collect();
    DenseMatrix::from_2d_vec(&rows).ok()
}

/// Mean distance to the nearest rows.
fn distance(standard: &[Vec<f32>], known: &[usize], row: &[f32]) -> f64 {
    let to =
        |&other: &usize| standard[other].iter().zip(row).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    let mut all: Vec<f64> = known.iter().map(to).collect();
    all.sort_by(f64::total_cmp);
    let nearest = &all[..NEAREST.min(all.len())];
    nearest.iter().sum::<f64>() / nearest.len() as f64
}

/// Sum of squared distances to the means of clusters.
fn spread(rows: &[Vec<f32>], clusters: &[usize], count: usize) -> f64 {
    let dimension = rows.first().map_or(0, Vec::len);
    let (mut sums, mut sizes) = (vec![vec![0.0; dimension]; count], vec![0.0f64; count]);
    for (row, &k) in rows.iter().zip(clusters) {
        sums[k].iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        sizes[k] += 1.0;
    }
    let one = |(row, &k): (&Vec<f32>, &usize)| {
        row.iter().zip(&sums[k]).map(|(v, sum)| (f64::from(*v) - sum / sizes[k].max(1.0)).powi(2)).sum::<f64>()
    };
    rows.iter().zip(clusters).map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ridge_is_the_same_in_rows_and_in_features_and_finds_what_scikit_learn_finds() {
        // Ridge(1.0).fit([[1, 0], [-1, 1], [0, -1]], [3, 1, 2]).predict([[2, 1]]) = 2 + (7 * 2 - 1) / 8 … by hand:
        // XᵀX + I = [[3, -1], [-1, 3]], Xᵀ(y - 2) = [2, -1], so that w = [5/8, -1/8].
        let known: [&[f32]; 3] = [&[1.0, 0.0], &[-1.0, 1.0], &[0.0, -1.0]];
        let told = ridge(&known, &[3.0, 1.0, 2.0], &[&[2.0, 1.0]]).unwrap();
        assert!((told[0] - (2.0 + 10.0 / 8.0 - 1.0 / 8.0)).abs() < 1e-12, "{told:?}");
        // A third feature that is always zero makes as many features as rows, a fourth more of them.
        let wide: Vec<Vec<f32>> = known.iter().map(|row| [*row, &[0.0, 0.0]].concat()).collect();
        let wide: Vec<&[f32]> = wide.iter().map(Vec::as_slice).collect();
        let again = ridge(&wide, &[3.0, 1.0, 2.0], &[&[2.0, 1.0, 5.0, 7.0]]).unwrap();
        assert!((again[0] - told[0]).abs() < 1e-12, "{again:?}");
    }

    #[test]
    fn nobody_is_judged_by_what_they_taught_and_every_row_once_a_seed() {
        let protocol = Protocol { seeds: 3, folds: 3, shares: vec![0.1, 1.0] };
        let count = 120;
        let groups: Vec<usize> = (0..count).map(|row| row / 20).collect();
        let classes: Vec<usize> = (0..count).map(|row| row % 2).collect();
        // A feature that tells groups apart, and one that tells the class.
        let rows = (0..count).map(|row| vec![(row / 20) as f32, (row % 2) as f32 + 0.01 * (row % 7) as f32]).collect();
        let features = Features { rows, classes: classes.clone(), subjects: groups.clone() };
        for seed in 1..=3 {
            let mut asked_of = vec![0; count];
            for [known, asked] in protocol.parts(&groups, seed) {
                assert_eq!(known.len() + asked.len(), count);
                assert!(asked.iter().all(|row| known.iter().all(|other| groups[*row] != groups[*other])));
                asked.iter().for_each(|&row| asked_of[row] += 1);
            }
            assert_eq!(asked_of, vec![1; count]);
        }
        let mut told = Vec::new();
        let judged = protocol.classify(&features, 2, |row| told.push(row));
        assert_eq!((told.len(), judged.len()), (3 * count, 3));
        let full = judged.iter().find(|judged| judged.judge == Judge::Linear(1.0)).unwrap();
        assert!(full.seeds.iter().all(|scores| scores.accuracy == 1.0), "{full:?}");
        assert!(told.iter().all(|row| row.linear == classes[row.row]));
        assert!(protocol.majority(&features, 2).iter().all(|scores| scores.accuracy == 0.5));
        let found = protocol.detect(&features, 1).unwrap();
        assert!(found[0].iter().all(|auroc| *auroc == 1.0), "{found:?}");
        let clusters = protocol
            .cluster(&Features { rows: classes.iter().map(|c| vec![*c as f32 * 9.0, 0.0]).collect(), ..features }, 2);
        let [silhouettes, rand] = clusters.unwrap();
        assert!(rand.iter().chain(&silhouettes).all(|value| (value - 1.0).abs() < 1e-9), "{rand:?} {silhouettes:?}");
    }
}
