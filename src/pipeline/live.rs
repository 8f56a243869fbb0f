//! A live run: one thread a stage, joined by rings.
//!
//! Invariant: nothing that a consumer does holds up acquisition. The end follows the data: the source stops, its rings
//! lose their writer, the readers drain them, and each stage completes what it wrote.

use super::acquire::{AcquireStage, Turn};
use super::lookout::LookoutStage;
use super::priority::{self, ACQUIRING, SERVING};
use super::recorder::Recorder;
use super::report::Report;
use super::run::{Ends, Feed, TELEMETRY_EVERY_S};
use super::shutdown::{Reason, Shutdown};
use super::stage::{own_pool, spawn};
use super::teach::TeachStage;
use super::telemetry::Telemetry;
use super::train::TrainStage;
use super::wiring::Stages;
use crate::ring::Doorbell;
use crate::serve::record::{RecordStage, Recorded};
use crate::serve::{EncodeStage, ProcessedStage};
use crate::signal::{Clock, Event, Stamp};
use crossbeam_channel::{Receiver, Sender};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The longest sleep of any stage: so late may it notice that the run is over.
const NAP: Duration = Duration::from_millis(50);
/// The timer of the runtime is exact to a millisecond; the last stretch is slept by the thread itself.
const LAST_STRETCH_S: f64 = 0.0015;

/// Names of the threads, in the order in which the data passes them.
pub(super) const ACQUIRE: &str = "acquire";
pub(super) const ENCODE: &str = "encode";
pub(super) const TRAIN: &str = "train";
pub(super) const TEACH: &str = "teach";
pub(super) const LOOKOUT: &str = "lookout";
pub(super) const RECORD: &str = "record";
pub(super) const PUBLISH: &str = "publish";
pub(super) const TELEMETRY: &str = "telemetry";
pub(super) const ATTACH: &str = "attach";
pub(super) const METRICS: &str = "metrics";

/// Starts all threads; returns their names.
pub(super) fn start(
    stages: Stages,
    threads: usize,
    clock: &Arc<dyn Clock>,
    shutdown: &Shutdown,
    feed: Feed,
    ends: &Ends,
) -> io::Result<Vec<&'static str>> {
    let Stages { acquire, encode, train, teach, lookout, recorder, publish, telemetry, bells, reports, .. } = stages;
    let priority = stages.priority;
    let mut names = vec![ENCODE, TELEMETRY, ACQUIRE, RECORD];
    let (of_encode, of_train) = (ends.encode.clone(), ends.train.clone());
    // Consumers first, so that none misses the first frame.
    let (time, bell) = (Arc::clone(clock), Arc::clone(&bells.encode));
    let told = telling(&reports);
    let raising = |real_time: u8| {
        let (priority, reports, time) = (priority.clone(), reports.clone(), Arc::clone(clock));
        move || priority.raise(real_time, &reports, time.now())
    };
    let raise = raising(SERVING);
    spawn(ENCODE, false, shutdown, ends.tells_end(), move || {
        raise();
        let _ = of_encode.send(encoding(encode, &bell, &*time, told));
    })?;
    if let Some(mut train) = train {
        names.push(TRAIN);
        train.begin(shutdown, ends)?;
        let (time, bell, token) = (Arc::clone(clock), Arc::clone(&bells.train), shutdown.clone());
        spawn(TRAIN, true, shutdown, ends.tells_end(), move || {
            let _ = of_train.send(training(train, &bell, &*time, &token, threads));
        })?;
    }
    if let Some(teach) = teach {
        names.push(TEACH);
        let (time, bell) = (Arc::clone(clock), Arc::clone(&bells.teach));
        let told = telling(&reports);
        spawn(TEACH, true, shutdown, ends.tells_end(), move || teaching(teach, &bell, &*time, &told))?;
    }
    if let Some(lookout) = lookout {
        names.push(LOOKOUT);
        let (time, bell) = (Arc::clone(clock), Arc::clone(&bells.lookout));
        let told = telling(&reports);
        spawn(LOOKOUT, true, shutdown, ends.tells_end(), move || looking_out(lookout, &bell, &*time, &told))?;
    }
    let (time, bell, token) = (Arc::clone(clock), Arc::clone(&bells.record), shutdown.clone());
    let told = telling(&reports);
    spawn(RECORD, true, shutdown, ends.tells_end(), move || recordings(recorder, &bell, &*time, &token, &told))?;
    if let Some(mut publish) = publish {
        names.push(PUBLISH);
        let (time, bell) = (Arc::clone(clock), Arc::clone(&bells.publish));
        let told = telling(&reports);
        let raise = raising(SERVING);
        spawn(PUBLISH, true, shutdown, ends.tells_end(), move || {
            raise();
            let is_over = |stage: &ProcessedStage| stage.reader().is_abandoned();
            until_over(&mut publish, &bell, &told, is_over, |stage, events| stage.step(time.now(), events));
        })?;
    }
    let (time, bell) = (Arc::clone(clock), Arc::clone(&bells.display));
    spawn(TELEMETRY, true, shutdown, ends.tells_end(), move || showing(telemetry, &bell, &*time, &feed))?;
    let (time, token) = (Arc::clone(clock), shutdown.clone());
    let raise = raising(ACQUIRING);
    spawn(ACQUIRE, false, shutdown, ends.tells_end(), move || {
        raise();
        acquiring(acquire, &*time, &token);
    })?;
    Ok(names)
}

