//! `SimCLR`'s loss.

use super::case::{family, values};
use neurostream::learn::loss;

#[test]
fn ntxent_losses_and_gradients() {
    for case in family("ntxent").unwrap_or_default() {
        let (z1, z2) = (case.input::<2>("z1"), case.input::<2>("z2"));
        let rows = loss::nt_xent_rows(z1.clone(), z2.clone(), case.param("temperature") as f32);
        if case.has("expected", "row_loss") {
            case.check_tensor("row losses", &values(rows.clone()), &case.values("expected", "row_loss"));
        }
        let loss = rows.mean();
        case.check_loss(f64::from(loss.clone().into_scalar::<f32>()), case.number("expected", "loss"));
        let gradients = loss.backward();
        case.check_tensor("z1", &values(z1.grad(&gradients).unwrap()), &case.values("grads", "z1"));
        case.check_tensor("z2", &values(z2.grad(&gradients).unwrap()), &case.values("grads", "z2"));
    }
}
