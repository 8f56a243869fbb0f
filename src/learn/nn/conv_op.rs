//! Convolution over time and its transpose as operations with their own gradients.
//!
//! Owns the two operations; see [`super::conv_kernel`] for where they run. Invariant: the transposed convolution is the
//! adjoint of the convolution of the same geometry.

use super::buffer::Buffer;
use super::conv_kernel::{Conv, add_columns};
use super::geometry::Geometry;
use super::operation::{Gradient, Lying, Operation, Output, of_three};
use burn::tensor::Tensor;

#[derive(Debug)]
struct ConvOverTime(Geometry);

/// Convolution over time of `x [B, T, cin]` with `w [kernel * cin, cout]` and bias `b [cout]`: `[B, T', cout]`.
///
/// # Panics
/// If the shapes do not fit each other.
#[must_use]
pub fn conv_over_time(x: Tensor<3>, w: Tensor<2>, b: Tensor<1>, g: Geometry) -> Tensor<3> {
    assert_eq!(w.dims()[0], g.kernel * x.dims()[2], "the weight has kernel x input channels rows");
    assert_eq!(w.dims()[1], b.dims()[0], "one bias an output channel");
    of_three(ConvOverTime(g), x, w, b)
}

impl ConvOverTime {
    fn kernel(&self, x: Lying<'_>, w: Lying<'_>) -> (usize, Conv) {
        let ([batch, frames, cin], [_, cout]) = (x.lengths(), w.lengths());
        (batch, Conv::new(self.0, frames, cin, cout))
    }
}

impl Operation for ConvOverTime {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[x, w, b] = inputs else { unreachable!("a convolution has three inputs") };
        let (batch, conv) = self.kernel(x, w);
        let mut y = Buffer::of(batch * conv.outputs * conv.cout);
        conv.forward(x.values, w.values, Some(b.values), &mut y);
        Output { values: y, shape: vec![batch, conv.outputs, conv.cout], kept: None }
    }

    fn backward(&self, inputs: &[Lying<'_>], _: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Gradient>> {
        let &[x, w, _] = inputs else { unreachable!("a convolution has three inputs") };
        let (_, conv) = self.kernel(x, w);
        let dx = wanted[0].then(|| {
            let mut dx = Buffer::of(x.values.len());
            conv.input_gradient(w.values, dy, None, &mut dx);
            Gradient::Activation(dx)
        });
        if !wanted[1] && !wanted[2] {
            return vec![dx, None, None];
        }
        let (dw, db) = conv.parameter_gradients(x.values, dy);
        vec![dx, Some(Gradient::Parameter(dw)), Some(Gradient::Parameter(db))]
    }
}

#[derive(Debug)]
struct TransposedOverTime {
    g: Geometry,
    frames: usize,
}

/// Transposed convolution over time of `x [B, T, cin]` with `w [kernel * cout, cin]` and bias `b [cout]`: `[B, frames, cout]`.
///
/// The adjoint of [`conv_over_time`] with the same weight from `cout` to `cin` channels (Dumoulin and Visin, 2016).
///
/// # Panics
/// If the shapes do not fit each other, or the convolution of `frames` frames does not give `T`.
#[must_use]
pub fn transposed_conv_over_time(x: Tensor<3>, w: Tensor<2>, b: Tensor<1>, g: Geometry, frames: usize) -> Tensor<3> {
    assert_eq!(w.dims(), [g.kernel * b.dims()[0], x.dims()[2]], "the weight is [kernel x output, input channels]");
    assert_eq!(g.outputs(frames), x.dims()[1], "the convolution of the output has the input's length");
    of_three(TransposedOverTime { g, frames }, x, w, b)
}

impl TransposedOverTime {
    /// The convolution that this one is the adjoint of: from `cout` channels to `cin`.
    fn kernel(&self, x: Lying<'_>, b: Lying<'_>) -> (usize, Conv) {
        let ([batch, _, cin], [cout]) = (x.lengths(), b.lengths());
        (batch, Conv::new(self.g, self.frames, cout, cin))
    }
}

impl Operation for TransposedOverTime {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[x, w, b] = inputs else { unreachable!("a transposed convolution has three inputs") };
        let (batch, conv) = self.kernel(x, b);
        let mut y = Buffer::of(batch * conv.frames * conv.cin);
        conv.input_gradient(w.values, x.values, Some(b.values), &mut y);
        Output { values: y, shape: vec![batch, conv.frames, conv.cin], kept: None }
    }

    fn backward(&self, inputs: &[Lying<'_>], _: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Gradient>> {
        let &[x, w, b] = inputs else { unreachable!("a transposed convolution has three inputs") };
        let (_, conv) = self.kernel(x, b);
        let dx = wanted[0].then(|| {
            let mut dx = Buffer::of(x.values.len());
            conv.forward(dy, w.values, None, &mut dx);
            Gradient::Activation(dx)
        });
        let dw = wanted[1].then(|| Gradient::Parameter(conv.parameter_gradients(dy, x.values).0));
        let db = wanted[2].then(|| {
            let mut db = vec![0.0; b.values.len()];
            add_columns(dy, &mut db);
            Gradient::Parameter(db)
        });
        vec![dx, dw, db]
    }
}
