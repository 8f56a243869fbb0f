//! Attention over electrodes as a layer.

use super::{Init, Kernels, plain, spatial_attention};
use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use std::sync::Arc;

/// Channels onto virtual channels by what is known of their electrodes; its weights belong to no montage.
#[derive(Module, Debug)]
pub struct SpatialAttention {
    /// `[F, V]`.
    weight: Param<Tensor<2>>,
    /// `[C, F]`, of this montage.
    #[module(skip)]
    features: Arc<[f32]>,
    #[module(skip)]
    kernels: Kernels,
}

impl SpatialAttention {
    /// A layer for electrodes with these features `[C, F]` of unit length; the deviation of its scores is `spread`.
    #[must_use]
    pub fn new(init: &mut Init, features: Arc<[f32]>, [depth, width]: [usize; 2], spread: f32) -> Self {
        Self { weight: init.uniform([depth, width], spread * 3f32.sqrt()), features, kernels: init.kernels() }
    }

    /// `[B, T, C]` to `[B, T, V]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val();
        match self.kernels {
            Kernels::Own => spatial_attention(x, weight, Arc::clone(&self.features)),
            Kernels::Plain => {
                let data = TensorData::new(self.features.to_vec(), [x.dims()[2], weight.dims()[0]]);
                let features = Tensor::from_data(data, &x.device());
                plain::spatial_attention(x, weight, features)
            }
        }
    }
}
