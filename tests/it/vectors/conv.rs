//! Convolution and its transpose against PyTorch's, with gradients, by our kernels and by burn's layers.

use super::case::{Case, family, kernels, values};
use burn::tensor::Tensor;
use neurostream::learn::nn::{self, Geometry, Kernels, plain};

#[test]
fn convolutions_forward_and_backward() {
    for case in family("conv").unwrap_or_default() {
        for kernels in kernels() {
            check(&case, kernels);
        }
    }
}

fn check(case: &Case, kernels: &Kernels) {
    let number = |name: &str, default: f64| case.param_or(name, default) as usize;
    let transposed = case.0["params"]["op"] == "conv_transpose1d";
    let weight = if transposed { "weight_in_outpg_k" } else { "weight_out_inpg_k" };
    let (x, w, b) = (case.input::<3>("x"), case.input::<3>(weight), case.input::<1>("bias"));
    let [leading, trailing, kernel] = w.dims();
    let padding = number("padding", 0.0);
    let g = Geometry {
        kernel,
        stride: number("stride", 1.0),
        dilation: number("dilation", 1.0),
        left: padding,
        right: padding,
    };
    let groups = number("groups", 1.0);
    let frames_first = x.clone().swap_dims(1, 2);
    let outputs = b.dims()[0] / groups;
    let inputs = x.dims()[1] / groups;
    let one = |group: usize| {
        let x = frames_first.clone().narrow(2, group * inputs, inputs);
        let b = b.clone().narrow(0, group * outputs, outputs);
        let of_group = w.clone().narrow(0, group * leading / groups, leading / groups);
        // The reference's last two dimensions but one become [kernel, its trailing, its leading], rows by taps.
        let w = of_group.permute([2, 1, 0]).reshape([kernel * trailing, leading / groups]);
        if transposed {
            let frames = g.transposed_outputs(x.dims()[1]) + number("output_padding", 0.0);
            match kernels {
                Kernels::Own => nn::transposed_conv_over_time(x, w, b, g, frames),
                Kernels::Plain => plain::transposed_conv_over_time(x, w, b, g, frames),
            }
        } else {
            match kernels {
                Kernels::Own => nn::conv_over_time(x, w, b, g),
                Kernels::Plain => plain::conv_over_time(x, w, b, g),
            }
        }
    };
    let y = Tensor::cat((0..groups).map(one).collect(), 2).swap_dims(1, 2);
    case.check_tensor("y", &values(y.clone()), &case.values("expected", "y"));
    let gradients = (y * case.input::<3>("upstream_G").detach()).sum().backward();
    case.check_tensor("x", &values(x.grad(&gradients).unwrap()), &case.values("grads", "x"));
    case.check_tensor("weight", &values(w.grad(&gradients).unwrap()), &case.values("grads", "weight"));
    case.check_tensor("bias", &values(b.grad(&gradients).unwrap()), &case.values("grads", "bias"));
}
