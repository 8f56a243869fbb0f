//! Training on a graphics card that may fail: its objectives live on threads of their own, and the CPU takes over.
//!
//! Owned by whoever trains; each objective has a thread named `card`, and whoever trains waits for it, but not for ever.
//! Invariant: a call that panics on the card, or does not come back in time, is done again on the CPU from what was learnt at
//! most [`KEEP_EVERY`] steps before, and is told; after that no call goes to the card. What is served is on the CPU.

use super::priority;
use super::shutdown::Shutdown;
use super::stage::{caught, spawn};
use crate::config::Config;
use crate::learn::nn::card::{self, Adapter, CardError};
use crate::learn::nn::{Compute, Init};
use crate::learn::{
    Batch, Builder, CheckpointError, Encoder, EncoderShape, Judged, Learnt, Objective, ObjectiveSettings, StepReport,
    TrainerSettings, build, parameters,
};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Steps after which what was learnt is copied from the card: so many may be lost.
const KEEP_EVERY: u64 = 10;
/// Until the first step is done kernels are compiled, and calls may take so many times as long.
const COMPILING: u32 = 10;
/// So long one sleep lasts while the card is at work.
const NAP: Duration = Duration::from_millis(50);
/// So long a run that is to end waits for the card.
const LAST_WAIT: Duration = Duration::from_secs(2);
const THREAD: &str = "card";

/// The card that trains, for all objectives that are on it.
pub(super) struct Card {
    name: String,
    limit: Duration,
    /// True once a step was taken.
    is_warm: AtomicBool,
    /// Why it is used no more.
    failed: OnceLock<String>,
    shutdown: OnceLock<Shutdown>,
    told: (Sender<String>, Receiver<String>),
    /// What builds objectives on it.
    make: Builder,
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card").field("name", &self.name).field("failed", &self.failed).finish_non_exhaustive()
    }
}

impl Card {
    /// The card, opened, where these objectives are to be on one; what adapters there are goes into the notes.
    ///
    /// # Errors
    /// If there is none.
    pub fn wanted(
        config: &Config,
        settings: &TrainerSettings,
        notes: &mut Vec<String>,
    ) -> Result<Option<Arc<Self>>, CardError> {
        if !settings.objective.compute.is_on_card() {
            return Ok(None);
        }
        let opened =
            caught(|| card::adapters().and_then(|all| Ok((all, card::open()?)))).map_err(CardError::Refused)?;
        let (all, own) = opened?;
        notes.push(in_words(&all, &own));
        let limit = Duration::from_secs_f64(config.compute.step_limit_s);
        Ok(Some(Self::new(own.to_string(), limit, Arc::new(build))))
    }

    fn new(name: String, limit: Duration, make: Builder) -> Arc<Self> {
        let told = crossbeam_channel::unbounded();
        let (failed, shutdown) = (OnceLock::new(), OnceLock::new());
        Arc::new(Self { name, limit, is_warm: AtomicBool::new(false), failed, shutdown, told, make })
    }

