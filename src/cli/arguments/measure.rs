//! The arguments of what measures this machine, as they are written.

use super::Format;
use clap::Args;
use std::path::PathBuf;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub enum Benchmark {
    /// Time training steps of the networks that a twin in PyTorch has too (benches/train).
    Train(TrainBenchmark),
    /// Learn from labelled recordings in one pass, sorted by state, with each kind of replay memory (docs/online.md).
    Online(OnlineBenchmark),
}

/// Arguments of `bench online`.
#[derive(Debug, Args)]
pub struct OnlineBenchmark {
    /// The folder that holds eegmat and ssvep-exo.
    #[arg(long, value_name = "DIR", default_value = "../shared/data/labelled")]
    pub data: PathBuf,
    /// eegmat or ssvep-exo.
    #[arg(long, default_value = "ssvep-exo")]
    pub set: String,
    /// The method.
    #[arg(long, default_value = "simclr")]
    pub method: String,
    /// Training steps in one pass.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub steps: u64,
    /// Seeds, from 1 on.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub seeds: u64,
}

/// Arguments of `bench train`.
#[derive(Debug, Args)]
pub struct TrainBenchmark {
    /// moco, byol, cpc, simclr or mae.
    #[arg(long, default_value = "moco")]
    pub task: String,
    /// Windows x channels x frames.
    #[arg(long, value_name = "BxCxT", default_value = "64x64x512")]
    pub shape: String,
    /// Seconds to measure for.
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    pub seconds: f64,
    /// Threads.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: usize,
    /// Seed of weights and data.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// cpu; ndarray where it was built with that feature.
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// own, or plain for burn's own layers.
    #[arg(long, default_value = "own")]
    pub kernels: String,
    /// Text, or one line of JSON.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
