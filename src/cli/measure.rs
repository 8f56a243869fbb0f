//! Live runs on synthetic signal, for whoever measures this machine.
//!
//! Runs on the main thread. Invariant: a measured run leaves no file, no stream and no socket behind, and is otherwise the run
//! that the configuration describes: the same stages, threads and rings.

use neurostream::config::{Config, SourceConfig, Speed};
use neurostream::pipeline::{MonotonicClock, Options, Plan, Shutdown, Stages, start};
use neurostream::signal::{Clock, Montage};
use neurostream::source::synthetic::SyntheticBrain;
use neurostream::source::{RepeatedSource, Source};
use serde_json::Value;
use std::path::PathBuf;
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

/// Frames that the encoder lost, and whether the machine kept up: nothing lost, embeddings in time, no second longer than one.
pub fn sustained(summary: &Value, seconds: f64) -> (u64, bool) {
    let lost = summary["frames"]["encoder"]["lost"].as_u64().unwrap_or_default();
    let number = |value: &Value| value.as_f64().unwrap_or(f64::INFINITY);
    let has_ended_well = summary["failures"].as_array().is_some_and(Vec::is_empty);
    let is_in_time = number(&summary["latency_ms"]["p99"]) <= LATE_MS
        && number(&summary["wall_s"]) <= seconds * 1.05 + OVERHEAD_S
        && summary["embeddings"]["count"].as_u64() > Some(0);
    (lost, lost == 0 && is_in_time && has_ended_well)
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
