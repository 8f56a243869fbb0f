//! Pretraining: loads are dealt out window by window, and the trainer steps.
//!
//! On the caller's thread, with a thread that reads ahead. Invariant: in one pass no window is dealt twice, and a checkpoint
//! holds the place from which dealing goes on.

use super::super::card::{self, Card};
use super::super::shutdown::{Reason, Shutdown};
use super::corpus::Corpus;
use super::order::{Order, Place, dealt};
use super::reader::{Load, Reader, Wanted, read_thinned};
use crate::learn::nn::card::CardError;
use crate::learn::{Batch, Checkpoint, CheckpointError, Policy, ReplayMemory, StepReport, Trainer, Validation};
use crate::signal::Clock;
use crossbeam_channel::RecvTimeoutError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Why training cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum PretrainError {
    /// A pass without a step.
    #[error(
        "a pass through all recordings made no batch of {batch} windows: {windows} windows were good enough, {rejected} were \
         not; lower train.batch, or see [quality]"
    )]
    TooFew {
        /// Windows a step.
        batch: usize,
        /// Windows that could be learnt from.
        windows: u64,
        /// Windows that could not.
        rejected: u64,
    },
    /// A checkpoint that does not fit.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// One of other recordings.
    #[error(
        "{0}: the recordings that can be read, their split ([pretrain], seed) or train.batch are not those of this checkpoint, so \
         that training cannot go on as if it had not stopped; name another --out to train on these"
    )]
    OtherRecordings(String),
    /// There is no graphics card.
    #[error("compute.device = \"gpu\": {0}")]
    Card(#[from] CardError),
    /// The thread that reads is gone.
    #[error("the thread that reads recordings ended: {0}")]
    Reader(String),
}

/// What became of an attempt to step.
#[derive(Debug)]
pub enum Advance {
    /// A step.
    Stepped(StepReport),
    /// All passes are done.
    Over,
    /// Somebody asked to stop.
    Stopped,
}

/// What was dealt so far, by this process.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Windows that were learnt from.
    pub windows: u64,
    /// Windows that were no good.
    pub rejected: u64,
    /// Windows that were left over in their load: too few for a batch.
    pub left: u64,
    /// Seconds of waiting for windows.
    pub waited_s: f64,
    /// Files that were read, by number.
    pub files: BTreeSet<u32>,
    /// Files that broke, and why.
    pub broken: BTreeMap<u32, String>,
}

/// The counters of a checkpoint that say where dealing is.
const COUNTERS: [&str; 4] = ["pretrain_epoch", "pretrain_load", "pretrain_dealt", "pretrain_recordings"];
/// So long it waits before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(50);

/// Training on a corpus.
pub struct Pretraining {
    corpus: Arc<Corpus>,
    trainer: Trainer,
    shutdown: Shutdown,
    reader: Option<Reader>,
    order: Order,
    load: Option<Load>,
    deal: Vec<u32>,
    dealt: usize,
    /// Where the first load goes on that is read, of a checkpoint.
    resumed: usize,
    place: Place,
    judged: ReplayMemory,
    batch: Batch,
    tally: Tally,
    card: Option<Arc<Card>>,
    notes: Vec<String>,
    /// Steps since the pass began.
    steps: u64,
}

impl Pretraining {
    /// Training from first weights, or from a checkpoint.
    ///
    /// # Errors
    /// If the checkpoint does not fit, or was made on other recordings.
    pub fn new(
        corpus: Corpus,
        resumed: Option<(&Path, &Checkpoint)>,
        shutdown: &Shutdown,
    ) -> Result<Self, PretrainError> {
        let (plan, pretrain) = (&corpus.plan, &corpus.config.pretrain);
        let settings =
            crate::learn::TrainerSettings { memory_windows: 1, policy: Policy::Fifo, ..plan.trainer.clone() };
        let mut notes = Vec::new();
        let card = Card::wanted(&corpus.config, &settings, &mut notes)?;
        card.iter().for_each(|card| card.heed(shutdown));
        let mut trainer = Trainer::built_by(settings, card::builder(card.as_ref()));
        let (mut place, mut dealt) = (Place::default(), 0);
        if let Some((path, checkpoint)) = resumed {
            checkpoint.fits(path, &plan.identity)?;
            let counter =
                |name: &str| checkpoint.learnt.counters.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
            let [epoch, load, at, recordings] = COUNTERS.map(counter);
            if recordings != Some(corpus.fingerprint()) {
                return Err(PretrainError::OtherRecordings(path.display().to_string()));
            }
            trainer.restore(checkpoint)?;
            place = Place { epoch: epoch.unwrap_or_default(), load: load.unwrap_or_default() };
            dealt = at.unwrap_or_default() as usize;
        }
        let shape = [plan.window, plan.montage.len()];
        let mut judged = ReplayMemory::new(if corpus.stretches[1].is_empty() { 0 } else { pretrain.windows }, shape);
        if judged.capacity() > 0 {
            read_thinned(&corpus, &corpus.stretches[1], pretrain.windows, &mut judged);
        }
        let order = Order::new(
            corpus.stretches[0].clone(),
            corpus.room,
            plan.trainer.batch,
            corpus.config.seed,
            pretrain.epochs,
            place,
        );
        Ok(Self {
            trainer,
            shutdown: shutdown.clone(),
            reader: None,
            order,
            load: None,
            deal: Vec::new(),
            dealt: 0,
            resumed: dealt,
            place,
            judged,
            batch: Batch::default(),
            tally: Tally::default(),
            card,
            notes,
            // A pass that a checkpoint left has made steps.
            steps: u64::from(resumed.is_some()),
            corpus: Arc::new(corpus),
        })
    }

