//! AdamW against PyTorch's.

use super::case::family;
use neurostream::learn::{AdamW, Schedule, parameters::Named};

#[test]
fn adamw_traces() {
    for case in family("optim").unwrap_or_default() {
        let schedule = Schedule {
            learning_rate: case.param("lr"),
            warmup_steps: 1,
            weight_decay: case.param("wd"),
            clip: f64::INFINITY,
        };
        let mut optimiser = AdamW::new(schedule);
        let values = case.singles("inputs", "p");
        let size = values.len();
        // A matrix, for vectors are not decayed.
        let mut parameters = [Named { name: "p".into(), shape: vec![1, size], values }];
        let gradients = case.singles("inputs", "grads");
        for (gradient, want) in gradients.chunks_exact(size).zip(case.values("expected", "trace").chunks_exact(size)) {
            optimiser.step(&mut parameters, &[gradient.to_vec()]);
            case.check_tensor("parameters", &parameters[0].values, want);
        }
    }
}
