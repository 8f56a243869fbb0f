//! The trainer's stage: windows go into its memory, steps are taken within their budget, generations are published.
//!
//! Owned by the trainer's thread, which loops over [`TrainStage::admit`] and [`TrainStage::step`]. Invariant: how many steps
//! are owed depends on frames alone, so that at full speed a run is repeatable.

use super::budget::{Budget, Rest};
use super::card::Card;
use super::lookout::KnownBoard;
use super::report::Report;
use super::run::Ends;
use super::save::Saver;
use super::scale_board::ScaleBoard;
use super::serving::{Handed, Serving};
use super::shutdown::Shutdown;
use super::teach::Taught;
use crate::learn::{
    Batch, Checkpoint, CheckpointError, Decision, Drift, Generation, Identity, Origin, Trainer, TrainerStatus,
};
use crate::ring::FrameReader;
use crate::signal::{Clock, Event, EventKind, Stamp};
use crate::window::{Judge, Slide};
use arc_swap::ArcSwapOption;
use crossbeam_channel::{Receiver, Sender};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the trainer's stage has counted, for others to read.
#[derive(Debug, Default)]
pub(super) struct TrainCounts {
    admitted: AtomicU64,
    rejected_gap: AtomicU64,
    rejected_quality: AtomicU64,
    forgone: AtomicU64,
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

    /// Steps that were owed and not taken in time.
    pub fn forgone(&self) -> u64 {
        self.forgone.load(Ordering::Relaxed)
    }

    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }
}

/// What a person asks of the trainer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// What is served stays, or follows the gate again.
    Hold(bool),
    /// Serve the weights of this moment.
    SwapNow,
    /// Serve and train on what was served before.
    RollBack,
}

/// Where checkpoints go, and how often.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    pub run: PathBuf,
    pub every_s: f64,
    /// Put raw signal into them, so that a run can go on as if it had never stopped.
    pub with_signal: bool,
}

/// What is left of the trainer at the end.
#[derive(Debug)]
pub(super) struct TrainEnd {
    pub status: TrainerStatus,
    /// Steps that were owed and not taken in time.
    pub forgone: u64,
    pub weights_sha256: String,
    /// The graphics card that trained, where one did.
    pub card: Option<Arc<Card>>,
    pub checkpoint: Option<Result<PathBuf, CheckpointError>>,
}

/// Trains on the windows of one ring.
pub(super) struct TrainStage {
    reader: FrameReader,
    slide: Slide,
    trainer: Trainer,
    serving: Serving,
    /// Where generations go first that need heads, and the number of the last one.
    teacher: Option<Teacher>,
    /// What the lookout knows, for checkpoints.
    known: Option<KnownBoard>,
    last: u64,
    budget: Budget,
    counts: Arc<TrainCounts>,
    checkpoints: Option<Checkpoints>,
    saved: Option<Stamp>,
    /// Writes checkpoints beside the trainer.
    saver: Option<Saver>,
    /// The lowest contrast that a checkpoint of this run serves.
    best: f64,
    identity: Identity,
    judge: Judge,
    scale: Arc<ScaleBoard>,
    window: Vec<f32>,
    batch: Batch,
    orders: Receiver<Order>,
    rest: Rest,
    card: Option<Arc<Card>>,
    /// True where the time that a window takes counts.
    is_timed: bool,
    reports: Sender<Report>,
}

/// The trainer's end of the teacher.
#[derive(Clone, Debug)]
pub(super) struct Teacher {
    pub generations: Sender<Handed>,
    /// What it has taught, for checkpoints.
    pub board: Arc<ArcSwapOption<Taught>>,
}

