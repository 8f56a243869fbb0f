//! Own operations against burn's layers, forward and backward.

use super::*;
use burn::tensor::{Device, Distribution, Tensor, module, ops::ConvOptions};
use proptest::prelude::*;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex().autodiff()).require_grad()
}

fn close<const D: usize>(what: &str, got: Tensor<D>, want: Tensor<D>) {
    assert_eq!(got.dims(), want.dims(), "{what}: shape");
    let scale = want.clone().abs().max().into_scalar::<f32>().max(1.0);
    let worst = (got - want).abs().max().into_scalar::<f32>();
    assert!(worst <= 1e-4 * scale, "{what}: off by {worst} at a scale of {scale}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn convolution_equals_burns(
        (batch, t, cin, cout) in (1usize..4, 1usize..40, 1usize..6, 1usize..9),
        (kernel, stride) in (1usize..8).prop_flat_map(|k| (Just(k), 1..=k)),
        (left, right) in (0usize..6, 0usize..4),
    ) {
        let g = Geometry { kernel, stride, left, right };
        prop_assume!(g.outputs(t) > 0);
        let (x, w, b) = (random([batch, t, cin]), random([kernel * cin, cout]), random([cout]));
        let ours = conv_over_time(x.clone(), w.clone(), b.clone(), g);

        let as_burn = w.clone().reshape([kernel, cin, cout]).permute([2, 1, 0]);
        let zeros = |n: usize| Tensor::<3>::zeros([batch, cin, n], &x.device());
        let padded = Tensor::cat(vec![zeros(left), x.clone().swap_dims(1, 2), zeros(right)], 2);
        let theirs = module::conv1d(padded, as_burn, Some(b.clone()), ConvOptions::new([stride], [0], [1], 1)).swap_dims(1, 2);
        close("output", ours.clone(), theirs.clone());

        let upstream = random(ours.dims()).detach();
        let ours = (ours * upstream.clone()).sum().backward();
        let theirs = (theirs * upstream).sum().backward();
        close("input", x.grad(&ours).unwrap(), x.grad(&theirs).unwrap());
        close("weight", w.grad(&ours).unwrap(), w.grad(&theirs).unwrap());
        close("bias", b.grad(&ours).unwrap(), b.grad(&theirs).unwrap());
    }

    #[test]
    fn normalisation_equals_its_definition(
        (batch, t) in (1usize..4, 1usize..30),
        (groups, in_group) in (1usize..4, 1usize..5),
        gelu in any::<bool>(),
    ) {
        prop_assume!(t * in_group > 2);
        let channels = groups * in_group;
        let (x, gamma, beta) = (random([batch, t, channels]), random([channels]), random([channels]));
        let activation = if gelu { Activation::Gelu } else { Activation::Relu };
        let ours = group_norm(x.clone(), gamma.clone(), beta.clone(), Norm { groups, activation });

        let grouped = x.clone().reshape([batch, t, groups, in_group]);
        let centred = grouped.clone() - grouped.mean_dim(1).mean_dim(3);
        let variance = centred.clone().square().mean_dim(1).mean_dim(3);
        let normal = (centred / (variance + 1e-5).sqrt()).reshape([batch, t, channels]);
        let u = normal * gamma.clone().reshape([1, 1, channels]) + beta.clone().reshape([1, 1, channels]);
        let theirs = if gelu {
            let inner = (u.clone() + u.clone().powi_scalar(3) * 0.044_715) * 0.797_884_56;
            u * 0.5 * (inner.tanh() + 1.0)
        } else {
            burn::tensor::activation::relu(u)
        };
        close("output", ours.clone(), theirs.clone());

        let upstream = random(ours.dims()).detach();
        let ours = (ours * upstream.clone()).sum().backward();
        let theirs = (theirs * upstream).sum().backward();
        close("gamma", gamma.grad(&ours).unwrap(), gamma.grad(&theirs).unwrap());
        close("beta", beta.grad(&ours).unwrap(), beta.grad(&theirs).unwrap());
        close("input", x.grad(&ours).unwrap(), x.grad(&theirs).unwrap());
    }
}

#[test]
fn a_causal_layer_sees_nothing_later() {
    let device = Device::flex();
    let conv = Conv::new(&mut Init::new(1, &device), 2, 3, 5, 2);
    let x = Tensor::<3>::random([1, 20, 2], Distribution::Normal(0.0, 1.0), &device);
    let whole = conv.forward(x.clone());
    assert_eq!(whole.dims(), [1, 10, 3]);
    let early = conv.forward(x.slice([0..1, 0..12]));
    close("the first six outputs", early, whole.slice([0..1, 0..6]));
}
