//! The summary of a run, as scripts read it.
//!
//! Made once, at the end. Invariant: version 1 keeps the meaning of every key; new keys may come.

use super::novel;
use super::plan::Plan;
use super::run::EncodeEnd;
use super::shutdown::Reason;
use super::taught;
use super::telemetry::{Gauges, Telemetry, latency, stage_latency};
use super::train::{TrainCounts, TrainEnd};
use super::view::{Latency, TrainerState};
use crate::dsp::quality::{self, Reasons};
use crate::learn::{Examination, TrainerStatus};
use crate::serve::STAGES;
use crate::serve::record::Recorded;
use memory_stats::memory_stats;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// What is known when the run starts.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    seed: u64,
    kind: &'static str,
    name: String,
    channels: usize,
    pub rate_hz: f64,
    start_mb: Option<f64>,
}

impl Facts {
    pub fn of(plan: &Plan) -> Self {
        let facts = &plan.facts;
        Self {
            seed: plan.config.seed,
            kind: facts.kind.word(),
            name: facts.name.clone(),
            channels: facts.montage.len(),
            rate_hz: facts.rate_hz,
            start_mb: resident_mb(),
        }
    }
}

/// Channels that the text names.
const WORST: usize = 4;

/// What a run did.
#[derive(Clone, Debug)]
pub struct Summary {
    value: Value,
}

/// Memory of this process in MB (10^6 bytes), where the system says.
pub(super) fn resident_mb() -> Option<f64> {
    memory_stats().map(|stats| stats.physical_mem as f64 / 1e6)
}

/// The most memory that this process ever had, in MB, where the system says.
#[must_use]
pub fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

impl Summary {
    pub(super) fn new(
        facts: &Facts,
        reason: &Reason,
        wall_s: f64,
        gauges: &Gauges,
        encode: Option<EncodeEnd>,
        train: Option<TrainEnd>,
        telemetry: Option<&Telemetry>,
    ) -> Self {
        let acquired = gauges.acquire.frames();
        let mut frames = Map::new();
        frames.insert("acquired".to_owned(), json!(acquired));
        frames.insert("gaps".to_owned(), json!(gauges.acquire.gaps()));
        for ledger in gauges.ledgers() {
            let mut entry = json!({"consumed": ledger.consumed, "lost": ledger.lost, "left": ledger.left});
            if ledger.acquired != acquired {
                // It was on for a part of the run alone.
                entry["acquired"] = json!(ledger.acquired);
            }
            frames.insert(ledger.consumer.into_owned(), entry);
        }
        let counts = gauges.train.as_deref();
        let (encoded, admitted) = (gauges.encode.windows(), counts.map_or(0, TrainCounts::admitted));
        let rejected_gap = counts.map_or(gauges.encode.rejected_gap(), TrainCounts::rejected_gap);
        let latency = latency(&gauges.encode.latency);
        let mut value = json!({
            "version": 1,
            "source": {"kind": facts.kind, "name": facts.name, "channels": facts.channels, "rate_hz": facts.rate_hz},
            "model": {"rate_hz": gauges.model_hz},
            "reason": reason.to_string(),
            "wall_s": rounded(wall_s),
            "signal_s": rounded(acquired as f64 / facts.rate_hz),
            "seed": facts.seed,
            "frames": frames,
            "windows": {
                "encoded": encoded,
                "trained": admitted,
                "rejected": {"gap": rejected_gap, "quality": counts.map_or(0, TrainCounts::rejected_quality)},
            },
            "embeddings": {
                "count": encoded,
                "dimension": gauges.dimension,
                "sha256": encode.map(|(sha256, _)| sha256),
            },
            "latency_ms": {
                "p50": rounded(latency.p50),
                "p99": rounded(latency.p99),
                "p99_9": rounded(latency.p99_9),
                "max": rounded(latency.max),
                "stages": stages(gauges),
            },
            "priority": gauges.priority.granted().word(),
            "memory_mb": {
                "start": facts.start_mb.map(rounded),
                "end": resident_mb().map(rounded),
                "peak": peak_mb().map(rounded),
            },
        });
        value["windows"]["bad"] = json!(gauges.encode.bad_windows());
        if let Some(lost) = &gauges.lost_markers {
            let lost = lost.load(Ordering::Relaxed);
            value["markers"] = json!({"served": encoded, "rejected": gauges.encode.rejected_gap(), "lost": lost});
        }
        if let Some(quality) = quality(gauges) {
            value["quality"] = quality;
        }
        if let Some((teach, _)) = &gauges.teach {
            value["teaching"] = taught::summary(teach);
        }
        if let Some(lookout) = &gauges.lookout {
            value["novelty"] = novel::summary(&lookout.load());
        }
        if counts.is_some() {
            value["training"] = training(gauges.method, wall_s, train, telemetry);
        }
        Self { value }
    }

