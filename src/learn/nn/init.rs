//! First weights, drawn from a seed, and where they are computed with.
//!
//! Owns the generator; invariant: the same seed and order of draws give the same weights on every machine and in every
//! thread (burn's own generator is one stream for the whole process).

use super::card;
use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What layers are computed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// Operations of our own, each one node of the graph.
    #[default]
    Own,
    /// Burn's own operations: slower, and what ours are checked against.
    Plain,
}

impl Kernels {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Own, Self::Plain];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Plain => "plain",
        }
    }
}

/// The backend that tensors live on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// Burn's flex backend on the CPU.
    #[default]
    Flex,
    /// Burn's ndarray backend, which its authors deprecate; with the plain kernels only.
    #[cfg(feature = "ndarray")]
    NdArray,
    /// Burn's wgpu backend on a graphics card; with the plain kernels only.
    #[cfg(feature = "gpu")]
    Gpu,
}

impl Backend {
    /// All that this program was built with.
    pub const ALL: &[Self] = &[
        Self::Flex,
        #[cfg(feature = "ndarray")]
        Self::NdArray,
        #[cfg(feature = "gpu")]
        Self::Gpu,
    ];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Flex => "cpu",
            #[cfg(feature = "ndarray")]
            Self::NdArray => "ndarray",
            #[cfg(feature = "gpu")]
            Self::Gpu => card::WORD,
        }
    }
}

/// Where and by what is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compute {
    backend: Backend,
    kernels: Kernels,
}

impl Compute {
    /// These kernels where the backend has them.
    #[must_use]
    pub fn new(backend: Backend, kernels: Kernels) -> Self {
        let kernels = if backend == Backend::Flex { kernels } else { Kernels::Plain };
        Self { backend, kernels }
    }

    /// True if tensors live on a graphics card, which may fail while the program goes on.
    #[must_use]
    pub fn is_on_card(self) -> bool {
        self.backend.word() == card::WORD
    }

    /// The kernels.
    #[must_use]
    pub fn kernels(self) -> Kernels {
        self.kernels
    }

    /// The device without gradients: of targets, and of what is served, unless that is on a graphics card.
    #[must_use]
    pub fn serving(self) -> Device {
        match self.backend {
            Backend::Flex => Device::flex(),
            #[cfg(feature = "ndarray")]
            Backend::NdArray => Device::ndarray(),
            #[cfg(feature = "gpu")]
            Backend::Gpu => card::device(),
        }
    }

    /// The device that trains: the same backend with gradients.
    #[must_use]
    pub fn training(self) -> Device {
        self.serving().autodiff()
    }
}

/// Draws first weights onto a device.
#[derive(Debug)]
pub struct Init {
    rng: ChaCha8Rng,
    device: Device,
    kernels: Kernels,
}

impl Init {
    /// A generator for this seed, of modules that can be trained.
    #[must_use]
    pub fn training(seed: u64, compute: Compute) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), device: compute.training(), kernels: compute.kernels() }
    }

    /// A generator for this seed, of modules that only serve.
    #[must_use]
    pub fn serving(seed: u64, compute: Compute) -> Self {
        Self { device: compute.serving(), ..Self::training(seed, compute) }
    }

    /// What the layers are computed by.
    #[must_use]
    pub fn kernels(&self) -> Kernels {
        self.kernels
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
