//! What every source of frames promises.
//!
//! A source is owned by the acquisition thread. Invariant: it fills a block or says when to ask again; it never sleeps
//! longer than 50 ms and never reads a clock.

use super::SourceError;
use crate::signal::{Block, Event, Stamp, StreamFacts};

/// What a source says after a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// `block` holds new frames.
    Frames,
    /// Nothing is due before this stamp.
    Wait(Stamp),
    /// Nothing arrived; ask again at once, for the source waited itself.
    Idle,
    /// The source is over, and why.
    End(String),
}

/// Where frames come from.
pub trait Source: Send {
    /// What is known of the stream.
    fn facts(&self) -> &StreamFacts;

    /// Moves what is due at `now` into `block`, which is empty, and says what happened in `events`.
    ///
    /// # Errors
    /// If the source cannot go on.
    fn step(&mut self, now: Stamp, block: &mut Block, events: &mut Vec<Event>) -> Result<Progress, SourceError>;

    /// Passes over what lies before this frame, as far as that spares reading it; what is read next is at most so much
    /// before it. A source that cannot says everything as ever.
    fn pass_over(&mut self, _frame: u64) {}
}
