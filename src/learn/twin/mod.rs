//! Training steps of the networks that a twin in PyTorch has layer for layer, to race the two against each other.
//!
//! Owns those networks, not the ones that the program trains; see `benches/train/`. Invariant: the same layers, sizes and
//! losses as the twin's, on random data that stays the same from step to step.

mod contrastive;
mod mae;
mod predictive;

use super::Schedule;
use super::nn::Compute;
use super::objective::online::Online;
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Query and key encoder, 4096 keys.
    Moco,
    /// Online and target network, both views through both.
    Byol,
    /// Convolutions, a GRU, four steps ahead.
    Cpc,
    /// Both views in one batch, NT-Xent.
    Simclr,
    /// A masked autoencoder of four and one transformer blocks.
    Mae,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Moco, Self::Byol, Self::Cpc, Self::Simclr, Self::Mae];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Moco => "moco",
            Self::Byol => "byol",
            Self::Cpc => "cpc",
            Self::Simclr => "simclr",
            Self::Mae => "mae",
        }
    }
}

/// Windows in a batch, channels, frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `B`.
    pub batch: usize,
    /// `C`.
    pub channels: usize,
    /// `T`.
    pub frames: usize,
}

/// Something whose training steps can be timed.
pub trait Twin {
    /// One optimiser step; the loss before it.
    fn step(&mut self) -> f32;
}

/// Frames that the strided convolutions of each task need at least.
const SHORTEST: usize = 256;

/// The twin of a task.
///
/// # Errors
/// If a batch of this shape cannot be trained on, with what it needs.
pub fn twin(task: Task, shape: Shape, seed: u64, compute: Compute) -> Result<Box<dyn Twin>, String> {
    if shape.batch < 2 || shape.channels == 0 {
        return Err("needs at least 2 windows and 1 channel".to_owned());
    }
    if shape.frames < SHORTEST {
        return Err(format!("needs at least {SHORTEST} frames a window"));
    }
    Ok(match task {
        Task::Moco => Box::new(contrastive::Moco::new(shape, seed, compute)),
        Task::Byol => Box::new(contrastive::Byol::new(shape, seed, compute)),
        Task::Simclr => Box::new(contrastive::Simclr::new(shape, seed, compute)),
        Task::Cpc => Box::new(predictive::Cpc::new(shape, seed, compute)),
        Task::Mae => Box::new(mae::Mae::new(shape, seed, compute)),
    })
}

/// Two batches `[B, T, C]` of normal values.
fn views(shape: Shape, seed: u64, device: &Device) -> [Tensor<3>; 2] {
    let size = [shape.batch, shape.frames, shape.channels];
    [1, 2].map(|view| {
        Tensor::from_data(TensorData::new(normal(seed.wrapping_add(view), size.iter().product()), size), device)
    })
}

fn normal(seed: u64, count: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| StandardNormal.sample(&mut rng)).collect()
}

/// The twin's optimiser: AdamW at 1e-3 with PyTorch's decay, without warm-up and clipping.
fn online<M: burn::module::Module>(module: M) -> Online<M> {
    let schedule = Schedule { learning_rate: 1e-3, warmup_steps: 0, weight_decay: 0.01, clip: f64::INFINITY };
    Online::new(module, schedule)
}

#[cfg(test)]
mod tests {
    use super::super::nn::{Backend, Kernels};
    use super::*;

    /// Ten steps by our kernels and by burn's: the losses stay together to 1e-4 of the first one.
    #[test]
    fn ten_steps_agree_with_burns_layers() {
        let shape = Shape { batch: 6, channels: 3, frames: 257 };
        for task in Task::ALL {
            let losses = Kernels::ALL.map(|kernels| {
                let compute = Compute::new(Backend::Flex, kernels);
                let mut twin = twin(task, shape, 7, compute).unwrap_or_else(|why| unreachable!("{why}"));
                (0..10).map(|_| twin.step()).collect::<Vec<f32>>()
            });
            let word = task.word();
            for (step, (own, plain)) in losses[0].iter().zip(&losses[1]).enumerate() {
                let off = (own - plain).abs() / losses[1][0];
                assert!(off < 1e-4, "{word}, step {step}: {own} and {plain}");
            }
            assert!(losses[0].iter().all(|loss| loss.is_finite()), "{word}: {losses:?}");
        }
    }

    #[test]
    fn a_shape_that_cannot_be_trained_on_is_refused() {
        for (batch, channels, frames) in [(1, 2, 512), (4, 0, 512), (4, 2, 100), (0, 0, 0)] {
            assert!(twin(Task::Cpc, Shape { batch, channels, frames }, 1, Compute::default()).is_err());
        }
    }
}
