//! What is told of heads: on screens, in the status stream, in the summary.
//!
//! Pure functions of counters. Invariant: an accuracy goes with its chance and with how much was asked.

use super::course::{ClassStatus, TeachStatus};
use super::lookout::LookoutStatus;
use super::summary::rounded;
use super::view::{NoveltyView, TeachingView};
use crate::learn::HeadKind;
use crate::serve::ReadingCounts;
use arc_swap::ArcSwap;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What others read of heads.
#[derive(Clone, Debug)]
pub(super) struct HeadCounts {
    pub course: Option<Arc<ArcSwap<TeachStatus>>>,
    pub lookout: Option<Arc<ArcSwap<LookoutStatus>>>,
    pub reading: Arc<ReadingCounts>,
    /// Windows that came while the stage was busy: they teach nothing.
    pub missed: Arc<AtomicU64>,
}

impl TeachingView {
    /// At this moment, where something is taught.
    pub(super) fn of(counts: &HeadCounts) -> Option<Self> {
        let status = counts.course.as_ref()?.load_full();
        Some(Self {
            classes: status.classes.iter().map(|class| (class.name.clone(), class.remembered)).collect(),
            now: counts.reading.class(),
            head: status.head,
            exam: status.exam.clone(),
        })
    }
}

impl NoveltyView {
    /// At this moment, where novelty is looked out for.
    pub(super) fn of(counts: &HeadCounts) -> Option<Self> {
        let LookoutStatus { alarms, hours, sizes, limit } = *counts.lookout.as_ref()?.load_full();
        Some(Self { now: counts.reading.novelty(), limit, alarms, hours, windows: sizes[0] })
    }
}

/// What is taught, for the status stream.
pub(super) fn state(counts: &HeadCounts) -> Option<Value> {
    let (status, now) = (counts.course.as_ref()?.load_full(), counts.reading.class());
    let names: Vec<&str> = status.classes.iter().map(|class| class.name.as_str()).collect();
    Some(json!({
        "classes": names,
        "class": now.and_then(|(class, _)| names.get(class)),
        "confidence": now.map(|(_, confidence)| rounded(f64::from(confidence))),
        "accuracy": (status.exam.windows > 0).then(|| rounded(status.exam.accuracy)),
    }))
}

/// What is novel, for the status stream and the summary.
pub(super) fn novelty(counts: &HeadCounts) -> Option<Value> {
    let LookoutStatus { alarms, hours, sizes: [reference, held], limit } = *counts.lookout.as_ref()?.load_full();
    Some(json!({
        "alarms": alarms,
        "hours": hours,
        "limit": limit,
        "reference": reference,
        "calibrated_on": held,
        "last": counts.reading.novelty().filter(|(score, _)| score.is_finite()).map(|(score, _)| rounded(score)),
    }))
}

/// What was taught, for the summary.
pub(super) fn summary(counts: &HeadCounts) -> Option<Value> {
    let status = counts.course.as_ref()?.load_full();
    let TeachStatus { classes, head, exam, unknown } = &*status;
    let of_class =
        |class: &ClassStatus| (class.name.clone(), json!({"labelled": class.labelled, "remembered": class.remembered}));
    let asked = json!({
        "windows": exam.windows,
        "spans": exam.spans,
        "accuracy": rounded(exam.accuracy),
        "chance": rounded(exam.chance),
        "balanced_accuracy": rounded(exam.balanced_accuracy),
        "balanced_chance": rounded(exam.balanced_chance),
    });
    Some(json!({
        "classes": classes.iter().map(of_class).collect::<Map<_, _>>(),
        "head": head.map(HeadKind::word),
        "asked": (exam.windows > 0).then_some(asked),
        "other_markers": unknown,
        "missed": counts.missed.load(Ordering::Relaxed),
    }))
}

/// What was novel, for people, from the summary.
pub(super) fn novelty_text(told: &Value, text: &mut String) {
    let number = |key: &str| told[key].as_f64().unwrap_or_default();
    let _ = match number("reference") {
        0.0 => writeln!(text, "  novelty: too few windows to compare with"),
        reference => writeln!(
            text,
            "  novelty: {} alarms in {:.2} h, compared with {reference} windows, calibrated on {}",
            number("alarms"),
            number("hours"),
            number("calibrated_on")
        ),
    };
}

/// What was taught, for people, from the summary.
pub(super) fn text(told: &Value, text: &mut String) {
    let labelled = told["classes"].as_object().into_iter().flatten();
    let labelled: Vec<String> = labelled.map(|(name, class)| format!("{name} {} windows", class["labelled"])).collect();
    let labelled = if labelled.is_empty() { "no marker named a class".to_owned() } else { labelled.join(", ") };
    let _ = write!(text, "  taught {labelled}");
    let percent = |key: &str| 100.0 * told["asked"][key].as_f64().unwrap_or_default();
    let asked = &told["asked"];
    if asked.is_object() {
        let (windows, spans) = (&asked["windows"], &asked["spans"]);
        let [right, chance] = ["accuracy", "chance"].map(percent);
        let [balanced, even] = ["balanced_accuracy", "balanced_chance"].map(percent);
        let _ = write!(
            text,
            "; {right:.1} % of {windows} in {spans} stretches told right before they were learnt from (chance \
             {chance:.1} %), balanced {balanced:.1} % (chance {even:.1} %)"
        );
    }
    let _ = writeln!(text);
}
