//! The arguments of what is done at a desk, on recordings.

use super::Format;
use clap::{Args, ValueEnum};
use neurostream::pipeline::Part;
use std::path::PathBuf;

/// Arguments of `pretrain`.
#[derive(Debug, Args)]
pub struct PretrainArguments {
    /// Recordings (EDF, EDF+, BDF, BDF+, XDF), and folders with all that is below them; or the folder or URL of windows that
    /// `prepare` wrote.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The folder for index.json, and for each run of checkpoints, curve.csv and in the end the model.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Configuration in TOML; without one, configs/default.toml as it was built in.
    #[arg(long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,
    /// byol, moco, simclr, cpc, mae, masked, autoencoder, order, transform, forecast or mixup.
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// Train for so many steps.
    #[arg(long, value_name = "N", conflicts_with = "epochs")]
    pub steps: Option<u64>,
    /// Train for so many passes through all recordings.
    #[arg(long, value_name = "N")]
    pub epochs: Option<u64>,
    /// An expression that finds in a path whose recording it is, for instance '(S\d+|Subject\d+)': what is learnt from and
    /// what is judged by have no group in common.
    #[arg(long, value_name = "EXPRESSION")]
    pub group: Option<String>,
    /// Go on from the newest checkpoint in DIR, as if training had never stopped.
    #[arg(long)]
    pub resume: bool,
    /// Write a summary to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Seed of everything that is drawn.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Lay a value over the configuration, for instance pretrain.mb=512.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Progress as text, or as JSON, one object a line.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `prepare`.
#[derive(Debug, Args)]
pub struct PrepareArguments {
    /// Recordings (EDF, EDF+, BDF, BDF+, XDF), and folders with all that is below them.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Where shards are written: a folder or file:///FOLDER. What is there already is not done again.
    #[arg(long, value_name = "URL")]
    pub to: PathBuf,
    /// Configuration in TOML; without one, configs/default.toml as it was built in.
    #[arg(long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,
    /// An expression that finds in a path whose recording it is; it is kept beside the windows, and `pretrain` goes by it
    /// unless it is told another.
    #[arg(long, value_name = "EXPRESSION")]
    pub group: Option<String>,
    /// The stream of XDF recordings, by its name.
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// Only each N-th recording from the I-th on, so that N commands, here or on other machines, share the work; all write to one
    /// place.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Part>,
    /// MB (10^6 bytes) of a shard, about.
    #[arg(long, value_name = "MB", default_value_t = 64)]
    pub mb: u64,
    /// Lay a value over the configuration, for instance window.hop_s=1.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Progress as text, or in the end one object.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `embed`.
#[derive(Debug, Args)]
pub struct EmbedArguments {
    /// Recordings (EDF, EDF+, BDF, BDF+, XDF).
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The model, as `export` writes it; recordings are conditioned as it says.
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// What is written: .csv, .npy or .parquet, a row a window, and what they are of in a file of the same name that ends in
    /// .json. Neither may exist yet.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The stream of XDF recordings, by its name.
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// Only each N-th recording from the I-th on, so that N commands, here or on other machines, share the work; each has an --out of
    /// its own.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Part>,
    /// Text, or one object a recording.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What `probe` asks of embeddings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProbeTask {
    /// Tell classes apart: 20 neighbours by cosine, and logistic regression on shares of the labels.
    #[default]
    Classification,
    /// Tell a number: ridge regression.
    Regression,
    /// Find the classes without labels: k-means.
    Clustering,
    /// Tell one class from all others, taught and without ever having seen it.
    Detection,
}

/// Arguments of `probe`.
#[derive(Debug, Args)]
pub struct ProbeArguments {
    /// Recordings, with --model; or what `embed` wrote of them (.csv, .npy).
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The model, as `export` and `pretrain` write it; rows of features that need no learning stand beside its own.
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Where labels come from: `annotations`; `/EXPRESSION/` for what it finds in the name of a file; or a table (CSV) with
    /// the columns file, label and, where labels change within a file, start_s and end_s.
    #[arg(long, value_name = "WHERE")]
    pub labels: String,
    /// Only these labels, separated by commas.
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    pub classes: Vec<String>,
    /// With annotations: windows begin so long after the onset at least, in seconds.
    #[arg(long, value_name = "S", default_value_t = 0.0, allow_negative_numbers = true)]
    pub offset: f64,
    /// An expression that finds in a path whose recording it is: nobody is judged by what they taught themselves. Without it
    /// each recording is by itself.
    #[arg(long, value_name = "EXPRESSION")]
    pub group: Option<String>,
    /// What is asked.
    #[arg(long, value_enum, default_value_t)]
    pub task: ProbeTask,
    /// With --task detection: the label to detect.
    #[arg(long, value_name = "LABEL")]
    pub positive: Option<String>,
    /// Seconds from one window to the next at least; without it, windows do not overlap.
    #[arg(long, value_name = "S")]
    pub every: Option<f64>,
    /// Deals of the groups, from 2 to 10.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub seeds: u64,
    /// Parts that groups are dealt out to, at most half as many as there are groups; each is judged by what the others teach.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub folds: usize,
    /// Shares of the labels that are taught, in percent; all of them in any case.
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', default_value = "1,5,10,100")]
    pub shares: Vec<f64>,
    /// Standardise features within each group by themselves before anything is taught; no label is used for it, but all
    /// windows of a group have to be there.
    #[arg(long)]
    pub by_group: bool,
    /// With --task classification: also teach the model's encoder, from first weights, the labels of the others in so many
    /// steps of 64 windows, for each deal and part anew. Takes its time.
    #[arg(long, value_name = "STEPS")]
    pub supervised: Option<u64>,
    /// Bands of the row of log band power, FROM-TO in hertz, separated by commas.
    #[arg(long, value_name = "BANDS", value_delimiter = ',')]
    pub bands: Vec<String>,
    /// The stream of XDF recordings, by its name.
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// Write all figures of all seeds to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// With --task classification: write what was told of each window, by neighbours and by regression, to this file as CSV.
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
    /// Write all of it to this file as one page (HTML) that needs no network: table, confusions, maps of the embeddings, how the
    /// model was learnt, and what it was made of.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// A table, or one object.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
