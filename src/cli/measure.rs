//! Live runs on synthetic signal, for whoever measures this machine.
//!
//! Runs on the main thread. Invariant: a measured run leaves no file, no stream and no socket behind, and is otherwise the run
//! that the configuration describes: the same stages, threads and rings.

use super::{Unusable, usable, written};
use neurostream::config::{Config, SourceConfig, Speed};
use neurostream::pipeline::{MonotonicClock, Options, Plan, Shutdown, Stages, configure, start};
use neurostream::signal::{Clock, Montage};
use neurostream::source::synthetic::SyntheticBrain;
use neurostream::source::{RepeatedSource, Source};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An embedding later than this behind its window's last frame is none that a live loop can use.
pub const LATE_MS: f64 = 250.0;
/// Seconds by which a run may last longer than its signal: its start and its end.
const OVERHEAD_S: f64 = 0.5;

/// What is asked of the machine.
#[derive(Clone, Debug)]
pub struct Load {
    /// The channels.
    pub montage: Montage,
    /// Frames in a second.
    pub rate_hz: f64,
    /// Seconds of signal in a second; none for as fast as it goes.
    pub times: Option<f64>,
}

impl Load {
    /// So many channels of the synthetic brain, in real time.
    pub fn of(channels: usize, rate_hz: f64) -> Self {
        Self { montage: SyntheticBrain::new(0, channels, rate_hz).montage(), rate_hz, times: Some(1.0) }
    }
}

/// The configuration of a benchmark that names no source of its own.
pub fn configured(config: Option<&Path>, settings: &[String]) -> anyhow::Result<Config> {
    let mut document = written::document(config, settings)?;
    written::put_source(&mut document, None, &[], &[], true, Some("1"));
    Ok(alone(&configure(&document)?))
}

/// The same configuration without anything that a measurement must not leave behind, on synthetic signal.
pub fn alone(config: &Config) -> Config {
    let mut config = config.clone();
    config.source = SourceConfig { synthetic: true, block_ms: config.source.block_ms, ..SourceConfig::default() };
    config.train.checkpoint = PathBuf::new();
    (config.serve.embeddings, config.serve.lsl, config.serve.socket) = (None, None, "off".to_owned());
    (config.record.file, config.metrics.listen) = (None, None);
    // Nobody sets markers here: windows of the same length come every hop.
    let window = &mut config.window;
    if let (Some(_), Some(from_s), Some(to_s)) = (window.around.take(), window.from_s.take(), window.to_s.take()) {
        window.length_s = Some(to_s - from_s);
    }
    config
}

/// Seconds until the trainer takes its first step: a window, and as many hops as a batch has windows.
pub fn until_trained_s(config: &Config, load: &Load) -> f64 {
    let window = &config.window;
    let frames = window.length_frames(load.rate_hz) + window.hop_frames(load.rate_hz) * (config.train.batch + 1);
    frames as f64 / load.rate_hz / load.times.unwrap_or(1.0)
}

/// The summary of a run of so many seconds of wall time, or of signal at full speed, with what went wrong as `failures`: a machine
/// that cannot keep up does not end in time either.
pub fn run(config: &Config, load: &Load, seconds: f64) -> anyhow::Result<Value> {
    let mut config = config.clone();
    config.source.speed = load.times.map_or(Speed::Max, Speed::Times);
    let clock: Arc<dyn Clock> = Arc::new(MonotonicClock::new());
    let block_s = config.source.block_ms / 1e3;
    let source = RepeatedSource::new(config.seed, load.montage.clone(), load.rate_hz, load.times, block_s);
    let plan = Plan::new(&config, source.facts())?;
    let duration_s = Some(seconds * load.times.unwrap_or(1.0));
    let options = Options { duration_s, ..Options::default() };
    let stages = Stages::wire(&plan, Box::new(source), &options, &*clock)?;
    let outcome = start(&plan, stages, clock, &Shutdown::default())?.finish();
    let mut summary = outcome.summary.value().clone();
    summary["failures"] = outcome.failures.into();
    Ok(summary)
}

/// How a run went.
#[derive(Clone, Copy, Debug)]
pub struct Went {
    /// Frames that the encoder lost.
    pub lost: u64,
    /// True if the machine kept up: nothing lost, embeddings in time, no second longer than one.
    pub is_sustained: bool,
    /// 99 % of the embeddings came as soon.
    pub p99_ms: f64,
    /// Training steps a second beside it.
    pub steps_per_s: f64,
}

impl Went {
    /// By the summary of a run of so many seconds.
    pub fn of(summary: &Value, seconds: f64) -> Self {
        let lost = summary["frames"]["encoder"]["lost"].as_u64().unwrap_or_default();
        let p99_ms = number(&summary["latency_ms"]["p99"]);
        // What is not known is not in time.
        let is_in_time = p99_ms <= LATE_MS
            && number(&summary["wall_s"]) <= seconds * 1.05 + OVERHEAD_S
            && summary["embeddings"]["count"].as_u64() > Some(0);
        let has_ended_well = summary["failures"].as_array().is_some_and(Vec::is_empty);
        let steps_per_s = number(&summary["training"]["steps_per_s"]);
        Self { lost, is_sustained: lost == 0 && is_in_time && has_ended_well, p99_ms, steps_per_s }
    }
}

/// How a run goes that lasts so many seconds beyond its first training step.
pub fn while_training(config: &Config, load: &Load, seconds: f64) -> anyhow::Result<Went> {
    let seconds = seconds + until_trained_s(config, load);
    Ok(Went::of(&run(config, load, seconds)?, seconds))
}

/// A number of a summary; NaN where there is none.
pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Refuses channels and rates that are none of a lab.
pub fn refuse_shape(channels: usize, rate_hz: f64) -> Result<(), Unusable> {
    usable((1..=4096).contains(&channels), || format!("--channels {channels}: must be from 1 to 4096"))?;
    usable((16.0..=100_000.0).contains(&rate_hz), || format!("--rate {rate_hz}: must be from 16 to 100000 Hz"))
}

/// What is called the middle of several measurements.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How this program was built: figures of a build without optimisation are not those of a release.
pub fn build() -> &'static str {
    if cfg!(debug_assertions) { "dev" } else { "release" }
}
