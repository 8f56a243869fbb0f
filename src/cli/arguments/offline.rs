//! The arguments of what is done at a desk, on recordings.

use super::Format;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `pretrain`.
#[derive(Debug, Args)]
pub struct PretrainArguments {
    /// Recordings (EDF, EDF+, BDF, BDF+, XDF), and folders with all that is below them.
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
