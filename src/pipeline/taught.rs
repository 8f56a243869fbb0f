//! What is told of teaching: on screens, in the status stream, in the summary.
//!
//! Pure functions of counters. Invariant: an accuracy goes with its chance and with how much was asked.

use super::summary::rounded;
use super::teach::{ClassStatus, TeachCounts, TeachStatus};
use super::view::TeachingView;
use crate::learn::HeadKind;
use crate::serve::ReadingCounts;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::sync::atomic::Ordering;

impl TeachingView {
    /// At this moment.
    pub(super) fn of(teach: &TeachCounts, reading: &ReadingCounts) -> Self {
        let status = teach.status();
        Self {
            classes: status.classes.iter().map(|class| (class.name.clone(), class.remembered)).collect(),
            now: reading.class(),
            head: status.head,
            exam: status.exam.clone(),
        }
    }
}

/// For the status stream.
pub(super) fn state(teach: &TeachCounts, reading: &ReadingCounts) -> Value {
    let (status, now) = (teach.status(), reading.class());
    let names: Vec<&str> = status.classes.iter().map(|class| class.name.as_str()).collect();
    json!({
        "classes": names,
        "class": now.and_then(|(class, _)| names.get(class)),
        "confidence": now.map(|(_, confidence)| rounded(f64::from(confidence))),
        "accuracy": (status.exam.windows > 0).then(|| rounded(status.exam.accuracy)),
    })
}

/// For the summary.
pub(super) fn summary(teach: &TeachCounts) -> Value {
    let status = teach.status();
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
    json!({
        "classes": classes.iter().map(of_class).collect::<Map<_, _>>(),
        "head": head.map(HeadKind::word),
        "asked": (exam.windows > 0).then_some(asked),
        "other_markers": unknown,
        "missed": teach.missed.load(Ordering::Relaxed),
    })
}

/// For people, from the summary.
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
