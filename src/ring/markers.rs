//! A ring of markers, beside the rings of frames.
//!
//! The acquisition thread owns the [`MarkerWriter`], one consumer's thread the [`MarkerReader`]. Invariant: a marker is
//! pushed before the frames of the block it came with, so that whoever sees a frame finds its markers here already; one
//! that finds no room is counted.

use crate::signal::Marker;
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes a ring for `capacity` markers.
#[must_use]
pub fn markers(capacity: usize) -> (MarkerWriter, MarkerReader) {
    let (into, out) = rtrb::RingBuffer::new(capacity);
    (MarkerWriter { into, lost: Arc::default() }, MarkerReader { out })
}

/// Puts markers in.
#[derive(Debug)]
pub struct MarkerWriter {
    into: Producer<Marker>,
    lost: Arc<AtomicU64>,
}

impl MarkerWriter {
    /// Puts one in, or counts it as lost.
    pub fn push(&mut self, marker: Marker) {
        if self.into.push(marker).is_err() {
            self.lost.store(self.lost.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    /// How many found no room, for others to read.
    #[must_use]
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }
}

/// Takes markers out.
#[derive(Debug)]
pub struct MarkerReader {
    out: Consumer<Marker>,
}

impl MarkerReader {
    /// The oldest marker, if there is one.
    pub fn pop(&mut self) -> Option<Marker> {
        self.out.pop().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted() {
        let (mut writer, mut reader) = markers(2);
        for frame in 0..5 {
            writer.push(Marker { frame, duration_s: None, text: "T1".to_owned() });
        }
        let frames: Vec<u64> = std::iter::from_fn(|| reader.pop()).map(|marker| marker.frame).collect();
        assert_eq!((frames, writer.lost().load(Ordering::Relaxed)), (vec![0, 1], 3));
    }
}
