//! Telemetry: counters and reports become Views.
//!
//! Owned by the telemetry thread. Invariant: it only reads what stages count; it can stall or die without costing the data
//! path a frame.

use super::acquire::AcquireCounts;
use super::attach::AttachCounts;
use super::display::DisplayStage;
use super::lookout::LookoutCounts;
use super::map::MapStage;
use super::novel;
use super::priority::Priority;
use super::record_board::RecordBoard;
use super::report::Report;
use super::summary::rounded;
use super::taught;
use super::teach::TeachCounts;
use super::train::{Order, TrainCounts};
use super::view::{GateView, Latency, Ledger, NoveltyView, ServingView, TeachingView, TrainerState, TrainerView, View};
use super::watch::QualityCounts;
use crate::dsp::LatencyHistogram;
use crate::learn::{Examination, Generation, TrainerStatus};
use crate::lsl::LslError;
use crate::ring::{ReaderCounts, WriterCounts};
use crate::serve::{EncodeCounts, ReadingCounts, StatusOutlet};
use crate::signal::{Event, EventKind, Stamp, StreamFacts};
use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// One consumer's counters at both ends of its ring.
#[derive(Clone, Debug)]
pub(super) struct Consumer {
    pub name: &'static str,
    pub written: Arc<WriterCounts>,
    pub read: Arc<ReaderCounts>,
    /// Frames of the source that its ring has room for.
    pub capacity: u64,
}

impl Consumer {
    /// Its ledger at this moment, in frames of the source. Counters move while they are read, so `left` is what the others
    /// leave: frames in its ring, and before it in the resampler.
    pub fn ledger(&self, acquire: &AcquireCounts) -> Ledger {
        let (consumed, skipped) = (self.read.consumed(), self.read.skipped());
        let (refused, acquired) = (self.written.refused(), acquire.frames());
        let left = acquired.saturating_sub(refused + consumed + skipped);
        let fill = left as f32 / self.capacity as f32;
        Ledger { consumer: self.name.into(), acquired, consumed, lost: refused + skipped, left, fill }
    }
}

/// Everything that is read.
#[derive(Clone, Debug)]
pub(super) struct Gauges {
    pub facts: Arc<StreamFacts>,
    pub acquire: Arc<AcquireCounts>,
    pub encode: Arc<EncodeCounts>,
    pub train: Option<Arc<TrainCounts>>,
    /// What is taught, and what the heads tell.
    pub teach: Option<(Arc<TeachCounts>, Arc<ReadingCounts>)>,
    /// How unlike everything before windows are.
    pub lookout: Option<LookoutCounts>,
    /// Where what a person asks of the trainer goes.
    pub orders: Option<Sender<Order>>,
    pub consumers: Vec<Consumer>,
    /// What the data path's threads were granted.
    pub priority: Priority,
    /// Viewers in other processes.
    pub attach: Option<Arc<AttachCounts>>,
    pub method: &'static str,
    pub dimension: usize,
    /// Where the model's channels lie in the stream, those that are no channel of it left out.
    pub model_channels: Vec<Option<usize>>,
    /// Rate of the frames that encoder and trainer see.
    pub model_hz: f64,
    pub hop: usize,
    /// True if windows lie round markers.
    pub around: bool,
    pub quality: Arc<QualityCounts>,
    /// Markers that found no room on their way to the encoder.
    pub lost_markers: Option<Arc<AtomicU64>>,
    pub speed: Option<f64>,
    pub outlet: Option<String>,
    pub file: Option<String>,
    /// The generation that is served first and its step.
    pub first_generation: u64,
    /// The recordings.
    pub record: Arc<RecordBoard>,
}

impl Gauges {
    /// The ledger of each consumer at this moment; the recorder's is of all recordings.
    pub fn ledgers(&self) -> Vec<Ledger> {
        let fixed = self.consumers.iter().map(|consumer| consumer.ledger(&self.acquire));
        fixed.chain(self.record.ledger(&self.acquire)).collect()
    }

    /// True if a second of signal takes a second.
    pub fn is_in_real_time(&self) -> bool {
        self.speed == Some(1.0)
    }
}

/// Losses that are kept for the curve; when there are more, every second goes.
const LOSSES: usize = 512;
const EVENTS: usize = 200;

