//! A batch: for each row one window, two views of it, or several windows that belong together.
//!
//! Made by the trainer, taken by an objective. Invariant: all views have their rows in the same order.

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

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

/// What a row of a batch is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A window as it is.
    Window,
    /// So many augmented views of one window.
    Views(usize),
    /// A window and, as its second view, the next one that does not overlap it; both augmented.
    Following,
    /// Two windows near in time and, as the second view, one from between them or one from far away; all augmented.
    Triplet {
        /// Frames from the start of the first to that of the last at most.
        near: u64,
        /// Frames from both to one that is far away, at least, unless it lies in another stretch of signal.
        far: u64,
    },
}

impl Asks {
    /// True if a row holds views of one window.
    #[must_use]
    pub fn is_of_one_window(self) -> bool {
        matches!(self, Self::Window | Self::Views(_))
    }

    /// True if what it holds is to be augmented.
    #[must_use]
    pub fn is_augmented(self) -> bool {
        self != Self::Window
    }

    /// Windows or views a row.
    #[must_use]
    pub fn views(self) -> usize {
        match self {
            Self::Window => 1,
            Self::Views(views) => views,
            Self::Following => 2,
            Self::Triplet { .. } => 3,
        }
    }
}

/// Windows or views a row at most.
pub const VIEWS: usize = 3;

/// Up to three views of `B` rows.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Each `[B, T, C]`; empty beyond what the method asks for.
    pub views: [Vec<f32>; VIEWS],
    /// `B` origins of each view.
    pub origins: [Vec<Origin>; VIEWS],
    /// `T`.
    pub frames: usize,
    /// `C`.
    pub channels: usize,
    /// Rows drawn before this batch since the first step: what an objective draws at random follows from it.
    pub draw: u64,
    /// Where the replay memory has the windows of the first view; empty for a batch that was not drawn from it.
    pub places: Vec<usize>,
}

impl Batch {
    /// `B`.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.origins[0].len()
    }

    /// One view as a tensor `[B, T, C]`.
    #[must_use]
    pub fn view(&self, which: usize, device: &Device) -> Tensor<3> {
        let shape = [self.rows(), self.frames, self.channels];
        Tensor::from_data(TensorData::new(self.views[which].clone(), shape), device)
    }

    /// The first `count` views one after the other, `[count B, T, C]`: one pass through a network instead of several.
    #[must_use]
    pub fn together(&self, count: usize, device: &Device) -> Tensor<3> {
        let values = self.views[..count].concat();
        Tensor::from_data(TensorData::new(values, [count * self.rows(), self.frames, self.channels]), device)
    }

    /// Draws for this batch under this seed: the same each time.
    #[must_use]
    pub fn rng(&self, seed: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ self.draw.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Views are drawn from the streams before this one.
        rng.set_stream(VIEWS as u64);
        rng
    }
}

/// These rows of `x [B, D]`.
#[must_use]
pub(super) fn rows_of(x: Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let (at, device) = (rows.iter().map(|&row| row as i64).collect::<Vec<_>>(), x.device());
    x.select(0, Tensor::<1, Int>::from_data(TensorData::new(at, [rows.len()]), &device))
}
