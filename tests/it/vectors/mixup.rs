//! Mixed windows, and losses against both of their sources.

use super::case::{family, values};
use neurostream::learn::loss;

#[test]
fn mixed_inputs_losses_and_gradients() {
    for case in family("mixup").unwrap_or_default() {
        let with = case.places("inputs", "perm");
        let shares = vec![case.param("lam") as f32; with.len()];
        if case.has("inputs", "x") {
            let x = case.input::<3>("x");
            let mixed = loss::mixed(x.clone(), &with, &shares);
            case.check_tensor("mixed", &values(mixed.clone()), &case.values("expected", "mixed"));
            let gradients = (mixed * case.input::<3>("upstream_G").detach()).sum().backward();
            case.check_tensor("x", &values(x.grad(&gradients).unwrap()), &case.values("grads", "x"));
            continue;
        }
        let (names, inputs, loss) = if case.has("inputs", "logits") {
            let logits = case.input::<2>("logits");
            let loss = loss::mixed_cross_entropy(logits.clone(), &case.places("inputs", "y"), &with, &shares);
            (vec!["logits"], vec![logits], loss)
        } else {
            let (q, k) = (case.input::<2>("q"), case.input::<2>("k"));
            let loss = loss::mixed_pairs(q.clone(), k.clone(), &with, &shares, case.param("temperature") as f32);
            (vec!["q", "k"], vec![q, k], loss)
        };
        case.check_loss(f64::from(loss.clone().into_scalar::<f32>()), case.number("expected", "loss"));
        let gradients = loss.backward();
        for (name, input) in names.into_iter().zip(inputs) {
            if case.has("grads", name) {
                case.check_tensor(name, &values(input.grad(&gradients).unwrap()), &case.values("grads", name));
            }
        }
    }
}
