//! Strided convolution over time on activations as they lie, `[B, T, C]`, with its own gradient.
//!
//! Owns the operation for burn's flex backend; runs on the caller's rayon pool, and on the calling thread alone for a
//! batch of one. Output row `t` needs the contiguous samples `x[t*s - left .. t*s - left + k, :]`, so the left matrix of
//! the product is the activation itself with overlapping rows: no im2col, no transposition. Invariant: sums over the
//! batch are taken in an order that depends on the number of threads only.

use super::extension::{lengths, tensor};
use super::gemm::{Strided, add_product};
use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use rayon::prelude::*;

/// The geometry of a convolution over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Taps.
    pub kernel: usize,
    /// Samples from one output to the next.
    pub stride: usize,
    /// Zeros before the first sample.
    pub left: usize,
    /// Zeros after the last sample.
    pub right: usize,
}

impl Geometry {
    /// How many outputs `t` samples give; 0 when the padded input is shorter than the kernel.
    #[must_use]
    pub fn outputs(&self, t: usize) -> usize {
        let padded = t + self.left + self.right;
        if padded < self.kernel { 0 } else { (padded - self.kernel) / self.stride + 1 }
    }

    /// Outputs whose taps all meet samples: the rest meet padding.
    fn interior(&self, t: usize) -> std::ops::Range<usize> {
        let outputs = self.outputs(t);
        let from = self.left.div_ceil(self.stride).min(outputs);
        let to = if t + self.left < self.kernel { 0 } else { (t + self.left - self.kernel) / self.stride + 1 };
        from..to.clamp(from, outputs)
    }

    /// The outputs that meet padding and samples, each with its first sample and its taps that meet samples.
    fn edges(self, t: usize) -> impl Iterator<Item = (usize, usize, std::ops::Range<usize>)> {
        let interior = self.interior(t);
        (0..self.outputs(t)).filter(move |row| !interior.contains(row)).filter_map(move |row| {
            let start = row * self.stride;
            let from = self.left.saturating_sub(start);
            let to = (t + self.left).saturating_sub(start).min(self.kernel);
            (from < to).then(|| (start + from - self.left, row, from..to))
        })
    }
}

/// Sizes of one call.
#[derive(Clone, Copy)]
struct Sizes {
    t: usize,
    cin: usize,
    cout: usize,
    g: Geometry,
}

impl Sizes {
    /// `y[T', cout] += conv(x[T, cin])`.
    fn forward(self, x: &[f32], w: &[f32], y: &mut [f32]) {
        let Self { t, cin, cout, g } = self;
        let rows = g.interior(t);
        if !rows.is_empty() {
            let from = rows.start * g.stride - g.left;
            let a = Strided { values: &x[from * cin..], row: g.stride * cin, column: 1 };
            let size = [rows.len(), cout, g.kernel * cin];
            add_product(&mut y[rows.start * cout..], cout, size, a, Strided::rows(w, cout));
        }
        for (sample, row, taps) in g.edges(t) {
            let depth = taps.len() * cin;
            let a = Strided::rows(&x[sample * cin..], depth);
            let b = Strided::rows(&w[taps.start * cin * cout..], cout);
            add_product(&mut y[row * cout..], cout, [1, cout, depth], a, b);
        }
    }

    /// `dw[k * cin, cout] += x' dy`.
    fn weight_gradient(self, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        let Self { t, cin, cout, g } = self;
        let rows = g.interior(t);
        if !rows.is_empty() {
            let from = rows.start * g.stride - g.left;
            let a = Strided { values: &x[from * cin..], row: 1, column: g.stride * cin };
            let b = Strided::rows(&dy[rows.start * cout..], cout);
            add_product(dw, cout, [g.kernel * cin, cout, rows.len()], a, b);
        }
        for (sample, row, taps) in g.edges(t) {
            let a = Strided { values: &x[sample * cin..], row: 1, column: 1 };
            let b = Strided::rows(&dy[row * cout..], cout);
            add_product(&mut dw[taps.start * cin * cout..], cout, [taps.len() * cin, cout, 1], a, b);
        }
    }

