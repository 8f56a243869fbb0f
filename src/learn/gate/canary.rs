//! A candidate on trial: it encodes the windows that come, beside what is served.
//!
//! Owned by the gate. Invariant: it is judged after its last window and not before.

use super::Metrics;
use crate::learn::objective::Learnt;
use crate::learn::{Generation, Health};

/// A candidate that passed its examination.
#[derive(Clone, Debug)]
pub(in crate::learn) struct Canary {
    /// As it will be served.
    pub candidate: Generation,
    /// All that was learnt behind it.
    pub learnt: Learnt,
    /// What it showed.
    pub showed: Metrics,
    /// Windows that it encodes.
    pub windows: usize,
    of_candidate: Vec<f32>,
    of_served: Vec<f32>,
    /// What the candidate took for each window, and what is served did.
    took_ms: [Vec<f64>; 2],
}

/// Spread relative to that of what is served on the same windows, below which it is refused.
const LEAST_SPREAD: f64 = 0.5;
/// Spread that is enough whatever is served.
const ENOUGH_SPREAD: f64 = 0.3;

/// How much slower than what is served it may be once the budget is spent.
const SLOWER: f64 = 1.5;

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

impl Canary {
    pub fn new(candidate: Generation, learnt: Learnt, showed: Metrics, windows: usize) -> Self {
        let (of_candidate, of_served, took_ms) = Default::default();
        Self { candidate, learnt, showed, windows, of_candidate, of_served, took_ms }
    }

    /// Windows that it has encoded.
    pub fn seen(&self) -> usize {
        self.took_ms[0].len()
    }

    /// The embeddings of the windows so far: the candidate's, and those of what is served.
    pub fn embeddings(&self) -> [&[f32]; 2] {
        [&self.of_candidate, &self.of_served]
    }

    /// Takes note of one window's embeddings and how long the candidate and what is served took; true with the last one.
    pub fn take(&mut self, candidate: &[f32], served: &[f32], took_ms: [f64; 2]) -> bool {
        self.of_candidate.extend_from_slice(candidate);
        self.of_served.extend_from_slice(served);
        self.took_ms.iter_mut().zip(took_ms).for_each(|(all, one)| all.push(one));
        self.seen() >= self.windows
    }

    /// What speaks against it.
    pub fn against(&self, dimension: usize, budget_ms: Option<f64>) -> Option<String> {
        let finite = self.of_candidate.iter().all(|v| v.is_finite());
        if !finite {
            return Some("in the shadow it made embeddings that are not finite".to_owned());
        }
        let [new, served] = [&self.of_candidate, &self.of_served].map(|rows| Health::of(rows, dimension).std);
        if self.seen() > 1 && new < ENOUGH_SPREAD && new < LEAST_SPREAD * served {
            return Some(format!("in the shadow its embeddings crowd: std {new:.3} beside {served:.3}"));
        }
        let [new, served] = self.took_ms.each_ref().map(|took| median(took));
        let budget = budget_ms?;
        // A machine that is too slow for what is served as well is not the candidate's fault.
        (new > budget && new > SLOWER * served)
            .then(|| format!("a window takes {new:.1} ms and may take {budget:.1}; what is served takes {served:.1}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::{Compute, Init};
    use crate::learn::{Encoder, EncoderShape};
    use crate::signal::Stamp;

    fn on_trial(rows: &[[f32; 2]], ms: f64) -> Canary {
        let shape = EncoderShape { channels: 1, embedding: 2, ..EncoderShape::default() };
        let encoder = Encoder::new(&mut Init::serving(0, Compute::default()), &shape);
        let (health, made_at) = (Health::default(), Stamp::default());
        let generation = Generation { number: 1, step: 1, encoder, axes: None, health, made_at };
        let mut canary = Canary::new(generation, Learnt::default(), Metrics::default(), rows.len());
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(canary.take(row, &[[1.0, 0.0], [0.0, 1.0]][i % 2], [ms, 4.0]), i + 1 == rows.len());
        }
        canary
    }

    #[test]
    fn one_that_does_as_well_passes_and_others_say_why() {
        let well = [[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]];
        assert_eq!(on_trial(&well, 3.0).against(2, Some(5.0)), None);
        assert!(on_trial(&well, 7.0).against(2, Some(5.0)).unwrap().contains("takes 7.0 ms"));
        assert_eq!(on_trial(&well, 5.5).against(2, Some(5.0)), None, "hardly slower than what is served");
        assert_eq!(on_trial(&well, 7.0).against(2, None), None);
        let crowded = [[1.0, 0.0], [1.0, 0.001], [1.0, 0.0], [1.0, 0.002]];
        assert!(on_trial(&crowded, 3.0).against(2, None).unwrap().contains("crowd"));
        assert!(on_trial(&[[f32::NAN, 0.0]], 3.0).against(2, None).unwrap().contains("finite"));
    }
}
