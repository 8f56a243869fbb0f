//! Every encoder against its twin in PyTorch: embeddings, and gradients of all weights and of the window.

use super::case::{Case, compute, kernels, values};
use burn::tensor::{Tensor, TensorData};
use neurostream::learn::nn::{Init, Kernels};
use neurostream::learn::parameters::{self, Named};
use neurostream::learn::{Architecture, Encoder, EncoderShape};
use serde_json::Value;

#[test]
fn encoders_equal_their_twins() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/encoder_golden.json");
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let Value::Array(cases) = file["cases"].take() else { panic!("no cases") };
    let mut seen = Vec::new();
    for case in cases {
        let shape: EncoderShape = serde_json::from_value(case["shape"].clone()).unwrap();
        for &kernels in kernels() {
            check(&Case(case.clone()), &shape, kernels);
        }
        seen.push(shape.architecture.word());
    }
    let all = Architecture::WORDS;
    assert!(all.iter().all(|word| seen.contains(word)), "{seen:?} of {all:?}");
}

fn tensor<const D: usize>(case: &Case, name: &str, kernels: Kernels) -> Tensor<D> {
    let shape: Vec<usize> = serde_json::from_value(case.0[name]["shape"].clone()).unwrap();
    let data: Vec<f32> = serde_json::from_value(case.0[name]["data"].clone()).unwrap();
    Tensor::from_data(TensorData::new(data, shape), &compute(kernels).training())
}

fn check(case: &Case, shape: &EncoderShape, kernels: Kernels) {
    let word = shape.architecture.word();
    let weights = case.0["weights"].as_object().unwrap().keys().map(|name| Named {
        name: name.clone(),
        shape: case.shape("weights", name),
        values: case.singles("weights", name),
    });
    let encoder = Encoder::new(&mut Init::training(1, compute(kernels)), shape);
    assert_eq!(parameters::list(&encoder).len(), weights.len(), "{word}: other parameters");
    let encoder = parameters::with_values(encoder, &weights.collect::<Vec<_>>()).unwrap();
    let x = tensor::<3>(case, "x", kernels).require_grad();
    let embeddings = encoder.forward(x.clone());
    assert_near(word, "embeddings", &values(embeddings.clone().detach()), &wanted(&case.0["embeddings"]));
    let gradients = (embeddings * tensor::<2>(case, "upstream", kernels)).sum().backward();
    assert_near(word, "x", &values(x.grad(&gradients).unwrap()), &wanted(&case.0["gradient_of_x"]));
    let of_weights = parameters::gradients(&encoder, &gradients);
    for (named, got) in parameters::list(&encoder).iter().zip(of_weights) {
        assert_near(word, &named.name, &got, &case.values("gradients", &named.name));
    }
}

fn wanted(listed: &Value) -> Vec<f64> {
    serde_json::from_value(listed["data"].clone()).unwrap()
}

/// Within 1e-4 of the largest value.
fn assert_near(word: &str, what: &str, got: &[f32], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{word}, {what}");
    let scale = want.iter().fold(1e-2f64, |a, b| a.max(b.abs()));
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let off = (f64::from(*got) - want).abs();
        assert!(off <= 1e-4 * scale, "{word}, {what}[{i}]: {got} is not {want} at a scale of {scale}");
    }
}