    /// `dx[T, cin] += dy w'`, one product a tap onto rows that lie a stride apart.
    fn input_gradient(self, w: &[f32], dy: &[f32], dx: &mut [f32]) {
        let Self { t, cin, cout, g } = self;
        let rows = g.interior(t);
        if !rows.is_empty() {
            let from = rows.start * g.stride - g.left;
            let a = Strided::rows(&dy[rows.start * cout..], cout);
            for tap in 0..g.kernel {
                let b = Strided::rows(&w[tap * cin * cout..], cout).transposed();
                add_product(&mut dx[(from + tap) * cin..], g.stride * cin, [rows.len(), cin, cout], a, b);
            }
        }
        for (sample, row, taps) in g.edges(t) {
            let a = Strided::rows(&dy[row * cout..], cout);
            let b = Strided::rows(&w[taps.start * cin * cout..], cout).transposed();
            let depth = taps.len() * cin;
            add_product(&mut dx[sample * cin..], depth, [1, depth, cout], a, b);
        }
    }
}

/// The operation as burn sees it.
#[backend_extension(Autodiff, Flex)]
pub trait ConvOp: Backend {
    /// `x [B, T, cin]`, `w [kernel * cin, cout]`, `b [cout]` to `[B, T', cout]`.
    fn conv_over_time(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        b: FloatTensor<Self>,
        g: Geometry,
    ) -> FloatTensor<Self>;
}