    /// As its driver calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it is used no more, if it failed.
    pub fn failed(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// What happened to it since the last look.
    pub fn news(&self) -> impl Iterator<Item = String> {
        self.told.1.try_iter()
    }

    /// Waits for the card no longer than a run has that is to end.
    pub fn heed(&self, shutdown: &Shutdown) {
        let _ = self.shutdown.set(shutdown.clone());
    }

    fn fail(&self, why: &str) {
        if self.failed.set(why.to_owned()).is_ok() {
            let text = format!("the graphics card is given up ({}: {why}); the CPU goes on training", self.name);
            let _ = self.told.0.send(text);
        }
    }

    fn wait<T>(&self, answer: &Receiver<Result<T, String>>) -> Result<T, String> {
        let (mut waited, mut since_end) = (Duration::ZERO, Duration::ZERO);
        let limit = if self.is_warm.load(Ordering::Relaxed) { self.limit } else { self.limit * COMPILING };
        loop {
            match answer.recv_timeout(NAP) {
                Ok(done) => return done,
                Err(RecvTimeoutError::Disconnected) => return Err("its thread is gone".to_owned()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            waited += NAP;
            if waited >= limit {
                return Err(format!("it did not answer for {} s, see compute.step_limit_s", limit.as_secs_f64()));
            }
            if self.shutdown.get().is_some_and(Shutdown::is_requested) {
                since_end += NAP;
                if since_end >= LAST_WAIT {
                    return Err("it was still at work when the run was to end".to_owned());
                }
            }
        }
    }
}

/// What builds objectives that are on this card; without one it is what always does.
pub(super) fn builder(card: Option<&Arc<Card>>) -> Builder {
    match card.cloned() {
        Some(card) => Arc::new(move |settings| Box::new(OnCard::new(&card, settings))),
        None => Arc::new(build),
    }
}

/// The adapter that trains, and those that do not.
fn in_words(all: &[Adapter], own: &Adapter) -> String {
    let others: Vec<String> = all.iter().filter(|adapter| *adapter != own).map(ToString::to_string).collect();
    let others = if others.is_empty() { String::new() } else { format!("; there are also {}", others.join(", ")) };
    let slow =
        if own.is_software { "; it is the processor under another name, and slower than device = \"cpu\"" } else { "" };
    format!("training on {own}{slow}{others}")
}

type Made = Result<Box<dyn Objective>, String>;
type Job = Box<dyn FnOnce(&mut Made) + Send>;

/// Where an objective is.
enum Side {
    /// On the card: its thread takes jobs.
    Card(Sender<Job>),
    /// On the CPU.
    Cpu(Box<dyn Objective>),
}

/// An objective on the card, as long as that works.
struct OnCard {
    card: Arc<Card>,
    settings: ObjectiveSettings,
    side: RefCell<Side>,
    /// What it had learnt when that was last copied; none for first weights.
    kept: RefCell<Option<Learnt>>,
    /// Share of the learning rate.
    rate: f64,
    steps: u64,
    skipped: u64,
}

impl OnCard {
    fn new(card: &Arc<Card>, settings: &ObjectiveSettings) -> Self {
        let (jobs, work) = crossbeam_channel::bounded::<Job>(1);
        let (make, on_card) = (Arc::clone(&card.make), settings.clone());
        // A run's end does not wait for it, and what becomes of a job is told by its answer.
        let spawned = spawn(
            THREAD,
            true,
            &Shutdown::default(),
            |_, _| {},
            move || {
                priority::lower();
                let mut made = caught(|| make(&on_card));
                while let Ok(job) = work.recv() {
                    job(&mut made);
                }
                // Giving tensors back to a card that is gone may fail as well.
                let _ = caught(move || drop(made));
            },
        );
        if let Err(error) = spawned {
            card.fail(&format!("no thread for it: {error}"));
        }
        let (side, kept) = (RefCell::new(Side::Card(jobs)), RefCell::new(None));
        Self { card: Arc::clone(card), settings: settings.clone(), side, kept, rate: 1.0, steps: 0, skipped: 0 }
    }

    /// Does `work` where the objective is; on the CPU from now on if that fails on the card.
    fn on<T: Send + 'static>(&self, work: impl Fn(&mut dyn Objective) -> T + Clone + Send + 'static) -> T {
        let mut side = self.side.borrow_mut();
        if let Side::Card(jobs) = &*side {
            let (reply, answer) = crossbeam_channel::bounded(1);
            let on_card = work.clone();
            let job: Job = Box::new(move |made| {
                let done = match made {
                    Ok(objective) => caught(|| on_card(objective.as_mut())),
                    Err(why) => Err(why.clone()),
                };
                let _ = reply.send(done);
            });
            let done = match self.card.failed.get() {
                Some(why) => Err(why.clone()),
                None if jobs.send(job).is_err() => Err("its thread is gone".to_owned()),
                None => self.card.wait(&answer),
            };
            match done {
                Ok(done) => return done,
                Err(why) => self.card.fail(&why),
            }
            *side = Side::Cpu(self.on_cpu());
        }
        match &mut *side {
            Side::Cpu(objective) => work(objective.as_mut()),
            Side::Card(_) => unreachable!("it was just put on the CPU"),
        }
    }

    /// The same objective on the CPU, as it was when it was last copied.
    fn on_cpu(&self) -> Box<dyn Objective> {
        let mut objective = build(&ObjectiveSettings { compute: Compute::default(), ..self.settings.clone() });
        if let Some(learnt) = &*self.kept.borrow()
            && let Err(error) = objective.restore(learnt)
        {
            unreachable!("what an objective of the same settings has learnt: {error}");
        }
        objective.scale_rate(self.rate);
        objective
    }
}

impl Objective for OnCard {
    fn step(&mut self, batch: &Batch) -> StepReport {
        let (batch, keeps) = (batch.clone(), (self.steps + 1).is_multiple_of(KEEP_EVERY));
        let (report, learnt) = self.on(move |objective| {
            let report = objective.step(&batch);
            (report, keeps.then(|| objective.learnt()))
        });
        self.card.is_warm.store(true, Ordering::Relaxed);
        // Steps that the card took with it are counted: they were taken.
        self.steps += u64::from(!report.skipped);
        self.skipped += u64::from(report.skipped);
        if learnt.is_some() {
            self.kept = RefCell::new(learnt);
        }
        report
    }

    fn judge(&self, batch: &Batch) -> Judged {
        let batch = batch.clone();
        self.on(move |objective| objective.judge(&batch))
    }

    fn scale_rate(&mut self, share: f64) {
        self.rate = share;
        self.on(move |objective| objective.scale_rate(share));
    }

    fn encoder(&self) -> Encoder {
        let shape = self.settings.encoder.clone();
        self.on(move |objective| for_serving(&objective.encoder(), &shape))
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn skipped(&self) -> u64 {
        self.skipped
    }

    fn learnt(&self) -> Learnt {
        let learnt = self.on(|objective| objective.learnt());
        *self.kept.borrow_mut() = Some(learnt.clone());
        learnt
    }

    fn restore(&mut self, learnt: &Learnt) -> Result<(), CheckpointError> {
        let given = Arc::new(learnt.clone());
        (self.steps, self.skipped) =
            self.on(move |objective| objective.restore(&given).map(|()| (objective.steps(), objective.skipped())))?;
        *self.kept.borrow_mut() = Some(learnt.clone());
        Ok(())
    }
}

/// The encoder on the CPU, by whatever is fastest there.
fn for_serving(encoder: &Encoder, shape: &EncoderShape) -> Encoder {
    let on_cpu = Encoder::new(&mut Init::serving(0, Compute::default()), shape);
    match parameters::with_values(on_cpu, &parameters::list(encoder)) {
        Ok(encoder) => encoder,
        Err(error) => unreachable!("an encoder of the same shape: {error}"),
    }
}

#[cfg(test)]
mod tests;