/// Collects reports and builds Views.
pub(super) struct Telemetry {
    gauges: Gauges,
    reports: Receiver<Report>,
    display: DisplayStage,
    map: MapStage,
    started: Stamp,
    events: VecDeque<(f64, Event)>,
    told: u64,
    losses: Vec<(u64, f32)>,
    every: u64,
    trainer: TrainerView,
    swapped: Stamp,
    /// Steps and when they were counted, for the rate.
    pace: VecDeque<(Stamp, u64)>,
    lost: Vec<u64>,
    status: Option<Status>,
}

/// What is published of it, and when that was done last.
struct Status {
    outlet: StatusOutlet,
    served: Arc<ArcSwap<Generation>>,
    next: Stamp,
}

/// Seconds from one state on the status stream to the next.
const STATE_EVERY_S: f64 = 1.0;

impl Telemetry {
    pub fn new(
        gauges: Gauges,
        reports: Receiver<Report>,
        display: DisplayStage,
        map: MapStage,
        started: Stamp,
    ) -> Self {
        let state = if gauges.train.is_some() { TrainerState::Warming } else { TrainerState::Off };
        let trainer = TrainerView {
            state,
            method: gauges.method.to_owned(),
            generation: gauges.first_generation,
            ..TrainerView::default()
        };
        Self {
            lost: Vec::new(),
            gauges,
            reports,
            display,
            map,
            started,
            events: VecDeque::new(),
            told: 0,
            losses: Vec::new(),
            every: 1,
            trainer,
            swapped: started,
            pace: VecDeque::new(),
            status: None,
        }
    }

    /// Publishes what is told from now on, and which weights are served.
    pub fn publish(&mut self, outlet: StatusOutlet, served: Arc<ArcSwap<Generation>>) {
        self.status = Some(Status { outlet, served, next: self.started });
        self.tell_generation(self.started);
    }

    pub fn display(&self) -> &DisplayStage {
        &self.display
    }

    /// Takes in frames and reports.
    pub fn step(&mut self, now: Stamp) {
        if self.display.is_referred() {
            self.display.judge(&self.gauges.quality.reasons());
        }
        self.display.step();
        self.map.step();
        while let Ok(report) = self.reports.try_recv() {
            match report {
                Report::Event(event) => self.happened(event),
                Report::Marker(marker) => {
                    self.map.mark(&marker);
                    self.display.mark(marker);
                }
                Report::Swap { number, at, text } => self.swap(number, at, text),
                Report::Step { step, loss, chance, learning_rate, status, memory } => {
                    let trainer = &mut self.trainer;
                    (trainer.steps, trainer.chance, trainer.learning_rate) = (step, chance, learning_rate);
                    (trainer.skipped, trainer.memory) = (status.skipped, memory);
                    self.judged(status);
                    self.pace.push_back((now, step));
                    if step.is_multiple_of(self.every) && loss.is_finite() {
                        self.losses.push((step, loss));
                        self.thin();
                    }
                }
            }
        }
        while self.pace.len() > 2 && self.pace.front().is_some_and(|(at, _)| now - *at > 5.0) {
            self.pace.pop_front();
        }
        self.watch_losses(now);
        self.tell_state(now);
    }

    /// A full curve loses every second point, so that it always spans the whole run.
    fn thin(&mut self) {
        if self.losses.len() > LOSSES {
            self.every *= 2;
            let every = self.every;
            self.losses.retain(|(step, _)| step.is_multiple_of(every));
        }
    }

    fn swap(&mut self, number: u64, at: Stamp, text: String) {
        self.swapped = at;
        self.trainer.generation = number;
        self.happened(Event { at, kind: EventKind::Swap, text });
        self.tell_generation(at);
    }

    /// Says which weights are served, on the status stream.
    fn tell_generation(&mut self, at: Stamp) {
        let Some(status) = &self.status else { return };
        let generation = status.served.load_full();
        let told = json!({
            "number": generation.number,
            "step": generation.step,
            "sha256": generation.weights_sha256(),
            "std": generation.health.std,
            "rankme": generation.health.rankme,
            "residual": generation.axes.as_ref().map(|axes| axes.residual),
        });
        self.tell("generation", told, at);
    }