    /// The trainer.
    #[must_use]
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// What it learns from.
    #[must_use]
    pub fn corpus(&self) -> &Corpus {
        &self.corpus
    }

    /// What was dealt so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Passes that are done, and how much of the present one.
    #[must_use]
    pub fn epochs(&self) -> f64 {
        let share = |load: &Load| {
            let [before, own] = load.share.map(|windows| windows as f64);
            let dealt = self.dealt as f64 / self.deal.len().max(1) as f64;
            (before + own * dealt) / self.corpus.windows().max(1) as f64
        };
        self.place.epoch as f64 + self.load.as_ref().map_or(0.0, share)
    }

    /// What a person should know since the last time: which graphics card trains, and whether it failed.
    pub fn news(&mut self) -> Vec<String> {
        let mut news = std::mem::take(&mut self.notes);
        news.extend(self.card.iter().flat_map(|card| card.news()));
        news
    }

    /// What the groups that nothing is learnt from say of it; none without them.
    pub fn validate(&mut self) -> Option<Validation> {
        self.trainer.validate(&self.judged)
    }

    /// Where it is, to be saved.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = self.trainer.checkpoint(&self.corpus.plan.identity, false);
        let dealt = if self.load.is_some() { self.dealt } else { self.resumed };
        let values = [self.place.epoch, self.place.load, dealt as u64, self.corpus.fingerprint()];
        let counters = COUNTERS.into_iter().map(str::to_owned).zip(values);
        checkpoint.learnt.counters.extend(counters);
        checkpoint
    }

    /// Takes a step on the next batch.
    ///
    /// # Errors
    /// If nothing can be learnt from, or reading is over before its time.
    pub fn step(&mut self, clock: &dyn Clock) -> Result<Advance, PretrainError> {
        let rows = self.corpus.plan.trainer.batch;
        if self.shutdown.is_requested() {
            return self.stopped();
        }
        while self.load.is_none() || self.deal.len() < self.dealt + rows {
            let before = clock.now();
            let came = self.next_load();
            self.tally.waited_s += clock.now() - before;
            if let Some(over) = came? {
                return Ok(over);
            }
        }
        let Some(load) = &self.load else { return Ok(Advance::Over) };
        let places: Vec<usize> = self.deal[self.dealt..self.dealt + rows].iter().map(|&place| place as usize).collect();
        self.trainer.deal(&load.memory, &places, &mut self.batch);
        let report = self.trainer.step(&self.batch);
        self.dealt += rows;
        self.tally.windows += rows as u64;
        self.steps += 1;
        Ok(Advance::Stepped(report))
    }

    /// Gives the spent load back and takes the next one; says if there is none.
    fn next_load(&mut self) -> Result<Option<Advance>, PretrainError> {
        if self.reader.is_none() {
            let started = Reader::start(&self.corpus, &self.shutdown);
            let mut reader = started.map_err(|error| PretrainError::Reader(error.to_string()))?;
            let (plan, room) = (&self.corpus.plan, self.corpus.room);
            // No more room than one pass can fill.
            let room = room.min(usize::try_from(self.corpus.windows()).unwrap_or(room));
            for _ in 0..2 {
                ask(&mut reader, &mut self.order, ReplayMemory::new(room, [plan.window, plan.montage.len()]));
            }
            self.reader = Some(reader);
        }
        let Some(reader) = &mut self.reader else { return Ok(Some(Advance::Over)) };
        if let Some(spent) = self.load.take() {
            self.tally.left += (self.deal.len() - self.dealt) as u64;
            self.resumed = 0;
            self.place.load += 1;
            ask(reader, &mut self.order, spent.memory);
        }
        if reader.owed == 0 {
            if self.steps == 0 {
                return Err(self.too_few());
            }
            if self.place.load > 0 {
                self.place = Place { epoch: self.place.epoch + 1, load: 0 };
            }
            return Ok(Some(Advance::Over));
        }
        let load = loop {
            match reader.loads.recv_timeout(NAP) {
                _ if self.shutdown.is_requested() => return self.stopped().map(Some),
                Ok(load) => break load,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(PretrainError::Reader("its work".to_owned())),
            }
        };
        reader.owed -= 1;
        if load.at.epoch != self.place.epoch && std::mem::take(&mut self.steps) == 0 {
            return Err(self.too_few());
        }
        self.place = load.at;
        self.tally.rejected += load.rejected;
        self.tally.files.extend(&load.files);
        for (file, why) in &load.broken {
            self.tally.broken.entry(*file).or_insert_with(|| why.clone());
        }
        self.deal = dealt(load.memory.len(), self.corpus.config.seed, load.at);
        if !self.trainer.can_learn_from(&load.memory) {
            self.tally.left += std::mem::take(&mut self.deal).len() as u64;
        }
        // What a checkpoint says was dealt is dealt.
        self.dealt = self.resumed.min(self.deal.len());
        self.load = Some(load);
        Ok(None)
    }

    /// What an end that somebody asked for is: a person's wish, or a thread that failed.
    fn stopped(&self) -> Result<Advance, PretrainError> {
        match self.shutdown.reason() {
            Some(Reason::Failed { why, .. }) => Err(PretrainError::Reader(why.clone())),
            _ => Ok(Advance::Stopped),
        }
    }

    fn too_few(&self) -> PretrainError {
        let (batch, Tally { left, rejected, .. }) = (self.corpus.plan.trainer.batch, &self.tally);
        PretrainError::TooFew { batch, windows: *left, rejected: *rejected }
    }
}

/// Asks for the next load, if there is one.
fn ask(reader: &mut Reader, order: &mut Order, memory: ReplayMemory) {
    if let Some((at, before, stretches)) = order.next()
        && reader.wanted.send(Wanted { at, before, stretches, memory }).is_ok()
    {
        reader.owed += 1;
    }
}
