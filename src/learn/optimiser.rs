//! AdamW over flat parameters, with warm-up, clipping and a guard against steps that are not finite.
//!
//! Owned by an objective on the trainer's thread. Invariant: a step is taken whole or not at all.

use super::parameters::Named;
use crate::dsp::vectorised;

/// How the optimiser steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// Steps over which the rate rises from nothing; then it stays: a stream has no end to decay towards.
    pub warmup_steps: u64,
    /// Decoupled weight decay of matrices; biases and normalisation have none.
    pub weight_decay: f64,
    /// Largest norm of all gradients together; larger ones are scaled down to it.
    pub clip: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { learning_rate: 3e-4, warmup_steps: 100, weight_decay: 1e-4, clip: 1.0 }
    }
}

/// AdamW (Loshchilov and Hutter, 2019).
#[derive(Clone, Debug)]
pub struct AdamW {
    schedule: Schedule,
    moments: Vec<[Vec<f32>; 2]>,
    steps: u64,
    skipped: u64,
    /// Of the schedule's rate.
    share: f64,
}

const BETA: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

impl AdamW {
    /// An optimiser before its first step.
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, moments: Vec::new(), steps: 0, skipped: 0, share: 1.0 }
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Steps not taken because a gradient was not finite.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Takes this share of the schedule's rate from now on; no part of its state.
    pub fn scale_rate(&mut self, share: f64) {
        self.share = share;
    }

    /// The rate of the next step.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        let warm = (self.steps + 1) as f64 / self.schedule.warmup_steps.max(1) as f64;
        self.share * self.schedule.learning_rate * warm.min(1.0)
    }

    /// Moves the parameters against their gradients; returns the norm of all gradients before clipping.
    ///
    /// With a norm that is not finite nothing moves and the step counts as skipped.
    pub fn step(&mut self, parameters: &mut [Named], gradients: &[Vec<f32>]) -> f64 {
        let norm = gradients.iter().map(|gradient| squares(gradient)).sum::<f64>().sqrt();
        if !norm.is_finite() {
            self.skipped += 1;
            return norm;
        }
        if self.moments.len() != parameters.len() {
            self.moments = parameters.iter().map(|p| [vec![0.0; p.values.len()], vec![0.0; p.values.len()]]).collect();
        }
        let rate = self.learning_rate();
        self.steps += 1;
        let scale = if norm > self.schedule.clip { (self.schedule.clip / norm) as f32 } else { 1.0 };
        let age = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let [bias1, bias2] = BETA.map(|beta| 1.0 - beta.powi(age));
        let (step, root) = ((rate / bias1) as f32, bias2.sqrt() as f32);
        let [beta1, beta2] = BETA.map(|beta| beta as f32);
        for ((parameter, gradient), [first, second]) in parameters.iter_mut().zip(gradients).zip(&mut self.moments) {
            let decay = if parameter.shape.len() > 1 { (1.0 - rate * self.schedule.weight_decay) as f32 } else { 1.0 };
            vectorised(|| {
                let moments = first.iter_mut().zip(second.iter_mut());
                for ((value, &g), (m, v)) in parameter.values.iter_mut().zip(gradient).zip(moments) {
                    let g = g * scale;
                    *m = beta1 * *m + (1.0 - beta1) * g;
                    *v = beta2 * *v + (1.0 - beta2) * g * g;
                    *value = decay * *value - step * *m / (v.sqrt() / root + EPSILON as f32);
                }
            });
        }
        norm
    }

    /// Its state as named values, the moments named after their parameters, with the count of steps.
    #[must_use]
    pub fn state(&self, parameters: &[Named]) -> (Vec<Named>, u64, u64) {
        let named = parameters.iter().zip(&self.moments).flat_map(|(p, moments)| {
            ["first", "second"].into_iter().zip(moments).map(|(which, values)| Named {
                name: format!("{which}.{}", p.name),
                shape: p.shape.clone(),
                values: values.clone(),
            })
        });
        (named.collect(), self.steps, self.skipped)
    }

    /// Takes up a state that [`AdamW::state`] gave for the same parameters; false if one is missing or of another size.
    #[must_use]
    pub fn restore(&mut self, parameters: &[Named], state: &[Named], steps: u64, skipped: u64) -> bool {
        let find = |which: &str, p: &Named| {
            let name = format!("{which}.{}", p.name);
            state.iter().find(|s| s.name == name && s.values.len() == p.values.len()).map(|s| s.values.clone())
        };
        let moments: Option<Vec<_>> =
            parameters.iter().map(|p| Some([find("first", p)?, find("second", p)?])).collect();
        // Before the first step there is nothing to restore.
        match moments {
            Some(moments) => self.moments = moments,
            None if steps == 0 => self.moments.clear(),
            None => return false,
        }
        (self.steps, self.skipped) = (steps, skipped);
        true
    }
}

