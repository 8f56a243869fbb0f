//! Novelty: how unlike everything before a window is.
//!
//! Made off the data path from windows that came before; [`Novelty::score`] is for the thread that serves. Invariant: scores are
//! calibrated on windows that are not among those they are compared with; scoring allocates nothing.

/// Tells windows unlike all of a reference from others.
#[derive(Clone, Debug, PartialEq)]
pub struct Novelty {
    dimension: usize,
    /// Middle of the reference.
    middle: Vec<f32>,
    /// Lower triangle `[D, D]` that makes its covariance one.
    whiten: Vec<f32>,
    /// `[N, D]`, whitened.
    reference: Vec<f32>,
    /// Scores of held windows in ascending order.
    held: Vec<f32>,
    tail: Tail,
}

/// Neighbours whose mean distance is the score: one alone may be a twin, or an outlier.
const NEIGHBOURS: usize = 5;
/// Share of an even spread that a covariance is drawn towards: few windows tell little of the directions in which
/// they hardly differ, yet it is those in which what never was shows.
const SHRINK: f64 = 0.1;
/// Share of the held scores that the tail is fitted to.
const TAIL: f64 = 0.1;
/// The shape that a tail is taken to have before it is looked at: a little heavier than an exponential one.
const SHAPE: f64 = 0.1;
/// That counts like so many held scores: two dozen of them tell little of a shape, and a tail that is taken to be
/// too light by chance tells of alarms that are none, ten times as many as were asked for.
const PRIOR: f64 = 60.0;

/// What lies beyond the held scores: a generalised Pareto distribution of what exceeds `from`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tail {
    from: f64,
    share: f64,
    scale: f64,
    shape: f64,
}

impl Tail {
    /// Of scores in ascending order, by probability-weighted moments (Hosking and Wallis, 1987).
    fn of(held: &[f32]) -> Self {
        let beyond = ((held.len() as f64 * TAIL).ceil() as usize).clamp(1, held.len().max(1));
        let from = held.len().checked_sub(beyond + 1).and_then(|at| held.get(at)).map_or(0.0, |v| f64::from(*v));
        let excess: Vec<f64> = held.iter().rev().take(beyond).rev().map(|v| f64::from(*v) - from).collect();
        let count = excess.len().max(1) as f64;
        let mean = excess.iter().sum::<f64>() / count;
        let weighted: f64 =
            excess.iter().enumerate().map(|(i, v)| v * (1.0 - (i as f64 + 0.65) / count)).sum::<f64>() / count;
        let found = if mean > 2.0 * weighted { (2.0 - mean / (mean - 2.0 * weighted)).clamp(-0.5, 0.5) } else { SHAPE };
        let shape = (found * count + SHAPE * PRIOR) / (count + PRIOR);
        let scale = mean * (1.0 - shape);
        let share = beyond as f64 / (held.len() as f64 + 1.0);
        Self { from, share, scale: scale.max(1e-9), shape }
    }

    /// How probable a score beyond `from` is.
    fn probability(&self, score: f64) -> f64 {
        let at = (score - self.from).max(0.0) / self.scale;
        let survives = if self.shape.abs() < 1e-6 {
            (-at).exp()
        } else {
            (1.0 + self.shape * at).max(0.0).powf(-1.0 / self.shape)
        };
        self.share * survives
    }
}

