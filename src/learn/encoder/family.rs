//! The encoder by its architecture.
//!
//! Owns the choice and nothing else. Invariant: the names of parameters do not tell of the choice, so that a file of weights
//! names layers as PyTorch would: `blocks.0.conv.weight`.

use super::conv::ConvEncoder;
use super::{Architecture, EncoderShape};
use crate::learn::nn::{Init, Linear, Pool};
use crate::learn::parameters;
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

/// Features over time, then their mean and standard deviation over the window, then a linear map.
#[derive(Module, Debug)]
pub enum Encoder {
    /// See [`Architecture::Conv`].
    Conv(ConvEncoder),
}

impl Encoder {
    /// An encoder with first weights from `init`.
    #[must_use]
    pub fn new(init: &mut Init, shape: &EncoderShape) -> Self {
        match shape.architecture {
            Architecture::Conv => Self::Conv(ConvEncoder::new(init, shape)),
        }
    }

    /// Windows `[B, T, C]` to features `[B, T', W]`, T' and W by [`EncoderShape::features`] and [`EncoderShape::width`].
    #[must_use]
    pub fn features(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Conv(encoder) => encoder.features(x),
        }
    }

    /// Features `[B, T', W]` to embeddings `[B, D]`.
    #[must_use]
    pub fn readout(&self, features: Tensor<3>) -> Tensor<2> {
        let (pool, head) = self.ends();
        head.forward(pool.forward(features))
    }

    /// `[B, T, C]` to embeddings `[B, D]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        self.readout(self.features(x))
    }

    /// The embedding of one window `[T, C]`, for serving: on the calling thread alone.
    #[must_use]
    pub fn embed(&self, window: Vec<f32>, channels: usize) -> Vec<f32> {
        let frames = window.len() / channels;
        let x = Tensor::<3>::from_data(TensorData::new(window, [1, frames, channels]), &self.ends().1.device());
        parameters::values_of(self.forward(x))
    }

    /// How many parameters it has.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.num_params()
    }

    fn ends(&self) -> (&Pool, &Linear) {
        match self {
            Self::Conv(encoder) => (&encoder.pool, &encoder.head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::Compute;
    use burn::tensor::Distribution;

    fn shape() -> EncoderShape {
        EncoderShape { channels: 3, widths: vec![8, 16, 16], embedding: 10, ..EncoderShape::default() }
    }

    #[test]
    fn rows_do_not_depend_on_their_batch() {
        let device = Compute::default().serving();
        let encoder = Encoder::new(&mut Init::serving(7, Compute::default()), &shape());
        let x = Tensor::<3>::random([5, 40, 3], Distribution::Normal(0.0, 1.0), &device);
        let together = parameters::values_of(encoder.forward(x.clone()));
        for row in 0..5 {
            let window = parameters::values_of(x.clone().narrow(0, row, 1));
            let alone = encoder.embed(window, 3);
            for (a, b) in alone.iter().zip(&together[row * 10..]) {
                assert!((a - b).abs() < 1e-5, "row {row}: {a} and {b}");
            }
        }
    }

    #[test]
    fn counts_what_it_costs() {
        assert_eq!(shape().shortest(), 8);
        assert_eq!(shape().receptive_field(), 29);
        assert_eq!(shape().multiply_adds(8), 4 * 8 * 15 + 2 * 16 * 40 + 16 * 80 + 2 * 16 * 10);
        let encoder = Encoder::new(&mut Init::serving(7, Compute::default()), &shape());
        assert_eq!(encoder.embed(vec![0.5; 8 * 3], 3).len(), 10);
    }

    #[test]
    fn names_of_parameters_do_not_tell_the_architecture() {
        let encoder = Encoder::new(&mut Init::serving(7, Compute::default()), &shape());
        let names: Vec<String> = parameters::list(&encoder).into_iter().map(|named| named.name).collect();
        assert_eq!(names[0], "blocks.0.conv.weight");
        assert_eq!(names[names.len() - 1], "head.bias");
    }
}