/// The sum of squares in double precision, in eight sums side by side that are added up in order.
fn squares(values: &[f32]) -> f64 {
    vectorised(|| {
        let mut sums = [0.0f64; 8];
        let (eights, rest) = values.as_chunks::<8>();
        for eight in eights {
            sums.iter_mut().zip(eight).for_each(|(sum, &v)| *sum += f64::from(v) * f64::from(v));
        }
        sums.iter_mut().zip(rest).for_each(|(sum, &v)| *sum += f64::from(v) * f64::from(v));
        sums.iter().sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_not_finite_changes_nothing_and_is_counted() {
        let mut optimiser = AdamW::new(Schedule::default());
        let mut parameters = [Named { name: "w".into(), shape: vec![2], values: vec![1.0, 2.0] }];
        let norm = optimiser.step(&mut parameters, &[vec![f32::NAN, 0.0]]);
        assert!(norm.is_nan());
        assert_eq!((optimiser.steps(), optimiser.skipped()), (0, 1));
        assert_eq!(parameters[0].values, [1.0, 2.0]);
    }

    #[test]
    fn walks_down_a_bowl() {
        let schedule = Schedule { learning_rate: 0.1, warmup_steps: 1, weight_decay: 0.0, clip: 1.0 };
        let mut optimiser = AdamW::new(schedule);
        let mut parameters = [Named { name: "w".into(), shape: vec![2], values: vec![5.0, -3.0] }];
        for _ in 0..500 {
            let gradient = parameters[0].values.iter().map(|v| 2.0 * v).collect();
            optimiser.step(&mut parameters, &[gradient]);
        }
        assert!(parameters[0].values.iter().all(|v| v.abs() < 0.01));
    }

    fn stepped(schedule: Schedule, shape: &[usize], gradient: f32) -> f32 {
        let mut optimiser = AdamW::new(schedule);
        let size = shape.iter().product();
        let mut parameters = [Named { name: "w".into(), shape: shape.into(), values: vec![1.0; size] }];
        for _ in 0..10 {
            optimiser.step(&mut parameters, &[vec![gradient; size]]);
        }
        parameters[0].values[0]
    }

    #[test]
    fn decays_matrices_and_neither_biases_nor_normalisation() {
        let schedule = Schedule { learning_rate: 0.1, warmup_steps: 1, weight_decay: 0.5, clip: 1.0 };
        assert!((stepped(schedule, &[1, 1], 0.0) - 0.95f32.powi(10)).abs() < 1e-5);
        assert!((stepped(schedule, &[1], 0.0) - 1.0).abs() < 1e-7);
    }

    #[test]
    fn warms_up_and_then_keeps_its_rate() {
        let mut optimiser = AdamW::new(Schedule { learning_rate: 0.5, warmup_steps: 4, ..Schedule::default() });
        let mut parameters = [Named { name: "w".into(), shape: vec![1], values: vec![0.0] }];
        let rates: Vec<f64> = (0..7)
            .map(|_| {
                let rate = optimiser.learning_rate();
                optimiser.step(&mut parameters, &[vec![1.0]]);
                rate
            })
            .collect();
        assert_eq!(rates, [0.125, 0.25, 0.375, 0.5, 0.5, 0.5, 0.5]);
    }

    #[test]
    fn scales_a_gradient_that_is_too_long_as_a_whole() {
        let mut optimiser = AdamW::new(Schedule { clip: 1.0, ..Schedule::default() });
        let mut parameters = ["a", "b"].map(|name| Named { name: name.into(), shape: vec![1], values: vec![0.0] });
        let norm = optimiser.step(&mut parameters, &[vec![30.0], vec![40.0]]);
        let (moments, ..) = optimiser.state(&parameters);
        assert!((norm - 50.0).abs() < 1e-9, "the norm is told as it was");
        let first: Vec<f32> = moments.iter().filter(|m| m.name.starts_with("first")).map(|m| m.values[0]).collect();
        assert!((first[0] - 0.06).abs() < 1e-6 && (first[1] - 0.08).abs() < 1e-6, "{first:?}");
    }
}
