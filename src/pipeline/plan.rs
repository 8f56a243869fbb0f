//! The plan: a configuration and a stream's facts become numbers that stages can use.
//!
//! Pure but for opening the source. Invariant: what a plan holds fits together, and everything that does not is found at
//! once.

use super::rate::{resampling, told_of};
use super::stage::cores;
use super::{augmentations, model, objective, reference};
use crate::config::{Config, Problem, SignalConfig, Speed, Streams};
use crate::dsp::{Conditioning, Derived, Limit, Ratio, Scaling, Spread};
use crate::format::xdf::is_xdf;
use crate::learn::{Encoder, GateSettings, Identity, ObjectiveSettings, Policy, ReplayMemory, TrainerSettings};
use crate::lsl::{Library, LslError};
use crate::signal::{Clock, Montage, StreamFacts};
use crate::source::synthetic::SyntheticBrain;
use crate::source::{
    GeneratedSource, JoinedSource, LslSource, MarkedSource, MarkerStream, PickedSource, ReplaySource, Selection,
    Source, SourceError, XdfSource,
};
use crate::window::{Judge, Pattern, Span};
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
    let selection = Selection::read(signal).map_err(SourceError::Selection)?;
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
    if let Some(Streams(streams)) = &source.lsl {
        let (library, wait_s) = (library()?, source.wait_s);
        // liblsl keeps far more markers than samples while the other streams are waited for.
        let markers = source.markers.iter().map(|predicate| {
            wait_for(wait_s, clock, patient, |left_s| MarkerStream::open(&library, predicate, left_s, clock))
        });
        let markers = markers.collect::<Result<Vec<_>, _>>()?;
        let inlets = streams.iter().map(|predicate| {
            let predicate = Some(predicate.as_str()).filter(|p| !p.is_empty());
            wait_for(wait_s, clock, patient, |left_s| LslSource::open(&library, predicate, left_s, clock))
        });
        return match <[LslSource; 1]>::try_from(inlets.collect::<Result<Vec<_>, _>>()?) {
            Ok([only]) => Ok(Box::new(PickedSource::new(MarkedSource::new(only, markers), &selection)?)),
            Err(several) => {
                let joined = JoinedSource::of(several)?;
                Ok(Box::new(PickedSource::new(MarkedSource::new(joined, markers), &selection)?))
            }
        };
    }
    let brain = SyntheticBrain::new(config.seed, SyntheticBrain::CHANNELS, SyntheticBrain::RATE_HZ);
    let generated = GeneratedSource::new(brain, times.unwrap_or(1.0), block_s);
    Ok(Box::new(PickedSource::new(generated, &selection)?))
}

/// Seconds between two looks at whether a person still wants to wait.
const LOOK_S: f64 = 1.0;

