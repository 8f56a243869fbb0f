//! Whether novelty is told with the right probability.

use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const DIMENSION: usize = 16;

/// Rows about two places that take turns, as of two states; sums of uniform numbers, so that there are tails.
fn rows(count: usize, away: f32, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut row = |i: usize| -> Vec<f32> {
        let middle = if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        // A third place lies off the line between the two.
        let off = |d: usize| if d.is_multiple_of(2) { away } else { -away };
        (0..DIMENSION).map(|d| middle + off(d) + (0..6).map(|_| rng.random_range(-1.0..1.0f32)).sum::<f32>()).collect()
    };
    (0..count).flat_map(&mut row).collect()
}

fn probabilities(novelty: &Novelty, rows: &[f32]) -> Vec<f64> {
    let mut room = [0.0; DIMENSION];
    rows.chunks_exact(DIMENSION).map(|row| novelty.probability(novelty.score(row, &mut room))).collect()
}

#[test]
fn probabilities_are_those_of_windows_like_these_far_beyond_those_held() {
    let novelty = Novelty::of(&rows(512, 0.0, 1), DIMENSION).unwrap();
    assert_eq!(novelty.windows(), 512);
    let fresh = probabilities(&novelty, &rows(40_000, 0.0, 3));
    // From a fifth down to a thousandth, where 512 windows alone say little.
    for share in [0.2, 0.05, 0.01, 0.001] {
        let found = fresh.iter().filter(|p| **p <= share).count() as f64 / fresh.len() as f64;
        assert!((0.3..2.5).contains(&(found / share)), "{share}: {found}");
    }
    let told = probabilities(&novelty, &rows(200, 3.0, 4)).iter().filter(|p| **p < 1e-3).count();
    assert!(told > 180, "{told} of 200 windows of another state");
}

#[test]
fn a_signal_that_wanders_calibrates_itself_on_its_wandering() {
    // Each stretch lies elsewhere, as far as a window is wide.
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut wandering = |seed: u64, stretches: u64| -> Vec<f32> {
        (0..stretches).flat_map(|i| rows(64, rng.random_range(-1.5..1.5), seed + i)).collect()
    };
    let novelty = Novelty::of(&wandering(100, 8), DIMENSION).unwrap();
    let next = probabilities(&novelty, &wandering(900, 60));
    let found = next.iter().filter(|p| **p <= 0.05).count() as f64 / next.len() as f64;
    assert!(found < 0.15, "{found} of windows at 0.05");
}

#[test]
fn probabilities_fall_as_scores_rise() {
    for count in [32, 100, 500] {
        let novelty = Novelty::of(&rows(count, 0.0, 1), DIMENSION).unwrap();
        let all: Vec<f64> = (0..800).map(|i| novelty.probability(i as f32 * 0.01)).collect();
        assert!(all.windows(2).all(|pair| pair[1] <= pair[0] + 1e-9), "{count}: {all:?}");
        assert!(all[0] == 1.0 && *all.last().unwrap() < 0.01, "{count}: {all:?}");
    }
}

#[test]
fn what_is_missing_is_not_new() {
    let mut all = rows(512, 0.0, 1);
    // One dimension is there for a tenth of the windows, another for nine tenths.
    for (i, row) in all.chunks_exact_mut(DIMENSION).enumerate() {
        row[3] = if i.is_multiple_of(10) { row[3] } else { f32::NAN };
        row[5] = if i.is_multiple_of(10) { f32::NAN } else { row[5] };
    }
    let novelty = Novelty::of(&all, DIMENSION).unwrap();
    let mut row = rows(1, 0.0, 2);
    let before = probabilities(&novelty, &row)[0];
    row[3] = 1e4;
    assert_eq!(probabilities(&novelty, &row)[0], before, "nobody knows what that dimension is like");
    row[5] = f32::NAN;
    assert!(probabilities(&novelty, &row)[0] > 1e-3);
    row[5] = 1e4;
    assert!(probabilities(&novelty, &row)[0] < 1e-3);
}

#[test]
fn what_cannot_be_compared_is_as_novel_as_can_be_or_refused() {
    let novelty = Novelty::of(&rows(64, 0.0, 1), DIMENSION).unwrap();
    let score = novelty.score(&[1.0; 3], &mut [0.0; 3]);
    assert_eq!((score, novelty.probability(score)), (f32::INFINITY, 0.0));
    assert!(Novelty::of(&rows(31, 0.0, 1), DIMENSION).is_none() && Novelty::of(&[], 0).is_none());
    let same = Novelty::of(&[1.0; 64 * DIMENSION], DIMENSION).unwrap();
    let at = |v: f32| same.score(&[v; DIMENSION], &mut [0.0; DIMENSION]);
    assert!(same.probability(at(1.0)) > 0.5 && at(2.0) > 100.0 && same.probability(at(2.0)) < 1e-4);
}
