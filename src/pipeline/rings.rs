//! The rings of a run, with the counters at both of their ends.
//!
//! On the main thread, before the first frame. Invariant: each ring that a stage reads is in the ledger.

use super::plan::Plan;
use super::telemetry::Consumer;
use crate::ring::{Branch, Doorbell, FrameReader, RingShape, WhenFull, frames_of};
use std::sync::Arc;

/// Blocks that a ring holds at most; live sources may send a block a frame.
pub(super) const HEADERS: usize = 16_384;

/// Makes rings and remembers their counters.
pub(super) struct Rings<'a> {
    pub plan: &'a Plan,
    pub consumers: Vec<Consumer>,
}

impl Rings<'_> {
    /// A ring for `capacity` frames of so many channels at so many hertz.
    pub fn make(
        &mut self,
        name: &'static str,
        doorbell: &Arc<Doorbell>,
        (channels, rate_hz): (usize, f64),
        capacity: usize,
        with_amplitudes: bool,
    ) -> (FrameReader, Branch) {
        let headers = capacity.min(HEADERS);
        let (writer, reader) = frames_of(RingShape { channels, rate_hz, capacity, headers, with_amplitudes });
        let capacity = (capacity as f64 * self.plan.facts.rate_hz / rate_hz).ceil() as u64;
        self.consumers.push(Consumer { name, written: writer.counts(), read: reader.counts(), capacity });
        let when_full = if self.plan.at_full_speed { WhenFull::Wait } else { WhenFull::Lose };
        (reader, Branch { writer, when_full, doorbell: Arc::clone(doorbell) })
    }
}
