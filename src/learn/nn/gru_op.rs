//! A gated recurrent unit over all steps of a sequence as one operation with its own gradient.
//!
//! Owns the operation; runs on the caller's rayon pool, each job with its own rows of the batch through all steps, so no
//! step waits for another thread. Invariant: a row's states do not depend on the rest of its batch.

use super::activation::sigmoid;
use super::buffer::Buffer;
use super::conv_kernel::add_columns;
use super::gemm::{Onto, Strided, product};
use super::linear_op::shared_product;
use super::operation::{Gradient, Lying, Operation, Output, of_five};
use super::vectorised::vectorised;
use burn::tensor::Tensor;
use rayon::prelude::*;

#[derive(Debug)]
struct Recurrence;

/// One layer (Cho et al., 2014) over `x [B, N, inputs]` from a state of zeros: the states `[B, N, H]`.
///
/// Weights `[[inputs, 3 H], [H, 3 H]]` and biases `[[3 H], [3 H]]` of input and state, gates in PyTorch's order: reset,
/// update, new, with the state's bias of the new gate inside the reset.
///
/// # Panics
/// If the shapes do not fit each other.
#[must_use]
pub fn gru_over_time(x: Tensor<3>, weights: [Tensor<2>; 2], biases: [Tensor<1>; 2]) -> Tensor<3> {
    let width = weights[1].dims()[0];
    assert_eq!(weights[0].dims(), [x.dims()[2], 3 * width], "the input's weight is [inputs, 3 H]");
    assert_eq!(weights[1].dims(), [width, 3 * width], "the state's weight is [H, 3 H]");
    assert!(biases.iter().all(|b| b.dims() == [3 * width]), "the biases are [3 H]");
    of_five(Recurrence, x, weights, biases)
}

/// What is kept of a step of a row: reset, update, new, and the state's part of the new gate.
const KEPT: usize = 4;

/// One step of one row: from gates of the input (`now`) and of the state (`before`) to the next state.
#[inline(always)]
fn step(now: &[f32], before: &[f32], state: &[f32], next: &mut [f32], kept: &mut [f32]) {
    let width = next.len();
    // Slices of one length each: no bound is checked inside the loop, so it is vectorised.
    let [now_r, now_z, now_n] = thirds(now, width);
    let [before_r, before_z, before_n] = thirds(before, width);
    let state = &state[..width];
    let (r, rest) = kept.split_at_mut(width);
    let (z, rest) = rest.split_at_mut(width);
    let (n, h) = rest.split_at_mut(width);
    let h = &mut h[..width];
    for i in 0..width {
        r[i] = sigmoid(now_r[i] + before_r[i]);
        z[i] = sigmoid(now_z[i] + before_z[i]);
        h[i] = before_n[i];
        // tanh by the logistic function.
        n[i] = 2.0 * sigmoid(2.0 * (now_n[i] + r[i] * h[i])) - 1.0;
        next[i] = n[i] + z[i] * (state[i] - n[i]);
    }
}

/// One step of one row backwards: `carried` is the gradient of the state after it and becomes that of the state before,
/// but for what goes through the gates; `of_now` and `of_before` take the gradients of the gates' sums.
#[inline(always)]
fn step_back(kept: &[f32], state: &[f32], carried: &mut [f32], of_now: &mut [f32], of_before: &mut [f32]) {
    let width = carried.len();
    let [r, z, n] = thirds(&kept[..3 * width], width);
    let (h, state) = (&kept[3 * width..][..width], &state[..width]);
    let (now_r, rest) = of_now.split_at_mut(width);
    let (now_z, now_n) = rest.split_at_mut(width);
    let (before_r, rest) = of_before.split_at_mut(width);
    let (before_z, before_n) = rest.split_at_mut(width);
    let (now_n, before_n) = (&mut now_n[..width], &mut before_n[..width]);
    for i in 0..width {
        let d = carried[i];
        let of_n = d * (1.0 - z[i]) * (1.0 - n[i] * n[i]);
        let of_z = d * (state[i] - n[i]) * z[i] * (1.0 - z[i]);
        let of_r = of_n * h[i] * r[i] * (1.0 - r[i]);
        (now_r[i], before_r[i]) = (of_r, of_r);
        (now_z[i], before_z[i]) = (of_z, of_z);
        (now_n[i], before_n[i]) = (of_n, of_n * r[i]);
        carried[i] = d * z[i];
    }
}

/// The parts of a row of gates.
#[inline(always)]
fn thirds(gates: &[f32], width: usize) -> [&[f32]; 3] {
    let (first, rest) = gates.split_at(width);
    let (second, third) = rest.split_at(width);
    [first, second, &third[..width]]
}