    /// Adds what was recorded: the last recording, and all of them where there were several.
    pub(super) fn with_recordings(mut self, recorded: &[Recorded]) -> Self {
        if let Some(last) = recorded.last() {
            self.value["recording"] = last.to_json();
        }
        if recorded.len() > 1 {
            self.value["recordings"] = recorded.iter().map(Recorded::to_json).collect();
        }
        self
    }

    /// The summary as scripts read it.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The summary as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.value).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The summary as one line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        self.value.to_string()
    }

    /// The summary for a person.
    #[must_use]
    pub fn to_text(&self) -> String {
        let v = &self.value;
        let mut text = String::new();
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        let _ = writeln!(
            text,
            "{}: {:.1} s of signal in {:.1} s ({})",
            v["source"]["name"].as_str().unwrap_or_default(),
            number(&v["signal_s"]),
            number(&v["wall_s"]),
            v["reason"].as_str().unwrap_or_default()
        );
        let acquired = &v["frames"]["acquired"];
        for name in ["encoder", "trainer", "recorder", "display", "lookout"] {
            if let Some(ledger) = v["frames"].get(name) {
                let (consumed, lost, left) = (&ledger["consumed"], &ledger["lost"], &ledger["left"]);
                let acquired = ledger.get("acquired").unwrap_or(acquired);
                let _ =
                    writeln!(text, "  {name:8} {acquired} acquired = {consumed} consumed + {lost} lost + {left} left");
            }
        }
        let latency = &v["latency_ms"];
        let (embeddings, windows) = (&v["embeddings"], &v["windows"]);
        let _ = writeln!(
            text,
            "  embeddings {} of {} numbers, latency p50 {:.1} ms, p99 {:.1} ms",
            embeddings["count"],
            embeddings["dimension"],
            number(&latency["p50"]),
            number(&latency["p99"])
        );
        if let Some(stages) = stages_in_words(&latency["stages"]) {
            let _ = writeln!(text, "  by stage, p50/p99 ms: {stages}");
        }
        if let Some(bad) = v["quality"]["bad_intervals"].as_object().filter(|bad| !bad.is_empty()) {
            let intervals = number(&v["quality"]["intervals"]).max(1.0);
            let mut worst: Vec<(&String, f64)> = bad.iter().map(|(label, n)| (label, number(n) / intervals)).collect();
            worst.sort_by(|a, b| b.1.total_cmp(&a.1));
            let named: Vec<String> =
                worst.iter().take(WORST).map(|(label, share)| format!("{label} {:.0} %", 100.0 * share)).collect();
            let more = if worst.len() > WORST { format!(", {} more", worst.len() - WORST) } else { String::new() };
            let _ =
                writeln!(text, "  bad channels {} of the time{more}; {} bad windows", named.join(", "), windows["bad"]);
        }
        let marked: Vec<&str> =
            v["quality"]["marked_channels"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !marked.is_empty() {
            let _ = writeln!(text, "  marked as bad by hand: {}", marked.join(", "));
        }
        if let Some(training) = v.get("training") {
            let method = training["method"].as_str().unwrap_or_default();
            let losses = match (training["loss_first"].as_f64(), training["loss_last"].as_f64()) {
                (Some(first), Some(last)) => format!("{} steps, loss {first:.3} to {last:.3}", training["steps"]),
                _ => "no step taken in this run".to_owned(),
            };
            let _ = writeln!(
                text,
                "  {method} {losses}, {} generations, {} windows learnt from, {} refused",
                training["generations"], windows["trained"], windows["rejected"]["quality"]
            );
            if let Some(name) = training["card"]["name"].as_str() {
                let failed = training["card"]["failed"].as_str();
                let failed = failed.map_or_else(String::new, |why| format!(", given up: {why}; then on the CPU"));
                let _ = writeln!(text, "  trained on {name}{failed}");
            }
            let (refused, rollbacks) = (number(&training["refused"]), number(&training["rollbacks"]));
            if refused > 0.0 {
                let _ = writeln!(text, "  gate: {refused} candidates not served, {rollbacks} roll-backs");
            }
        }
        if let Some(told) = v.get("teaching") {
            taught::text(told, &mut text);
        }
        if let Some(told) = v.get("novelty") {
            novel::text(told, &mut text);
        }
        text
    }
}