/// Tells telemetry of events; where it has no room for another it counts for nothing.
fn telling(reports: &Sender<Report>) -> impl Fn(Event) + Send + use<> {
    let reports = reports.clone();
    move |event| drop(reports.try_send(Report::Event(event)))
}

/// The acquisition thread: a tokio runtime of its own with one task.
fn acquiring(mut stage: AcquireStage, clock: &dyn Clock, shutdown: &Shutdown) {
    match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime.block_on(acquisition(&mut stage, clock, shutdown)),
        Err(error) => shutdown.request(Reason::Failed { stage: ACQUIRE, why: error.to_string() }),
    }
    stage.finish(clock.now());
    stage.ring();
}

async fn acquisition(stage: &mut AcquireStage, clock: &dyn Clock, shutdown: &Shutdown) {
    while !shutdown.is_requested() {
        match stage.step(clock) {
            Ok(Turn::Frames | Turn::Idle) => tokio::task::yield_now().await,
            Ok(Turn::Wait(due)) => nap(due - clock.now()).await,
            // Live branches lose frames rather than wait, so this is a short pause at most.
            Ok(Turn::Full) => nap(0.001).await,
            Ok(Turn::Over(why)) => shutdown.request(Reason::Source(why)),
            Ok(Turn::Enough) => shutdown.request(Reason::Duration),
            Err(error) if error.is_change() => shutdown.request(Reason::Changed(error.to_string())),
            Err(error) => shutdown.request(Reason::Failed { stage: "the source", why: error.to_string() }),
        }
    }
}

/// Sleeps for `seconds`, but no longer than a nap.
async fn nap(seconds: f64) {
    let seconds = seconds.min(NAP.as_secs_f64());
    if seconds > LAST_STRETCH_S {
        tokio::time::sleep(Duration::from_secs_f64(seconds - LAST_STRETCH_S)).await;
    } else if seconds > 0.0 {
        std::thread::sleep(Duration::from_secs_f64(seconds));
    }
}

/// Steps a stage while there is work and sleeps while there is none, until its writer is gone and nothing is left.
fn until_over<S>(
    stage: &mut S,
    bell: &Doorbell,
    tell: &impl Fn(Event),
    is_over: impl Fn(&S) -> bool,
    step: impl Fn(&mut S, &mut Vec<Event>) -> bool,
) {
    bell.listen();
    let mut events = Vec::new();
    loop {
        // Looked at before the step: what was written until then is stepped through.
        let over = is_over(stage);
        let worked = step(stage, &mut events);
        events.drain(..).for_each(tell);
        if worked {
            continue;
        }
        if over {
            break;
        }
        bell.wait(NAP);
    }
}

fn encoding(
    mut stage: EncodeStage,
    bell: &Doorbell,
    clock: &dyn Clock,
    tell: impl Fn(Event),
) -> (String, Result<(), String>) {
    // A pool of this thread alone: nothing that the encoder computes waits for the trainer's threads.
    let _pool = own_pool(ENCODE, 1, false);
    let is_over = |stage: &EncodeStage| stage.reader().is_abandoned();
    until_over(&mut stage, bell, &tell, is_over, |stage, events| stage.step(clock, events));
    let (sha256, file) = stage.finish();
    (sha256, file.map_err(|error| error.to_string()))
}

