//! A run from its start to its summary.
//!
//! Owned by the main thread, which shows Views meanwhile. Invariant: a run ends within [`DEADLINE_S`] of being asked to;
//! a stage that does not is named.

use super::command::Command;
use super::control::Control;
use super::full_speed;
use super::keepsake::Keepsake;
use super::live::{self, ATTACH, METRICS, last, one};
use super::plan::Plan;
use super::shutdown::{Reason, Shutdown};
use super::stage::spawn;
use super::summary::{Facts, Summary};
use super::telemetry::{Gauges, Telemetry};
use super::train::TrainEnd;
use super::view::View;
use super::wiring::Stages;
use crate::signal::{Clock, Stamp};
use crossbeam_channel::{Receiver, Sender};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Seconds between two Views.
pub(super) const TELEMETRY_EVERY_S: f64 = 0.05;
/// Seconds that stages have to complete what they write.
pub const DEADLINE_S: f64 = 5.0;

/// Where Views go, and what telemetry must hear.
pub(super) struct Feed {
    pub views: Sender<Arc<View>>,
    /// The same for those in other processes.
    pub others: Vec<Sender<Arc<View>>>,
    /// Stages that panicked, and why.
    pub died: Receiver<(&'static str, String)>,
    pub last: Sender<Telemetry>,
}

impl Feed {
    /// Hands a View to whoever looks; a screen that does not keep up misses Views, not frames.
    pub fn show(&self, view: View) {
        let view = Arc::new(view);
        for other in &self.others {
            let _ = other.try_send(Arc::clone(&view));
        }
        let _ = self.views.try_send(view);
    }
}

/// What the encoder leaves: the hash of its embeddings, and what is wrong with its file.
pub(super) type EncodeEnd = (String, Result<(), String>);

/// Where stages leave what they end with.
#[derive(Clone)]
pub(super) struct Ends {
    pub encode: Sender<EncodeEnd>,
    pub train: Sender<TrainEnd>,
    pub done: Sender<(&'static str, Option<String>)>,
    pub died: Sender<(&'static str, String)>,
}

impl Ends {
    /// What a stage's thread does at its end: telemetry hears at once of a panic, whoever waits hears of any end.
    pub fn tells_end(&self) -> impl FnOnce(&'static str, Option<String>) + Send + use<> {
        let (done, died) = (self.done.clone(), self.died.clone());
        move |name, panicked| {
            if let Some(why) = &panicked {
                let _ = died.send((name, why.clone()));
            }
            let _ = done.send((name, panicked));
        }
    }
}

/// Why a run did not start.
#[derive(Debug, thiserror::Error)]
#[error("the threads of the pipeline cannot be started: {0}")]
pub struct RunError(#[from] io::Error);

/// A run that is going on.
pub struct Running {
    /// Views, about twenty a second; the channel closes when the run is over.
    pub views: Receiver<Arc<View>>,
    clock: Arc<dyn Clock>,
    started: Stamp,
    gauges: Gauges,
    facts: Facts,
    waiting_for: Vec<&'static str>,
    done: Receiver<(&'static str, Option<String>)>,
    last: Receiver<Telemetry>,
    encode: Receiver<EncodeEnd>,
    train: Receiver<TrainEnd>,
    asked: Option<Stamp>,
    control: Control,
    keepsake: Option<Keepsake>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What it did.
    pub summary: Summary,
    /// What went wrong, a line each; empty for a good end.
    pub failures: Vec<String>,
    /// What a person should know, a line each.
    pub notes: Vec<String>,
    /// Seconds of signal that were taken in, where the source goes on in another shape.
    pub changed_after_s: Option<f64>,
    /// The last View, with the events that no earlier one had.
    pub last: Option<View>,
}

/// Starts the threads of a run.
///
/// # Errors
/// If the system gives no threads.
pub fn start(plan: &Plan, mut stages: Stages, clock: Arc<dyn Clock>, shutdown: &Shutdown) -> Result<Running, RunError> {
    let (views_in, views) = crossbeam_channel::bounded(2);
    let (died_in, died) = crossbeam_channel::unbounded();
    let (last_in, last) = one();
    let (encode_in, encode) = one();
    let (train_in, train) = one();
    let (done_in, done) = crossbeam_channel::unbounded();
    let (started, gauges, facts) = (clock.now(), stages.gauges.clone(), Facts::of(plan));
    let control = Control {
        shutdown: shutdown.clone(),
        acquire: Arc::clone(&gauges.acquire),
        train: gauges.train.clone(),
        orders: gauges.orders.clone(),
        say: stages.say.clone(),
        records: stages.records.clone(),
        recorder: Arc::clone(&stages.bells.record),
        quality: Arc::clone(&gauges.quality),
        eye: stages.telemetry.display().eye(),
    };
    let mut others = Vec::new();
    let mut one_more = || {
        let (views_in, views) = crossbeam_channel::bounded(1);
        others.push(views_in);
        views
    };
    let attachment = stages.attachment.take().map(|attachment| (attachment, one_more()));
    let metrics = stages.metrics.take().map(|metrics| (metrics, one_more()));
    let feed = Feed { views: views_in, others, died, last: last_in };
    let keepsake = stages.keepsake.take();
    let ends = Ends { encode: encode_in, train: train_in, done: done_in, died: died_in };
    let start = if plan.at_full_speed { full_speed::start } else { live::start };
    let mut waiting_for = start(stages, plan.threads(), &clock, shutdown, feed, &ends)?;
    if let Some((attachment, attached)) = attachment {
        waiting_for.push(ATTACH);
        let control = control.clone();
        spawn(ATTACH, true, shutdown, ends.tells_end(), move || {
            attachment.serve(&attached, &|command| control.obey(command));
        })?;
    }
    if let Some((metrics, views)) = metrics {
        waiting_for.push(METRICS);
        let gauges = gauges.clone();
        spawn(METRICS, true, shutdown, ends.tells_end(), move || metrics.serve(&views, &gauges))?;
    }
    Ok(Running {
        views,
        clock,
        started,
        gauges,
        facts,
        waiting_for,
        done,
        last,
        encode,
        train,
        asked: None,
        control,
        keepsake,
    })
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("waiting_for", &self.waiting_for).finish_non_exhaustive()
    }
}

impl Running {
    /// Does what a person asked for.
    pub fn obey(&self, command: Command) {
        self.control.obey(command);
    }

    /// Notices stages that ended; true while the run goes on, at most until the deadline after it was asked to end.
    pub fn attend(&mut self) -> bool {
        while let Ok((name, _)) = self.done.try_recv() {
            self.waiting_for.retain(|&n| n != name);
        }
        if self.control.shutdown.is_requested() {
            let asked = *self.asked.get_or_insert_with(|| self.clock.now());
            if self.clock.now() - asked > DEADLINE_S {
                return false;
            }
        }
        !self.waiting_for.is_empty()
    }

    /// Waits for the end of the run and sums it up.
    #[must_use]
    pub fn finish(mut self) -> Outcome {
        while self.attend() {
            // Views that nobody takes must not hold anything up; telemetry drops them by itself.
            if let Ok((name, _)) = self.done.recv_timeout(Duration::from_millis(20)) {
                self.waiting_for.retain(|&n| n != name);
            }
        }
        let (mut failures, mut notes) = (Vec::new(), Vec::new());
        if !self.waiting_for.is_empty() {
            let names = self.waiting_for.join(", ");
            failures.push(format!("{names} did not end within {DEADLINE_S} s and was left behind"));
        }
        let reason = self.control.shutdown.reason().cloned().unwrap_or(Reason::User);
        if let Reason::Failed { .. } = &reason {
            failures.push(reason.to_string());
        }
        let encode = last(&self.encode);
        if let Some((_, Err(error))) = &encode {
            failures.push(error.clone());
        }
        let train = last(&self.train);
        let kept = self.keepsake.take().and_then(Keepsake::keep);
        match train.as_ref().and_then(|end| end.checkpoint.as_ref()).or(kept.as_ref()) {
            Some(Ok(path)) => notes.push(format!("checkpoint {}", path.display())),
            Some(Err(error)) => failures.push(error.to_string()),
            None => {}
        }
        if self.gauges.train.is_some() && train.is_none() {
            failures.push("the trainer left no checkpoint".to_owned());
        }
        let recordings = self.gauges.record.recorded();
        for recorded in &recordings {
            failures.extend(recorded.error.clone());
            notes.push(recorded.to_string());
        }
        let mut telemetry = last(&self.last);
        if let Some(telemetry) = &mut telemetry {
            // What other stages have told since telemetry ended.
            telemetry.step(self.clock.now());
        }
        let wall_s = self.clock.now() - self.started;
        let summary = Summary::new(&self.facts, &reason, wall_s, &self.gauges, encode, train, telemetry.as_ref());
        let summary = summary.with_recordings(&recordings);
        let changed_after_s =
            matches!(reason, Reason::Changed(_)).then(|| self.gauges.acquire.frames() as f64 / self.facts.rate_hz);
        let view = telemetry.as_mut().map(|t| t.view(self.clock.now(), Some(reason.to_string())));
        Outcome { summary, failures, notes, changed_after_s, last: view }
    }
}