impl Operation for Recurrence {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[x, w, b, u, c] = inputs else { unreachable!("a recurrence has five inputs") };
        let ([batch, steps, depth], [width, gates]) = (x.lengths(), u.lengths());
        // The input's part of all gates in one product.
        let mut now = Buffer::of(batch * steps * gates);
        now.chunks_exact_mut(gates.max(1)).for_each(|row| row.copy_from_slice(b.values));
        let a = Strided::rows(x.values, depth);
        shared_product(Onto::Sum, &mut now, gates, depth, a, Strided::rows(w.values, gates));
        let mut states = Buffer::of(batch * steps * width);
        // The states lie among what is kept too: the gradient needs them.
        let mut kept = Buffer::of(batch * steps * (KEPT + 1) * width);
        let share = batch.div_ceil(rayon::current_num_threads()).max(1);
        let row = (steps * width).max(1);
        let job = |states: &mut [f32], kept: &mut [f32], now: &[f32]| {
            let rows = states.len() / row;
            let (mut before, rest) = (vec![0.0; rows * gates], vec![0.0; width]);
            for at in 0..steps {
                before.chunks_exact_mut(gates).for_each(|row| row.copy_from_slice(c.values));
                if at > 0 {
                    let last = Strided { values: &states[(at - 1) * width..], row: steps * width, column: 1 };
                    product(Onto::Sum, &mut before, gates, [rows, gates, width], last, Strided::rows(u.values, gates));
                }
                vectorised(|| {
                    for (i, before) in before.chunks_exact(gates).enumerate() {
                        let step_of = (i * steps + at) * width;
                        let (past, next) = states[..step_of + width].split_at_mut(step_of);
                        let last = if at > 0 { &past[step_of - width..] } else { &rest };
                        let now = &now[(i * steps + at) * gates..][..gates];
                        let kept = &mut kept[(i * steps + at) * (KEPT + 1) * width..][..(KEPT + 1) * width];
                        let (gates_kept, state_kept) = kept.split_at_mut(KEPT * width);
                        step(now, before, last, next, gates_kept);
                        state_kept.copy_from_slice(next);
                    }
                });
            }
        };
        let jobs = states.par_chunks_mut(share * row).zip(kept.par_chunks_mut(share * row * (KEPT + 1)));
        jobs.zip(now.par_chunks(share * steps.max(1) * gates.max(1))).for_each(|((states, kept), now)| {
            job(states, kept, now);
        });
        Output { values: states, shape: vec![batch, steps, width], kept: Some(kept) }
    }

    fn backward(&self, inputs: &[Lying<'_>], kept: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Gradient>> {
        let &[x, w, _, u, _] = inputs else { unreachable!("a recurrence has five inputs") };
        let ([batch, steps, depth], [width, gates]) = (x.lengths(), u.lengths());
        let each = (KEPT + 1) * width;
        let (mut of_now, mut of_before) = (Buffer::of(batch * steps * gates), Buffer::of(batch * steps * gates));
        let share = batch.div_ceil(rayon::current_num_threads()).max(1);
        let row = share * steps.max(1);
        let job = |of_now: &mut [f32], of_before: &mut [f32], kept: &[f32], dy: &[f32]| {
            let rows = dy.len() / (steps * width);
            let (mut carried, rest) = (vec![0.0; rows * width], vec![0.0; width]);
            for at in (0..steps).rev() {
                vectorised(|| {
                    for (i, carried) in carried.chunks_exact_mut(width).enumerate() {
                        let here = i * steps + at;
                        carried.iter_mut().zip(&dy[here * width..]).for_each(|(to, from)| *to += from);
                        let last = if at > 0 { &kept[(here - 1) * each + KEPT * width..] } else { &rest[..] };
                        let (of_now, of_before) =
                            (&mut of_now[here * gates..][..gates], &mut of_before[here * gates..][..gates]);
                        step_back(&kept[here * each..][..KEPT * width], last, carried, of_now, of_before);
                    }
                });
                if at > 0 {
                    let a = Strided { values: &of_before[at * gates..], row: steps * gates, column: 1 };
                    let u = Strided::rows(u.values, gates).transposed();
                    product(Onto::Sum, &mut carried, width, [rows, width, gates], a, u);
                }
            }
        };
        if width > 0 && steps > 0 {
            let jobs = of_now.par_chunks_mut(row * gates).zip(of_before.par_chunks_mut(row * gates));
            jobs.zip(kept.par_chunks(row * each).zip(dy.par_chunks(row * width)))
                .for_each(|((of_now, of_before), (kept, dy))| job(of_now, of_before, kept, dy));
        }
        let dx = wanted[0].then(|| {
            let mut dx = Buffer::of(x.values.len());
            let (a, w) = (Strided::rows(&of_now, gates), Strided::rows(w.values, gates).transposed());
            shared_product(Onto::Fresh, &mut dx, depth, gates, a, w);
            Gradient::Activation(dx)
        });
        let dw = wanted[1].then(|| {
            let mut dw = vec![0.0; depth * gates];
            let a = Strided::rows(x.values, depth).transposed();
            shared_product(Onto::Fresh, &mut dw, gates, batch * steps, a, Strided::rows(&of_now, gates));
            Gradient::Parameter(dw)
        });
        let du = wanted[3].then(|| {
            let mut du = vec![0.0; width * gates];
            // The state before the first step is zero: rows of each window from its second step on.
            for at in 1..steps {
                let a = Strided { values: &kept[(at - 1) * each + KEPT * width..], row: 1, column: steps * each };
                let b = Strided { values: &of_before[at * gates..], row: steps * gates, column: 1 };
                product(Onto::Sum, &mut du, gates, [width, gates, batch], a, b);
            }
            Gradient::Parameter(du)
        });
        let columns = |wanted: bool, rows: &[f32]| {
            wanted.then(|| {
                let mut sums = vec![0.0; gates];
                add_columns(rows, &mut sums);
                Gradient::Parameter(sums)
            })
        };
        vec![dx, dw, columns(wanted[2], &of_now), du, columns(wanted[4], &of_before)]
    }
}