    /// Says how the run does, once a second, on the status stream.
    fn tell_state(&mut self, now: Stamp) {
        let Some(status) = self.status.as_mut().filter(|status| now >= status.next) else { return };
        status.next = now + STATE_EVERY_S;
        let gauges = &self.gauges;
        let ledgers = gauges.ledgers().into_iter().map(|Ledger { consumer, consumed, lost, left, .. }| {
            (consumer.into_owned(), json!({"consumed": consumed, "lost": lost, "left": left}))
        });
        let acquired = gauges.acquire.frames();
        let drift = self.trainer.gate.examination.as_ref().and_then(|found| found.drift);
        let told = json!({
            "wall_s": now - self.started,
            "acquired": acquired,
            "gaps": gauges.acquire.gaps(),
            "data_age_s": self.data_age_s(now),
            "behind_s": self.behind_s(),
            "frames": ledgers.collect::<serde_json::Map<_, _>>(),
            "windows": gauges.encode.windows(),
            "generation": gauges.encode.generation(),
            "teaching": gauges.teach.as_ref().map(|(teach, reading)| taught::state(teach, reading)),
            "novelty": gauges.lookout.as_ref().map(|lookout| novel::state(&lookout.load())),
            "training": {
                "state": self.trainer.state.word(),
                "steps": self.trainer.steps,
                "skipped": self.trainer.skipped,
                "loss": self.losses.last().map(|(_, loss)| *loss),
                "std": self.trainer.std,
                "rankme": self.trainer.rankme,
                "drift": drift.map(|drift| rounded(drift.most())),
            },
        });
        self.tell("state", told, now);
    }

    /// Sends on the status stream, which costs itself alone where it fails.
    fn tell(&mut self, key: &str, value: serde_json::Value, at: Stamp) {
        let sent = self.status.as_mut().map(|status| status.outlet.push(key, value, at));
        self.status_failed(sent, at);
    }

    fn status_failed(&mut self, sent: Option<Result<(), LslError>>, at: Stamp) {
        if let Some(Err(error)) = sent {
            self.status = None;
            let text = format!("the status stream is no longer published: {error}");
            self.happened(Event { at, kind: EventKind::Warning, text });
        }
    }

    /// Seconds since the last frame arrived.
    fn data_age_s(&self, now: Stamp) -> f64 {
        let acquire = &self.gauges.acquire;
        if acquire.frames() > 0 { (now - acquire.arrived()).max(0.0) } else { now - self.started }
    }

    /// Seconds by which the newest embedding lags behind the newest frame.
    fn behind_s(&self) -> f64 {
        let gauges = &self.gauges;
        let due = if gauges.around { 0 } else { gauges.hop as u64 };
        let encoded_s = (gauges.encode.end_frame() + due) as f64 / gauges.model_hz;
        let behind_s = (gauges.acquire.end_frame() as f64 / gauges.facts.rate_hz - encoded_s).max(0.0);
        if gauges.encode.windows() > 0 { behind_s } else { 0.0 }
    }

    /// Takes note of what the trainer says of itself.
    fn judged(&mut self, status: TrainerStatus) {
        let saliency = status.examination.as_deref().and_then(|found| self.saliency(found));
        let trainer = &mut self.trainer;
        if trainer.state == TrainerState::Stopped {
            return;
        }
        let has_collapsed = status.examination.as_ref().is_some_and(|found| found.has_collapsed());
        trainer.state = if has_collapsed { TrainerState::Collapsed } else { TrainerState::Ok };
        (trainer.std, trainer.rankme) = (status.health.std as f32, status.health.rankme as f32);
        trainer.gate = GateView {
            held: status.held,
            on_trial: status.on_trial,
            refused: status.refused,
            rollbacks: status.rollbacks,
            residual: status.residual,
            examination: status.examination,
            saliency,
        };
    }

    /// What the served model looks at, by the channels of the stream; worked out once for each look.
    fn saliency(&self, found: &Examination) -> Option<Arc<Vec<f32>>> {
        let gate = &self.trainer.gate;
        if gate.examination.as_deref().is_some_and(|known| known.step == found.step) {
            return gate.saliency.clone();
        }
        let mut all = vec![f32::NAN; self.gauges.facts.montage.len()];
        for (moved, place) in found.saliency.iter().zip(&self.gauges.model_channels) {
            if let Some(place) = place {
                all[*place] = *moved;
            }
        }
        all.iter().any(|moved| moved.is_finite()).then(|| Arc::new(all))
    }

    /// Tells of losses when they begin and each time they have doubled.
    fn watch_losses(&mut self, now: Stamp) {
        for (i, ledger) in self.gauges.ledgers().into_iter().enumerate() {
            if self.lost.len() <= i {
                self.lost.push(0);
            }
            if ledger.lost > 2 * self.lost[i] {
                self.lost[i] = ledger.lost;
                let text = format!("the {} has lost {} of {} frames", ledger.consumer, ledger.lost, ledger.acquired);
                self.happened(Event { at: now, kind: EventKind::Loss, text });
            }
        }
    }

