//! What is told of a run: counters as they stand, and what the newest View has worked out.
//!
//! Pure functions, on the thread `metrics`. Invariant: a name keeps its meaning; docs/metrics.md lists all of them.

use super::exposition::{Exposition, Family};
use crate::pipeline::summary::resident_mb;
use crate::pipeline::telemetry::Gauges;
use crate::pipeline::train::TrainCounts;
use crate::pipeline::view::{Ledger, TrainerState, TrainerView, View};
use std::sync::atomic::Ordering;

/// All of it as text.
pub(super) fn told(gauges: &Gauges, view: &View) -> String {
    let mut told = Exposition::default();
    stream(&mut told, gauges, view);
    rings(&mut told, gauges);
    serving(&mut told, gauges, view);
    if let Some(counts) = &gauges.train {
        training(&mut told, counts, &view.trainer);
        health(&mut told, &view.trainer);
    }
    teaching(&mut told, view);
    novelty(&mut told, gauges);
    recording(&mut told, gauges);
    program(&mut told, view);
    told.into_text()
}

fn stream(told: &mut Exposition, gauges: &Gauges, view: &View) {
    let (facts, acquire) = (&gauges.facts, &gauges.acquire);
    let labels = [("source", facts.kind.word()), ("name", facts.name.as_str()), ("method", gauges.method)];
    told.gauge("neurostream_info", "What runs: always 1.")
        .of(&[&[("version", env!("CARGO_PKG_VERSION"))], &labels[..]].concat(), 1.0);
    told.gauge("neurostream_uptime_seconds", "Since the run began.").is(view.wall_s);
    told.gauge("neurostream_channels", "Channels of the stream.").is(facts.montage.len() as f64);
    told.gauge("neurostream_rate_hertz", "Nominal rate of the stream.").is(facts.rate_hz);
    told.counter("neurostream_frames_acquired_total", "Frames that the source delivered.").is(acquire.frames() as f64);
    told.counter("neurostream_gaps_total", "Gaps in the stream.").is(acquire.gaps() as f64);
    told.gauge("neurostream_data_age_seconds", "Since the last frame arrived.").is(view.data_age_s);
    told.gauge("neurostream_behind_seconds", "By which the newest embedding lags behind the newest frame.")
        .is(view.behind_s);
    let bad = view.quality.iter().filter(|reasons| !reasons.is_empty()).count();
    told.gauge("neurostream_channels_bad", "Channels that are bad now.").is(bad as f64);
    if let Some(lost) = &gauges.lost_markers {
        told.counter("neurostream_markers_lost_total", "Markers that found no room on their way to the encoder.")
            .is(lost.load(Ordering::Relaxed) as f64);
    }
}

fn rings(told: &mut Exposition, gauges: &Gauges) {
    let ledgers = gauges.ledgers();
    let each = |family: &mut Family<'_>, value: &dyn Fn(&Ledger) -> f64| {
        for ledger in &ledgers {
            family.of(&[("consumer", &ledger.consumer)], value(ledger));
        }
    };
    // A recorder that is begun later is offered less than was acquired, as its ledger says.
    let offered = |ledger: &Ledger| {
        let fixed = gauges.consumers.iter().find(|consumer| consumer.name == ledger.consumer);
        fixed.map_or(ledger.acquired, |consumer| consumer.written.offered()) as f64
    };
    each(&mut told.counter("neurostream_ring_offered_frames_total", "Frames offered to a consumer's ring."), &offered);
    each(&mut told.counter("neurostream_ring_consumed_frames_total", "Frames that a consumer took."), &|ledger| {
        ledger.consumed as f64
    });
    let help = "Frames that a consumer lost: its ring was full, or it skipped to the newest.";
    each(&mut told.counter("neurostream_ring_lost_frames_total", help), &|ledger| ledger.lost as f64);
    let help = "Frames in a consumer's ring or on the way to it.";
    each(&mut told.gauge("neurostream_ring_left_frames", help), &|ledger| ledger.left as f64);
    let help = "How full a consumer's ring is, 0 to 1.";
    each(&mut told.gauge("neurostream_ring_fill_ratio", help), &|ledger| f64::from(ledger.fill));
}

fn serving(told: &mut Exposition, gauges: &Gauges, view: &View) {
    let encode = &gauges.encode;
    told.counter("neurostream_windows_encoded_total", "Windows encoded: embeddings made.").is(encode.windows() as f64);
    told.counter("neurostream_windows_bad_total", "Windows among them whose quality is too low to learn from.")
        .is(encode.bad_windows() as f64);
    told.counter("neurostream_windows_missed_total", "Windows not made because they would have spanned a gap.")
        .is(encode.rejected_gap() as f64);
    told.histogram(
        "neurostream_embedding_latency_seconds",
        "From the arrival of a window's last frame to its embedding.",
    )
    .histogram_of(&[], &encode.latency);
    let mut stages = told.histogram(
        "neurostream_stage_latency_seconds",
        "The way of a window's last frame from its sampling to its embedding's way out, by stage.",
    );
    for (stage, latency) in encode.stages.named(gauges.is_in_real_time()) {
        stages.histogram_of(&[("stage", stage)], latency);
    }
    told.gauge("neurostream_generation", "The generation that made the last embedding.").is(encode.generation() as f64);
    if gauges.outlet.is_some() {
        told.gauge("neurostream_outlet_heard", "1 if somebody receives the embeddings' stream.")
            .is(f64::from(u8::from(encode.listened_to())));
    }
    if let Some([viewers, missed]) = view.viewers {
        told.gauge("neurostream_viewers", "Dashboards in other processes.").is(viewers as f64);
        told.counter("neurostream_views_missed_total", "Views that these missed.").is(missed as f64);
    }
}

