//! Commands that go down from a screen or a signal to the pipeline.
//!
//! Owns [`Command`]; any thread may send one, the pipeline's control loop takes them. Invariant: a command says what
//! is wanted and carries no state, so sending it twice does no harm; a label or marker is sent once for each
//! time that it is meant.

use serde::{Deserialize, Serialize};

use super::eye::Eye;

/// What a person asks of a running pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// End the run in good order.
    Quit,
    /// Pause or resume the trainer.
    PauseTraining(bool),
    /// Label the present moment: a marker on the frame that comes next.
    Label(String),
    /// Mark the present moment with a text that names no state: nothing is taught by it.
    Marker(String),
    /// Record from now on, or not any more.
    Record(bool),
    /// Count a channel of the source as bad whatever is measured, or only what is measured again.
    MarkChannel {
        /// Its place in the stream.
        channel: usize,
        /// Whether it is to count as bad.
        bad: bool,
    },
    /// Show the signal with these filters and this reference, on every screen.
    Show(Eye),
    /// Keep serving what is served, or follow the gate again.
    HoldServing(bool),
    /// Serve the weights of this moment.
    SwapNow,
    /// Serve and train on the generation before.
    RollBack,
}
