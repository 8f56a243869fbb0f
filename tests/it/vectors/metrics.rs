//! What tells the health of embeddings, and the losses that keep them apart.

use super::case::{Case, family, values};
use burn::tensor::Tensor;
use neurostream::learn::{Health, health, loss};

#[test]
fn health_and_losses_without_negatives() {
    for case in family("metrics").unwrap_or_default() {
        if case.has("inputs", "e") {
            check_lidar(&case);
        } else if case.has("inputs", "z") {
            check_health(&case);
        } else {
            check_losses(&case);
        }
    }
}

fn check_health(case: &Case) {
    let (z, y) = (case.singles("inputs", "z"), case.singles("inputs", "y"));
    let (d, e) = (case.shape("inputs", "z")[1], case.shape("inputs", "y")[1]);
    let one = |name: &str, got: f64| {
        if case.has("expected", name) {
            case.check_number(name, got, case.number("expected", name));
        }
    };
    one("alignment", health::alignment(&z, &y, d));
    one("uniformity_of_z", health::uniformity(&z, d));
    one("rankme_uncentred", health::rankme(&z, d, false));
    one("rankme_centred", health::rankme(&z, d, true));
    one("participation_ratio", health::participation(&z, d));
    one("mean_offdiag_cosine", health::mean_cosine(&z, d));
    one("linear_cka_z_y", health::linear_cka(&z, &y, [d, e]));
    let all = |name: &str, got: &[f64]| {
        case.check_tensor(name, &got.iter().map(|&v| v as f32).collect::<Vec<_>>(), &case.values("expected", name));
    };
    all("singular_values", &health::singular_values(&z, d, false));
    all("std_per_dim_of_normalised", &health::unit_deviations(&z, d));
    let of_batch = Health::of(&z, d);
    one("mean_std_times_sqrtD", of_batch.std);
    one("mean_offdiag_cosine", of_batch.cosine);
    assert_eq!(of_batch.rankme.to_bits(), health::rankme(&z, d, true).to_bits());

    let (z, y) = (case.input::<2>("z"), case.input::<2>("y"));
    let gradients = (loss::alignment(z.clone(), y.clone()) + loss::uniformity(z.clone())).backward();
    for (name, input) in [("z", z.clone()), ("y", y.clone())] {
        let want = case.values("grads_of_alignment_plus_uniformity", name);
        case.check_tensor(name, &values(input.grad(&gradients).unwrap()), &want);
    }
    let scalar = |loss: Tensor<1>| f64::from(loss.into_scalar::<f32>());
    case.check_loss(scalar(loss::alignment(z.clone(), y)), case.number("expected", "alignment"));
    case.check_loss(scalar(loss::uniformity(z)), case.number("expected", "uniformity_of_z"));
}

fn check_losses(case: &Case) {
    let (a, b) = (case.input::<2>("a"), case.input::<2>("b"));
    let loss = if case.has("params", "lambda") {
        loss::barlow_twins(a.clone(), b.clone(), case.param("lambda") as f32)
    } else {
        loss::vicreg(a.clone(), b.clone())
    };
    case.check_loss(f64::from(loss.clone().into_scalar::<f32>()), case.number("expected", "loss"));
    let gradients = loss.backward();
    for (name, input) in [("a", a), ("b", b)] {
        case.check_tensor(name, &values(input.grad(&gradients).unwrap()), &case.values("grads", name));
    }
}

fn check_lidar(case: &Case) {
    let [_, views, d] = case.shape("inputs", "e")[..] else { panic!("{}: three dimensions", case.name()) };
    let (lidar, eigenvalues) = health::lidar(&case.singles("inputs", "e"), views, d);
    case.check_number("lidar", lidar, case.number("expected", "lidar"));
    if case.has("expected", "eigenvalues_ascending") {
        let eigenvalues: Vec<f32> = eigenvalues.into_iter().map(|v| v as f32).collect();
        case.check_tensor("eigenvalues", &eigenvalues, &case.values("expected", "eigenvalues_ascending"));
    }
}
