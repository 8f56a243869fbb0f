//! The recurrent layer against PyTorch's, with gradients, by our kernels and by burn's layers.

use super::case::{family, kernels, values};
use burn::tensor::Tensor;
use neurostream::learn::nn::{Kernels, gru_over_time, plain};

#[test]
fn recurrences_forward_and_backward() {
    for case in family("gru").unwrap_or_default() {
        for kernels in kernels() {
            let x = case.input::<3>("x");
            // PyTorch's weights are [3 H, inputs].
            let weights = [case.input::<2>("weight_ih"), case.input::<2>("weight_hh")];
            let biases = [case.input::<1>("bias_ih"), case.input::<1>("bias_hh")];
            let turned = weights.clone().map(Tensor::transpose);
            let y = match kernels {
                Kernels::Own => gru_over_time(x.clone(), turned, biases.clone()),
                Kernels::Plain => plain::gru_over_time(x.clone(), turned, biases.clone()),
            };
            case.check_tensor("y", &values(y.clone()), &case.values("expected", "y"));
            let gradients = (y * case.input::<3>("upstream_G").detach()).sum().backward();
            case.check_tensor("x", &values(x.grad(&gradients).unwrap()), &case.values("grads", "x"));
            for (w, name) in weights.iter().zip(["weight_ih", "weight_hh"]) {
                case.check_tensor(name, &values(w.grad(&gradients).unwrap()), &case.values("grads", name));
            }
            for (b, name) in biases.iter().zip(["bias_ih", "bias_hh"]) {
                case.check_tensor(name, &values(b.grad(&gradients).unwrap()), &case.values("grads", name));
            }
        }
    }
}
