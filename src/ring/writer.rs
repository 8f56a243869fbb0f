//! The writing end of a frame ring.
//!
//! Owned by the tee on the acquisition thread. Invariant: a header is visible only after all its samples and its bits of
//! quality are, and every frame offered is either in the ring or counted as refused.

use super::{Header, RingShape, Run, share, words};
use crate::signal::Stamp;
use rtrb::Producer;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the writing end has counted, for others to read.
#[derive(Debug, Default)]
pub struct WriterCounts {
    offered: AtomicU64,
    refused: AtomicU64,
}

impl WriterCounts {
    /// Frames of the source that were offered to this ring.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.offered.load(Ordering::Relaxed)
    }

    /// Frames of the source that found no room.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// Puts frames into a ring.
#[derive(Debug)]
pub struct FrameWriter {
    samples: Producer<f32>,
    headers: Producer<Header>,
    words: Producer<u64>,
    /// What is said of the frames to come: one bit a channel, set for the bad ones, then amplitudes.
    now: Vec<u64>,
    shape: RingShape,
    counts: Arc<WriterCounts>,
}

impl FrameWriter {
    pub(super) fn new(
        samples: Producer<f32>,
        headers: Producer<Header>,
        words: Producer<u64>,
        shape: RingShape,
    ) -> Self {
        Self { samples, headers, words, now: vec![0; shape.words()], shape, counts: Arc::default() }
    }

    /// Says which channels are bad in the frames that are pushed from now on; at first none is.
    ///
    /// Channel `c` is bit `c % 64` of word `c / 64`; words that are missing name no bad channel.
    pub fn judge(&mut self, bad: &[u64]) {
        let now = &mut self.now[..words(self.shape.channels)];
        now.fill(0);
        now.iter_mut().zip(bad).for_each(|(to, &word)| *to = word);
    }

    /// Says how large each channel was in the frames that are pushed from now on, where the ring carries amplitudes.
    pub fn note_amplitudes(&mut self, amplitudes: impl Iterator<Item = f32>) {
        let now = &mut self.now[words(self.shape.channels)..];
        now.fill(0);
        let count = if self.shape.with_amplitudes { self.shape.channels } else { 0 };
        for (c, amplitude) in amplitudes.take(count).enumerate() {
            now[c / 2] |= u64::from(amplitude.to_bits()) << (32 * (c % 2));
        }
    }

    /// How many frames fit now. The reader may only make it more.
    #[must_use]
    pub fn room(&self) -> usize {
        let fits = self.headers.slots() > 0 && self.words.slots() >= self.now.len();
        if fits { self.samples.slots() / self.shape.channels } else { 0 }
    }

    /// Its counts, to keep.
    #[must_use]
    pub fn counts(&self) -> Arc<WriterCounts> {
        Arc::clone(&self.counts)
    }

    /// Puts in as many of these frames as fit, counts the rest as refused, and says how many went in.
    ///
    /// `samples` holds whole frames `[T, C]` that begin with frame `first`; `stamp` belongs to the last of them.
    pub fn push(&mut self, samples: &[f32], first: u64, stamp: Stamp, arrived: Stamp) -> usize {
        let source_frames = (samples.len() / self.shape.channels) as u64;
        self.push_run(samples, Run { first, source_frames, stamp, arrived, entered: arrived })
    }

    /// The same for frames that stand for another number of frames of the source.
    pub fn push_run(&mut self, samples: &[f32], run: Run) -> usize {
        let frames = samples.len() / self.shape.channels;
        let taken = frames.min(self.room());
        let stands_for = share(run.source_frames, taken as u64, frames as u64);
        self.counts.offered.store(self.counts.offered() + run.source_frames, Ordering::Relaxed);
        self.counts.refused.store(self.counts.refused() + run.source_frames - stands_for, Ordering::Relaxed);
        if taken > 0 {
            let stamp = run.stamp - (frames - taken) as f64 / self.shape.rate_hz;
            let header = Header { run: Run { source_frames: stands_for, stamp, ..run }, frames: taken };
            let entered = self.samples.push_entire_slice(&samples[..taken * self.shape.channels]).is_ok()
                && self.words.push_entire_slice(&self.now).is_ok()
                && self.headers.push(header).is_ok();
            debug_assert!(entered, "room was measured by the only writer");
        }
        taken
    }

    /// True once the reader is gone.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.samples.is_abandoned()
    }
}
