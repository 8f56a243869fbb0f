//! The trainer: admits windows, steps the objective, makes generations and checkpoints.
//!
//! A struct without a thread; whoever owns it decides when to step. Invariant: with the same seed, windows and order of
//! calls it computes the same weights bit for bit (for one number of threads).

mod drifting;
mod gated;
mod given;
mod saved;
mod signal;
#[cfg(test)]
mod tests;

pub use given::Validation;
pub(super) use saved::SERVED_METRIC;

use super::draw::{Drawing, Drawn};
use super::gate::{Examination, Gate};
use super::objective::{Batch, Builder, Objective, ObjectiveSettings, Origin, StepReport, build};
use super::{Generation, Health, Policy, ReplayMemory};
use crate::signal::Stamp;
use crate::window::{AugmentationStep, Augmenter, WindowShape};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// What a trainer needs to be built.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainerSettings {
    /// The objective.
    pub objective: ObjectiveSettings,
    /// Frames of a window.
    pub frames: usize,
    /// Windows a step.
    pub batch: usize,
    /// Windows that the replay memory holds.
    pub memory_windows: usize,
    /// What it keeps of windows that are no longer new.
    pub policy: Policy,
    /// Share of a batch that comes from the newest windows, and of a memory that keeps others as well.
    pub recent_fraction: f64,
    /// Frames a second.
    pub rate_hz: f64,
    /// How views are made.
    pub augmentations: Vec<AugmentationStep>,
    /// Steps between two generations.
    pub publish_every: u64,
}

/// What a trainer has done so far.
#[derive(Clone, Debug, Default)]
pub struct TrainerStatus {
    /// Steps taken, those before a checkpoint included.
    pub steps: u64,
    /// Steps taken since the program started.
    pub steps_this_run: u64,
    /// Steps not taken because something was not finite.
    pub skipped: u64,
    /// Loss of the first step of this run that had something to get wrong.
    pub loss_first: Option<f32>,
    /// Loss of the last step.
    pub loss_last: Option<f32>,
    /// Generations published, the first weights not counted.
    pub generations: u64,
    /// Candidates that were not served.
    pub refused: u64,
    /// How often weights went back to an accepted state.
    pub rollbacks: u64,
    /// Candidates refused in a row.
    pub failures: u32,
    /// Share of the schedule's learning rate.
    pub rate: f64,
    /// True while a person wants what is served to stay.
    pub held: bool,
    /// Windows that the candidate on trial has encoded, and how many it has to; none without one.
    pub on_trial: Option<[usize; 2]>,
    /// What turning the served generation onto the axes before it misses.
    pub residual: Option<f64>,
    /// How well what is served tells views of the whole probe set apart (lower is better); none while that still fills.
    pub served_contrast: Option<f64>,
    /// True while the newest signal is unlike what is in memory.
    pub drifts: bool,
    /// The last look at the weights.
    pub examination: Option<Arc<Examination>>,
    /// Health of the last candidate.
    pub health: Health,
}

/// Trains one objective on the windows that it is given.
pub struct Trainer {
    settings: TrainerSettings,
    builder: Builder,
    objective: Box<dyn Objective>,
    memory: ReplayMemory,
    augmenter: Augmenter,
    rng: ChaCha8Rng,
    drawing: Drawing,
    drawn: Drawn,
    draws: u64,
    embeddings: Vec<f32>,
    /// The window that an augmentation mixes into another.
    partner: Vec<f32>,
    gate: Option<Box<Gate>>,
    /// Least share of a batch that comes from the newest windows while the signal drifts.
    drift_fraction: f64,
    /// Steps, and skipped ones, that roll-backs undid: they have been counted all the same.
    undone: [u64; 2],
    status: TrainerStatus,
}

