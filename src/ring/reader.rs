//! The reading end of a frame ring.
//!
//! Owned by one consumer's thread. Invariant: the frames from `head` on, `ready` of them, follow each other without a gap
//! and their headers have been popped; only these are ever shown.

use super::{Header, RingShape, Run, words as words_of_bits};
use crate::signal::Stamp;
use rtrb::Consumer;
use rtrb::chunks::ReadChunk;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the reading end has counted, for others to read.
#[derive(Debug, Default)]
pub struct ReaderCounts {
    consumed: AtomicU64,
    skipped: AtomicU64,
}

impl ReaderCounts {
    /// Frames of the source that the consumer took.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.consumed.load(Ordering::Relaxed)
    }

    /// Frames of the source that the consumer passed over to catch up.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
}

/// Frames that follow each other without a gap, in place in the ring.
#[derive(Debug)]
pub struct Passage<'a> {
    chunk: ReadChunk<'a, f32>,
    /// Number of the first frame.
    pub first: u64,
    /// How many frames there are.
    pub frames: usize,
    /// When the last frame was sampled.
    pub stamp: Stamp,
    /// When the last frame arrived here.
    pub arrived: Stamp,
    /// When it came into the ring.
    pub entered: Stamp,
    /// One bit a channel, set for those that were bad in any of these frames: channel `c` is bit `c % 64` of word `c / 64`.
    pub bad: &'a [u64],
    /// What was noted of each channel's amplitude with the last of these frames; empty where the ring carries none.
    pub amplitudes: &'a [f32],
}

impl Passage<'_> {
    /// Copies the samples to `out`, which has room for exactly these frames.
    ///
    /// # Panics
    /// If `out` has another length.
    pub fn copy_to(&self, out: &mut [f32]) {
        let (samples, rest) = self.chunk.as_slices();
        let (head, tail) = out.split_at_mut(samples.len());
        head.copy_from_slice(samples);
        tail.copy_from_slice(rest);
    }

    /// Interleaved samples `[T, C]` where they lie; they go on in the second slice where the ring wraps, which it does
    /// between two frames.
    #[must_use]
    pub fn samples(&self) -> (&[f32], &[f32]) {
        self.chunk.as_slices()
    }
}

/// Takes frames out of a ring.
#[derive(Debug)]
pub struct FrameReader {
    samples: Consumer<f32>,
    headers: Consumer<Header>,
    words: Consumer<u64>,
    shape: RingShape,
    head: u64,
    ready: usize,
    /// Frames taken out so far that count as consumed, as they are numbered here.
    taken: u64,
    /// Popped headers of the present run, oldest first; the last frame of each gives stamps to the frames before it.
    run: VecDeque<Header>,
    /// The words of each header of the run, one after another.
    run_words: VecDeque<u64>,
    /// Bits of quality of all frames last shown.
    shown_bad: Vec<u64>,
    /// Amplitudes in the last of them.
    shown_amplitudes: Vec<f32>,
    /// The header after a gap.
    after_gap: Option<Header>,
    counts: Arc<ReaderCounts>,
}

impl FrameReader {
    pub(super) fn new(
        samples: Consumer<f32>,
        headers: Consumer<Header>,
        words: Consumer<u64>,
        shape: RingShape,
    ) -> Self {
        // A header that was popped stays in the run until its frames are gone: there may be one for each frame.
        let most = shape.capacity.max(shape.headers) + 1;
        Self {
            samples,
            headers,
            words,
            shape,
            head: 0,
            ready: 0,
            taken: 0,
            run: VecDeque::with_capacity(most),
            run_words: VecDeque::with_capacity(most * shape.words()),
            shown_bad: vec![0; words_of_bits(shape.channels)],
            shown_amplitudes: vec![0.0; if shape.with_amplitudes { shape.channels } else { 0 }],
            after_gap: None,
            counts: Arc::default(),
        }
    }

    /// Its counts, to keep.
    #[must_use]
    pub fn counts(&self) -> Arc<ReaderCounts> {
        Arc::clone(&self.counts)
    }