impl Novelty {
    /// Of a reference `[N, D]` and held windows `[M, D]` like it, which lie far enough from those in time. None with fewer
    /// than a handful of either, or where something is not finite.
    ///
    /// The score is the mean distance to the nearest five of the reference on axes on which that is spread alike in all
    /// directions (Mahalanobis, 1936; its covariance shrunk towards an even one), over the root of the dimensions.
    #[must_use]
    pub fn of(reference: &[f32], held: &[f32], dimension: usize) -> Option<Self> {
        let rows = reference.len() / dimension.max(1);
        let is_finite = reference.iter().chain(held).all(|v| v.is_finite());
        if rows <= NEIGHBOURS || held.len() <= NEIGHBOURS * dimension || !is_finite {
            return None;
        }
        let mut middle = vec![0.0f64; dimension];
        for row in reference.chunks_exact(dimension) {
            middle.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(*v) / rows as f64);
        }
        let whiten = whitening(reference, &middle)?;
        let middle: Vec<f32> = middle.into_iter().map(|v| v as f32).collect();
        let tail = Tail { from: 0.0, share: 1.0, scale: 1.0, shape: 0.0 };
        let mut novelty = Self { dimension, middle, whiten, reference: Vec::new(), held: Vec::new(), tail };
        let mut room = vec![0.0; dimension];
        for row in reference.chunks_exact(dimension) {
            novelty.on_axes(row, &mut room);
            novelty.reference.extend_from_slice(&room);
        }
        let mut scores: Vec<f32> = held.chunks_exact(dimension).map(|row| novelty.score(row, &mut room)).collect();
        scores.sort_by(f32::total_cmp);
        novelty.tail = Tail::of(&scores);
        novelty.held = scores;
        Some(novelty)
    }

    /// An embedding on the axes of the reference.
    fn on_axes(&self, embedding: &[f32], into: &mut [f32]) {
        for (i, (slot, weights)) in into.iter_mut().zip(self.whiten.chunks_exact(self.dimension)).enumerate() {
            let away = embedding.iter().zip(&self.middle).map(|(v, m)| v - m);
            *slot = weights[..=i].iter().zip(away).map(|(w, v)| w * v).sum();
        }
    }

    /// How unlike the reference an embedding is; infinite where it is not finite or of another dimension, or where `room` has
    /// not as many numbers as it.
    #[must_use]
    pub fn score(&self, embedding: &[f32], room: &mut [f32]) -> f32 {
        if embedding.len() != self.dimension || room.len() != self.dimension {
            return f32::INFINITY;
        }
        self.on_axes(embedding, room);
        let mut nearest = [f32::INFINITY; NEIGHBOURS];
        for row in self.reference.chunks_exact(self.dimension) {
            let mut square: f32 = room.iter().zip(row).map(|(v, r)| (v - r) * (v - r)).sum();
            // Keeps the smallest in order.
            for near in &mut nearest {
                if square < *near {
                    std::mem::swap(near, &mut square);
                }
            }
        }
        let root = (self.dimension as f32).sqrt();
        nearest.iter().map(|square| square.sqrt()).sum::<f32>() / (NEIGHBOURS as f32 * root)
    }

    /// How probable a score as high as this is for a window like those before.
    #[must_use]
    pub fn probability(&self, score: f32) -> f64 {
        if f64::from(score) > self.tail.from {
            return self.tail.probability(f64::from(score));
        }
        let below = self.held.partition_point(|held| *held < score);
        (1 + self.held.len() - below) as f64 / (self.held.len() + 1) as f64
    }

    /// The score that a share `by` of the held windows exceeds.
    #[must_use]
    pub fn exceeded_by(&self, by: f64) -> f32 {
        let at = (self.held.len() as f64 * (1.0 - by)).floor() as usize;
        self.held.get(at.min(self.held.len().saturating_sub(1))).copied().unwrap_or(f32::INFINITY)
    }

    /// Windows that it compares with, and that it was calibrated on.
    #[must_use]
    pub fn sizes(&self) -> [usize; 2] {
        [self.reference.len() / self.dimension.max(1), self.held.len()]
    }
}

/// The inverse of the lower Cholesky factor of the shrunk covariance of rows `[N, D]`; none if nothing differs.
fn whitening(rows: &[f32], middle: &[f64]) -> Option<Vec<f32>> {
    let dimension = middle.len();
    let count = (rows.len() / dimension) as f64;
    let mut covariance = vec![0.0f64; dimension * dimension];
    for row in rows.chunks_exact(dimension) {
        let away: Vec<f64> = row.iter().zip(middle).map(|(v, m)| f64::from(*v) - m).collect();
        for (i, a) in away.iter().enumerate() {
            let line = &mut covariance[i * dimension..=i * dimension + i];
            line.iter_mut().zip(&away).for_each(|(sum, b)| *sum += a * b / count);
        }
    }
    let even = (0..dimension).map(|i| covariance[i * dimension + i]).sum::<f64>() / dimension as f64;
    // Where all windows are alike whatever differs from them is novel.
    let even = even.max(1e-12);
    covariance.iter_mut().for_each(|v| *v *= 1.0 - SHRINK);
    (0..dimension).for_each(|i| covariance[i * dimension + i] += SHRINK * even);
    let factor = cholesky(covariance, dimension)?;
    // Column by column by forward substitution.
    let mut inverse = vec![0.0f64; dimension * dimension];
    for column in 0..dimension {
        for i in column..dimension {
            let known: f64 = (column..i).map(|k| factor[i * dimension + k] * inverse[k * dimension + column]).sum();
            let unit = if i == column { 1.0 } else { 0.0 };
            inverse[i * dimension + column] = (unit - known) / factor[i * dimension + i];
        }
    }
    Some(inverse.into_iter().map(|v| v as f32).collect())
}

