//! The trainer's stage: windows go into its memory, steps are taken within their budget, generations are published.
//!
//! Owned by the trainer's thread, which loops over [`TrainStage::admit`] and [`TrainStage::step`]. Invariant: how many steps
//! are owed depends on frames alone, so that at full speed a run is repeatable.

use super::report::Report;
use super::scale_board::ScaleBoard;
use crate::learn::{Batch, Checkpoint, CheckpointError, Generation, Identity, Origin, Trainer, TrainerStatus};
use crate::ring::FrameReader;
use crate::signal::{Event, EventKind, Stamp};
use crate::window::{Judge, Slide};
use arc_swap::ArcSwap;
use crossbeam_channel::Sender;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the trainer's stage has counted, for others to read.
#[derive(Debug, Default)]
pub(super) struct TrainCounts {
    admitted: AtomicU64,
    rejected_gap: AtomicU64,
    rejected_quality: AtomicU64,
    paused: AtomicBool,
}

impl TrainCounts {
    pub fn admitted(&self) -> u64 {
        self.admitted.load(Ordering::Relaxed)
    }

    pub fn rejected_gap(&self) -> u64 {
        self.rejected_gap.load(Ordering::Relaxed)
    }

    pub fn rejected_quality(&self) -> u64 {
        self.rejected_quality.load(Ordering::Relaxed)
    }

    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }
}

/// Where checkpoints go, and how often.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    pub run: PathBuf,
    pub every_s: f64,
}

/// How many steps are owed: so many a second of signal since the memory held a batch.
#[derive(Debug)]
struct Budget {
    steps_per_frame: f64,
    /// Frames consumed at the moment from which steps are owed, and steps taken since.
    from: Option<u64>,
    taken: u64,
    /// Steps that may pile up before they are forgone; none at full speed, where all are taken.
    backlog: Option<f64>,
}

impl Budget {
    fn owes(&mut self, consumed: u64, running: bool) -> bool {
        let from = *self.from.get_or_insert(consumed);
        let owed = (consumed - from) as f64 * self.steps_per_frame - self.taken as f64;
        if !running || self.backlog.is_some_and(|most| owed > most + 1.0) {
            // What a slow machine or a pause missed is not made up for.
            let keep = if running { self.backlog.unwrap_or_default() } else { 0.0 };
            self.from = Some(consumed - (keep / self.steps_per_frame.max(1e-12)).min((consumed - from) as f64) as u64);
            self.taken = 0;
            return running;
        }
        owed >= 1.0
    }
}

/// What is left of the trainer at the end.
#[derive(Debug)]
pub(super) struct TrainEnd {
    pub status: TrainerStatus,
    pub weights_sha256: String,
    pub checkpoint: Option<Result<PathBuf, CheckpointError>>,
}

/// Trains on the windows of one ring.
pub(super) struct TrainStage {
    reader: FrameReader,
    slide: Slide,
    trainer: Trainer,
    served: Arc<ArcSwap<Generation>>,
    budget: Budget,
    counts: Arc<TrainCounts>,
    checkpoints: Option<Checkpoints>,
    saved: Option<Stamp>,
    identity: Identity,
    judge: Judge,
    scale: Arc<ScaleBoard>,
    window: Vec<f32>,
    batch: Batch,
    reports: Sender<Report>,
}

/// What the stage is made of.
pub(super) struct TrainParts {
    pub reader: FrameReader,
    pub slide: Slide,
    pub trainer: Trainer,
    pub served: Arc<ArcSwap<Generation>>,
    pub checkpoints: Option<Checkpoints>,
    pub identity: Identity,
    /// Steps a second of signal.
    pub steps_per_s: f64,
    /// What is worth learning from.
    pub judge: Judge,
    /// What the running scale knows, for checkpoints.
    pub scale: Arc<ScaleBoard>,
    /// True if every step that is owed is taken.
    pub at_full_speed: bool,
    pub reports: Sender<Report>,
}

impl TrainStage {
    pub fn new(parts: TrainParts) -> Self {
        let steps_per_frame = parts.steps_per_s / parts.identity.rate_hz;
        let backlog = (!parts.at_full_speed).then_some(parts.steps_per_s.max(1.0));
        Self {
            window: vec![0.0; parts.identity.window * parts.reader.channels()],
            reader: parts.reader,
            slide: parts.slide,
            trainer: parts.trainer,
            served: parts.served,
            budget: Budget { steps_per_frame, from: None, taken: 0, backlog },
            counts: Arc::default(),
            checkpoints: parts.checkpoints,
            saved: None,
            identity: parts.identity,
            judge: parts.judge,
            scale: parts.scale,
            batch: Batch::default(),
            reports: parts.reports,
        }
    }

    pub fn counts(&self) -> Arc<TrainCounts> {
        Arc::clone(&self.counts)
    }