    fn happened(&mut self, event: Event) {
        self.told += 1;
        let at = event.at;
        let sent = self.status.as_mut().map(|status| status.outlet.event(&event, at - self.started));
        self.status_failed(sent, at);
        self.events.push_back((event.at - self.started, event));
        while self.events.len() > EVENTS {
            self.events.pop_front();
        }
    }

    /// The trainer has died; what it made is still served.
    pub fn trainer_stopped(&mut self, now: Stamp, why: &str) {
        self.trainer.state = TrainerState::Stopped;
        self.happened(Event { at: now, kind: EventKind::Error, text: format!("the trainer stopped: {why}") });
    }

    /// The teacher has died; what was taught last is read on until the next generation.
    pub fn teacher_stopped(&mut self, now: Stamp, why: &str) {
        self.happened(Event { at: now, kind: EventKind::Error, text: format!("teaching stopped: {why}") });
    }

    /// The lookout has died.
    pub fn lookout_stopped(&mut self, now: Stamp, why: &str) {
        self.happened(Event { at: now, kind: EventKind::Error, text: format!("novelty is told no more: {why}") });
    }

    /// The recorder has died; what it wrote is kept, and the run goes on.
    pub fn recorder_stopped(&mut self, now: Stamp, why: &str) {
        let text = match self.gauges.record.newest() {
            Some(entry) => entry.fail(why),
            None => format!("nothing can be recorded: {why}"),
        };
        self.happened(Event { at: now, kind: EventKind::Error, text });
    }

    /// The trainer's state in words and numbers.
    pub fn trainer(&self) -> &TrainerView {
        &self.trainer
    }

    /// Everything at this moment.
    pub fn view(&mut self, now: Stamp, ended: Option<String>) -> View {
        let gauges = &self.gauges;
        let (encode, rate_hz) = (&gauges.encode, gauges.facts.rate_hz);
        let steps_per_s = match (self.pace.front(), self.pace.back()) {
            (Some((from, first)), Some((to, last))) if *to > *from => (last - first) as f64 / (*to - *from),
            _ => 0.0,
        };
        let mut histogram = Vec::new();
        encode.latency.coarse_to(&mut histogram);
        let acquired = gauges.acquire.frames();
        View {
            facts: Arc::clone(&gauges.facts),
            wall_s: now - self.started,
            signal_s: acquired as f64 / rate_hz,
            speed: gauges.speed,
            behind_s: self.behind_s(),
            data_age_s: self.data_age_s(now),
            gaps: gauges.acquire.gaps(),
            recording: gauges.record.view(),
            ledgers: gauges.ledgers(),
            latency: latency(&encode.latency),
            stages: stage_latency(gauges).map(|(name, latency)| (name.into(), latency)).collect(),
            histogram,
            traces: self.display.traces(),
            spectra: self.display.spectra(),
            map: self.map.map(now),
            trainer: TrainerView {
                losses: self.losses.clone(),
                steps_per_s,
                paused: gauges.train.as_ref().is_some_and(|train| train.is_paused()),
                generation_age_s: now - self.swapped,
                ..self.trainer.clone()
            },
            serving: ServingView {
                embeddings: encode.windows(),
                dimension: gauges.dimension,
                rate_hz: if gauges.around { 0.0 } else { gauges.model_hz / gauges.hop as f64 },
                outlet: gauges.outlet.clone().map(|name| (name, encode.listened_to())),
                file: gauges.file.clone(),
            },
            teaching: gauges.teach.as_ref().map(|(teach, reading)| TeachingView::of(teach, reading)),
            novelty: gauges.lookout.as_ref().map(|lookout| NoveltyView::clone(&lookout.load())),
            quality: gauges.quality.reasons(),
            events: self.events.iter().cloned().collect(),
            told: self.told,
            viewers: gauges.attach.as_ref().map(|counts| [counts.viewers(), counts.missed()]),
            ended,
        }
    }
}

/// Quantiles of a histogram.
pub(super) fn latency(histogram: &LatencyHistogram) -> Latency {
    let quantile = |q| histogram.quantile_ms(q);
    Latency { p50: quantile(0.5), p99: quantile(0.99), p99_9: quantile(0.999), max: histogram.max_ms() }
}

/// Those of each stage.
pub(super) fn stage_latency(gauges: &Gauges) -> impl Iterator<Item = (&'static str, Latency)> {
    gauges.encode.stages.named(gauges.is_in_real_time()).map(|(name, histogram)| (name, latency(histogram)))
}
