//! Lock-free rings of frames: one writer, one reader, no lock, no allocation.
//!
//! The acquisition thread owns the [`Tee`] with one [`FrameWriter`] a consumer; each consumer's thread owns its
//! [`FrameReader`]. A header is pushed after its samples and a reader touches only samples whose header it has
//! popped, so a gap is a header whose first frame jumps, no window can span it, and both ends count the same losses.
//! All counts are in frames of the source, for which the frames of a ring may stand at another rate.
//! What was known of the channels' quality travels beside the headers, one bit a channel, and on demand the amplitude that
//! scaling took out of each, by the same protocol; markers
//! have a small ring of their own, and are pushed before the frames they fall on; so have the stamps that a source gave
//! itself, for the recorder.

mod doorbell;
mod markers;
mod own_stamps;
mod reader;
mod tee;
mod writer;

pub use doorbell::Doorbell;
pub use markers::{MarkerReader, MarkerWriter, markers};
pub use own_stamps::{StampReader, StampWriter, own_stamps};
pub use reader::{FrameReader, Passage, ReaderCounts};
pub use tee::{Branch, Tee, WhenFull};
pub use writer::{FrameWriter, WriterCounts};

use crate::signal::Stamp;

/// What is told of frames that are pushed together.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Number of the first frame.
    pub first: u64,
    /// Frames of the source that they stand for: as many as there are, unless they were resampled.
    pub source_frames: u64,
    /// When the last of them was sampled.
    pub stamp: Stamp,
    /// When they arrived here.
    pub arrived: Stamp,
    /// When they came into the ring, behind what was made of them on the way.
    pub entered: Stamp,
}

/// What stands beside a run of frames in the ring.
#[derive(Clone, Copy, Debug)]
struct Header {
    run: Run,
    /// How many frames follow on.
    frames: usize,
}

impl Header {
    /// Number of the frame after the last.
    fn end(&self) -> u64 {
        self.run.first + self.frames as u64
    }

    /// Frames of the source that the frames before number `end` stand for: shares of a run are whole and add up to it.
    fn source_frames_before(&self, end: u64) -> u64 {
        let frames = end.saturating_sub(self.run.first).min(self.frames as u64);
        share(self.run.source_frames, frames, self.frames as u64)
    }
}

/// What the first `part` of `whole` frames stand for, of `source_frames` that all of them stand for.
fn share(source_frames: u64, part: u64, whole: u64) -> u64 {
    (u128::from(source_frames) * u128::from(part) / u128::from(whole.max(1))) as u64
}

/// What a ring holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RingShape {
    /// Samples in a frame.
    pub channels: usize,
    /// Frames in a second.
    pub rate_hz: f64,
    /// Frames that lie in it at most.
    pub capacity: usize,
    /// Blocks that lie in it at most.
    pub headers: usize,
    /// Carry an amplitude for each channel beside each block.
    pub with_amplitudes: bool,
}

impl RingShape {
    /// Words beside a header: bits of quality, then amplitudes, two in a word.
    fn words(&self) -> usize {
        words(self.channels) + if self.with_amplitudes { self.channels.div_ceil(2) } else { 0 }
    }
}

/// Makes a ring for `capacity` frames of `channels` samples at `rate_hz`, without amplitudes.
///
/// `headers` bounds how many blocks can lie in it at once; when either is full the writer refuses frames and counts them.
#[must_use]
pub fn frames(channels: usize, rate_hz: f64, capacity: usize, headers: usize) -> (FrameWriter, FrameReader) {
    frames_of(RingShape { channels, rate_hz, capacity, headers, with_amplitudes: false })
}

/// Makes a ring of this shape.
#[must_use]
pub fn frames_of(shape: RingShape) -> (FrameWriter, FrameReader) {
    let (samples_in, samples_out) = rtrb::RingBuffer::new(shape.capacity * shape.channels);
    let (headers_in, headers_out) = rtrb::RingBuffer::new(shape.headers);
    // The words of a header behind a gap stay in their ring while the header itself is out.
    let (words_in, words_out) = rtrb::RingBuffer::new((shape.headers + 1) * shape.words());
    let writer = FrameWriter::new(samples_in, headers_in, words_in, shape);
    let reader = FrameReader::new(samples_out, headers_out, words_out, shape);
    (writer, reader)
}

/// Words that hold a bit for each channel: channel `c` is bit `c % 64` of word `c / 64`.
fn words(channels: usize) -> usize {
    channels.div_ceil(64)
}

#[cfg(test)]
mod tests;