    pub fn reader(&self) -> &FrameReader {
        &self.reader
    }

    /// Moves all windows that are there into the replay memory.
    pub fn admit(&mut self) {
        while let Some(window) = self.slide.next(&mut self.reader) {
            window.copy_to(&mut self.window);
            let first = window.first;
            let quality = self.judge.quality(&mut self.window, window.bad);
            if self.judge.is_learnable(quality) {
                let source = u32::try_from(self.slide.gaps()).unwrap_or(u32::MAX);
                self.trainer.admit(Origin { source, first }).copy_from_slice(&self.window);
                self.counts.admitted.fetch_add(1, Ordering::Relaxed);
            } else {
                self.counts.rejected_quality.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.counts.rejected_gap.store(self.slide.rejected(), Ordering::Relaxed);
    }

    /// Takes one step if one is owed; false if none is.
    pub fn step(&mut self, now: Stamp) -> bool {
        let saved = *self.saved.get_or_insert(now);
        if !self.trainer.is_ready() {
            return false;
        }
        if !self.budget.owes(self.reader.taken(), !self.counts.is_paused()) {
            return false;
        }
        self.trainer.draw(&mut self.batch);
        let report = self.trainer.step(&self.batch);
        self.budget.taken += 1;
        if self.trainer.publishes() && !report.skipped {
            self.publish(now);
        }
        if report.skipped {
            let text =
                format!("step {} was not taken: loss or gradients are not finite", self.trainer.status().steps + 1);
            self.tell(now, EventKind::Warning, text);
        }
        let memory = self.trainer.memory();
        let _ = self.reports.try_send(Report::Step {
            step: self.trainer.status().steps,
            loss: report.loss,
            chance: report.chance,
            learning_rate: report.learning_rate,
            status: self.trainer.status().clone(),
            memory: (memory.len(), memory.capacity()),
        });
        if self.checkpoints.as_ref().is_some_and(|c| now - saved >= c.every_s) {
            self.saved = Some(now);
            if let Some(Err(error)) = self.save() {
                self.tell(now, EventKind::Error, error.to_string());
            }
        }
        true
    }

    fn publish(&mut self, now: Stamp) {
        match self.trainer.generation(now) {
            Some(generation) => {
                let Generation { number, step, health, .. } = generation;
                self.served.store(Arc::new(generation));
                let _ = self.reports.try_send(Report::Swap { number, step, at: now, health });
            }
            None => {
                self.tell(now, EventKind::Warning, "a generation was refused: its weights are not finite".to_owned());
            }
        }
    }

    fn save(&self) -> Option<Result<PathBuf, CheckpointError>> {
        let to = self.checkpoints.as_ref()?;
        let step = self.trainer.status().steps;
        let checkpoint = Checkpoint { scale: self.scale.read(), ..self.trainer.checkpoint(&self.identity) };
        Some(checkpoint.save(&to.run, step))
    }

    fn tell(&self, now: Stamp, kind: EventKind, text: String) {
        let _ = self.reports.try_send(Report::Event(Event { at: now, kind, text }));
    }

    /// Ends the stage once its ring's writer is gone: takes in what is left and writes the last checkpoint.
    pub fn finish(&mut self) -> TrainEnd {
        self.admit();
        self.slide.finish(&mut self.reader);
        self.counts.rejected_gap.store(self.slide.rejected(), Ordering::Relaxed);
        TrainEnd {
            checkpoint: self.save(),
            status: self.trainer.status().clone(),
            weights_sha256: self.trainer.weights_sha256(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    fn steps(budget: &mut Budget, consumed: u64, running: bool) -> u64 {
        let mut steps = 0;
        while budget.owes(consumed, running) && steps < 1000 {
            budget.taken += 1;
            steps += 1;
        }
        steps
    }

    #[test]
    fn owes_so_many_steps_a_frame() {
        let mut budget = Budget { steps_per_frame: 0.1, from: None, taken: 0, backlog: None };
        assert_eq!(steps(&mut budget, 500, true), 0);
        assert_eq!(steps(&mut budget, 600, true), 10);
        assert_eq!(steps(&mut budget, 100_500, true).min(1000), 1000);
    }

    #[test]
    fn forgoes_what_a_slow_machine_or_a_pause_missed() {
        let mut budget = Budget { steps_per_frame: 0.1, from: None, taken: 0, backlog: Some(4.0) };
        assert_eq!(steps(&mut budget, 0, true), 0);
        let caught_up = steps(&mut budget, 10_000, true);
        assert!((4..=6).contains(&caught_up), "{caught_up}");
        budget.owes(50_000, false);
        assert_eq!(steps(&mut budget, 50_000, true), 0);
        assert_eq!(steps(&mut budget, 50_020, true), 2);
    }
}
