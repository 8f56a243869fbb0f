//! A run at full speed: all stages on one thread, in turns.
//!
//! Invariant: the order of the turns depends on the data alone, nothing is lost, and so the same recording, configuration
//! and seed give the same embeddings and weights bit for bit.

use super::acquire::Turn;
use super::report::Report;
use super::run::{Ends, Feed, TELEMETRY_EVERY_S};
use super::shutdown::{Reason, Shutdown};
use super::stage::{caught, own_pool, spawn};
use super::teach::TeachStage;
use super::wiring::Stages;
use crate::serve::EncodeStage;
use crate::signal::{Clock, Event};
use crossbeam_channel::Sender;
use std::io;
use std::sync::Arc;

/// Name of the thread.
pub(super) const PIPELINE: &str = "pipeline";

/// Starts the thread.
pub(super) fn start(
    mut stages: Stages,
    threads: usize,
    clock: &Arc<dyn Clock>,
    shutdown: &Shutdown,
    feed: Feed,
    ends: &Ends,
) -> io::Result<Vec<&'static str>> {
    let (time, token, ends) = (Arc::clone(clock), shutdown.clone(), ends.clone());
    if let Some(train) = &mut stages.train {
        train.begin(shutdown, &ends)?;
    }
    spawn(PIPELINE, false, shutdown, ends.tells_end(), move || {
        let _pool = own_pool(PIPELINE, threads, false);
        turns(stages, &*time, &token, &feed, &ends);
    })?;
    Ok(vec![PIPELINE])
}

fn turns(stages: Stages, clock: &dyn Clock, shutdown: &Shutdown, feed: &Feed, ends: &Ends) {
    let Stages {
        mut acquire,
        mut encode,
        mut train,
        mut teach,
        mut lookout,
        recorder,
        mut publish,
        mut telemetry,
        reports,
        ..
    } = stages;
    let mut recorder = Some(recorder);
    let (mut events, mut shown) = (Vec::new(), clock.now());
    while !shutdown.is_requested() {
        match acquire.step(clock) {
            // Full: the consumers below make room.
            Ok(Turn::Frames | Turn::Idle | Turn::Full | Turn::Wait(_)) => {}
            Ok(Turn::Over(why)) => shutdown.request(Reason::Source(why)),
            Ok(Turn::Enough) => shutdown.request(Reason::Duration),
            Err(error) => shutdown.request(Reason::Failed { stage: "the source", why: error.to_string() }),
        }
        if let Err(why) = encode_all(&mut encode, &mut teach, clock, &mut events) {
            telemetry.teacher_stopped(clock.now(), &why);
        }
        if let Err(why) = all_of(&mut recorder, |stage| stage.step(clock.now(), &mut events)) {
            telemetry.recorder_stopped(clock.now(), &why);
        }
        while publish.as_mut().is_some_and(|stage| stage.step(clock.now(), &mut events)) {}
        if let Err(why) = all_of(&mut lookout, |stage| stage.step(clock.now(), &mut events)) {
            telemetry.lookout_stopped(clock.now(), &why);
        }
        tell(&mut events, &reports);
        if let Some(train) = &mut train {
            train.admit(clock);
            while !shutdown.is_requested() && train.step(clock) {}
        }
        // What is to be served has its heads before the next window comes.
        if let Err(why) = all_of(&mut teach, |stage| stage.step(clock.now(), &mut events)) {
            telemetry.teacher_stopped(clock.now(), &why);
        }
        tell(&mut events, &reports);
        let now = clock.now();
        telemetry.step(now);
        if now - shown >= TELEMETRY_EVERY_S {
            shown = now;
            feed.show(telemetry.view(now, None));
        }
    }
    acquire.finish(clock.now());
    drop(acquire);
    if let Err(why) = encode_all(&mut encode, &mut teach, clock, &mut events) {
        telemetry.teacher_stopped(clock.now(), &why);
    }
    let (sha256, file) = encode.finish();
    let _ = ends.encode.send((sha256, file.map_err(|error| error.to_string())));
    while publish.as_mut().is_some_and(|stage| stage.step(clock.now(), &mut events)) {}
    if let Some(recorder) = recorder
        && let Err(why) = caught(|| recorder.finish(clock.now(), &mut events))
    {
        telemetry.recorder_stopped(clock.now(), &why);
    }
    if let Some(mut lookout) = lookout
        && let Err(why) = caught(|| lookout.finish(clock.now(), &mut events))
    {
        telemetry.lookout_stopped(clock.now(), &why);
    }
    if let Some(mut teach) = teach {
        teach.finish(clock.now(), &mut events);
    }
    tell(&mut events, &reports);
    if let Some(mut train) = train {
        let _ = ends.train.send(train.finish(clock));
    }
    telemetry.step(clock.now());
    let _ = feed.last.send(telemetry);
}

/// Encodes every window that is there; each teaches before the next one is read. Why teaching failed, where it did.
fn encode_all(
    encode: &mut EncodeStage,
    teach: &mut Option<TeachStage>,
    clock: &dyn Clock,
    events: &mut Vec<Event>,
) -> Result<(), String> {
    let mut taught = Ok(());
    while encode.step(clock, events) {
        taught = taught.and(all_of(teach, |stage| stage.step(clock.now(), events)));
    }
    taught
}

/// Lets a stage do all that there is to do; one that panicked is gone, and so is its ring, so that nobody waits for it.
fn all_of<S>(stage: &mut Option<S>, mut step: impl FnMut(&mut S) -> bool) -> Result<(), String> {
    let Some(one) = stage else { return Ok(()) };
    let done = caught(|| while step(one) {});
    if done.is_err() {
        *stage = None;
    }
    done
}

fn tell(events: &mut Vec<Event>, reports: &Sender<Report>) {
    for event in events.drain(..) {
        let _ = reports.try_send(Report::Event(event));
    }
}
