//! The trainer: admits windows, steps the objective, makes generations and checkpoints.
//!
//! A struct without a thread; whoever owns it decides when to step. Invariant: with the same seed, windows and order of
//! calls it computes the same weights bit for bit (for one number of threads).

use super::checkpoint::Identity;
use super::draw::{Drawing, Drawn};
use super::objective::{Batch, Objective, ObjectiveSettings, Origin, StepReport, build};
use super::{Checkpoint, CheckpointError, Generation, Health, Policy, ReplayMemory};
use crate::signal::Stamp;
use crate::window::{AugmentationStep, Augmenter, WindowShape};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

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
    /// Generations that were not published because they were not finite.
    pub refused: u64,
    /// Health of the last candidate.
    pub health: Health,
}

/// Trains one objective on the windows that it is given.
pub struct Trainer {
    settings: TrainerSettings,
    objective: Box<dyn Objective>,
    memory: ReplayMemory,
    augmenter: Augmenter,
    rng: ChaCha8Rng,
    drawing: Drawing,
    drawn: Drawn,
    draws: u64,
    embeddings: Vec<f32>,
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
        let (seed, channels) = (settings.objective.seed, settings.objective.encoder.channels);
        let shape = WindowShape { frames: settings.frames, channels, rate_hz: settings.rate_hz };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Stream 0 of this seed draws the first weights.
        rng.set_stream(1);
        Self {
            objective: build(&settings.objective),
            memory: ReplayMemory::new(settings.memory_windows, settings.frames * channels).keeping(
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
            status: TrainerStatus::default(),
            settings,
        }
    }

    /// Room in the replay memory for a window, to be filled with its samples `[T, C]` at once.
    pub fn admit(&mut self, origin: Origin) -> &mut [f32] {
        self.memory.push(origin)
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
        self.status.steps = self.objective.steps();
        self.status.skipped = self.objective.skipped();
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
        let asks = self.drawing.asks;
        (batch.frames, batch.channels) = (self.settings.frames, self.settings.objective.encoder.channels);
        batch.places.clone_from(&self.drawn[0]);
        let Batch { views, origins, draw, .. } = batch;
        *draw = self.draws;
        for (which, (view, origins)) in views.iter_mut().zip(origins).take(asks.views()).enumerate() {
            // Views of one window show the first one drawn.
            let drawn = &self.drawn[if asks.is_of_one_window() { 0 } else { which }];
            origins.clear();
            origins.extend(drawn.iter().map(|&i| self.memory.origin(i)));
            view.clear();
            for (row, &index) in drawn.iter().enumerate() {
                let from = view.len();
                view.extend_from_slice(self.memory.window(index));
                if asks.is_augmented() {
                    // Another one for each view: a partner that both share would be what they have in common.
                    let partner = drawn[(row + 1 + which) % drawn.len()];
                    let partner = (partner != index).then(|| self.memory.window(partner));
                    self.augmenter.view(&mut view[from..], partner, self.draws + row as u64, which as u64);
                }
            }
        }
        self.draws += self.drawn[0].len() as u64;
    }

    /// True if the last step ended a stretch of [`TrainerSettings::publish_every`] steps.
    #[must_use]
    pub fn publishes(&self) -> bool {
        self.status.steps > 0 && self.status.steps.is_multiple_of(self.settings.publish_every)
    }

    /// The weights of this moment as a generation to serve; none if they are not finite, which counts as refused.
    pub fn generation(&mut self, now: Stamp) -> Option<Generation> {
        let health = Health::of(&self.embeddings, self.settings.objective.encoder.embedding);
        let encoder = self.objective.encoder();
        let values = super::parameters::list(&encoder);
        self.status.health = health;
        if !health.is_finite() || !values.iter().flat_map(|p| &p.values).all(|v| v.is_finite()) {
            self.status.refused += 1;
            return None;
        }
        self.status.generations += 1;
        Some(Generation { number: self.status.generations, step: self.status.steps, encoder, health, made_at: now })
    }

    /// The weights before the first step of this run: generation 0, or the last one before a checkpoint.
    #[must_use]
    pub fn first_generation(&self, now: Stamp) -> Generation {
        let (number, step, encoder) = (self.status.generations, self.status.steps, self.objective.encoder());
        Generation { number, step, encoder, health: Health::default(), made_at: now }
    }

    /// SHA-256 of the encoder's weights, in hexadecimal.
    #[must_use]
    pub fn weights_sha256(&self) -> String {
        super::generation::weights_sha256(&self.objective.encoder())
    }

    /// All that it has learnt, to be saved. The replay memory is raw signal and stays out of it.
    #[must_use]
    pub fn checkpoint(&self, identity: &Identity) -> Checkpoint {
        let mut learnt = self.objective.learnt();
        learnt.counters.push(("draws".to_owned(), self.draws));
        learnt.counters.push(("generations".to_owned(), self.status.generations));
        Checkpoint { identity: identity.clone(), learnt, scale: None }
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// If it does not fit; the trainer is then as it was before.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        self.objective.restore(&checkpoint.learnt)?;
        let counter =
            |name: &str| checkpoint.learnt.counters.iter().find(|(n, _)| n == name).map_or(0, |&(_, value)| value);
        (self.draws, self.status.generations) = (counter("draws"), counter("generations"));
        (self.status.steps, self.status.skipped) = (self.objective.steps(), self.objective.skipped());
        // Draws go on where they stopped, in a stream of their own: the memory is another.
        self.rng.set_stream(2 + self.draws);
        Ok(())
    }
}
