//! The arguments as they are written.

mod measure;
mod offline;

pub use measure::{
    Benchmark, CertifyArguments, LatencyBenchmark, OnlineBenchmark, ThroughputBenchmark, TrainBenchmark,
};
pub use offline::{EmbedArguments, PrepareArguments, PretrainArguments, ProbeArguments, ProbeTask};

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
    /// Show the dashboard of a run that goes on in another process, on this machine.
    Attach(AttachArguments),
    /// Say everything that is wrong with configurations.
    Check(CheckArguments),
    /// Find out why a stream is not found on the Lab Streaming Layer, and what to do.
    Doctor(DoctorArguments),
    /// Write the embeddings of recordings by a model folder, far faster than real time.
    Embed(EmbedArguments),
    /// Write the encoder of the newest checkpoint as a folder to give away.
    Export(ExportArguments),
    /// Say what is in recordings (EDF, EDF+, BDF, BDF+, XDF).
    Inspect(InspectArguments),
    /// Condition the windows of recordings once and write them as shards, for `pretrain` to read.
    Prepare(PrepareArguments),
    /// Train on recordings, and on folders of them that may be larger than memory.
    Pretrain(PretrainArguments),
    /// Say what frozen embeddings tell of labels, beside features that need no learning.
    Probe(ProbeArguments),
    /// Record a live stream (or any source) into EDF+, BDF+ or XDF, without a model.
    Record(RecordArguments),
    /// Play a recording as streams of the Lab Streaming Layer: its signals, its annotations, all streams of an XDF file.
    Replay(ReplayArguments),
    /// Write a recording, or a part of it, in another format.
    Convert(ConvertArguments),
    /// Make a readable file of a recording that was cut off or damaged, and say what was lost.
    Repair(RepairArguments),
    /// List the streams on the Lab Streaming Layer, and how fresh they are.
    Streams(StreamsArguments),
    /// Write a synthetic recording: EDF+ from a documented model of EEG.
    Synth(SynthArguments),
    /// Draw a window of a recording beside its augmented views: what the model is asked to equate.
    Views(ViewsArguments),
    /// Measure this machine.
    #[command(subcommand)]
    Bench(Benchmark),
    /// Say what this machine sustains of a configuration, with a margin, as a report that a lab can file.
    Certify(CertifyArguments),
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
    /// Read this live stream: a name, or a predicate like "type='EEG' and hostname='amp'". Several times: streams that are
    /// joined into one.
    #[arg(long, value_name = "PREDICATE", num_args = 0..=1, default_missing_value = "", conflicts_with = "synthetic")]
    pub lsl: Vec<String>,
    /// Join the markers of this stream to the live one: a name or a predicate; may be given again for further streams.
    #[arg(long, value_name = "PREDICATE", conflicts_with_all = ["replay", "synthetic"])]
    pub markers: Vec<String>,
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
    /// Learn to tell the states apart that markers and labels name: these, or all.
    #[arg(long, value_name = "NAME,NAME…", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub teach: Option<String>,
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
    /// Record the signal into this file: .edf, .bdf, .xdf, or no ending for EDF+ or BDF+ as the source needs it.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Where `attach` finds this run: a path, or off; without it a socket of its own in the runtime folder.
    #[arg(long, value_name = "PATH|off")]
    pub socket: Option<PathBuf>,
    /// Tell Prometheus how the run does, at this address of this computer, such as 127.0.0.1:9464.
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<String>,
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

