//! The plan: a configuration and a stream's facts become numbers that stages can use.
//!
//! Pure but for opening the source. Invariant: what a plan holds fits together, and everything that does not is found at
//! once.

use crate::config::{Config, Problem, Speed};
use crate::dsp::{Conditioning, Reference};
use crate::format::xdf::is_xdf;
use crate::learn::nn::{Backend, Compute, Kernels};
use crate::learn::{EncoderShape, Identity, Method, ObjectiveSettings, Schedule, TrainerSettings};
use crate::lsl::{Library, LslError};
use crate::signal::{Clock, StreamFacts};
use crate::source::synthetic::SyntheticBrain;
use crate::source::{
    GeneratedSource, LslSource, PickedSource, ReplaySource, Selection, Source, SourceError, XdfSource,
};
use crate::window::Preset;
use std::sync::Arc;

/// A source that is ready to step.
pub type OpenSource = Box<dyn Source>;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The configuration does not fit the stream.
    #[error("{name}: {} does not fit this stream:{}", if .problems.len() == 1 { "one setting" } else { "the configuration" }, list(.problems))]
    Problems {
        /// The stream.
        name: String,
        /// What does not fit.
        problems: Vec<Problem>,
    },
    /// The source cannot be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("\n  {p}")).collect()
}

/// Opens the source that the configuration names; liblsl is loaded only where a stream is.
///
/// A stream that is not there yet is waited for as long as the configuration says and `patient` stays true.
///
/// # Errors
/// If it cannot be opened.
pub fn open_source(
    config: &Config,
    library: impl FnOnce() -> Result<Library, LslError>,
    clock: &dyn Clock,
    patient: &dyn Fn() -> bool,
) -> Result<OpenSource, SourceError> {
    let (source, signal) = (&config.source, &config.signal);
    let selection = Selection { channels: signal.channels.clone(), exclude: signal.exclude.clone() };
    let block_s = source.block_ms / 1e3;
    let times = match source.speed {
        Speed::Times(times) => Some(times),
        Speed::Max => None,
    };
    if let Some(path) = &source.replay {
        if is_xdf(path) {
            let stream = source.stream.as_deref();
            return Ok(Box::new(XdfSource::open(path, stream, &selection, times, block_s, source.repeat)?));
        }
        return Ok(Box::new(ReplaySource::open(path, &selection, times, block_s, source.repeat)?));
    }
    if let Some(predicate) = &source.lsl {
        let predicate = Some(predicate.as_str()).filter(|p| !p.is_empty());
        let inlet = wait_for_stream(&library()?, predicate, source.wait_s, clock, patient)?;
        return Ok(Box::new(PickedSource::new(inlet, &selection)?));
    }
    let brain = SyntheticBrain::new(config.seed, SyntheticBrain::CHANNELS, SyntheticBrain::RATE_HZ);
    let generated = GeneratedSource::new(brain, times.unwrap_or(1.0), block_s);
    Ok(Box::new(PickedSource::new(generated, &selection)?))
}

/// Seconds between two looks at whether a person still wants to wait.
const LOOK_S: f64 = 1.0;

/// Waits for a stream that may not be there yet, for as long as `patient` says.
fn wait_for_stream(
    library: &Library,
    predicate: Option<&str>,
    wait_s: f64,
    clock: &dyn Clock,
    patient: &dyn Fn() -> bool,
) -> Result<LslSource, SourceError> {
    let until = clock.now() + wait_s;
    loop {
        let left_s = until - clock.now();
        match LslSource::open(library, predicate, left_s.clamp(0.0, LOOK_S), clock) {
            _ if !patient() => return Err(SourceError::Interrupted),
            Err(SourceError::Lsl(LslError::NoStream { .. })) if left_s > LOOK_S => {}
            Err(SourceError::Lsl(LslError::NoStream { wanted, visible, .. })) => {
                return Err(LslError::NoStream { wanted, wait_s, visible }.into());
            }
            other => return other,
        }
    }
}

/// Numbers for the stages.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The configuration behind it.
    pub config: Config,
    /// The stream.
    pub facts: Arc<StreamFacts>,
    /// How frames are conditioned for the model.
    pub conditioning: Conditioning,
    /// Frames of a window.
    pub window: usize,
    /// Frames from one window to the next.
    pub hop: usize,
    /// The trainer.
    pub trainer: TrainerSettings,
    /// What a checkpoint must share with this run.
    pub identity: Identity,
    /// True if the source waits for its consumers.
    pub at_full_speed: bool,
    /// What was changed to make it fit, to be told.
    pub notes: Vec<String>,
}

/// With fewer channels the average is no reference: each would be drawn into all.
const FEWEST_FOR_AVERAGE: usize = 8;

