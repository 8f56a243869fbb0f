//! Novelty: how unlike everything before a window is.
//!
//! Made and asked off the data path, by the lookout. Invariant: a [`Novelty`] never changes; what it was calibrated on was
//! scored by other stretches of the signal than its own, so that what differs from stretch to stretch counts as known.

mod alarms;
mod look;
mod sample;
mod tail;

pub use alarms::Alarms;
pub use look::Look;
pub use sample::Sample;

use nalgebra::{Cholesky, DMatrix, Dyn};
use tail::Tail;

/// Tells windows unlike all those before from others.
#[derive(Clone, Debug)]
pub struct Novelty {
    known: Known,
    /// Scores of the windows that it is made from, each by the other stretches, in ascending order.
    held: Vec<f32>,
    tail: Tail,
}

/// Stretches that windows are dealt out to, in their order. Fewer would be judged by too little, and more lie so close to each other
/// that a signal that wanders calls itself new.
const STRETCHES: usize = 4;
/// Windows of each stretch at least.
const LEAST: usize = 8;
/// What is added to each deviation: less than that no two windows are known to differ.
const FLOOR: f64 = 0.05;

impl Novelty {
    /// Of windows `[N, D]` in the order of time; a number that is not finite is missing. None of fewer than 32.
    #[must_use]
    pub fn of(windows: &[f32], dimension: usize) -> Option<Self> {
        let rows = windows.chunks_exact(dimension.max(1));
        let count = rows.len();
        if count < STRETCHES * LEAST {
            return None;
        }
        let stretch_of = |row: usize| row * STRETCHES / count;
        let mut room = vec![0.0; dimension];
        let mut held = Vec::with_capacity(count);
        for stretch in 0..STRETCHES {
            let is_of = |row: usize| stretch_of(row) == stretch;
            let others = rows.clone().enumerate().filter(|(row, _)| !is_of(*row)).map(|(_, window)| window);
            let known = Known::of(others, dimension)?;
            let own = rows.clone().enumerate().filter(|(row, _)| is_of(*row));
            held.extend(own.map(|(_, window)| known.score(window, &mut room)));
        }
        held.sort_by(f32::total_cmp);
        Some(Self { known: Known::of(rows, dimension)?, tail: Tail::of(&held), held })
    }

    /// How unlike those windows a window is: its distance from their middle on axes on which they are spread alike in all
    /// directions (Mahalanobis, 1936), over the root of the dimensions: about 1 for a window like them. Infinite where it is of
    /// another dimension, or where `room` has not as many numbers.
    #[must_use]
    pub fn score(&self, window: &[f32], room: &mut [f64]) -> f32 {
        self.known.score(window, room)
    }

    /// How probable a score as high as this is for a window like those.
    #[must_use]
    pub fn probability(&self, score: f32) -> f64 {
        if score > self.tail.from {
            return self.tail.probability(score);
        }
        let below = self.held.partition_point(|held| *held < score);
        (1 + self.held.len() - below) as f64 / (self.held.len() + 1) as f64
    }

    /// Windows that it is made from.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.held.len()
    }
}

/// Where windows lie, and how they spread.
#[derive(Clone, Debug)]
struct Known {
    /// Their middle; not finite in dimensions that most of them lack.
    middle: Vec<f64>,
    /// `[D, D]`, the inverse of their covariance.
    precision: Vec<f64>,
}

impl Known {
    /// None where there is no window.
    fn of<'a>(windows: impl Iterator<Item = &'a [f32]> + Clone, dimension: usize) -> Option<Self> {
        let count = windows.clone().count();
        let (mut middle, mut there) = (vec![0.0f64; dimension], vec![0usize; dimension]);
        for window in windows.clone() {
            for ((sum, there), v) in middle.iter_mut().zip(&mut there).zip(window).filter(|(_, v)| v.is_finite()) {
                *sum += f64::from(*v);
                *there += 1;
            }
        }
        for (sum, there) in middle.iter_mut().zip(&there) {
            *sum = if 2 * there >= count.max(1) { *sum / *there as f64 } else { f64::NAN };
        }
        let mut covariance = DMatrix::<f64>::zeros(dimension, dimension);
        let mut away = vec![0.0; dimension];
        for window in windows {
            from_middle(window, &middle, &mut away);
            for (i, a) in away.iter().enumerate().filter(|(_, a)| **a != 0.0) {
                let mut column = covariance.column_mut(i);
                column.iter_mut().zip(&away).for_each(|(sum, b)| *sum += a * b / count as f64);
            }
        }
        let lengths: Vec<f64> = (0..dimension).map(|d| covariance[(d, d)].sqrt() + FLOOR).collect();
        let product = |i: usize, j: usize| lengths[i] * lengths[j];
        let standard = DMatrix::from_fn(dimension, dimension, |i, j| covariance[(i, j)] / product(i, j));
        let precision: Cholesky<f64, Dyn> = shrunk(standard, count).cholesky()?;
        let precision = precision.inverse();
        let precision = DMatrix::from_fn(dimension, dimension, |i, j| precision[(i, j)] / product(i, j));
        Some(Self { middle, precision: precision.as_slice().to_vec() })
    }

    fn score(&self, window: &[f32], room: &mut [f64]) -> f32 {
        let dimension = self.middle.len();
        if window.len() != dimension || room.len() != dimension {
            return f32::INFINITY;
        }
        from_middle(window, &self.middle, room);
        let along = |row: &[f64]| row.iter().zip(&*room).map(|(p, v)| p * v).sum::<f64>();
        let square: f64 = self.precision.chunks_exact(dimension).zip(&*room).map(|(row, v)| v * along(row)).sum();
        (square.max(0.0) / dimension as f64).sqrt() as f32
    }
}

/// A covariance of `count` windows drawn towards an even one, as far as so few leave it unknown (OAS: Chen et al., 2010).
fn shrunk(covariance: DMatrix<f64>, count: usize) -> DMatrix<f64> {
    let dimension = covariance.nrows().max(1) as f64;
    let even = covariance.trace() / dimension;
    let square = covariance.iter().map(|v| v * v).sum::<f64>() / (dimension * dimension);
    let beyond = (count as f64 + 1.0) * (square - even * even / dimension);
    let share = if beyond > 0.0 { ((square + even * even) / beyond).min(1.0) } else { 1.0 };
    let mut shrunk = covariance * (1.0 - share);
    // Where all windows are alike whatever differs from them is new.
    (0..shrunk.nrows()).for_each(|i| shrunk[(i, i)] += share * even.max(1e-3));
    shrunk
}

/// How far a window lies from the middle; what is missing lies in it.
fn from_middle(window: &[f32], middle: &[f64], into: &mut [f64]) {
    for ((slot, v), m) in into.iter_mut().zip(window).zip(middle) {
        let away = f64::from(*v) - m;
        *slot = if away.is_finite() { away } else { 0.0 };
    }
}

#[cfg(test)]
mod tests;
