//! MoCo's loss, its queue with wrap-around, and version 3's loss.

use super::case::{Case, device, family, values};
use burn::tensor::{Tensor, TensorData};
use neurostream::learn::{KeyQueue, Origin, loss};

#[test]
fn moco_losses_gradients_and_queues() {
    for case in family("moco").unwrap_or_default() {
        if case.name().starts_with("enqueue") {
            check_queue(&case);
        } else if case.name().starts_with("mocov3") {
            check_v3(&case);
        } else {
            check_v2(&case);
        }
    }
}

fn size(case: &Case, name: &str) -> usize {
    case.param(name) as usize
}

fn check_v2(case: &Case) {
    let (keys, temperature) = (size(case, "K"), case.param("temperature") as f32);
    let valid = case.param_or("valid", keys as f64) as usize;
    let (q, k) = (case.input::<2>("q"), case.input::<2>("k"));
    let queue = case.singles("inputs", "queue");
    let excluded =
        if case.has("inputs", "exclude") { case.values("inputs", "exclude") } else { vec![0.0; q.dims()[0] * keys] };
    let masked: Vec<bool> = excluded.iter().enumerate().map(|(i, &e)| i % keys >= valid || e != 0.0).collect();
    let queue_tensor = Tensor::<2>::from_data(TensorData::new(queue.clone(), case.shape("inputs", "queue")), &device());
    let rows = loss::moco_rows(q.clone(), k.clone(), queue_tensor, Some(masked), temperature);
    case.check_tensor("row losses", &values(rows.clone()), &case.values("expected", "row_loss"));
    let loss = rows.mean();
    case.check_loss(f64::from(loss.clone().into_scalar::<f32>()), case.number("expected", "loss"));
    let gradients = loss.backward();
    case.check_tensor("q", &values(q.grad(&gradients).unwrap()), &case.values("grads", "q"));
    assert!(k.grad(&gradients).is_none(), "{}: a gradient reached the keys", case.name());

    let d = size(case, "D");
    let old = vec![Origin::default(); keys];
    let mut held = KeyQueue::holding(keys, d, &queue, &old, case.param_or("ptr", 0.0) as usize);
    held.push(&values(loss::unit(k.detach())), &vec![Origin::default(); size(case, "B")]);
    case.check_tensor("queue", held.keys(), &case.values("expected", "queue_after"));
    assert_eq!(held.next(), case.number("expected", "ptr_after") as usize, "{}", case.name());
}

fn check_v3(case: &Case) {
    let [q1, q2, k1, k2] = ["q1", "q2", "k1", "k2"].map(|name| case.input::<2>(name));
    let loss = loss::moco_v3(q1.clone(), q2.clone(), k1, k2, case.param("temperature") as f32);
    case.check_loss(f64::from(loss.clone().into_scalar::<f32>()), case.number("expected", "loss"));
    let gradients = loss.backward();
    for (name, q) in [("q1", q1), ("q2", q2)] {
        case.check_tensor(name, &values(q.grad(&gradients).unwrap()), &case.values("grads", name));
    }
}

fn check_queue(case: &Case) {
    let (keys, d, rows) = (size(case, "K"), size(case, "D"), size(case, "B"));
    let mut queue = KeyQueue::new(keys, d);
    let mut places = Vec::new();
    for batch in case.singles("inputs", "keys").chunks_exact(rows * d) {
        queue.push(batch, &vec![Origin::default(); rows]);
        places.push(queue.next() as u64);
    }
    case.check_tensor("queue", queue.keys(), &case.values("expected", "queue_final"));
    let want: Vec<u64> =
        case.0["expected"]["ptr_trace"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
    assert_eq!(places, want, "{}", case.name());
}