impl Plan {
    /// Joins configuration and facts.
    ///
    /// # Errors
    /// With everything that does not fit.
    pub fn new(config: &Config, facts: &StreamFacts) -> Result<Self, PlanError> {
        let mut problems = Vec::new();
        let mut notes = Vec::new();
        let (rate_hz, channels) = (facts.rate_hz, facts.montage.len());
        let nyquist = rate_hz / 2.0;
        let signal = &config.signal;
        for (key, value) in [("signal.highpass_hz", signal.highpass_hz), ("signal.lowpass_hz", signal.lowpass_hz)] {
            if value >= nyquist {
                let allowed = format!("must lie below half the stream's rate, {nyquist} Hz");
                problems.push(Problem::of(key, value, allowed).hint("0 switches it off"));
            }
        }
        let shape = EncoderShape { channels, widths: config.model.widths.clone(), embedding: config.model.embedding };
        let window = frames(config.window.length_s, rate_hz);
        let hop = frames(config.window.hop_s, rate_hz).max(1);
        let method = Method::ALL.into_iter().find(|m| m.word() == config.train.method).unwrap_or(Method::Byol);
        let shortest = if method == Method::Cpc { shape.shortest() * config.train.pieces } else { shape.shortest() };
        if window < shortest {
            let allowed =
                format!("must hold at least {shortest} samples for this model, {:.3} s", shortest as f64 / rate_hz);
            problems.push(Problem::of("window.length_s", config.window.length_s, allowed));
        }
        if let Some(total) = facts.frames
            && total < window as u64
        {
            let allowed = format!("must fit into the recording, {:.3} s", total as f64 / rate_hz);
            problems.push(Problem::of("window.length_s", config.window.length_s, allowed));
        }
        if !problems.is_empty() {
            return Err(PlanError::Problems { name: facts.name.clone(), problems });
        }
        let mut reference = if signal.reference == "average" { Reference::Average } else { Reference::AsRecorded };
        if reference == Reference::Average && channels < FEWEST_FOR_AVERAGE {
            reference = Reference::AsRecorded;
            notes.push(format!(
                "{channels} channels are too few for an average reference ({FEWEST_FOR_AVERAGE} are needed): left as recorded"
            ));
        }
        let mut notch_hz = signal.notch_hz;
        if notch_hz >= nyquist {
            // Line noise that a stream cannot hold needs no filter: one configuration serves slow recordings too.
            notes.push(format!("no notch at {notch_hz} Hz: it is not below half the stream's rate, {nyquist} Hz"));
            notch_hz = 0.0;
        }
        let switched = |hz: f64| (hz > 0.0).then_some(hz);
        let conditioning = Conditioning {
            highpass_hz: switched(signal.highpass_hz),
            lowpass_hz: switched(signal.lowpass_hz),
            notch_hz: switched(notch_hz),
            reference,
            scale_s: switched(signal.scale_s),
        };
        let labels = facts.montage.labels().map(str::to_owned).collect();
        let identity = Identity { method, encoder: shape.clone(), channels: labels, rate_hz, window };
        Ok(Self {
            trainer: trainer(config, shape, method, window, rate_hz),
            config: config.clone(),
            facts: Arc::new(facts.clone()),
            conditioning,
            window,
            hop,
            identity,
            at_full_speed: config.source.speed == Speed::Max,
            notes,
        })
    }

    /// Threads of the trainer.
    #[must_use]
    pub fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match self.config.compute.threads {
            // At full speed the stages take turns, so that all cores are the trainer's; live, one is the data path's.
            0 if self.at_full_speed => cores,
            0 => (cores - 1).max(1),
            threads => threads,
        }
    }
}

fn frames(seconds: f64, rate_hz: f64) -> usize {
    (seconds * rate_hz).round() as usize
}

/// Where and by what is computed; the words were checked before.
fn compute(config: &Config) -> Compute {
    let backend = Backend::ALL.iter().find(|backend| backend.word() == config.compute.device);
    let kernels = Kernels::ALL.into_iter().find(|kernels| kernels.word() == config.compute.kernels);
    Compute::new(backend.copied().unwrap_or_default(), kernels.unwrap_or_default())
}

fn trainer(config: &Config, encoder: EncoderShape, method: Method, window: usize, rate_hz: f64) -> TrainerSettings {
    let train = &config.train;
    let temperature = train.temperature.unwrap_or(if method == Method::Moco { 0.2 } else { 0.1 });
    let preset = Preset::ALL.into_iter().find(|p| p.word() == config.augment.preset).unwrap_or(Preset::Eeg);
    TrainerSettings {
        objective: ObjectiveSettings {
            method,
            encoder,
            compute: compute(config),
            seed: config.seed,
            schedule: Schedule {
                learning_rate: train.learning_rate,
                warmup_steps: train.warmup_steps,
                weight_decay: train.weight_decay,
                ..Schedule::default()
            },
            momentum: train.momentum as f32,
            temperature: temperature as f32,
            queue: train.queue,
            near_frames: (2 * window).max(frames(5.0, rate_hz)) as u64,
            pieces: train.pieces,
            ahead: train.ahead,
        },
        frames: window,
        batch: train.batch,
        memory_windows: train.memory.windows,
        recent_fraction: train.memory.recent_fraction,
        augmentations: preset.augmentations(),
        publish_every: train.publish_every,
    }
}
