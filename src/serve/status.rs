//! What a run says of itself, as a stream of texts.
//!
//! Owns [`StatusOutlet`], used by the telemetry thread. Invariant: each text is one JSON object with one key, which says
//! what it is; a push never waits for a receiver.

use crate::lsl::{Library, LslError, MarkerOutlet};
use crate::signal::{Event, Stamp};
use serde_json::{Value, json};

/// A stream of type `Status`: an irregular stream of JSON texts, stamped when what they say happened.
///
/// `{"event": {"kind", "text", "at_s"}}` for each event, `{"generation": {"number", "step", "sha256", "rankme", "std"}}` for
/// each set of weights from the first on, and `{"state": {…}}` once a second.
pub struct StatusOutlet {
    outlet: MarkerOutlet,
    clock_offset_s: f64,
}

impl StatusOutlet {
    /// Publishes the stream; it is visible until this is dropped. `clock_offset_s` as for
    /// [`super::EmbeddingOutlet::open`].
    ///
    /// # Errors
    /// [`LslError::Text`] for a name that LSL cannot carry, [`LslError::Refused`] where liblsl cannot publish.
    pub fn open(library: &Library, name: &str, source_id: &str, clock_offset_s: f64) -> Result<Self, LslError> {
        let names = (name, "Status", source_id);
        Ok(Self { outlet: MarkerOutlet::of_type(library, names)?, clock_offset_s })
    }

    /// Tells of an event that happened `at_s` seconds after the start.
    ///
    /// # Errors
    /// [`LslError::Refused`] where liblsl cannot send.
    pub fn event(&mut self, event: &Event, at_s: f64) -> Result<(), LslError> {
        let told = json!({"kind": event.kind.word(), "text": event.text, "at_s": at_s});
        self.push("event", told, event.at)
    }

    /// Tells anything else under a key.
    ///
    /// # Errors
    /// [`LslError::Refused`] where liblsl cannot send.
    pub fn push(&mut self, key: &str, value: Value, at: Stamp) -> Result<(), LslError> {
        // JSON writes a zero byte as six letters, so any text can be sent.
        let mut object = serde_json::Map::new();
        object.insert(key.to_owned(), value);
        self.outlet.push(&Value::Object(object).to_string(), at.0 - self.clock_offset_s)
    }
}
