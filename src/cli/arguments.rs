//! The arguments as they are written.

use clap::{Args, Parser, ValueEnum};
use std::path::PathBuf;

/// Real-time EEG and ECoG streams with self-supervised learning while they run.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,
    #[command(flatten)]
    pub run: RunArguments,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Acquire, train and serve (also without a word).
    Run(Box<RunArguments>),
    /// Say everything that is wrong with configurations.
    Check(CheckArguments),
    /// Write the encoder of the newest checkpoint as a folder to give away.
    Export(ExportArguments),
    /// Say what is in recordings (EDF, EDF+, BDF, BDF+, XDF).
    Inspect(InspectArguments),
    /// Write a synthetic recording: EDF+ from a documented model of EEG.
    Synth(SynthArguments),
    /// Draw a window of a recording beside its augmented views: what the model is asked to equate.
    Views(ViewsArguments),
    /// Measure this machine.
    #[command(subcommand)]
    Bench(Benchmark),
    /// Print completions for a shell.
    Completions(CompletionArguments),
    /// Print the manual page.
    Man,
}

/// Text for people or JSON for scripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For scripts.
    Json,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Configuration in TOML; without one, configs/default.toml as it was built in.
    pub config: Option<PathBuf>,
    /// Play this recording.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["lsl", "synthetic"])]
    pub replay: Option<PathBuf>,
    /// Read this live stream: a name, or a predicate like "type='EEG' and hostname='amp'".
    #[arg(long, value_name = "PREDICATE", num_args = 0..=1, default_missing_value = "", conflicts_with = "synthetic")]
    pub lsl: Option<String>,
    /// Read the synthetic brain, live.
    #[arg(long)]
    pub synthetic: bool,
    /// Times real time, or `max`.
    #[arg(long, value_name = "N|max")]
    pub speed: Option<String>,
    /// End after this much signal, in seconds.
    #[arg(long, value_name = "S")]
    pub duration: Option<f64>,
    /// Play the recording again and again.
    #[arg(long = "loop")]
    pub repeat: bool,
    /// No dashboard: a status line a second.
    #[arg(long)]
    pub headless: bool,
    /// Status lines as text or as JSON.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Only characters that every terminal has.
    #[arg(long)]
    pub ascii: bool,
    /// byol, moco, simclr, cpc, mae, masked, autoencoder, order, transform, forecast or mixup.
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// Serve without training.
    #[arg(long)]
    pub no_train: bool,
    /// Folder for checkpoints; "" for none.
    #[arg(long, value_name = "DIR")]
    pub checkpoint: Option<String>,
    /// Go on from the newest checkpoint in that folder.
    #[arg(long)]
    pub resume: bool,
    /// Publish embeddings as an LSL stream of this name.
    #[arg(long, value_name = "NAME")]
    pub publish: Option<String>,
    /// Write embeddings to this file, .csv or .npy.
    #[arg(long, value_name = "FILE")]
    pub embeddings: Option<PathBuf>,
    /// Write the summary of the run to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Seed of everything that is drawn.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Lay a value over the configuration, for instance window.hop_s=0.5.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Configurations in TOML.
    #[arg(required = true, value_name = "CONFIG")]
    pub configs: Vec<PathBuf>,
    /// Text or JSON.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The configuration of the run.
    pub config: PathBuf,
    /// The folder to write, which must not exist yet.
    pub model: PathBuf,
    /// Take the checkpoint from this folder instead of the configuration's.
    #[arg(long, value_name = "DIR")]
    pub checkpoint: Option<PathBuf>,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// Recordings.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Go through all samples: mean, deviation, first and last values of each channel.
    #[arg(long)]
    pub stats: bool,
    /// Text or JSON, one object a file.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `synth`.
#[derive(Debug, Args)]
pub struct SynthArguments {
    /// The recording to write.
    pub file: PathBuf,
    /// Seconds of signal.
    #[arg(long, default_value_t = 180.0)]
    pub seconds: f64,
    /// Channels; the first 16 are of the 10-20 system.
    #[arg(long, default_value_t = 16)]
    pub channels: usize,
    /// Rate in hertz.
    #[arg(long, default_value_t = 256.0)]
    pub rate: f64,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `views`.
#[derive(Debug, Args)]
pub struct ViewsArguments {
    /// The recording.
    #[arg(value_name = "FILE")]
    pub recording: PathBuf,
    /// Configuration in TOML; without one, configs/default.toml as it was built in.
    pub config: Option<PathBuf>,
    /// Where the window begins, in seconds; without it, in the middle, but a minute in at most.
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub at: Option<f64>,
    /// Views to draw, from 1 to 8.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub views: usize,
    /// Seed of everything that is drawn; another one gives other views.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Write a picture to this file.
    #[arg(long, value_name = "OUT.png")]
    pub png: Option<PathBuf>,
    /// Channels to show, separated by commas; without it the first twelve.
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// Only characters that every terminal has.
    #[arg(long)]
    pub ascii: bool,
    /// Lay a value over the configuration, for instance augment.preset=sleep.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub enum Benchmark {
    /// Time training steps of the networks that a twin in PyTorch has too (benches/train).
    Train(TrainBenchmark),
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

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionArguments {
    /// The shell.
    pub shell: clap_complete::Shell,
}