    /// Samples in a frame.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.shape.channels
    }

    /// Frames consumed so far at this ring's rate, which is not the source's where frames were resampled.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Frames in the ring, whether they can be shown yet or not.
    #[must_use]
    pub fn left(&self) -> u64 {
        (self.samples.slots() / self.shape.channels) as u64
    }

    /// How full the ring is, 0 to 1.
    #[must_use]
    pub fn fill(&self) -> f32 {
        self.left() as f32 / self.shape.capacity as f32
    }

    /// True once the writer is gone; what it wrote can still be read.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.samples.is_abandoned()
    }

    /// Number of the next frame and how many follow it without a gap.
    pub fn ready(&mut self) -> (u64, usize) {
        self.refresh();
        (self.head, self.ready)
    }

    /// True when the frames that are ready are followed by a gap: no more will ever join them.
    pub fn before_gap(&mut self) -> bool {
        self.refresh();
        self.after_gap.is_some()
    }

    /// Shows the next `frames` frames in place, or nothing while there are fewer or a gap is in the way.
    pub fn peek(&mut self, frames: usize) -> Option<Passage<'_>> {
        self.refresh();
        if frames == 0 || self.ready < frames {
            return None;
        }
        let last = self.head + frames as u64 - 1;
        let (at, stamp) = self.last_of(last)?;
        let Run { arrived, entered, .. } = self.run.get(at)?.run;
        let (words, bits) = (self.shape.words(), self.shown_bad.len());
        self.shown_bad.fill(0);
        for (i, word) in self.run_words.iter().take((at + 1) * words).enumerate() {
            if i % words < bits {
                self.shown_bad[i % words] |= word;
            }
        }
        for (c, amplitude) in self.shown_amplitudes.iter_mut().enumerate() {
            let word = self.run_words.get(at * words + bits + c / 2).copied().unwrap_or_default();
            *amplitude = f32::from_bits((word >> (32 * (c % 2))) as u32);
        }
        let chunk = self.samples.read_chunk(frames * self.shape.channels).ok()?;
        let (bad, amplitudes) = (&self.shown_bad[..], &self.shown_amplitudes[..]);
        Some(Passage { chunk, first: self.head, frames, stamp, arrived, entered, bad, amplitudes })
    }

    /// Takes `frames` frames out: they count as consumed. Frames that are not ready stay.
    pub fn commit(&mut self, frames: usize) {
        let (taken, source_frames) = self.remove(frames);
        self.taken += taken;
        self.counts.consumed.store(self.counts.consumed() + source_frames, Ordering::Relaxed);
    }

    /// Passes over frames, so that no more than `keep` are left, and says over how many: they count as lost.
    pub fn skip_to_newest(&mut self, keep: usize) -> u64 {
        let mut skipped = 0;
        while self.left() > keep as u64 {
            self.refresh();
            let excess = (self.left() - keep as u64).min(self.ready as u64);
            if excess == 0 {
                break;
            }
            let (passed, source_frames) = self.remove(excess as usize);
            skipped += passed;
            self.counts.skipped.store(self.counts.skipped() + source_frames, Ordering::Relaxed);
        }
        skipped
    }

    /// Takes frames out; says how many and how many frames of the source they stand for.
    fn remove(&mut self, frames: usize) -> (u64, u64) {
        let (frames, from) = (frames.min(self.ready), self.head);
        if frames > 0
            && let Ok(chunk) = self.samples.read_chunk(frames * self.shape.channels)
        {
            chunk.commit_all();
            self.head += frames as u64;
            self.ready -= frames;
        }
        let mut source_frames = 0;
        while let Some(header) = self.run.front() {
            source_frames += header.source_frames_before(self.head) - header.source_frames_before(from);
            if header.end() > self.head {
                break;
            }
            self.run.pop_front();
            self.run_words.drain(..self.shape.words());
        }
        (frames as u64, source_frames)
    }

    /// Pops headers as long as they follow on.
    fn refresh(&mut self) {
        if self.ready == 0
            && let Some(header) = self.after_gap.take()
        {
            self.begin(header);
        }
        while self.after_gap.is_none()
            && let Ok(header) = self.headers.pop()
        {
            if self.ready == 0 {
                self.begin(header);
            } else if header.run.first == self.head + self.ready as u64 {
                self.ready += header.frames;
                self.join(header);
            } else {
                self.after_gap = Some(header);
            }
        }
    }

    fn begin(&mut self, header: Header) {
        self.head = header.run.first;
        self.ready = header.frames;
        self.run.clear();
        self.run_words.clear();
        self.join(header);
    }

    /// Adds a header, whose words are the next in their ring, to the run.
    fn join(&mut self, header: Header) {
        self.run.push_back(header);
        if let Ok(chunk) = self.words.read_chunk(self.shape.words()) {
            self.run_words.extend(chunk);
        }
    }

    /// Which header of the run holds a frame, and when that frame was sampled.
    fn last_of(&self, frame: u64) -> Option<(usize, Stamp)> {
        let at = self.run.partition_point(|h| h.end() <= frame);
        let header = self.run.get(at)?;
        let after = header.end() - 1 - frame;
        Some((at, header.run.stamp - after as f64 / self.shape.rate_hz))
    }
}