impl std::fmt::Debug for Trainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trainer")
            .field("settings", &self.settings)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Trainer {
    /// A trainer with an empty memory and first weights.
    #[must_use]
    pub fn new(settings: TrainerSettings) -> Self {
        Self::built_by(settings, Arc::new(build))
    }

    /// The same with objectives from elsewhere.
    #[must_use]
    pub fn built_by(settings: TrainerSettings, builder: Builder) -> Self {
        let (seed, channels) = (settings.objective.seed, settings.objective.encoder.channels);
        let shape = WindowShape { frames: settings.frames, channels, rate_hz: settings.rate_hz };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Stream 0 of this seed draws the first weights.
        rng.set_stream(1);
        Self {
            objective: builder(&settings.objective),
            builder,
            memory: ReplayMemory::new(settings.memory_windows, [settings.frames, channels]).keeping(
                settings.policy,
                settings.recent_fraction,
                settings.objective.encoder.embedding,
                seed,
            ),
            augmenter: Augmenter::new(settings.augmentations.clone(), shape, seed),
            rng,
            drawing: Drawing {
                asks: settings.objective.asks(),
                frames: settings.frames as u64,
                count: settings.batch,
                recent: settings.recent_fraction,
            },
            drawn: Drawn::default(),
            draws: 0,
            embeddings: Vec::new(),
            partner: Vec::new(),
            gate: None,
            drift_fraction: 0.0,
            undone: [0; 2],
            status: TrainerStatus { rate: 1.0, ..TrainerStatus::default() },
            settings,
        }
    }

    /// The same where windows that were learnt from so often make room in the memory before others.
    #[must_use]
    pub fn using(mut self, most_uses: u32) -> Self {
        self.memory = self.memory.using(most_uses);
        self
    }

    /// Takes a window `[T, C]` into the replay memory.
    pub fn admit(&mut self, origin: Origin, samples: &[f32]) {
        self.memory.push(origin, samples);
    }

    /// True once there are enough windows for a batch of different ones, and the neighbours that the method asks for.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.memory.len() >= self.settings.batch.min(self.settings.memory_windows)
            && self.drawing.possible(&self.memory)
    }

    /// The replay memory.
    #[must_use]
    pub fn memory(&self) -> &ReplayMemory {
        &self.memory
    }

    /// What it has done.
    #[must_use]
    pub fn status(&self) -> &TrainerStatus {
        &self.status
    }

    /// One optimiser step on a batch that holds what the method asks for ([`ObjectiveSettings::asks`]): views `[B, T, C]` in
    /// units of the conditioned signal. It comes from [`Trainer::draw`], with nothing admitted in between, or from
    /// elsewhere.
    ///
    /// Loss and gradients are those of the method (see [`Method`](super::Method) for the papers), the step is AdamW's
    /// (Loshchilov and Hutter, 2019); one that is not finite changes nothing and is counted.
    pub fn step(&mut self, batch: &Batch) -> StepReport {
        let report = self.objective.step(batch);
        self.count();
        self.watch(batch, report.gradient_norm);
        if !report.skipped {
            self.status.steps_this_run += 1;
            // While guessing is always right (MoCo's queue is empty at first) a loss says nothing.
            if report.chance != Some(0.0) {
                self.status.loss_first.get_or_insert(report.loss);
            }
            self.status.loss_last = Some(report.loss);
        }
        self.embeddings.clone_from(&report.embeddings);
        if !batch.places.is_empty() {
            self.memory.seen(&batch.places, &report.embeddings);
        }
        report
    }

    /// Fills `batch` with windows of the memory as the method asks for them, augmented where it wants that;
    /// [`Trainer::is_ready`] must be true. What was in it is replaced, and its room used again.
    ///
    /// # Panics
    /// If the memory is empty.
    pub fn draw(&mut self, batch: &mut Batch) {
        self.drawing.draw(&self.memory, &mut self.rng, &mut self.drawn);
        self.fill(None, batch, self.draws);
        self.draws += self.drawn[0].len() as u64;
    }

    /// Fills `batch` with the windows that are drawn from a memory, its own where none is named, in views of the draws from
    /// `first` on.
    fn fill(&mut self, given: Option<&ReplayMemory>, batch: &mut Batch, first: u64) {
        let (asks, memory) = (self.drawing.asks, given.unwrap_or(&self.memory));
        (batch.frames, batch.channels) = (self.settings.frames, self.settings.objective.encoder.channels);
        batch.places.clone_from(&self.drawn[0]);
        let Batch { views, origins, draw, .. } = batch;
        *draw = first;
        for (which, (view, origins)) in views.iter_mut().zip(origins).take(asks.views()).enumerate() {
            // Views of one window show the first one drawn.
            let drawn = &self.drawn[if asks.is_of_one_window() { 0 } else { which }];
            origins.clear();
            origins.extend(drawn.iter().map(|&i| memory.origin(i)));
            view.clear();
            for (row, &index) in drawn.iter().enumerate() {
                let from = view.len();
                memory.window(index, view);
                if asks.is_augmented() {
                    // Another one for each view: a partner that both share would be what they have in common.
                    let partner = drawn[(row + 1 + which) % drawn.len()];
                    self.partner.clear();
                    if partner != index {
                        memory.window(partner, &mut self.partner);
                    }
                    let partner = (partner != index).then_some(self.partner.as_slice());
                    self.augmenter.view(&mut view[from..], partner, first + row as u64, which as u64);
                }
            }
        }
    }

    /// Steps and skipped ones go on counting, whatever a roll-back undid.
    fn count(&mut self) {
        self.status.steps = self.objective.steps() + self.undone[0];
        self.status.skipped = self.objective.skipped() + self.undone[1];
    }

    /// True if the last step ended a stretch of [`TrainerSettings::publish_every`] steps.
    #[must_use]
    pub fn publishes(&self) -> bool {
        self.status.steps > 0 && self.status.steps.is_multiple_of(self.settings.publish_every)
    }

    /// What is served first: the weights before the first step, generation 0, or what was served at a checkpoint.
    #[must_use]
    pub fn first_generation(&self, now: Stamp) -> Generation {
        if let Some(gate) = &self.gate {
            return Generation { made_at: now, ..gate.served.generation.clone() };
        }
        let (number, step, encoder) = (self.status.generations, self.status.steps, self.objective.encoder());
        Generation { number, step, encoder, axes: None, health: Health::default(), made_at: now }
    }

    /// SHA-256 of the encoder's weights, in hexadecimal.
    #[must_use]
    pub fn weights_sha256(&self) -> String {
        super::generation::weights_sha256(&self.objective.encoder())
    }
}
