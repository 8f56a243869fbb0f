//! Own operations against burn's layers, forward and backward, and against finite differences in double precision.

use super::*;
use crate::learn::parameters::values_of;
use burn::tensor::{DType, Device, Distribution, FloatDType, Tensor, TensorData};
use proptest::prelude::*;

fn device() -> Device {
    Compute::default().training()
}

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device()).require_grad()
}

fn close<const D: usize>(what: &str, got: Tensor<D>, want: Tensor<D>) {
    assert_eq!(got.dims(), want.dims(), "{what}: shape");
    if got.dims().iter().product::<usize>() == 0 {
        return;
    }
    let scale = want.clone().abs().max().into_scalar::<f32>().max(1.0);
    let worst = (got - want).abs().max().into_scalar::<f32>();
    assert!(worst <= 1e-4 * scale, "{what}: off by {worst} at a scale of {scale}");
}

/// Compares outputs and the gradients of all inputs, with one upstream gradient.
macro_rules! equal {
    ($own:expr, $plain:expr; $($name:ident),+) => {{
        let (own, theirs) = ($own, $plain);
        close("output", own.clone(), theirs.clone());
        let upstream = random(own.dims()).detach();
        let own = (own * upstream.clone()).sum().backward();
        let theirs = (theirs * upstream).sum().backward();
        $(close(stringify!($name), $name.grad(&own).unwrap(), $name.grad(&theirs).unwrap());)+
    }};
}

fn geometries() -> impl Strategy<Value = Geometry> {
    (1usize..8, 1usize..6, 1usize..4, 0usize..8, 0usize..6)
        .prop_map(|(kernel, stride, dilation, left, right)| Geometry { kernel, stride, dilation, left, right })
}

fn activations() -> impl Strategy<Value = Activation> {
    prop_oneof![Just(Activation::Identity), Just(Activation::Relu), Just(Activation::Gelu), Just(Activation::Elu)]
}