fn training(told: &mut Exposition, counts: &TrainCounts, trainer: &TrainerView) {
    told.counter("neurostream_training_steps_total", "Optimiser steps, those before a checkpoint included.")
        .is(trainer.steps as f64);
    told.counter("neurostream_training_skipped_steps_total", "Steps not taken because something was not finite.")
        .is(trainer.skipped as f64);
    told.counter("neurostream_training_forgone_steps_total", "Steps that were owed and not taken in time.")
        .is(counts.forgone() as f64);
    told.gauge("neurostream_training_steps_per_second", "Optimiser steps a second, lately.").is(trainer.steps_per_s);
    told.counter("neurostream_training_windows_total", "Windows by what became of them on the way to the memory.")
        .of(&[("verdict", "learnt")], counts.admitted() as f64)
        .of(&[("verdict", "gap")], counts.rejected_gap() as f64)
        .of(&[("verdict", "quality")], counts.rejected_quality() as f64);
    let mut states = told.gauge("neurostream_training_state", "1 for the state that the trainer is in.");
    for state in TrainerState::ALL {
        states.of(&[("state", state.word())], f64::from(u8::from(trainer.state == state)));
    }
    told.gauge("neurostream_training_paused", "1 while a person wants it to rest.")
        .is(f64::from(u8::from(counts.is_paused())));
    if let Some((_, loss)) = trainer.losses.last() {
        told.gauge("neurostream_training_loss", "Loss, thinned as on the screen.").is(f64::from(*loss));
    }
    told.gauge("neurostream_training_learning_rate", "Learning rate of the last step.").is(trainer.learning_rate);
    let (held, capacity) = trainer.memory;
    told.gauge("neurostream_memory_windows", "Windows in the replay memory.").is(held as f64);
    told.gauge("neurostream_memory_capacity_windows", "Windows that it has room for.").is(capacity as f64);
    told.gauge("neurostream_generation_age_seconds", "Since another generation was served.")
        .is(trainer.generation_age_s);
    told.counter("neurostream_gate_refused_total", "Candidates that were not served.").is(trainer.gate.refused as f64);
    told.counter("neurostream_gate_rollbacks_total", "How often weights went back to an accepted state.")
        .is(trainer.gate.rollbacks as f64);
}

/// What the last look at the weights found; nothing before the first.
fn health(told: &mut Exposition, trainer: &TrainerView) {
    let Some(found) = trainer.gate.examination.as_deref() else { return };
    let mut figures = told.gauge("neurostream_health", "Figures of the last look at the weights (docs/learning.md).");
    // Without held windows there are the figures of a batch alone.
    let of_held = if found.windows > 0 { found.figures.named() } else { Vec::new() };
    let of_batch = [("std", f64::from(trainer.std)), ("rankme", f64::from(trainer.rankme))];
    let of_batch = of_batch.into_iter().filter(|(name, _)| !of_held.iter().any(|(held, _)| held == name));
    let chance = found.loss_chance.map(|chance| ("loss_chance", chance));
    for (name, value) in of_batch.chain(of_held.iter().copied()).chain(found.named()).chain(chance) {
        figures.of(&[("figure", name)], value);
    }
    let mut alarms = told.gauge("neurostream_alarm", "1 for each alarm that the last look raised.");
    for word in found.words() {
        alarms.of(&[("alarm", word)], 1.0);
    }
}

fn teaching(told: &mut Exposition, view: &View) {
    let Some(teaching) = &view.teaching else { return };
    let mut classes = told.gauge("neurostream_teaching_windows", "Windows of a class that are remembered.");
    for (class, windows) in &teaching.classes {
        classes.of(&[("class", class)], *windows as f64);
    }
    let exam = &teaching.exam;
    told.counter("neurostream_teaching_asked_total", "Windows that the head was asked before it was taught them.")
        .is(exam.windows as f64);
    if exam.windows > 0 {
        told.gauge("neurostream_teaching_accuracy_ratio", "Share of them that it told right.").is(exam.accuracy);
        told.gauge("neurostream_teaching_chance_ratio", "What guessing would have.").is(exam.chance);
    }
}

fn novelty(told: &mut Exposition, gauges: &Gauges) {
    let Some(lookout) = &gauges.lookout else { return };
    let status = lookout.load();
    told.counter("neurostream_novelty_windows_total", "Windows that were compared with those before.")
        .is(status.judged as f64);
    told.counter("neurostream_novelty_alarms_total", "Alarms: windows unlike all before.").is(status.alarms as f64);
    told.gauge("neurostream_novelty_known_windows", "Windows that others are compared with.").is(status.windows as f64);
}

fn recording(told: &mut Exposition, gauges: &Gauges) {
    let Some((bytes, frames, dropped, has_failed)) = gauges.record.figures() else { return };
    told.gauge("neurostream_recording_bytes", "Bytes of the last recording.").is(bytes as f64);
    told.counter("neurostream_recording_frames_total", "Frames that were recorded.").is(frames as f64);
    told.counter("neurostream_recording_dropped_total", "Markers and embeddings that are not in a recording.")
        .is(dropped as f64);
    told.gauge("neurostream_recording_failed", "1 once the last recording has ended before its time.")
        .is(f64::from(u8::from(has_failed)));
}

fn program(told: &mut Exposition, view: &View) {
    told.counter("neurostream_events_total", "Events so far, as on the screen.").is(view.told as f64);
    if let Some(mb) = resident_mb() {
        told.gauge("process_resident_memory_bytes", "Memory of the program.").is((mb * 1e6).round());
    }
}
