//! What is told of novelty: on screens, in the status stream, in the summary.
//!
//! Pure functions of the lookout's status. Invariant: alarms go with the time that was looked at.

use super::summary::rounded;
use super::view::NoveltyView;
use serde_json::{Value, json};
use std::fmt::Write;

/// For the status stream.
pub(super) fn state(status: &NoveltyView) -> Value {
    json!({
        "p": status.last.map(|(probability, _)| probability),
        "score": status.last.map(|(_, score)| rounded(f64::from(score))),
        "windows": status.windows,
        "alarms": status.alarms,
    })
}

/// For the summary.
pub(super) fn summary(status: &NoveltyView) -> Value {
    json!({
        "windows": status.windows,
        "alarms": status.alarms,
        "hours": rounded(status.hours),
        "limit": status.limit,
        "one_in_ten": status.one_in_ten.map(rounded),
    })
}

/// For people, from the summary; nothing where nothing was looked at.
pub(super) fn text(told: &Value, text: &mut String) {
    let Some(tenth) = told["one_in_ten"].as_f64() else { return };
    let alarms = told["alarms"].as_u64().unwrap_or_default();
    let minutes = 60.0 * told["hours"].as_f64().unwrap_or_default();
    let s = if alarms == 1 { "" } else { "s" };
    let _ = writeln!(
        text,
        "  novelty {alarms} alarm{s} in {minutes:.1} min; {:.0} % of the windows were called one in ten",
        100.0 * tenth
    );
}