/// What the stage is made of.
pub(super) struct TrainParts {
    pub reader: FrameReader,
    pub slide: Slide,
    pub trainer: Trainer,
    pub serving: Serving,
    /// Who makes heads for a generation before it is served.
    pub teacher: Option<Teacher>,
    /// What the lookout knows, for checkpoints.
    pub known: Option<KnownBoard>,
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
    /// What a person asks for.
    pub orders: Receiver<Order>,
    /// How long it rests after work, as a multiple of it, while a stream is live.
    pub rest: f64,
    /// The graphics card that trains, where one does.
    pub card: Option<Arc<Card>>,
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
            last: parts.serving.served.load().number,
            serving: parts.serving,
            teacher: parts.teacher,
            known: parts.known,
            budget: Budget { steps_per_frame, from: None, taken: 0, backlog, forgone: 0.0 },
            counts: Arc::default(),
            checkpoints: parts.checkpoints,
            saved: None,
            saver: None,
            best: f64::INFINITY,
            identity: parts.identity,
            judge: parts.judge,
            scale: parts.scale,
            batch: Batch::default(),
            orders: parts.orders,
            rest: Rest::new(if parts.at_full_speed { 0.0 } else { parts.rest }),
            card: parts.card,
            is_timed: !parts.at_full_speed,
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
    pub fn admit(&mut self, clock: &dyn Clock) {
        self.obey(clock.now());
        while let Some(window) = self.slide.next(&mut self.reader) {
            window.copy_to(&mut self.window);
            let first = window.first;
            let quality = self.judge.quality(&mut self.window, window.bad);
            if self.judge.is_learnable(quality) {
                let source = u32::try_from(self.slide.gaps()).unwrap_or(u32::MAX);
                self.trainer.offer(Origin { source, first }, &self.window);
                self.counts.admitted.fetch_add(1, Ordering::Relaxed);
                let timed = self.is_timed.then_some(clock);
                if let Some(decision) = self.trainer.shadow(&self.window, clock.now(), timed) {
                    self.carry_out(decision, clock.now());
                }
            } else {
                self.trainer.reject();
                self.counts.rejected_quality.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.counts.rejected_gap.store(self.slide.rejected(), Ordering::Relaxed);
    }

    /// Takes one step if one is owed; false if none is, or while it rests to keep to its share of the machine.
    pub fn step(&mut self, clock: &dyn Clock) -> bool {
        let now = clock.now();
        if self.rest.rests(now) {
            return false;
        }
        let worked = self.work(now);
        if worked {
            self.rest.worked(now, clock.now());
        }
        worked
    }

    fn work(&mut self, now: Stamp) -> bool {
        let saved = *self.saved.get_or_insert(now);
        if !self.trainer.is_ready() {
            return false;
        }
        let owes = self.budget.owes(self.reader.taken(), !self.counts.is_paused());
        self.counts.forgone.store(self.budget.forgone(), Ordering::Relaxed);
        if !owes {
            return false;
        }
        self.trainer.draw(&mut self.batch);
        let report = self.trainer.step(&self.batch);
        self.budget.taken += 1;
        if self.trainer.publishes() && !report.skipped {
            let drifted = self.trainer.status().drifts;
            let decision = self.trainer.examine(now);
            self.tell_drift(drifted, now);
            if let Some(decision) = decision {
                self.carry_out(decision, now);
            }
        }
        if self.trainer.status().examination.is_none() {
            self.trainer.observe();
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
        self.tell_of_card(now);
        if self.checkpoints.as_ref().is_some_and(|c| now - saved >= c.every_s)
            && self.saver.as_ref().is_some_and(Saver::is_idle)
        {
            self.saved = Some(now);
            if let (Some((checkpoint, step, is_best)), Some(saver)) = (self.made(), &self.saver) {
                saver.save(checkpoint, step, is_best, now);
            }
        }
        true
    }

    /// Says that the signal has begun to drift, or does so no more.
    fn tell_drift(&self, did: bool, now: Stamp) {
        let status = self.trainer.status();
        let Some(drift) = status.examination.as_ref().and_then(|found| found.drift) else { return };
        let Drift { embedding, power, windows: [new, before] } = drift;
        let figures = format!("embeddings {embedding:.2}, band power {power:.2} spreads away");
        let text = match (did, status.drifts) {
            (false, true) => format!(
                "the signal drifts: {new} windows of the last minute against {before} before, {figures}; {:.0} % of a batch is new now",
                100.0 * self.trainer.recent_share()
            ),
            (true, false) => format!("the signal drifts no more: {figures}"),
            _ => return,
        };
        self.tell(now, if status.drifts { EventKind::Warning } else { EventKind::Ready }, text);
    }

    /// Says that the graphics card failed.
    fn tell_of_card(&self, now: Stamp) {
        for text in self.card.iter().flat_map(|card| card.news()) {
            self.tell(now, EventKind::Warning, text);
        }
    }

    /// Does what a person asked for.
    fn obey(&mut self, now: Stamp) {
        while let Ok(order) = self.orders.try_recv() {
            let decision = match order {
                Order::Hold(held) => {
                    self.trainer.hold(held);
                    let text =
                        if held { "what is served stays as it is" } else { "what is served follows the gate again" };
                    self.tell(now, EventKind::Ready, text.to_owned());
                    continue;
                }
                Order::SwapNow => self.trainer.swap_now(now),
                Order::RollBack => self.trainer.roll_back(now),
            };
            match decision {
                Some(decision) => self.carry_out(decision, now),
                None => self.tell(
                    now,
                    EventKind::Warning,
                    "nothing was served before that could be gone back to".to_owned(),
                ),
            }
        }
    }

    /// Serves what is to be served, and tells of every decision.
    fn carry_out(&mut self, decision: Decision, now: Stamp) {
        let text = decision.text();
        match decision {
            Decision::Served { generation, .. } => self.serve(generation, text, now),
            Decision::RolledBack { to, .. } if self.last != to.number => self.serve(to, text, now),
            Decision::RolledBack { .. } | Decision::Refused { .. } => self.tell(now, EventKind::Warning, text),
            Decision::Shadowed { .. } => self.tell(now, EventKind::Ready, text),
        }
    }

    /// Serves a generation, by way of the teacher where there is one.
    fn serve(&mut self, generation: Arc<Generation>, text: String, now: Stamp) {
        self.last = generation.number;
        let handed = Handed { generation, text };
        let left = match &self.teacher {
            Some(teacher) => teacher.generations.send(handed).err().map(|refused| refused.0),
            None => Some(handed),
        };
        // A teacher that is gone must not keep the encoder from what was learnt.
        if let Some(handed) = left {
            self.serving.serve(handed, now);
        }
    }

    /// Lets checkpoints be written by a thread of their own, and a card end with the run.
    ///
    /// # Errors
    /// If the system gives no more threads.
    pub fn begin(&mut self, shutdown: &Shutdown, ends: &Ends) -> std::io::Result<()> {
        if let Some(card) = &self.card {
            card.heed(shutdown);
        }
        if let Some(to) = &self.checkpoints {
            self.saver = Some(Saver::start(to.run.clone(), self.reports.clone(), shutdown, ends.tells_end())?);
        }
        Ok(())
    }

    /// A checkpoint of this moment, its step, and whether it serves better than those before; none where none are wanted.
    fn made(&mut self) -> Option<(Checkpoint, u64, bool)> {
        let to = self.checkpoints.as_ref()?;
        let status = self.trainer.status();
        let (step, contrast) = (status.steps, status.served_contrast.unwrap_or(f64::INFINITY));
        let is_best = contrast < self.best;
        self.best = self.best.min(contrast);
        let mut checkpoint = self.trainer.checkpoint(&self.identity, to.with_signal);
        if let Some(taught) = self.teacher.as_ref().and_then(|teacher| teacher.board.load_full()) {
            taught.lessons.save(&taught.classes, &mut checkpoint.learnt, to.with_signal);
        }
        if let Some(known) = self.known.as_ref().and_then(|known| known.load_full()) {
            known.save(&mut checkpoint.learnt);
        }
        Some((Checkpoint { scale: self.scale.read(), ..checkpoint }, step, is_best))
    }

    /// Writes the last checkpoint, once those before it are written.
    fn save(&mut self) -> Option<Result<PathBuf, CheckpointError>> {
        self.saver.take().into_iter().for_each(Saver::finish);
        let (checkpoint, step, is_best) = self.made()?;
        Some(checkpoint.save(&self.checkpoints.as_ref()?.run, step, is_best))
    }

    fn tell(&self, now: Stamp, kind: EventKind, text: String) {
        let _ = self.reports.try_send(Report::Event(Event { at: now, kind, text }));
    }

    /// Ends the stage once its ring's writer is gone: takes in what is left and writes the last checkpoint.
    pub fn finish(&mut self, clock: &dyn Clock) -> TrainEnd {
        self.admit(clock);
        self.slide.finish(&mut self.reader);
        self.counts.rejected_gap.store(self.slide.rejected(), Ordering::Relaxed);
        let end = TrainEnd {
            checkpoint: self.save(),
            status: self.trainer.status().clone(),
            forgone: self.budget.forgone(),
            weights_sha256: self.trainer.weights_sha256(),
            card: self.card.clone(),
        };
        self.tell_of_card(clock.now());
        end
    }
}
