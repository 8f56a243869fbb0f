//! GELU without a normalisation before it, as one operation with its own gradient.

use super::activation::Activation;
use super::buffer::Buffer;
use super::operation::{Gradient, Lying, Operation, Output, of_one};
use crate::dsp::vectorised;
use burn::tensor::Tensor;
use rayon::prelude::*;

#[derive(Debug)]
struct Gelu;

/// Values that one job takes; shorter tensors stay on the calling thread.
const SHARE: usize = 1 << 14;

/// GELU by its tanh formula (Hendrycks and Gimpel, 2016).
#[must_use]
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    of_one(Gelu, x)
}

impl Operation for Gelu {
    fn forward(&self, inputs: &[Lying<'_>], _: bool) -> Output {
        let &[x] = inputs else { unreachable!("GELU has one input") };
        let mut y = Buffer::of(x.values.len());
        y.par_chunks_mut(SHARE).zip(x.values.par_chunks(SHARE)).for_each(|(y, x)| {
            vectorised(|| Activation::Gelu.of(y, x));
        });
        Output { values: y, shape: x.shape.to_vec(), kept: None }
    }

    fn backward(&self, inputs: &[Lying<'_>], _: &[f32], dy: &[f32], _: &[bool]) -> Vec<Option<Gradient>> {
        let &[x] = inputs else { unreachable!("GELU has one input") };
        let mut dx = Buffer::of(x.values.len());
        let inputs = x.values.par_chunks(SHARE).zip(dy.par_chunks(SHARE));
        dx.par_chunks_mut(SHARE).zip(inputs).for_each(|(dx, (x, dy))| {
            vectorised(|| Activation::Gelu.slope(dx, dy, x));
        });
        vec![Some(Gradient::Activation(dx))]
    }
}
