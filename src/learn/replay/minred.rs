//! Minimum redundancy: what is most like something else goes first.
//!
//! Pure functions of unit features `[N, D]`. Invariant: the same features give the same order on every machine: of equals
//! the earlier one goes.

/// Which `count` of the features to take out, in order: each time one of the two most alike that are left, the earlier of
/// them (Purushwalkam et al., 2022).
///
/// With fewer than two left the rest goes in order.
#[must_use]
pub fn redundant(features: &[f32], dimension: usize, count: usize) -> Vec<usize> {
    let rows: Vec<&[f32]> = features.chunks_exact(dimension).collect();
    let n = rows.len();
    let cosine = |i: usize, j: usize| -> f64 {
        // In one order for both, so that neither of a pair seems more alike than the other.
        rows[i].iter().zip(rows[j]).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let mut alike = vec![f64::NEG_INFINITY; n * n];
    for i in 0..n {
        for j in 0..i {
            let both = cosine(i, j);
            (alike[i * n + j], alike[j * n + i]) = (both, both);
        }
    }
    let mut left = vec![true; n];
    let nearest = |i: usize, left: &[bool]| {
        let row = alike[i * n..(i + 1) * n].iter().zip(left).enumerate();
        let others = row.filter(|&(j, (_, &left))| left && j != i).map(|(j, (&v, _))| (v, j));
        others.fold((f64::NEG_INFINITY, i), |best, other| if other.0 > best.0 { other } else { best })
    };
    let mut best: Vec<(f64, usize)> = (0..n).map(|i| nearest(i, &left)).collect();
    let mut gone = Vec::with_capacity(count.min(n));
    while gone.len() < count.min(n) {
        let candidates = (0..n).filter(|&i| left[i]);
        let first = candidates.reduce(|a, b| if best[b].0 > best[a].0 { b } else { a });
        let Some(next) = first else { break };
        left[next] = false;
        gone.push(next);
        for i in 0..n {
            if left[i] && best[i].1 == next {
                best[i] = nearest(i, &left);
            }
        }
    }
    gone
}

/// The feature of a window that was seen again: `(1 - share) old + share new`, of unit length.
pub fn polyak(old: &mut [f32], new: &[f32], share: f32) {
    for (old, new) in old.iter_mut().zip(new) {
        *old = (1.0 - share) * *old + share * new;
    }
    let norm = old.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
    old.iter_mut().for_each(|v| *v /= norm);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_go_before_what_stands_alone() {
        let features = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, -1.0, 0.0];
        assert_eq!(redundant(&features, 2, 2), [0, 1]);
        assert_eq!(redundant(&features, 2, 9).len(), 4);
        assert!(redundant(&[], 2, 3).is_empty());
    }
}
