//! Lock-free rings of frames: one writer, one reader, no lock, no allocation.
//!
//! The acquisition thread owns the [`Tee`] with one [`FrameWriter`] a consumer; each consumer's thread owns its
//! [`FrameReader`]. A header is pushed after its samples and a reader touches only samples whose header it has
//! popped, so a gap is a header whose first frame jumps, no window can span it, and both ends count the same losses.
//! What was known of the channels' quality travels beside the headers, one bit a channel, by the same protocol; markers
//! have a small ring of their own, and are pushed before the frames they fall on.

mod doorbell;
mod markers;
mod reader;
mod tee;
mod writer;

pub use doorbell::Doorbell;
pub use markers::{MarkerReader, MarkerWriter, markers};
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
    // The bits of a header behind a gap stay in their ring while the header itself is out.
    let (bad_in, bad_out) = rtrb::RingBuffer::new((headers + 1) * words(channels));
    let counts = Arc::new(WriterCounts::default());
    let writer = FrameWriter::new(samples_in, headers_in, bad_in, channels, rate_hz, counts);
    let reader = FrameReader::new(samples_out, headers_out, bad_out, channels, rate_hz, capacity, headers);
    (writer, reader)
}

/// Words that hold a bit for each channel: channel `c` is bit `c % 64` of word `c / 64`.
fn words(channels: usize) -> usize {
    channels.div_ceil(64)
}

#[cfg(test)]
mod tests;
