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
    /// Say where the time from a sample to its embedding goes, with the trainer off and training in turns.
    Latency(LatencyBenchmark),
    /// Say what a second of signal costs by channels and rate, and how much of it goes live without loss.
    Throughput(ThroughputBenchmark),
}

/// Arguments of `bench latency`.
#[derive(Debug, Args)]
pub struct LatencyBenchmark {
    /// Configuration in TOML, of which all but its source and what it writes counts; without one, configs/default.toml as it
    /// was built in.
    pub config: Option<PathBuf>,
    /// Channels of the synthetic signal.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub channels: usize,
    /// Its rate in hertz.
    #[arg(long, value_name = "HZ", default_value_t = 1000.0)]
    pub rate: f64,
    /// Seconds of each run.
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    pub seconds: f64,
    /// Runs of either kind.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rounds: usize,
    /// Lay a value over the configuration, for instance window.hop_s=0.05.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Text, or one line of JSON.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `bench throughput`.
#[derive(Debug, Args)]
pub struct ThroughputBenchmark {
    /// Configuration in TOML, as for `bench latency`.
    pub config: Option<PathBuf>,
    /// Channels to try at one rate, live too, until one is too much.
    #[arg(long, value_name = "N,N…", value_delimiter = ',', default_value = "32,64,128,256,512,1024")]
    pub channels: Vec<usize>,
    /// That rate in hertz.
    #[arg(long, value_name = "HZ", default_value_t = 250.0)]
    pub rate: f64,
    /// Rates to try with a fixed number of channels.
    #[arg(long, value_name = "HZ,HZ…", value_delimiter = ',', default_value = "250,1000,4000,15000,30000")]
    pub rates: Vec<f64>,
    /// That number.
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub of: usize,
    /// Seconds for each figure.
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    pub seconds: f64,
    /// Draw the costs into this file.
    #[arg(long, value_name = "OUT.png")]
    pub png: Option<PathBuf>,
    /// Lay a value over the configuration.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Text, or one line of JSON.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `certify`.
#[derive(Debug, Args)]
pub struct CertifyArguments {
    /// The configuration in TOML. Channels and rate are those of the recording or the stream that it names.
    pub config: PathBuf,
    /// Minutes at the rate that it asks for.
    #[arg(long, value_name = "M", default_value_t = 1.0)]
    pub minutes: f64,
    /// Seconds of each faster run, up to what is too much.
    #[arg(long, value_name = "S", default_value_t = 8.0)]
    pub rung: f64,
    /// Channels, where the stream is not there to be asked.
    #[arg(long, value_name = "N", requires = "rate")]
    pub channels: Option<usize>,
    /// Rate in hertz, likewise.
    #[arg(long, value_name = "HZ", requires = "channels")]
    pub rate: Option<f64>,
    /// Write the report to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Lay a value over the configuration.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The report as text, or as one line of JSON.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
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
    /// cpu; gpu and ndarray where it was built with these features.
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// own, or plain for burn's own layers.
    #[arg(long, default_value = "own")]
    pub kernels: String,
    /// Text, or one line of JSON.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
