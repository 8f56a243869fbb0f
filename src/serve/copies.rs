//! Copies of encoded windows for whoever learns from them.
//!
//! The encoder's thread owns the [`CopyWriter`], one consumer's thread the [`CopyReader`]. Invariant: slots are made once and
//! go round between the two, so that handing one over neither waits nor allocates; a window that finds none is counted.

use crate::learn::Lesson;
use crate::ring::Doorbell;
use crate::signal::Stamp;
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An encoded window.
#[derive(Clone, Debug, Default)]
pub struct WindowCopy {
    /// Number of its first frame.
    pub first: u64,
    /// When its last frame was sampled.
    pub stamp: Stamp,
    /// The generation that made the embedding.
    pub generation: u64,
    /// True if it is good enough to be learnt from.
    pub is_good: bool,
    /// How probable it is, where novelty is looked out for.
    pub probability: Option<f64>,
    /// The embedding.
    pub embedding: Vec<f32>,
    /// Its samples `[T, C]`; empty where nobody wants them.
    pub samples: Vec<f32>,
}

impl WindowCopy {
    /// The same to be remembered.
    #[must_use]
    pub fn lesson(&self, class: usize, span: u64) -> Lesson {
        let samples = (!self.samples.is_empty()).then(|| Arc::from(self.samples.as_slice()));
        let (first, generation, embedding) = (self.first, self.generation, self.embedding.clone());
        Lesson { class, span, first, generation, embedding, samples }
    }
}

/// What is known of a window once it is encoded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoded<'a> {
    /// Number of its first frame.
    pub first: u64,
    /// When its last frame was sampled.
    pub stamp: Stamp,
    /// The generation that made the embedding.
    pub generation: u64,
    /// True if it is good enough to be learnt from.
    pub is_good: bool,
    /// How probable it is, where novelty is looked out for.
    pub probability: Option<f64>,
    /// The embedding.
    pub embedding: &'a [f32],
}

/// Both ends for `slots` windows of `samples` samples, or none of these, and embeddings of `dimension` numbers.
#[must_use]
pub fn copies(slots: usize, samples: usize, dimension: usize, bell: Arc<Doorbell>) -> (CopyWriter, CopyReader) {
    let (into, out) = rtrb::RingBuffer::new(slots);
    let (mut give_back, free) = rtrb::RingBuffer::new(slots);
    for _ in 0..slots {
        let slot = WindowCopy { embedding: vec![0.0; dimension], samples: vec![0.0; samples], ..WindowCopy::default() };
        // There is room for as many as there are.
        let _ = give_back.push(Box::new(slot));
    }
    (CopyWriter { into, free, next: None, bell, missed: Arc::default() }, CopyReader { out, give_back })
}

/// Puts copies in.
#[derive(Debug)]
pub struct CopyWriter {
    into: Producer<Box<WindowCopy>>,
    free: Consumer<Box<WindowCopy>>,
    next: Option<Box<WindowCopy>>,
    bell: Arc<Doorbell>,
    missed: Arc<AtomicU64>,
}

impl CopyWriter {
    /// Keeps a window's samples, before they go into the encoder.
    pub fn keep(&mut self, samples: &[f32]) {
        self.next = self.next.take().or_else(|| self.free.pop().ok());
        if let Some(slot) = self.next.as_mut().filter(|slot| slot.samples.len() == samples.len()) {
            slot.samples.copy_from_slice(samples);
        }
    }

    /// Hands the window over with its embedding.
    pub fn push(&mut self, encoded: Encoded<'_>) {
        let Encoded { first, stamp, generation, is_good, probability, embedding } = encoded;
        let Some(mut slot) = self.next.take().filter(|slot| slot.embedding.len() == embedding.len()) else {
            self.missed.store(self.missed.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            return;
        };
        (slot.first, slot.stamp, slot.generation, slot.is_good) = (first, stamp, generation, is_good);
        slot.probability = probability;
        slot.embedding.copy_from_slice(embedding);
        // There is room for as many as there are.
        let _ = self.into.push(slot);
        self.bell.ring();
    }

    /// Windows that found no slot, for others to read.
    #[must_use]
    pub fn missed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.missed)
    }
}

/// Takes copies out.
#[derive(Debug)]
pub struct CopyReader {
    out: Consumer<Box<WindowCopy>>,
    give_back: Producer<Box<WindowCopy>>,
}

impl CopyReader {
    /// The oldest copy; its slot is to be given back.
    pub fn pop(&mut self) -> Option<Box<WindowCopy>> {
        self.out.pop().ok()
    }

    /// Gives a slot back.
    pub fn give_back(&mut self, slot: Box<WindowCopy>) {
        let _ = self.give_back.push(slot);
    }

    /// True once no more will come, though some may still be there.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.out.is_abandoned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_go_round_and_what_finds_none_is_counted() {
        let (mut writer, mut reader) = copies(2, 3, 2, Arc::default());
        let missed = writer.missed();
        let mut push = |first: u64| {
            writer.keep(&[first as f32; 3]);
            writer.push(Encoded { first, embedding: &[first as f32, 0.5], ..Encoded::default() });
        };
        (0..3).for_each(&mut push);
        assert_eq!(missed.load(Ordering::Relaxed), 1);
        let slot = reader.pop().unwrap();
        assert_eq!((slot.first, &slot.samples[..], &slot.embedding[..]), (0, &[0.0; 3][..], &[0.0, 0.5][..]));
        push(3);
        reader.give_back(slot);
        push(4);
        assert_eq!(missed.load(Ordering::Relaxed), 2);
        assert_eq!([reader.pop().unwrap().first, reader.pop().unwrap().first], [1, 4]);
        assert!(reader.pop().is_none() && !reader.is_abandoned());
        drop(writer);
        assert!(reader.is_abandoned());
    }
}
