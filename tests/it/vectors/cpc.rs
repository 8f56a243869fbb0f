//! CPC's loss in all its forms.

use super::case::{family, values};
use burn::tensor::Tensor;
use neurostream::learn::loss::{Negatives, Score, cpc_steps};

#[test]
fn cpc_losses_and_gradients() {
    for case in family("cpc").unwrap_or_default() {
        let word = |name: &str| case.0["params"][name].as_str().unwrap().to_owned();
        let negatives = match word("negatives").as_str() {
            "batch_time" => Negatives::BatchTime,
            "batch_same_t" => Negatives::BatchSameTime,
            "time_same_seq" => Negatives::SameSequence,
            other => panic!("unknown negatives {other}"),
        };
        let temperature = case.param_or("temperature", 1.0) as f32;
        let score = if word("score") == "dot" { Score::Dot } else { Score::Cosine { temperature } };
        let (z, c, w) = (case.input::<3>("z"), case.input::<3>("c"), case.input::<3>("W"));
        let [steps, _, _] = w.dims();
        // The reference writes heads as [D, H]; a head of ours is [H, D].
        let heads: Vec<Tensor<2>> =
            (0..steps).map(|k| w.clone().narrow(0, k, 1).squeeze_dim::<2>(0).transpose()).collect();
        let losses = cpc_steps(&z, &c, &heads, score, &negatives);
        let all = Tensor::cat(losses, 0);
        case.check_tensor("loss a step ahead", &values(all.clone()), &case.values("expected", "loss_per_k"));
        let loss = all.mean();
        case.check_loss(f64::from(loss.clone().into_scalar::<f32>()), case.number("expected", "loss"));
        let gradients = loss.backward();
        case.check_tensor("z", &values(z.grad(&gradients).unwrap()), &case.values("grads", "z"));
        case.check_tensor("c", &values(c.grad(&gradients).unwrap()), &case.values("grads", "c"));
        case.check_tensor("W", &values(w.grad(&gradients).unwrap()), &case.values("grads", "W"));
    }
}
