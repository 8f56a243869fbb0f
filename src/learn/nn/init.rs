//! First weights, drawn from a seed.
//!
//! Owns the generator; invariant: the same seed and order of draws give the same weights on every machine and in every
//! thread (burn's own generator is one stream for the whole process).

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Draws first weights onto a device.
#[derive(Debug)]
pub struct Init {
    rng: ChaCha8Rng,
    device: Device,
}

impl Init {
    /// A generator for this seed; parameters are placed on `device`.
    #[must_use]
    pub fn new(seed: u64, device: &Device) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), device: device.clone() }
    }

    /// A parameter with even values between `-bound` and `bound`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f32) -> Param<Tensor<D>> {
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| self.rng.random_range(-bound..=bound)).collect();
        self.parameter(values, shape)
    }

    /// A parameter of one value.
    pub fn constant<const D: usize>(&mut self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.parameter(vec![value; shape.iter().product()], shape)
    }

    fn parameter<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        let tensor = Tensor::<D>::from_data(TensorData::new(values, shape), &self.device);
        let tensor = if self.device.is_autodiff() { tensor.require_grad() } else { tensor };
        Param::initialized(ParamId::new(), tensor)
    }
}
