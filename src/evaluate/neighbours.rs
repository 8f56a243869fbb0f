//! Judging: neighbours of the same class among subjects who were not seen, and a regression that a few of their labels taught.
//!
//! Pure. Invariant: what is judged takes no part in how features are standardised, but for the mean over a subject where
//! that is asked for.

use crate::learn::heads::Regression;
use rand::SeedableRng;
use rand::seq::IteratorRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Draws of labels where few are taught: which they are decides much.
const DRAWS: usize = 20;
/// Neighbours that vote.
const NEIGHBOURS: usize = 20;

/// Feature vectors with their class and subject.
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// One vector a trial.
    pub rows: Vec<Vec<f32>>,
    /// Its class.
    pub classes: Vec<usize>,
    /// Its subject.
    pub subjects: Vec<usize>,
}

impl Features {
    /// Of each trial whether its neighbours in the other `known` trials tell its class.
    #[must_use]
    pub fn told(&self, known: &[usize], asked: &[usize]) -> Vec<bool> {
        let standard = self.standard(known);
        let unit = |&i: &usize| {
            let z = &standard[i];
            let norm = z.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            z.iter().map(|v| v / norm).collect::<Vec<f32>>()
        };
        let (keys, queries): (Vec<_>, Vec<_>) = (known.iter().map(unit).collect(), asked.iter().map(unit).collect());
        let classes = self.classes.iter().max().map_or(0, |most| most + 1);
        let one = |(query, &asked): (&Vec<f32>, &usize)| {
            let cosine = |key: &Vec<f32>| key.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
            let mut near: Vec<(f32, usize)> =
                keys.iter().zip(known).map(|(k, &i)| (cosine(k), self.classes[i])).collect();
            near.sort_by(|a, b| b.0.total_cmp(&a.0));
            // Votes; of classes with as many the one that is nearer.
            let mut votes = vec![(0, 0.0); classes];
            for (cosine, class) in &near[..NEIGHBOURS.min(near.len())] {
                votes[*class].0 += 1;
                votes[*class].1 += cosine;
            }
            let chosen =
                (0..classes).max_by(|&a, &b| votes[a].0.cmp(&votes[b].0).then(votes[a].1.total_cmp(&votes[b].1)));
            chosen == Some(self.classes[asked])
        };
        queries.iter().zip(asked).map(one).collect()
    }

    /// Of each trial whether a logistic regression tells its class that was taught a share of the `known` trials, at least
    /// one a class; several draws of them, one after the other. Rows are standardised over all `known` trials, for which no label is needed.
    #[must_use]
    pub fn told_by_few(&self, known: &[usize], asked: &[usize], share: f64, seed: u64) -> Vec<bool> {
        let standard = self.standard(known);
        let classes = self.classes.iter().max().map_or(0, |most| most + 1);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut told = Vec::with_capacity(DRAWS * asked.len());
        for _ in 0..DRAWS {
            let taught = self.drawn(known, share, &mut rng);
            let examples: Vec<(usize, &[f32])> =
                taught.iter().map(|&i| (self.classes[i], standard[i].as_slice())).collect();
            let head = Regression::fit(&examples, classes);
            told.extend(asked.iter().map(|&i| head.tell(&standard[i]) == self.classes[i]));
        }
        told
    }

    /// A share of trials, drawn class by class in equal numbers, at least one of each.
    fn drawn(&self, known: &[usize], share: f64, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let classes: BTreeSet<usize> = known.iter().map(|&i| self.classes[i]).collect();
        let each = ((share * known.len() as f64 / classes.len() as f64).round() as usize).max(1);
        let of_class = |class: usize| known.iter().copied().filter(move |&i| self.classes[i] == class);
        classes.into_iter().flat_map(|class| of_class(class).sample(rng, each)).collect()
    }

    /// All rows less the mean of the `known` ones and over their deviation.
    fn standard(&self, known: &[usize]) -> Vec<Vec<f32>> {
        let dimension = self.rows[0].len();
        let n = known.len() as f32;
        let mean: Vec<f32> = (0..dimension).map(|d| known.iter().map(|&i| self.rows[i][d]).sum::<f32>() / n).collect();
        let variance = |d: usize| known.iter().map(|&i| (self.rows[i][d] - mean[d]).powi(2)).sum::<f32>() / n;
        let scale: Vec<f32> = (0..dimension).map(|d| 1.0 / (variance(d).sqrt() + 1e-6)).collect();
        let axes = |row: &Vec<f32>| (0..dimension).map(|d| (row[d] - mean[d]) * scale[d]).collect();
        self.rows.iter().map(axes).collect()
    }

    /// The same with each subject's rows less their mean and over their deviation.
    #[must_use]
    pub fn by_subject(&self) -> Self {
        let mut all = self.clone();
        let subjects = self.subjects.iter().max().map_or(0, |most| most + 1);
        for subject in 0..subjects {
            let rows: Vec<usize> = (0..self.rows.len()).filter(|&i| self.subjects[i] == subject).collect();
            let n = rows.len() as f32;
            for d in 0..self.rows[0].len() {
                let mean = rows.iter().map(|&i| self.rows[i][d]).sum::<f32>() / n;
                let deviation = (rows.iter().map(|&i| (self.rows[i][d] - mean).powi(2)).sum::<f32>() / n).sqrt() + 1e-6;
                rows.iter().for_each(|&i| all.rows[i][d] = (self.rows[i][d] - mean) / deviation);
            }
        }
        all
    }
}

/// Share of what was told right.
pub(super) fn accuracy(told: &[bool]) -> f64 {
    told.iter().filter(|&&right| right).count() as f64 / told.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    /// Trials of three classes, whose first axes say the class if `telling`.
    fn features(telling: bool) -> Features {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut row = |class: usize| -> Vec<f32> {
            let says = |d: usize| if telling && d == class { 6.0 } else { 0.0 };
            (0..8).map(|d| says(d) + rng.random_range(-1.0..1.0f32)).collect()
        };
        let classes: Vec<usize> = (0..300).map(|i| i % 3).collect();
        Features { rows: classes.iter().map(|class| row(*class)).collect(), subjects: vec![0; 300], classes }
    }

    #[test]
    fn a_few_labels_tell_what_can_be_told_and_no_more() {
        let (known, asked): (Vec<usize>, Vec<usize>) = (0..300).partition(|i| *i < 150);
        let told = [true, false].map(|telling| accuracy(&features(telling).told_by_few(&known, &asked, 0.01, 1)));
        assert!(told[0] > 0.75 && (0.25..0.42).contains(&told[1]), "{told:?}, a third by chance");
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let drawn = [0.01, 0.1].map(|share| features(true).drawn(&known, share, &mut rng));
        assert_eq!(drawn.each_ref().map(Vec::len), [3, 15]);
        let classes: BTreeSet<usize> = drawn[0].iter().map(|&i| i % 3).collect();
        assert_eq!(classes.len(), 3, "one of each class: {drawn:?}");
        assert!(drawn.iter().flatten().all(|i| *i < 150));
    }
}