/// Opens a stream that may not be there yet, waiting `wait_s` and as long as `patient` says.
fn wait_for<T>(
    wait_s: f64,
    clock: &dyn Clock,
    patient: &dyn Fn() -> bool,
    open: impl Fn(f64) -> Result<T, SourceError>,
) -> Result<T, SourceError> {
    let until = clock.now() + wait_s;
    loop {
        let left_s = until - clock.now();
        match open(left_s.clamp(0.0, LOOK_S)) {
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
    /// The stream as recorded; of its channels the places are found.
    pub facts: Arc<StreamFacts>,
    /// What leaves conditioning: the channels of the model, such as `Fp1-F7`.
    pub montage: Montage,
    /// How frames are conditioned for the model.
    pub conditioning: Conditioning,
    /// Rate of the frames that the model sees; `facts.rate_hz` is that of the stream.
    pub rate_hz: f64,
    /// Frames of a window, at the model's rate as everything behind conditioning.
    pub window: usize,
    /// Frames from one window to the next.
    pub hop: usize,
    /// Where the windows that are served lie round which markers; without it there is one every hop.
    pub around: Option<(Span, Pattern)>,
    /// The trainer.
    pub trainer: TrainerSettings,
    /// What its weights have to show before they are served.
    pub gate: GateSettings,
    /// What markers teach, where they do.
    pub teach: Option<TeachPlan>,
    /// What a checkpoint must share with this run.
    pub identity: Identity,
    /// True if the source waits for its consumers.
    pub at_full_speed: bool,
    /// What was changed to make it fit, to be told.
    pub notes: Vec<String>,
}

/// What is taught.
#[derive(Clone, Debug, PartialEq)]
pub struct TeachPlan {
    /// The classes that are known.
    pub classes: Vec<String>,
    /// Classes that there is room for: those, or others that markers name.
    pub room: usize,
}

/// Classes that markers may name where neither the configuration nor the recording does.
const CLASSES: usize = 8;

/// Lowest cut-off as a share of the rate, so that poles are exact to a thousandth.
const LOWEST_CUTOFF: f64 = 1e-7;

impl Plan {
    /// Joins configuration and facts.
    ///
    /// # Errors
    /// With everything that does not fit.
    pub fn new(config: &Config, facts: &StreamFacts) -> Result<Self, PlanError> {
        let mut problems = Vec::new();
        let mut notes = Vec::new();
        if !(facts.rate_hz.is_finite() && facts.rate_hz > 0.0) {
            let problem =
                Problem::of("source", &facts.name, format!("must have a rate; this stream says {} Hz", facts.rate_hz));
            return Err(PlanError::Problems { name: facts.name.clone(), problems: vec![problem] });
        }
        let recorded = facts.montage.located(&reference::grid_shapes(&config.signal));
        let (derived, referred_to) = match model_montage(config, &recorded) {
            Ok((derived, referred_to)) => (Some(derived), referred_to),
            Err(found) => {
                problems.extend(found);
                (None, String::new())
            }
        };
        let signal = &config.signal;
        let nyquist = facts.rate_hz / 2.0;
        let (resample, rate_hz) = match resampling(signal.rate_hz, facts.rate_hz) {
            Ok(resampling) => resampling,
            Err(problem) => {
                problems.push(problem);
                (None, facts.rate_hz)
            }
        };
        for (key, value) in [("signal.highpass_hz", signal.highpass_hz), ("signal.lowpass_hz", signal.lowpass_hz)] {
            let lowest = LOWEST_CUTOFF * facts.rate_hz;
            if value > 0.0 && value < lowest {
                let allowed = format!("must be at least {lowest} Hz: a filter below that is lost in rounding");
                problems.push(Problem::of(key, value, allowed).hint("0 switches it off"));
            }
            if value >= nyquist {
                let allowed = format!("must lie below half the stream's rate, {nyquist} Hz");
                problems.push(Problem::of(key, value, allowed).hint("0 switches it off"));
            }
        }
        if resample.is_some() && (rate_hz / 2.0..nyquist).contains(&signal.highpass_hz) {
            let allowed = format!("must lie below half the model's rate, {} Hz: nothing would be left", rate_hz / 2.0);
            problems.push(Problem::of("signal.highpass_hz", signal.highpass_hz, allowed).hint("0 switches it off"));
        }
        problems.extend(augmentations::unfit_steps(&config.augment, rate_hz / 2.0));
        let seen = derived.as_ref().map_or(&recorded, |derived| &derived.montage);
        let shape = model::encoder(&config.model, seen, rate_hz);
        let (window, hop) = (config.window.length_frames(rate_hz), config.window.hop_frames(rate_hz));
        let (length_key, length) = config.window.length_key();
        let around = around(config, rate_hz, window);
        if let (Some((_, pattern)), Some(texts)) = (&around, &facts.markers)
            && !texts.iter().any(|text| pattern.matches(text))
        {
            problems.push(no_marker(config, texts));
        }
        let objective = objective::objective(config, shape, window, rate_hz);
        let memory_windows = memory_windows(config, [window, seen.len()], &mut notes, &mut problems);
        let total = facts.frames.map(|frames| resample.unwrap_or(Ratio::ONE).first_at(frames));
        problems.extend(objective::problems(config, &objective, [window, hop], rate_hz, total));
        if let Some(total) = total
            && total < window as u64
        {
            let allowed = format!("must fit into the recording, {:.3} s", total as f64 / rate_hz);
            problems.push(Problem::of(length_key, &length, allowed));
        }
        let Some(Derived { derivation, montage, notes: told }) = derived.filter(|_| problems.is_empty()) else {
            return Err(PlanError::Problems { name: facts.name.clone(), problems });
        };
        notes.extend(told);
        let mut notch_hz = signal.notch_hz;
        if notch_hz >= nyquist {
            // Line noise that a stream cannot hold needs no filter: one configuration serves slow recordings too.
            notes.push(format!("no notch at {notch_hz} Hz: it is not below half the stream's rate, {nyquist} Hz"));
            notch_hz = 0.0;
        }
        if let Some(ratio) = resample {
            notes.extend(told_of(ratio, facts.rate_hz, signal));
        }
        let switched = |hz: f64| (hz > 0.0).then_some(hz);
        let conditioning = Conditioning {
            highpass_hz: switched(signal.highpass_hz),
            lowpass_hz: switched(signal.lowpass_hz),
            filter_order: signal.filter_order,
            notch_hz: switched(notch_hz),
            notch_harmonics: signal.notch_harmonics,
            notch_q: signal.notch_q,
            derivation,
            resample,
            scale: scaling(signal),
        };
        let memory_s = conditioning.memory_s(facts.rate_hz);
        let window_s = window as f64 / rate_hz;
        if memory_s > window_s {
            notes.push(format!(
                "windows of {window_s:.3} s are shorter than what the filters remember, {memory_s:.2} s: an artefact's echo can fill whole windows"
            ));
        }
        let identity = Identity {
            method: objective.method,
            encoder: objective.encoder.clone(),
            channels: montage.labels().map(str::to_owned).collect(),
            // The rate that was asked for, so that one checkpoint serves streams whose rates are a hair's breadth apart.
            rate_hz: if resample.is_some() { signal.rate_hz } else { rate_hz },
            window,
            reference: Some(referred_to),
            scaling: Some(conditioning.scale),
            settings: objective::settings(config, &objective),
        };
        Ok(Self {
            trainer: TrainerSettings { memory_windows, ..trainer(config, objective, window, rate_hz) },
            gate: gate(config, hop as f64 / rate_hz),
            config: config.clone(),
            facts: Arc::new(StreamFacts { montage: recorded, ..facts.clone() }),
            montage,
            conditioning,
            rate_hz,
            window,
            hop,
            around,
            teach: teach(config, facts, &mut notes),
            identity,
            at_full_speed: config.source.speed == Speed::Max,
            notes,
        })
    }

    /// The same plan for a model that knows these channels, where the configuration names none: its order and number of
    /// channels are taken over. Nothing changes where less than half of them are in the stream, or where the encoder serves
    /// any montage.
    #[must_use]
    pub fn for_model_of(&self, labels: &[String]) -> Self {
        let mut plan = self.clone();
        let now = Derived {
            derivation: self.conditioning.derivation.clone(),
            montage: self.montage.clone(),
            notes: Vec::new(),
        };
        if self.config.model.montage.is_empty()
            && !self.identity.encoder.architecture.serves_any_montage()
            && let Ok(Derived { derivation, montage, notes }) = reference::arrange(&now, labels)
        {
            plan.identity.encoder = model::encoder(&self.config.model, &montage, self.rate_hz);
            plan.trainer.objective.encoder = plan.identity.encoder.clone();
            plan.identity.channels = labels.to_vec();
            plan.conditioning.derivation = derivation;
            plan.montage = montage;
            plan.notes.extend(notes);
        }
        plan
    }

    /// What an encoder of this plan is and costs, in words.
    #[must_use]
    pub fn encoder_in_words(&self, encoder: &Encoder) -> String {
        model::in_words(&self.identity.encoder, encoder, self.window)
    }

    /// What windows are judged by, for encoder and trainer alike.
    #[must_use]
    pub fn judge(&self) -> Judge {
        Judge {
            channels: self.montage.len(),
            artefact: self.conditioning.scale.artefact(),
            max_bad_share: self.config.quality.max_bad_share,
        }
    }

    /// How long the trainer rests after work, as a multiple of it, so that it keeps to its share of the machine.
    pub(super) fn rest(&self) -> f64 {
        let cores = cores();
        let share = self.config.train.cpu_percent / 100.0;
        (self.threads().min(cores) as f64 / (cores as f64 * share) - 1.0).max(0.0)
    }

    /// Threads of the trainer.
    #[must_use]
    pub fn threads(&self) -> usize {
        let cores = cores();
        match self.config.compute.threads {
            // At full speed the stages take turns, so that all cores are the trainer's; live, one is the data path's.
            0 if self.at_full_speed => cores,
            0 => (cores - 1).max(1),
            threads => threads,
        }
    }
}

/// What the model sees, and what it is referred to, in the word for checkpoints.
fn model_montage(config: &Config, recorded: &Montage) -> Result<(Derived, String), Vec<Problem>> {
    let (derived, reference) = reference::derive(config, recorded)?;
    let wanted = &config.model.montage;
    if wanted.is_empty() {
        return Ok((derived, reference.to_string()));
    }
    let arranged = reference::arrange(&derived, wanted);
    let refused =
        |why| vec![Problem::of("model.montage", format!("{wanted:?}"), format!("must fit the stream: {why}"))];
    arranged.map(|derived| (derived, reference.to_string())).map_err(refused)
}

/// The classes that markers may name.
fn teach(config: &Config, facts: &StreamFacts, notes: &mut Vec<String>) -> Option<TeachPlan> {
    if !config.teach.enabled {
        return None;
    }
    let listed = config.teach.classes.clone();
    let texts = facts.markers.clone().unwrap_or_default();
    let silent: Vec<String> =
        listed.iter().filter(|class| !texts.contains(class)).map(|class| format!("`{class}`")).collect();
    if facts.markers.is_some() && !silent.is_empty() {
        notes.push(format!("no marker of the recording says {}: it is taught by hand alone", silent.join(" or ")));
    }
    Some(if !listed.is_empty() {
        TeachPlan { room: listed.len(), classes: listed }
    } else if (2..=CLASSES).contains(&texts.len()) {
        TeachPlan { room: CLASSES, classes: texts }
    } else {
        // Those that come first.
        TeachPlan { room: CLASSES, classes: Vec::new() }
    })
}

/// Where windows lie round markers, where the configuration says so; the expression was checked before.
fn around(config: &Config, rate_hz: f64, length: usize) -> Option<(Span, Pattern)> {
    let pattern = Pattern::parse(config.window.around.as_ref()?).ok()?;
    let from = (config.window.from_s? * rate_hz).round() as i64;
    Some((Span { from, length }, pattern))
}

/// Texts of markers that a message names.
const NAMED: usize = 8;

/// A recording without the markers that windows are to lie round.
fn no_marker(config: &Config, texts: &[String]) -> Problem {
    let written = config.window.around.as_deref().unwrap_or_default();
    let problem = Problem::of("window.around", format!("{written:?}"), "matches no marker of the recording");
    if texts.is_empty() {
        return problem.hint("it has none");
    }
    let named: Vec<String> = texts.iter().take(NAMED).map(|text| format!("`{text}`")).collect();
    let more = if texts.len() > NAMED { format!(" and {} more", texts.len() - NAMED) } else { String::new() };
    problem.hint(format!("it has {}{more}", named.join(", ")))
}

/// Frames in so many seconds, to the nearest.
pub(super) fn frames(seconds: f64, rate_hz: f64) -> usize {
    (seconds * rate_hz).round() as usize
}

/// What becomes of microvolts; the words were checked before.
fn scaling(signal: &SignalConfig) -> Scaling {
    if signal.scale_s == 0.0 {
        return Scaling::Microvolts;
    }
    let spread = Spread::ALL.into_iter().find(|spread| spread.word() == signal.scale).unwrap_or_default();
    let limit = Limit::ALL.into_iter().find(|limit| limit.word() == signal.limit).unwrap_or_default();
    Scaling::Running { spread, seconds: signal.scale_s, limit }
}

fn trainer(config: &Config, objective: ObjectiveSettings, window: usize, rate_hz: f64) -> TrainerSettings {
    let train = &config.train;
    TrainerSettings {
        objective,
        frames: window,
        batch: train.batch,
        memory_windows: train.memory.windows,
        policy: Policy::ALL.into_iter().find(|p| p.word() == train.memory.policy).unwrap_or(Policy::Fifo),
        recent_fraction: train.memory.recent_fraction,
        rate_hz,
        augmentations: augmentations::steps(&config.augment),
        publish_every: train.publish_every,
    }
}

fn gate(config: &Config, hop_s: f64) -> GateSettings {
    let gate = &config.train.gate;
    let settings = GateSettings {
        loss_ratio: gate.loss_ratio,
        canary: gate.canary,
        failures: gate.failures,
        probe: gate.probe,
        unseen: gate.unseen,
        drift: gate.drift,
        // A window that takes longer than a hop makes the encoder fall behind.
        latency_ms: Some(gate.latency_ms.unwrap_or(hop_s * 1e3)),
        line_hz: config.quality.line_hz.unwrap_or(50.0),
        align: config.serve.align,
    };
    if gate.enabled {
        settings
    } else {
        GateSettings { align: settings.align, drift: settings.drift, ..GateSettings::open() }
    }
}

/// Windows that the replay memory holds: as many as are wanted, or as fit into the megabytes that it may take.
fn memory_windows(config: &Config, shape: [usize; 2], notes: &mut Vec<String>, problems: &mut Vec<Problem>) -> usize {
    let memory = &config.train.memory;
    let bytes = ReplayMemory::bytes_a_window(shape);
    let fit = memory.mb as usize * 1_000_000 / bytes.max(1);
    if memory.mb == 0 || fit >= memory.windows {
        return memory.windows;
    }
    if config.train.enabled && fit < config.train.batch {
        let allowed = format!("must hold at least a batch: {} windows of {bytes} bytes", config.train.batch);
        problems.push(Problem::of("train.memory.mb", memory.mb, allowed).hint(format!("{fit} fit into it")));
    }
    notes.push(format!(
        "the replay memory holds {fit} windows of {}: more do not fit into {} MB",
        memory.windows, memory.mb
    ));
    fit
}