/// Sleeps for `seconds`, but no longer than a nap, on a thread that has no runtime.
pub(super) fn until(seconds: f64) {
    if seconds > 0.0 {
        std::thread::sleep(Duration::from_secs_f64(seconds.min(NAP.as_secs_f64())));
    }
}

/// The recorder's thread in a run: one recording after the other, as it is asked to.
fn recordings(mut recorder: Recorder, bell: &Doorbell, clock: &dyn Clock, shutdown: &Shutdown, tell: &impl Fn(Event)) {
    let is_over = |recorder: &Recorder| shutdown.is_requested() && !recorder.is_recording();
    until_over(&mut recorder, bell, tell, is_over, |recorder, events| recorder.step(clock.now(), events));
    let mut events = Vec::new();
    recorder.finish(clock.now(), &mut events);
    events.drain(..).for_each(tell);
}

/// The thread of a recording that is all there is.
pub(super) fn recording(mut stage: RecordStage, bell: &Doorbell, clock: &dyn Clock, tell: impl Fn(Event)) -> Recorded {
    until_over(&mut stage, bell, &tell, RecordStage::is_over, |stage, events| stage.step(clock.now(), events));
    let mut events = Vec::new();
    let recorded = stage.finish(clock.now(), &mut events);
    events.drain(..).for_each(&tell);
    recorded
}

/// The teacher's thread.
fn teaching(mut stage: TeachStage, bell: &Doorbell, clock: &dyn Clock, tell: &impl Fn(Event)) {
    priority::lower();
    // What it embeds anew must wait neither for the trainer's threads nor for the encoder's.
    let _pool = own_pool(TEACH, 1, true);
    until_over(&mut stage, bell, tell, TeachStage::is_over, |stage, events| stage.step(clock.now(), events));
    let mut events = Vec::new();
    stage.finish(clock.now(), &mut events);
    events.drain(..).for_each(tell);
}

/// The lookout's thread.
fn looking_out(mut stage: LookoutStage, bell: &Doorbell, clock: &dyn Clock, tell: &impl Fn(Event)) {
    priority::lower();
    let is_over = |stage: &LookoutStage| stage.reader().is_abandoned();
    until_over(&mut stage, bell, tell, is_over, |stage, events| stage.step(clock.now(), events));
    let mut events = Vec::new();
    stage.finish(clock.now(), &mut events);
    events.drain(..).for_each(tell);
}

fn training(
    mut stage: TrainStage,
    bell: &Doorbell,
    clock: &dyn Clock,
    shutdown: &Shutdown,
    threads: usize,
) -> super::train::TrainEnd {
    priority::lower();
    let _pool = own_pool(TRAIN, threads, true);
    bell.listen();
    loop {
        let over = stage.reader().is_abandoned();
        stage.admit(clock);
        if over {
            break;
        }
        if shutdown.is_requested() || !stage.step(clock) {
            bell.wait(NAP);
        }
    }
    stage.finish(clock)
}

fn showing(mut telemetry: Telemetry, bell: &Doorbell, clock: &dyn Clock, feed: &Feed) {
    bell.listen();
    let mut shown = clock.now();
    loop {
        let over = telemetry.display().reader().is_abandoned();
        let now = clock.now();
        telemetry.step(now);
        mourn(&mut telemetry, feed, now);
        if now - shown >= TELEMETRY_EVERY_S {
            shown = now;
            feed.show(telemetry.view(now, None));
        }
        if over {
            break;
        }
        bell.wait(Duration::from_secs_f64(TELEMETRY_EVERY_S / 2.0));
    }
    mourn(&mut telemetry, feed, clock.now());
    let _ = feed.last.send(telemetry);
}

/// Tells of stages that panicked and that the run goes on without.
fn mourn(telemetry: &mut Telemetry, feed: &Feed, now: Stamp) {
    while let Ok((name, why)) = feed.died.try_recv() {
        match name {
            TRAIN => telemetry.trainer_stopped(now, &why),
            LOOKOUT => telemetry.lookout_stopped(now, &why),
            TEACH => telemetry.teacher_stopped(now, &why),
            RECORD => telemetry.recorder_stopped(now, &why),
            _ => {}
        }
    }
}

/// Waits for the last of what a stage sends.
pub(super) fn last<T>(receiver: &Receiver<T>) -> Option<T> {
    receiver.try_iter().last()
}

/// A pair whose sender may be cloned to threads.
pub(super) fn one<T>() -> (Sender<T>, Receiver<T>) {
    crossbeam_channel::bounded(1)
}