/// The transposed convolution of one window from its definition (Dumoulin and Visin, 2016): `stride - 1` zeros between the
/// frames, zeros before and after them, and the correlation of that with the kernel turned round in time.
fn stuffed_and_correlated(x: &[f32], w: &[f32], b: &[f32], g: Geometry, frames: usize) -> Vec<f64> {
    let (cout, cin) = (b.len(), w.len() / g.kernel / b.len());
    let (reach, inputs) = (g.reach(), x.len() / cin);
    let mut stuffed = vec![0.0; (reach - 1 + (inputs - 1) * g.stride + 1 + reach + g.left + frames) * cin];
    for (frame, x) in x.chunks_exact(cin).enumerate() {
        let at = (reach - 1 + frame * g.stride) * cin;
        stuffed[at..at + cin].copy_from_slice(x);
    }
    // The dilated kernel, zeros between its taps, and then the last tap first.
    let mut kernel = vec![vec![0.0; cout * cin]; reach];
    for (tap, w) in w.chunks_exact(cout * cin).enumerate() {
        kernel[tap * g.dilation].copy_from_slice(w);
    }
    kernel.reverse();
    let mut y = Vec::with_capacity(frames * cout);
    for frame in g.left..g.left + frames {
        for (channel, bias) in b.iter().enumerate() {
            let tap = |(i, w): (usize, &Vec<f32>)| {
                let (x, w) = (&stuffed[(frame + i) * cin..], &w[channel * cin..][..cin]);
                w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>()
            };
            y.push(f64::from(*bias) + kernel.iter().enumerate().map(tap).sum::<f64>());
        }
    }
    y
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn convolution_equals_burns(
        (batch, t, cin, cout) in (1usize..5, 1usize..90, 1usize..6, 1usize..9),
        g in geometries(),
    ) {
        prop_assume!(g.outputs(t) > 0);
        let (x, w, b) = (random([batch, t, cin]), random([g.kernel * cin, cout]), random([cout]));
        equal!(
            conv_over_time(x.clone(), w.clone(), b.clone(), g), plain::conv_over_time(x.clone(), w.clone(), b.clone(), g);
            x, w, b
        );
    }

    #[test]
    fn transposed_convolution_equals_burns(
        (batch, t, cin, cout) in (1usize..5, 1usize..60, 1usize..6, 1usize..9),
        g in geometries(),
        more in 0usize..3,
    ) {
        let frames = g.transposed_outputs(t) + more.min(g.stride - 1);
        prop_assume!(frames > 0 && g.outputs(frames) == t);
        let (x, w, b) = (random([batch, t, cin]), random([g.kernel * cout, cin]), random([cout]));
        equal!(
            transposed_conv_over_time(x.clone(), w.clone(), b.clone(), g, frames),
            plain::transposed_conv_over_time(x.clone(), w.clone(), b.clone(), g, frames);
            x, w, b
        );
    }

    #[test]
    fn the_transposed_convolution_is_the_adjoint(
        (batch, t, cin, cout) in (1usize..4, 1usize..60, 1usize..6, 1usize..9),
        g in geometries(),
    ) {
        prop_assume!(g.outputs(t) > 0);
        let (x, w) = (random([batch, t, cin]), random([g.kernel * cin, cout]));
        let zeros = |n: usize| Tensor::<1>::zeros([n], &device());
        let y = conv_over_time(x.clone(), w.clone(), zeros(cout), g);
        let upstream = random(y.dims());
        let there = (y * upstream.clone()).sum().into_scalar::<f32>();
        let back = (x * transposed_conv_over_time(upstream, w, zeros(cin), g, t)).sum().into_scalar::<f32>();
        prop_assert!((there - back).abs() <= 1e-3 * (1.0 + there.abs()), "{} and {}", there, back);
    }

    #[test]
    fn the_transposed_convolution_equals_its_definition(
        (batch, t, cin, cout) in (1usize..4, 1usize..30, 1usize..5, 1usize..5),
        g in geometries(),
        more in 0usize..3,
    ) {
        let frames = g.transposed_outputs(t) + more.min(g.stride - 1);
        prop_assume!(frames > 0 && g.outputs(frames) == t);
        let (x, w, b) = (random([batch, t, cin]), random([g.kernel * cout, cin]), random([cout]));
        let y = values_of(transposed_conv_over_time(x.clone(), w.clone(), b.clone(), g, frames));
        let (x, w, b) = (values_of(x), values_of(w), values_of(b));
        for (x, y) in x.chunks_exact(t * cin).zip(y.chunks_exact(frames * cout)) {
            let want = stuffed_and_correlated(x, &w, &b, g, frames);
            for (i, (got, want)) in y.iter().zip(want).enumerate() {
                prop_assert!((f64::from(*got) - want).abs() < 1e-4 * (1.0 + want.abs()), "{}: {} and {}", i, got, want);
            }
        }
    }

    #[test]
    fn normalisation_equals_its_definition(
        (batch, t) in (1usize..6, 1usize..30),
        (groups, in_group) in (1usize..4, 1usize..9),
        activation in activations(),
    ) {
        prop_assume!(t * in_group > 2);
        let channels = groups * in_group;
        let (x, gamma, beta) = (random([batch, t, channels]), random([channels]), random([channels]));
        let norm = Norm { groups, activation };
        equal!(
            group_norm(x.clone(), gamma.clone(), beta.clone(), norm),
            plain::group_norm(x.clone(), gamma.clone(), beta.clone(), norm);
            x, gamma, beta
        );
    }

    #[test]
    fn a_linear_map_equals_burns((rows, depth, width) in (1usize..200, 1usize..80, 1usize..80)) {
        let (x, w, b) = (random([rows, depth]), random([depth, width]), random([width]));
        equal!(linear(x.clone(), w.clone(), b.clone()), plain::linear(x.clone(), w.clone(), b.clone()); x, w, b);
    }

    #[test]
    fn pooling_equals_its_definition((batch, t, channels) in (1usize..5, 1usize..40, 1usize..20), mean in any::<bool>()) {
        let x = random([batch, t, channels]);
        // A single frame stands still: both sides are then the floor, whose slope burn computes from a rounded zero.
        prop_assume!(mean || t > 1);
        let pooling = if mean { Pooling::Mean } else { Pooling::MeanAndDeviation };
        equal!(pool(x.clone(), pooling), plain::pool(x.clone(), pooling); x);
    }

    #[test]
    fn a_recurrence_equals_burns((batch, steps, depth, width) in (1usize..6, 1usize..12, 1usize..9, 1usize..12)) {
        let x = random([batch, steps, depth]);
        let (w, u) = (random([depth, 3 * width]), random([width, 3 * width]));
        let (b, c) = (random([3 * width]), random([3 * width]));
        let (weights, biases) = ([w.clone(), u.clone()], [b.clone(), c.clone()]);
        equal!(
            gru_over_time(x.clone(), weights.clone(), biases.clone()), plain::gru_over_time(x.clone(), weights, biases);
            x, w, u, b, c
        );
    }

    #[test]
    fn attention_equals_burns((batch, tokens, heads, of_head) in (1usize..5, 1usize..12, 1usize..4, 1usize..9)) {
        let x = random([batch, tokens, 3 * heads * of_head]);
        equal!(attention(x.clone(), heads), plain::attention(x.clone(), heads); x);
    }

    #[test]
    fn cross_entropy_equals_burns((rows, answers) in (1usize..9, 1usize..40), every in 2usize..7) {
        let x = random([rows, answers]);
        let right: Vec<usize> = (0..rows).map(|row| row * 5 % answers).collect();
        let masked: Vec<bool> = (0..rows * answers).map(|i| i % every == 0).collect();
        equal!(
            cross_entropy(x.clone() * 9.0, right.clone(), Some(masked.clone())),
            plain::cross_entropy(x.clone() * 9.0, &right, Some(masked)); x
        );
        equal!(cross_entropy(x.clone(), right.clone(), None), plain::cross_entropy(x.clone(), &right, None); x);
    }

    #[test]
    fn a_depthwise_convolution_equals_burns((batch, t, channels) in (1usize..5, 1usize..40, 1usize..20), kernel in 1usize..12) {
        let (x, w, b) = (random([batch, t, channels]), random([kernel, channels]), random([channels]));
        equal!(
            depthwise_over_time(x.clone(), w.clone(), b.clone()), plain::depthwise_over_time(x.clone(), w.clone(), b.clone());
            x, w, b
        );
    }

    #[test]
    fn attention_over_electrodes_equals_burns(
        (batch, t, channels, features, width) in (1usize..6, 1usize..20, 1usize..12, 1usize..9, 1usize..12),
        absent in proptest::collection::vec(any::<bool>(), 60),
        all_there in any::<bool>(),
    ) {
        let present: Vec<f32> = (0..batch * channels).map(|i| f32::from(u8::from(all_there || absent[i]))).collect();
        let present = Tensor::<3>::from_data(TensorData::new(present, [batch, 1, channels]), &device());
        let x = (random([batch, t, channels]) * present).detach().require_grad();
        let (w, of_electrodes) = (random([features, width]), random([channels, features]).detach());
        let values = values_of(of_electrodes.clone());
        equal!(
            spatial_attention(x.clone(), w.clone(), values.clone().into()),
            plain::spatial_attention(x.clone(), w.clone(), of_electrodes.clone()); x, w
        );
    }

    #[test]
    fn gelu_equals_its_formula((rows, width) in (1usize..9, 1usize..30)) {
        let x = random([rows, width]);
        equal!(gelu(x.clone()), plain::gelu(x.clone()); x);
    }
}

