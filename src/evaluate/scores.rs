//! What predictions are worth: figures of a table of confusions, of ranks, of clusters.
//!
//! Pure. Invariant: definitions are those of scikit-learn.

use smartcore::metrics::roc_auc_score;

/// How well classes were told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// Share that was told right.
    pub accuracy: f64,
    /// Mean over classes of the share that was told right.
    pub balanced: f64,
    /// Mean over classes of F1.
    pub macro_f1: f64,
    /// Cohen's kappa (1960).
    pub kappa: f64,
}

/// Counts `[is, told]`, of so many classes.
#[must_use]
pub fn confusion(is: &[usize], told: &[usize], classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    is.iter().zip(told).for_each(|(&is, &told)| counts[is][told] += 1);
    counts
}

impl Scores {
    /// Of a table of confusions.
    #[must_use]
    pub fn of(counts: &[Vec<usize>]) -> Self {
        let all: usize = counts.iter().flatten().sum();
        let n = all.max(1) as f64;
        let row = |class: usize| counts[class].iter().sum::<usize>() as f64;
        let column = |class: usize| counts.iter().map(|row| row[class]).sum::<usize>() as f64;
        let right = |class: usize| counts[class][class] as f64;
        let there: Vec<usize> = (0..counts.len()).filter(|&class| row(class) > 0.0).collect();
        let named: Vec<usize> = (0..counts.len()).filter(|&class| row(class) + column(class) > 0.0).collect();
        let mean = |of: &[usize], value: &dyn Fn(usize) -> f64| {
            of.iter().map(|&class| value(class)).sum::<f64>() / of.len().max(1) as f64
        };
        let accuracy = (0..counts.len()).map(right).sum::<f64>() / n;
        let chance = (0..counts.len()).map(|class| row(class) * column(class)).sum::<f64>() / (n * n);
        Self {
            accuracy,
            balanced: mean(&there, &|class| right(class) / row(class)),
            macro_f1: mean(&named, &|class| 2.0 * right(class) / (row(class) + column(class))),
            kappa: if chance < 1.0 { (accuracy - chance) / (1.0 - chance) } else { 0.0 },
        }
    }
}

/// Area under the curve of true over false alarms; none where one of the two is not there.
#[must_use]
pub fn auroc(is: &[bool], score: &[f64]) -> Option<f64> {
    if !is.contains(&true) || !is.contains(&false) {
        return None;
    }
    let is: Vec<f64> = is.iter().map(|&is| f64::from(u8::from(is))).collect();
    Some(roc_auc_score(&is, &score.to_vec()))
}

/// Share of the variance that is explained.
#[must_use]
pub fn r2(is: &[f64], told: &[f64]) -> f64 {
    let mean = is.iter().sum::<f64>() / is.len().max(1) as f64;
    let left: f64 = is.iter().zip(told).map(|(is, told)| (is - told).powi(2)).sum();
    let all: f64 = is.iter().map(|is| (is - mean).powi(2)).sum();
    1.0 - left / all.max(f64::MIN_POSITIVE)
}

/// Adjusted Rand index of two partitions (Hubert and Arabie, 1985).
#[must_use]
pub fn adjusted_rand(a: &[usize], b: &[usize]) -> f64 {
    let classes = a.iter().chain(b).max().map_or(0, |most| most + 1);
    let counts = confusion(a, b, classes);
    let pairs = |n: usize| n as f64 * (n as f64 - 1.0) / 2.0;
    let both: f64 = counts.iter().flatten().map(|&n| pairs(n)).sum();
    let rows: f64 = counts.iter().map(|row| pairs(row.iter().sum())).sum();
    let columns: f64 = (0..classes).map(|class| pairs(counts.iter().map(|row| row[class]).sum())).sum();
    let expected = rows * columns / pairs(a.len()).max(1.0);
    let most = f64::midpoint(rows, columns);
    if most > expected { (both - expected) / (most - expected) } else { 1.0 }
}

/// Mean silhouette of rows in their clusters by Euclidean distance (Rousseeuw, 1987).
#[must_use]
pub fn silhouette(rows: &[Vec<f32>], clusters: &[usize]) -> f64 {
    let count = clusters.iter().max().map_or(0, |most| most + 1);
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    let sizes: Vec<usize> = (0..count).map(|k| clusters.iter().filter(|&&c| c == k).count()).collect();
    let one = |i: usize| {
        let mut sums = vec![0.0; count];
        rows.iter().zip(clusters).for_each(|(row, &cluster)| sums[cluster] += distance(&rows[i], row));
        let own = clusters[i];
        if sizes[own] < 2 {
            return 0.0;
        }
        let inside = sums[own] / (sizes[own] - 1) as f64;
        let others = (0..count).filter(|&k| k != own && sizes[k] > 0).map(|k| sums[k] / sizes[k] as f64);
        let outside = others.fold(f64::INFINITY, f64::min);
        if outside.is_finite() { (outside - inside) / inside.max(outside).max(f64::MIN_POSITIVE) } else { 0.0 }
    };
    (0..rows.len()).map(one).sum::<f64>() / rows.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1: accuracy_score, balanced_accuracy_score, f1_score(average="macro"), cohen_kappa_score.
        let (is, told) = ([0, 0, 0, 1, 1, 2, 2, 2, 2, 2], [0, 1, 0, 1, 2, 2, 2, 0, 2, 2]);
        let scores = Scores::of(&confusion(&is, &told, 3));
        let expected = [0.7, 0.655_555_555_6, 0.655_555_555_6, 0.516_129_032_3];
        let found = [scores.accuracy, scores.balanced, scores.macro_f1, scores.kappa];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{scores:?}");
        }
        // sklearn: adjusted_rand_score([0,0,1,1], [0,0,1,2]) = 0.5714.
        assert!((adjusted_rand(&[0, 0, 1, 1], &[0, 0, 1, 2]) - 0.571_428_571).abs() < 1e-6);
        assert!((adjusted_rand(&[0, 0, 1, 1], &[1, 1, 0, 0]) - 1.0).abs() < 1e-9);
        // sklearn: roc_auc_score([0,0,1,1], [.1,.4,.35,.8]) = 0.75.
        assert_eq!(auroc(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8]), Some(0.75));
        assert_eq!(auroc(&[true, true], &[0.1, 0.4]), None);
        // Two pairs a unit wide and ten apart: (b - a) / b with b the mean of two distances.
        let rows = [[0.0f32], [1.0], [10.0], [11.0]].map(Vec::from);
        let expected = ((10.5 - 1.0) / 10.5 + (9.5 - 1.0) / 9.5) / 2.0;
        assert!((silhouette(&rows, &[0, 0, 1, 1]) - expected).abs() < 1e-9);
        assert!((r2(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]) - 1.0).abs() < 1e-12 && r2(&[1.0, 2.0, 3.0], &[2.0; 3]) < 1e-9);
    }
}
