//! What stages tell: events and steps, up to telemetry.
//!
//! Bounded channels; a stage never waits for telemetry. Invariant: what finds no room is counted by nobody but shown by
//! the counters, which are read directly.

use crate::learn::TrainerStatus;
use crate::signal::{Event, Marker, Stamp};

/// One message.
#[derive(Clone, Debug)]
pub(super) enum Report {
    /// Something happened.
    Event(Event),
    /// A marker, for the traces.
    Marker(Marker),
    /// A training step.
    Step {
        step: u64,
        loss: f32,
        chance: Option<f32>,
        learning_rate: f64,
        status: TrainerStatus,
        memory: (usize, usize),
    },
    /// Another generation is being served, and the decision in words.
    Swap { number: u64, at: Stamp, text: String },
}