/// Its gradient on the backend below autodiff.
pub trait ConvGradient: ConvOp {
    /// Gradients of input (where wanted), weight and bias.
    fn conv_over_time_gradient(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        g: Geometry,
        with_input: bool,
    ) -> (Option<FloatTensor<Self>>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Convolution over time of `x [B, T, cin]` with `w [kernel * cin, cout]` and bias `b [cout]`: `[B, T', cout]`.
///
/// # Panics
/// If the shapes do not fit each other.
#[must_use]
pub fn conv_over_time(x: Tensor<3>, w: Tensor<2>, b: Tensor<1>, g: Geometry) -> Tensor<3> {
    assert_eq!(w.dims()[0], g.kernel * x.dims()[2], "the weight has kernel x input channels rows");
    assert_eq!(w.dims()[1], b.dims()[0], "one bias an output channel");
    Tensor::from_dispatch(Dispatch::conv_over_time(x.into_dispatch(), w.into_dispatch(), b.into_dispatch(), g))
}

impl ConvOp for Flex {
    fn conv_over_time(x: FlexTensor, w: FlexTensor, b: FlexTensor, g: Geometry) -> FlexTensor {
        let (x, w, b) = (x.to_contiguous(), w.to_contiguous(), b.to_contiguous());
        let ([batch, t, cin], [_, cout]) = (lengths(&x), lengths::<2>(&w));
        let (sizes, outputs) = (Sizes { t, cin, cout, g }, g.outputs(t));
        let (xs, ws, bias): (&[f32], &[f32], &[f32]) = (x.storage(), w.storage(), b.storage());
        let mut y = Vec::with_capacity(batch * outputs * cout);
        (0..batch * outputs).for_each(|_| y.extend_from_slice(bias));
        let (row, out) = ((t * cin).max(1), (outputs * cout).max(1));
        if batch == 1 {
            sizes.forward(xs, ws, &mut y);
        } else {
            y.par_chunks_mut(out).zip(xs.par_chunks(row)).for_each(|(y, x)| sizes.forward(x, ws, y));
        }
        tensor(y, &[batch, outputs, cout])
    }
}

impl ConvGradient for Flex {
    fn conv_over_time_gradient(
        x: FlexTensor,
        w: FlexTensor,
        dy: FlexTensor,
        g: Geometry,
        with_input: bool,
    ) -> (Option<FlexTensor>, FlexTensor, FlexTensor) {
        let (x, w, dy) = (x.to_contiguous(), w.to_contiguous(), dy.to_contiguous());
        let ([batch, t, cin], [depth, cout]) = (lengths(&x), lengths::<2>(&w));
        let (sizes, outputs) = (Sizes { t, cin, cout, g }, g.outputs(t));
        let (xs, ws, dys): (&[f32], &[f32], &[f32]) = (x.storage(), w.storage(), dy.storage());
        let (row, out) = ((t * cin).max(1), (outputs * cout).max(1));

        let dx = with_input.then(|| {
            let mut dx = vec![0.0f32; batch * t * cin];
            dx.par_chunks_mut(row).zip(dys.par_chunks(out)).for_each(|(dx, dy)| sizes.input_gradient(ws, dy, dx));
            tensor(dx, &[batch, t, cin])
        });
        // One partial sum a thread, added up in order; weights first, then biases. All in one buffer of the calling
        // thread: what workers allocate would depend on who happened to do what.
        let share = batch.div_ceil(rayon::current_num_threads()).max(1);
        let mut sums = vec![0.0f32; batch.div_ceil(share).max(1) * (depth + 1) * cout];
        sums.par_chunks_mut((depth + 1) * cout)
            .zip(xs.par_chunks(row * share))
            .zip(dys.par_chunks(out * share))
            .for_each(|((sum, xs), dys)| {
                let (dw, db) = sum.split_at_mut(depth * cout);
                for (x, dy) in xs.chunks(row).zip(dys.chunks(out)) {
                    sizes.weight_gradient(x, dy, dw);
                    for dy in dy.chunks_exact(cout) {
                        db.iter_mut().zip(dy).for_each(|(b, d)| *b += d);
                    }
                }
            });
        let mut dw = sums;
        let (first, others) = dw.split_at_mut((depth + 1) * cout);
        for other in others.chunks_exact((depth + 1) * cout) {
            first.iter_mut().zip(other).for_each(|(to, from)| *to += from);
        }
        let db = first[depth * cout..].to_vec();
        dw.truncate(depth * cout);
        (dx, tensor(dw, &[depth, cout]), tensor(db, &[cout]))
    }
}

#[derive(Debug)]
struct ConvBackward;

impl<B: ConvGradient> Backward<B, 3> for ConvBackward {
    type State = (NodeId, NodeId, Geometry);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [of_x, of_w, of_b] = ops.parents;
        let dy = grads.consume::<B>(&ops.node);
        let (x, w, g) = ops.state;
        let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
        let w: FloatTensor<B> = checkpointer.retrieve_node_output(w);
        let (dx, dw, db) = B::conv_over_time_gradient(x, w, dy, g, of_x.is_some());
        if let (Some(node), Some(dx)) = (of_x, dx) {
            grads.register::<B>(node.id, dx);
        }
        if let Some(node) = of_w {
            grads.register::<B>(node.id, dw);
        }
        if let Some(node) = of_b {
            grads.register::<B>(node.id, db);
        }
    }
}

impl<B: ConvGradient, C: CheckpointStrategy> ConvOp for Autodiff<B, C> {
    fn conv_over_time(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        b: FloatTensor<Self>,
        g: Geometry,
    ) -> FloatTensor<Self> {
        match ConvBackward.prepare::<C>([x.node(), w.node(), b.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let (at_x, at_w) = (prepared.checkpoint(&x), prepared.checkpoint(&w));
                let y = B::conv_over_time(x.primitive().clone(), w.primitive().clone(), b.into_primitive(), g);
                prepared.finish((at_x, at_w, g), y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::conv_over_time(x.into_primitive(), w.into_primitive(), b.into_primitive(), g))
            }
        }
    }
}