/// The lower factor of a positive definite matrix of which the lower triangle is given, in its place.
fn cholesky(mut a: Vec<f64>, dimension: usize) -> Option<Vec<f64>> {
    for i in 0..dimension {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| a[i * dimension + k] * a[j * dimension + k]).sum();
            let left = a[i * dimension + j] - known;
            a[i * dimension + j] = if i == j { left.sqrt() } else { left / a[j * dimension + j] };
        }
        let pivot = a[i * dimension + i];
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
    }
    Some(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const DIMENSION: usize = 16;

    /// Rows about two places, as of two states; sums of uniform numbers, so that there are tails.
    fn rows(count: usize, away: f32, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut row = |i: usize| -> Vec<f32> {
            let middle = if i.is_multiple_of(2) { 3.0 } else { -3.0 };
            (0..DIMENSION)
                .map(|_| middle + away + (0..6).map(|_| rng.random_range(-1.0..1.0f32)).sum::<f32>())
                .collect()
        };
        (0..count).flat_map(&mut row).collect()
    }

    #[test]
    fn probabilities_are_those_of_windows_like_the_reference_far_beyond_those_held() {
        let novelty = Novelty::of(&rows(256, 0.0, 1), &rows(256, 0.0, 2), DIMENSION).unwrap();
        assert_eq!(novelty.sizes(), [256, 256]);
        let fresh: Vec<f64> = rows(40_000, 0.0, 3)
            .chunks_exact(DIMENSION)
            .map(|row| novelty.probability(novelty.score(row, &mut [0.0; DIMENSION])))
            .collect();
        // From a fifth down to a thousandth, where 256 windows alone say nothing.
        for share in [0.2, 0.05, 0.01, 0.001] {
            let found = fresh.iter().filter(|p| **p <= share).count() as f64 / fresh.len() as f64;
            assert!((0.3..3.0).contains(&(found / share)), "{share}: {found}");
        }
        let other = rows(200, 3.0, 4);
        let told = other
            .chunks_exact(DIMENSION)
            .filter(|row| novelty.probability(novelty.score(row, &mut [0.0; DIMENSION])) < 1e-3)
            .count();
        assert!(told > 180, "{told} of 200 windows of another state");
    }

    #[test]
    fn whitened_rows_are_spread_alike_in_all_directions() {
        // Two dimensions that are nearly one, and rows enough for a covariance.
        let mut all = rows(2000, 0.0, 5);
        all.chunks_exact_mut(DIMENSION).for_each(|row| row[1] = 2.0 * row[0] + 0.1 * row[1]);
        let novelty = Novelty::of(&all, &all, DIMENSION).unwrap();
        let along = |d: usize| novelty.reference.chunks_exact(DIMENSION).map(move |row| f64::from(row[d]));
        for d in 0..DIMENSION {
            let variance = along(d).map(|v| v * v).sum::<f64>() / 2000.0;
            assert!((0.05..1.12).contains(&variance), "{d}: {variance}");
        }
        let together = along(0).zip(along(1)).map(|(a, b)| a * b).sum::<f64>() / 2000.0;
        assert!(together.abs() < 0.5, "nearly one before: {together}");
    }

    #[test]
    fn probabilities_fall_as_scores_rise() {
        for held in [6, 30, 200] {
            let novelty = Novelty::of(&rows(64, 0.0, 1), &rows(held, 0.0, 2), DIMENSION).unwrap();
            let all: Vec<f64> = (0..400).map(|i| novelty.probability(i as f32 * 0.01)).collect();
            assert!(all.windows(2).all(|pair| pair[1] <= pair[0] + 1e-9), "{held}: {all:?}");
            assert!(all[0] == 1.0 && *all.last().unwrap() < 0.01, "{held}: {all:?}");
            assert!((novelty.probability(novelty.exceeded_by(0.2)) - 0.2).abs() < 0.3);
        }
    }

    #[test]
    fn what_cannot_be_compared_is_as_novel_as_can_be_or_refused() {
        let novelty = Novelty::of(&rows(64, 0.0, 1), &rows(64, 0.0, 2), DIMENSION).unwrap();
        for odd in [&[f32::NAN; DIMENSION][..], &[1.0; 3]] {
            assert_eq!(
                (
                    novelty.score(odd, &mut [0.0; DIMENSION]),
                    novelty.probability(novelty.score(odd, &mut [0.0; DIMENSION]))
                ),
                (f32::INFINITY, 0.0)
            );
        }
        assert!(Novelty::of(&rows(5, 0.0, 1), &rows(64, 0.0, 2), DIMENSION).is_none());
        assert!(Novelty::of(&[f32::NAN; 64 * DIMENSION], &rows(64, 0.0, 2), DIMENSION).is_none());
        let same = Novelty::of(&[1.0; 64 * DIMENSION], &[1.0; 64 * DIMENSION], DIMENSION).unwrap();
        assert!(
            same.probability(same.score(&[1.0; DIMENSION], &mut [0.0; DIMENSION])) > 0.5
                && same.score(&[2.0; DIMENSION], &mut [0.0; DIMENSION]) > 1e6
        );
    }
}
