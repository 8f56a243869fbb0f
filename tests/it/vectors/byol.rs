//! BYOL's loss, and a whole step of a small network with its target.

use super::case::{Case, family, values};
use burn::tensor::Tensor;
use neurostream::learn::{loss, parameters};

#[test]
fn byol_losses_gradients_and_steps() {
    for case in family("byol").unwrap_or_default() {
        if case.name().starts_with("loss") { check_loss(&case) } else { check_step(&case) }
    }
}

fn check_loss(case: &Case) {
    let [o1, o2, t1, t2] = ["o1", "o2", "t1", "t2"].map(|name| case.input::<2>(name));
    let loss = loss::byol(o1.clone(), o2.clone(), t1.clone(), t2.clone());
    let got = f64::from(loss.clone().into_scalar::<f32>());
    case.check_loss(got, case.number("expected", "loss_seed_mean_convention"));
    case.check_loss(2.0 * got, case.number("expected", "loss_paper_sum_convention"));
    let gradients = loss.backward();
    for (name, input) in [("o1", &o1), ("o2", &o2)] {
        let want = case.values("grads_of_seed_convention", name);
        case.check_tensor(name, &values(input.grad(&gradients).unwrap()), &want);
    }
    for target in [t1, t2] {
        assert!(target.grad(&gradients).is_none(), "{}: a gradient reached a target", case.name());
    }
}

/// `z = tanh(x W1') W2'`, prediction `z Wp'`; one step down the gradient, then one of the moving average.
fn check_step(case: &Case) {
    let input = |name: &str| case.input::<2>(name);
    let trunk = |x: &Tensor<2>, w1: &Tensor<2>, w2: &Tensor<2>| {
        x.clone().matmul(w1.clone().transpose()).tanh().matmul(w2.clone().transpose())
    };
    let [x1, x2] = ["x1", "x2"].map(input);
    let [w1, w2, wp] = ["W1", "W2", "Wp"].map(input);
    let [v1, v2] = ["V1", "V2"].map(input);
    let predicted = |x: &Tensor<2>| trunk(x, &w1, &w2).matmul(wp.clone().transpose());
    let loss = loss::byol(predicted(&x1), predicted(&x2), trunk(&x1, &v1, &v2), trunk(&x2, &v1, &v2));
    case.check_loss(f64::from(loss.clone().into_scalar::<f32>()), case.number("expected", "loss"));
    let gradients = loss.backward();
    let (rate, momentum) = (case.param("lr") as f32, case.param("m") as f32);
    let mut after = Vec::new();
    for (name, weight) in [("W1", &w1), ("W2", &w2), ("Wp", &wp)] {
        let gradient = weight.grad(&gradients).unwrap();
        case.check_tensor(name, &values(gradient.clone()), &case.values("grads", name));
        let moved = values(weight.clone().detach() - gradient * rate);
        case.check_tensor(name, &moved, &case.values("expected", &format!("{name}_after")));
        after.push(moved);
    }
    for (name, target, online) in [("V1", v1, &after[0]), ("V2", v2, &after[1])] {
        assert!(target.grad(&gradients).is_none(), "{}: a gradient reached the target", case.name());
        let mut target = values(target.detach());
        parameters::average(&mut target, online, momentum);
        case.check_tensor(name, &target, &case.values("expected", &format!("{name}_after")));
    }
}