/// Largest difference between a gradient and central differences of `loss` in double precision, relative to its scale.
fn against_differences<const D: usize>(
    x: &Tensor<D>,
    gradient: Tensor<D>,
    loss: impl Fn(Tensor<D>) -> Tensor<1>,
) -> f64 {
    const STEP: f64 = 1e-5;
    let values: Vec<f64> = x.clone().into_data().iter::<f64>().collect();
    let gradient: Vec<f64> = gradient.into_data().iter::<f64>().collect();
    let at = |i: usize, by: f64| {
        let mut values = values.clone();
        values[i] += by;
        let data = TensorData::new(values, x.dims());
        let x = Tensor::from_data(data, (&Compute::default().serving(), DType::F64));
        loss(x).into_data().iter::<f64>().sum::<f64>()
    };
    let slope = |i: usize| (at(i, STEP) - at(i, -STEP)) / (2.0 * STEP);
    let scale = gradient.iter().fold(1e-3f64, |a, g| a.max(g.abs()));
    (0..values.len()).map(|i| (slope(i) - gradient[i]).abs() / scale).fold(0.0, f64::max)
}

fn double<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    x.clone().without_autodiff().cast(FloatDType::F64)
}

#[test]
fn gradients_equal_differences_in_double_precision() {
    let check = |what: &str, off: f64| assert!(off < 1e-4, "{what}: off by {off}");
    for g in [Geometry::causal(5, 2, 1), Geometry::padded(4, 3, 2), Geometry::causal(3, 1, 4)] {
        let (x, w, b) = (random([2, 13, 3]), random([g.kernel * 3, 4]), random([4]));
        let y = conv_over_time(x.clone(), w.clone(), b.clone(), g);
        // A loss that is not linear, so that no gradient is a constant.
        let gradients = (y.clone() * y).sum().backward();
        let square = |y: Tensor<3>| (y.clone() * y).sum();
        let (x2, w2, b2) = (double(&x), double(&w), double(&b));
        check(
            "x",
            against_differences(&x, x.grad(&gradients).unwrap(), |x| {
                square(plain::conv_over_time(x, w2.clone(), b2.clone(), g))
            }),
        );
        check(
            "w",
            against_differences(&w, w.grad(&gradients).unwrap(), |w| {
                square(plain::conv_over_time(x2.clone(), w, b2.clone(), g))
            }),
        );
        check(
            "b",
            against_differences(&b, b.grad(&gradients).unwrap(), |b| {
                square(plain::conv_over_time(x2.clone(), w2.clone(), b, g))
            }),
        );
    }
    let norm = Norm { groups: 2, activation: Activation::Gelu };
    let (x, gamma, beta) = (random([2, 7, 6]), random([6]), random([6]));
    let y = group_norm(x.clone(), gamma.clone(), beta.clone(), norm);
    let gradients = (y.clone() * y).sum().backward();
    let (gamma2, beta2) = (double(&gamma), double(&beta));
    check(
        "normalised",
        against_differences(&x, x.grad(&gradients).unwrap(), |x| {
            let y = plain::group_norm(x, gamma2.clone(), beta2.clone(), norm);
            (y.clone() * y).sum()
        }),
    );
    let x = random([2, 5, 3]);
    let (w, u, b, c) = (random([3, 12]), random([4, 12]), random([12]), random([12]));
    let y = gru_over_time(x.clone(), [w.clone(), u.clone()], [b.clone(), c.clone()]);
    let gradients = (y.clone() * y).sum().backward();
    let (w2, u2, b2, c2, x2) = (double(&w), double(&u), double(&b), double(&c), double(&x));
    let run = |x: Tensor<3>, u: Tensor<2>| {
        let y = plain::gru_over_time(x, [w2.clone(), u], [b2.clone(), c2.clone()]);
        (y.clone() * y).sum()
    };
    check("sequence", against_differences(&x, x.grad(&gradients).unwrap(), |x| run(x, u2.clone())));
    check("state's weight", against_differences(&u, u.grad(&gradients).unwrap(), |u| run(x2.clone(), u)));
    let present = TensorData::new(vec![1.0f32, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0], [2, 1, 4]);
    let x = (random([2, 5, 4]) * Tensor::<3>::from_data(present, &device())).detach();
    let (w, of_electrodes) = (random([6, 3]), random([4, 6]).detach());
    let values = values_of(of_electrodes.clone());
    let y = spatial_attention(x.clone(), w.clone(), values.into());
    let gradients = (y.clone() * y).sum().backward();
    let (x2, of_electrodes) = (double(&x), double(&of_electrodes));
    check(
        "attention over electrodes",
        against_differences(&w, w.grad(&gradients).unwrap(), |w| {
            let y = plain::spatial_attention(x2.clone(), w, of_electrodes.clone());
            (y.clone() * y).sum()
        }),
    );
    let x = random([2, 4, 12]);
    let y = attention(x.clone(), 2);
    let gradients = (y.clone() * y).sum().backward();
    check(
        "attention",
        against_differences(&x, x.grad(&gradients).unwrap(), |x| {
            let y = plain::attention(x, 2);
            (y.clone() * y).sum()
        }),
    );
}

#[test]
fn a_causal_layer_sees_nothing_later() {
    let conv = Conv::new(&mut Init::serving(1, Compute::default()), 2, 3, Geometry::causal(5, 2, 1));
    let x = Tensor::<3>::random([1, 20, 2], Distribution::Normal(0.0, 1.0), &Compute::default().serving());
    let whole = conv.forward(x.clone());
    assert_eq!(whole.dims(), [1, 10, 3]);
    let early = conv.forward(x.slice([0..1, 0..12]));
    close("the first six outputs", early, whole.slice([0..1, 0..6]));
}
