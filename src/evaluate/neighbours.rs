//! Judging: neighbours of the same class among subjects who were not seen, and how sure the figures are.
//!
//! Pure. Invariant: what is judged takes no part in how features are standardised, but for the mean over a subject where
//! that is asked for.

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
        let dimension = self.rows[0].len();
        let n = known.len() as f32;
        let mean: Vec<f32> = (0..dimension).map(|d| known.iter().map(|&i| self.rows[i][d]).sum::<f32>() / n).collect();
        let variance = |d: usize| known.iter().map(|&i| (self.rows[i][d] - mean[d]).powi(2)).sum::<f32>() / n;
        let scale: Vec<f32> = (0..dimension).map(|d| 1.0 / (variance(d).sqrt() + 1e-6)).collect();
        let unit = |&i: &usize| {
            let z: Vec<f32> = (0..dimension).map(|d| (self.rows[i][d] - mean[d]) * scale[d]).collect();
            let norm = z.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            z.into_iter().map(|v| v / norm).collect::<Vec<f32>>()
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
