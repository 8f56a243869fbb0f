//! What lies beyond the scores that were seen.
//!
//! Pure functions. Invariant: a probability falls as the score rises, and never rises above the share of the tail.

/// Share of the held scores that the tail is fitted to.
const SHARE: f64 = 0.1;
/// The shape that a tail is taken to have before it is looked at: a little heavier than an exponential one.
const SHAPE: f64 = 0.1;
/// That counts like so many held scores: a few dozen of them tell little of a shape, and a tail that is taken to be
/// too light by chance tells of alarms that are none, ten times as many as were asked for.
const PRIOR: f64 = 60.0;

/// A generalised Pareto distribution of what exceeds `from`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tail {
    pub from: f32,
    share: f64,
    scale: f64,
    shape: f64,
}

impl Tail {
    /// Of scores in ascending order, by probability-weighted moments (Hosking and Wallis, 1987).
    pub fn of(held: &[f32]) -> Self {
        let beyond = ((held.len() as f64 * SHARE).ceil() as usize).clamp(1, held.len().max(1));
        let from = held.len().checked_sub(beyond + 1).and_then(|at| held.get(at)).copied().unwrap_or(0.0);
        let excess = || held.iter().rev().take(beyond).rev().map(|v| f64::from(*v) - f64::from(from));
        let count = excess().len().max(1) as f64;
        let mean = excess().sum::<f64>() / count;
        let weighted = excess().enumerate().map(|(i, v)| v * (1.0 - (i as f64 + 0.65) / count)).sum::<f64>() / count;
        let found = if mean > 2.0 * weighted { (2.0 - mean / (mean - 2.0 * weighted)).clamp(-0.5, 0.5) } else { SHAPE };
        let shape = (found * count + SHAPE * PRIOR) / (count + PRIOR);
        let share = beyond as f64 / (held.len() as f64 + 1.0);
        Self { from, share, scale: (mean * (1.0 - shape)).max(1e-9), shape }
    }

    /// How probable a score beyond `from` is.
    pub fn probability(&self, score: f32) -> f64 {
        let at = (f64::from(score) - f64::from(self.from)).max(0.0) / self.scale;
        let survives = if self.shape.abs() < 1e-6 {
            (-at).exp()
        } else {
            (1.0 + self.shape * at).max(0.0).powf(-1.0 / self.shape)
        };
        self.share * survives
    }
}
