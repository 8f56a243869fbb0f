//! Lock-free rings of frames: one writer, one reader, no lock, no allocation.
//!
//! The acquisition thread owns the [`Tee`] with one [`FrameWriter`] a consumer; each consumer's thread owns its
//! [`FrameReader`]. A header is pushed after its samples and a reader touches only samples whose header it has
//! popped, so a gap is a header whose first frame jumps, no window can span it, and both ends count the same losses.

mod doorbell;
mod reader;
mod tee;
mod writer;

pub use doorbell::Doorbell;
pub use reader::{FrameReader, Passage, ReaderCounts};
pub use tee::{Branch, Tee, WhenFull};
pub use writer::{FrameWriter, WriterCounts};

use crate::signal::Stamp;
use std::sync::Arc;

/// What stands beside a run of frames in the ring.
#[derive(Clone, Copy, Debug)]
struct Header {
    /// Number of the first frame.
    first: u64,
    /// How many frames follow on.
    frames: usize,
    /// When the last of them was sampled.
    stamp: Stamp,
    /// When they came into the ring.
    arrived: Stamp,
}

/// Makes a ring for `capacity` frames of `channels` samples at `rate_hz`.
///
/// `headers` bounds how many blocks can lie in it at once; when either is full the writer refuses frames and counts them.
#[must_use]
pub fn frames(channels: usize, rate_hz: f64, capacity: usize, headers: usize) -> (FrameWriter, FrameReader) {
    let (samples_in, samples_out) = rtrb::RingBuffer::new(capacity * channels);
    let (headers_in, headers_out) = rtrb::RingBuffer::new(headers);
    let counts = Arc::new(WriterCounts::default());
    let writer = FrameWriter::new(samples_in, headers_in, channels, rate_hz, counts);
    let reader = FrameReader::new(samples_out, headers_out, channels, rate_hz, capacity, headers);
    (writer, reader)
}

#[cfg(test)]
mod tests;