/// Arguments of `attach`.
#[derive(Debug, Args)]
pub struct AttachArguments {
    /// The run's socket; without it, that of the only run.
    pub socket: Option<PathBuf>,
    /// Pause, hold, swap, roll back and label too, not only look.
    #[arg(long)]
    pub control: bool,
    /// Only characters that every terminal has.
    #[arg(long)]
    pub ascii: bool,
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

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// The stream that is missing: XPath such as `name='X'`, or a bare name. All streams otherwise.
    pub predicate: Option<String>,
    /// liblsl itself, where it is not found.
    #[arg(long, value_name = "FILE")]
    pub library: Option<PathBuf>,
    /// Text or JSON, one object a finding.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `streams`.
#[derive(Debug, Args)]
pub struct StreamsArguments {
    /// Only streams that match: XPath such as `type='EEG' and channel_count>32`, or a bare name.
    pub predicate: Option<String>,
    /// List them again and again, until Ctrl-c.
    #[arg(long, short)]
    pub watch: bool,
    /// Seconds for which streams may answer.
    #[arg(long, default_value_t = 1.5, value_name = "SECONDS", value_parser = seconds)]
    pub wait: f64,
    /// Seconds for which they are listened to.
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS", value_parser = seconds)]
    pub listen: f64,
    /// liblsl itself, where it is not found.
    #[arg(long, value_name = "FILE")]
    pub library: Option<PathBuf>,
    /// Text or JSON, one object a stream.
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

/// Arguments of `record`.
#[derive(Debug, Args)]
pub struct RecordArguments {
    /// The file: .edf, .bdf, .xdf, or no ending for EDF+ or BDF+ as the source needs it; a taken name gets the next run
    /// number.
    pub file: PathBuf,
    /// Record this live stream: a name, or a predicate like "type='EEG' and hostname='amp'". Several times: streams that
    /// are joined into one.
    #[arg(long, value_name = "PREDICATE", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["replay", "synthetic"])]
    pub lsl: Vec<String>,
    /// Join the markers of this stream to the live one: a name or a predicate; may be given again for further streams.
    #[arg(long, value_name = "PREDICATE", conflicts_with_all = ["replay", "synthetic"])]
    pub markers: Vec<String>,
    /// Record the synthetic brain.
    #[arg(long, conflicts_with = "replay")]
    pub synthetic: bool,
    /// Record what this recording plays.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Times real time, or `max`, of a recording.
    #[arg(long, value_name = "N|max")]
    pub speed: Option<String>,
    /// End after this much signal, in seconds.
    #[arg(long, value_name = "S")]
    pub duration: Option<f64>,
    /// Configuration in TOML, of which [source], [signal] channels, [record] and [lsl] count.
    #[arg(long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,
    /// Lay a value over the configuration, for instance record.range_uv=5000.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Text, or one line of JSON at the end.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// The recording (EDF, EDF+, BDF, BDF+, XDF).
    pub file: PathBuf,
    /// Times real time, or `max` for as fast as it goes. LSL does not tell a sender what receivers have taken: at `max`
    /// nothing is lost that their buffers hold (what they asked for, 360 s unless they say, at most 360 s); what went out
    /// farther ahead of real time than that is counted and told at the end.
    #[arg(long, value_name = "N|max", default_value = "1")]
    pub speed: String,
    /// With --speed max: never farther ahead of real time than S seconds of signal, so that a receiver with a buffer of
    /// as much that keeps up with real time loses nothing.
    #[arg(long, value_name = "S")]
    pub ahead: Option<f64>,
    /// Play it again and again.
    #[arg(long = "loop")]
    pub repeat: bool,
    /// Begin here, in seconds from the first sample.
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    pub start: f64,
    /// The name of the stream; without it that of the file, or of the streams in an XDF file.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Begin when somebody receives; at full speed it always waits for that.
    #[arg(long)]
    pub wait: bool,
    /// Where liblsl lies, if it is not found by itself.
    #[arg(long, value_name = "FILE")]
    pub library: Option<PathBuf>,
}

/// Arguments of `convert`.
#[derive(Debug, Args)]
pub struct ConvertArguments {
    /// The recording (EDF, EDF+, BDF, BDF+, XDF).
    #[arg(value_name = "IN")]
    pub from: PathBuf,
    /// What is written: .edf, .bdf or .xdf.
    #[arg(value_name = "OUT")]
    pub to: PathBuf,
    /// Channels to take, separated by commas, as [signal] channels names them; without it all.
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// The stream of an XDF recording, by its name.
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// From this moment, in seconds from the first sample.
    #[arg(long, value_name = "S")]
    pub start: Option<f64>,
    /// To this moment.
    #[arg(long, value_name = "S")]
    pub end: Option<f64>,
    /// Resample all signals to this rate in hertz.
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,
    /// Repeat the last sample where samples are missing, instead of writing a discontinuous EDF+D or BDF+D.
    #[arg(long)]
    pub hold: bool,
    /// Replace OUT if it is there.
    #[arg(long)]
    pub force: bool,
    /// Text or JSON.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `repair`.
#[derive(Debug, Args)]
pub struct RepairArguments {
    /// The recording (EDF, EDF+, BDF, BDF+, XDF); it stays as it is.
    pub file: PathBuf,
    /// The repaired recording; without it, NAME.repaired.EDF beside the file, or NAME.edf for NAME.edf.partial.
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Replace the file itself, once the repaired one is complete.
    #[arg(long, conflicts_with_all = ["output", "force"])]
    pub in_place: bool,
    /// Replace OUT if it is there.
    #[arg(long)]
    pub force: bool,
    /// Text or JSON.
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

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionArguments {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// Seconds as somebody writes them: 0.1 to an hour.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("must be from 0.1 to 3600".to_owned()),
    }
}
