//! A batch: two views of each of some windows.
//!
//! Made by the trainer, taken by an objective. Invariant: view rows and origins are in the same order.

use burn::tensor::{Device, Tensor, TensorData};

/// Where a window comes from: tells near-duplicates apart from negatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Counts the stretches of signal: another recording, or the same one played again.
    pub source: u32,
    /// Number of the window's first frame.
    pub first: u64,
}

impl Origin {
    /// True if the two windows lie in one stretch and start less than `frames` frames apart.
    #[must_use]
    pub fn near(self, other: Self, frames: u64) -> bool {
        self.source == other.source && self.first.abs_diff(other.first) < frames
    }
}

/// Two views of `B` windows.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Each `[B, T, C]`; the second is empty for methods that need one view.
    pub views: [Vec<f32>; 2],
    /// `B` origins.
    pub origins: Vec<Origin>,
    /// `T`.
    pub frames: usize,
    /// `C`.
    pub channels: usize,
}

impl Batch {
    /// `B`.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.origins.len()
    }

    /// One view as a tensor `[B, T, C]`.
    #[must_use]
    pub fn view(&self, which: usize, device: &Device) -> Tensor<3> {
        let shape = [self.rows(), self.frames, self.channels];
        Tensor::from_data(TensorData::new(self.views[which].clone(), shape), device)
    }

    /// Both views one after the other, `[2B, T, C]`: one pass through a network instead of two.
    #[must_use]
    pub fn both(&self, device: &Device) -> Tensor<3> {
        let values = self.views.concat();
        Tensor::from_data(TensorData::new(values, [2 * self.rows(), self.frames, self.channels]), device)
    }
}
