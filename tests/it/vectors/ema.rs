//! Moving averages and BYOL's schedule for them.

use super::case::family;
use neurostream::learn::parameters;

#[test]
fn ema_traces_and_schedules() {
    for case in family("ema").unwrap_or_default() {
        if !case.name().starts_with("ema") {
            for (k, want) in numbers(&case.0["inputs"]["k"]).into_iter().zip(numbers(&case.0["expected"]["tau"])) {
                let got = parameters::cosine_momentum(case.param("base"), k, case.param("K"));
                assert!((got - want).abs() < 1e-9, "{}: {got} at {k} is not {want}", case.name());
            }
            continue;
        }
        let (mut target, online) = (case.singles("inputs", "target"), case.singles("inputs", "online"));
        for row in case.values("expected", "trace").chunks_exact(target.len()) {
            parameters::average(&mut target, &online, case.param("m") as f32);
            case.check_tensor("target", &target, row);
        }
    }
}

fn numbers(list: &serde_json::Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}