/// Where the time goes, by stage.
fn stages(gauges: &Gauges) -> Map<String, Value> {
    let told = stage_latency(gauges).map(|(name, latency)| {
        let Latency { p50, p99, max, .. } = latency;
        (name.to_owned(), json!({"p50": rounded(p50), "p99": rounded(p99), "max": rounded(max)}))
    });
    told.collect()
}

/// The same for a person.
fn stages_in_words(stages: &Value) -> Option<String> {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let told = STAGES.iter().filter_map(|name| {
        let stage = stages.get(name)?;
        Some(format!("{name} {:.2}/{:.2}", number(&stage["p50"]), number(&stage["p99"])))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// How often channels were bad; nothing where none was watched.
fn quality(gauges: &Gauges) -> Option<Value> {
    let reasons = gauges.quality.reasons();
    let (intervals, bad) = gauges.quality.intervals();
    let labels = || gauges.facts.montage.labels();
    let named = |is: &dyn Fn(Reasons) -> bool| -> Vec<&str> {
        labels().zip(&reasons).filter(|(_, reasons)| is(**reasons)).map(|(label, _)| label).collect()
    };
    let (at_end, marked) =
        (named(&|reasons| !reasons.is_empty()), named(&|reasons| reasons.has(quality::Reason::Marked)));
    let of_channels: Map<String, Value> =
        labels().zip(bad).filter(|(_, bad)| *bad > 0).map(|(label, bad)| (label.to_owned(), json!(bad))).collect();
    let told = json!({"intervals": intervals, "bad_intervals": of_channels, "bad_channels": at_end, "marked_channels": marked});
    (!reasons.is_empty()).then_some(told)
}

fn training(method: &str, wall_s: f64, train: Option<TrainEnd>, telemetry: Option<&Telemetry>) -> Value {
    let forgone = train.as_ref().map_or(0, |end| end.forgone);
    let card = train.as_ref().and_then(|end| end.card.clone());
    let (status, weights) = train.map_or_else(Default::default, |end| (end.status, Some(end.weights_sha256)));
    let state = telemetry.map(|t| t.trainer().state).unwrap_or_default();
    let found = status.examination.as_deref();
    let mut alarms = found.map(Examination::words).unwrap_or_default();
    if state == TrainerState::Stopped {
        alarms.push(state.word());
    }
    let mut told = json!({
        "method": method,
        "steps": status.steps,
        "steps_per_s": rounded(status.steps_this_run as f64 / wall_s.max(1e-9)),
        "skipped": status.skipped,
        "forgone": forgone,
        "loss_first": status.loss_first,
        "loss_last": status.loss_last,
        "generations": status.generations,
        "refused": status.refused,
        "rollbacks": status.rollbacks,
        "residual": status.residual.map(rounded),
        "learning_rate_share": status.rate,
        "health": health(&status, &alarms),
        "weights_sha256": weights,
    });
    if let Some(card) = card {
        told["card"] = json!({"name": card.name(), "failed": card.failed()});
    }
    told
}

/// The figures of the last look at the weights; those that need held windows are absent where there were too few.
fn health(status: &TrainerStatus, alarms: &[&str]) -> Value {
    let last = &status.health;
    let mut told = json!({
        "std": rounded(last.std), "rankme": rounded(last.rankme), "cosine": rounded(last.cosine), "alarms": alarms,
    });
    let Some(found) = status.examination.as_deref() else { return told };
    for (key, value) in found.named() {
        told[key] = json!(rounded(value));
    }
    if found.windows > 0 {
        told["windows"] = json!(found.windows);
        for (key, value) in found.figures.named() {
            told[key] = json!(rounded(value));
        }
    }
    told
}

/// Three digits after the point are enough for people, and keep the file readable.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
