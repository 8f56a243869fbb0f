//! A linear map with bias as one operation with its own gradient.
//!
//! Owns the operation; runs on the caller's rayon pool, and on the calling thread alone where there is little to do.
//! Invariant: no sum depends on the number of threads, for each value of a result is made by one of them.

use super::buffer::Buffer;
use super::conv_kernel::add_columns;
use super::gemm::{Onto, Strided, product};
use super::operation::{Gradient, Lying, Operation, Output, of_three};
use burn::tensor::Tensor;
use rayon::prelude::*;

#[derive(Debug)]
struct LinearMap;

/// Multiply-adds below which threads would cost more than they save.
const LITTLE: usize = 1 << 18;

/// `x [N, inputs]` times `w [inputs, outputs]` plus `b [outputs]`: `[N, outputs]`.
///
/// # Panics
/// If the shapes do not fit each other.
#[must_use]
pub fn linear(x: Tensor<2>, w: Tensor<2>, b: Tensor<1>) -> Tensor<2> {
    assert_eq!(w.dims(), [x.dims()[1], b.dims()[0]], "the weight is [inputs, outputs]");
    of_three(LinearMap, x, w, b)
}

/// `out [rows, n] (+)= a b`, its rows shared among the threads where there is enough to do.
pub(super) fn shared_product(onto: Onto, out: &mut [f32], n: usize, k: usize, a: Strided<'_>, b: Strided<'_>) {
    let rows = out.len() / n.max(1);
    let share = if rows * n * k < LITTLE { rows } else { rows.div_ceil(rayon::current_num_threads()) };
    let job = |first: usize, out: &mut [f32]| {
        let a = Strided { values: &a.values[first * a.row..], ..a };
        product(onto, out, n, [out.len() / n, n, k], a, b);
    };
    if share == rows {
        if rows > 0 {
            job(0, out);
        }
    } else {
        out.par_chunks_mut(share * n).enumerate().for_each(|(i, out)| job(i * share, out));
    }
}

impl Operation for LinearMap {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[x, w, b] = inputs else { unreachable!("a linear map has three inputs") };
        let ([rows, depth], [_, width]) = (x.lengths(), w.lengths());
        let mut y = Buffer::of(rows * width);
        y.chunks_exact_mut(width.max(1)).for_each(|row| row.copy_from_slice(b.values));
        let (a, w) = (Strided::rows(x.values, depth), Strided::rows(w.values, width));
        shared_product(Onto::Sum, &mut y, width, depth, a, w);
        Output { values: y, shape: vec![rows, width], kept: None }
    }

    fn backward(&self, inputs: &[Lying<'_>], _: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Gradient>> {
        let &[x, w, b] = inputs else { unreachable!("a linear map has three inputs") };
        let ([rows, depth], [_, width]) = (x.lengths(), w.lengths());
        let (x, of_y) = (x.values, Strided::rows(dy, width));
        let dx = wanted[0].then(|| {
            let mut dx = Buffer::of(rows * depth);
            shared_product(Onto::Fresh, &mut dx, depth, width, of_y, Strided::rows(w.values, width).transposed());
            Gradient::Activation(dx)
        });
        let dw = wanted[1].then(|| {
            let mut dw = vec![0.0; depth * width];
            shared_product(Onto::Fresh, &mut dw, width, rows, Strided::rows(x, depth).transposed(), of_y);
            Gradient::Parameter(dw)
        });
        let db = wanted[2].then(|| {
            let mut db = vec![0.0; b.values.len()];
            add_columns(dy, &mut db);
            Gradient::Parameter(db)
        });
        vec![dx, dw, db]
    }
}
