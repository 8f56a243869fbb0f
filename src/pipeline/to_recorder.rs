//! Acquisition's end of what a recorder hears beside frames: markers, stamps and clock of the source.
//!
//! Owned by the acquisition thread. Invariant: it never waits; a marker that finds the queue full is counted, and a stamp
//! that finds no room leaves its frame the time that is worked out for it.

use crate::ring::{FrameReader, StampWriter, own_stamps};
use crate::serve::record::{EmbeddingCopy, Heard, Note, RecordCounts};
use crate::signal::{Block, Marker};
use crossbeam_channel::{Receiver, Sender};
use std::sync::Arc;

/// Markers and measurements that may wait for the recorder.
const QUEUE: usize = 4096;

/// What acquisition gives a recorder beside frames.
pub(super) struct ToRecorder {
    notes: Sender<Note>,
    stamps: StampWriter,
    clock_s: Option<f64>,
    counts: Arc<RecordCounts>,
}

/// The two ends before there is a recorder: what it hears of a ring for `capacity` frames, and who tells it.
pub(super) fn to_recorder(
    reader: FrameReader,
    capacity: usize,
    embeddings: Option<Receiver<EmbeddingCopy>>,
) -> (Heard, impl FnOnce(Arc<RecordCounts>) -> ToRecorder) {
    let (into, notes) = crossbeam_channel::bounded(QUEUE);
    let (writer, stamps) = own_stamps(capacity);
    let told = move |counts| ToRecorder { notes: into, stamps: writer, clock_s: None, counts };
    (Heard { reader, stamps, notes, embeddings }, told)
}

impl ToRecorder {
    /// Tells of a marker.
    pub fn marker(&self, marker: Marker) {
        if self.notes.try_send(Note::Marker(marker)).is_err() {
            self.counts.refuse();
        }
    }

    /// Tells what came with a block, before its frames.
    pub fn block(&mut self, block: &Block) {
        self.stamps.push(block.first, &block.own_stamps);
        if let Some(offset_s) = block.own_clock_s.filter(|_| block.own_clock_s != self.clock_s) {
            // Where the queue is full the one before holds on, until the next block.
            if self.notes.try_send(Note::Clock(offset_s)).is_ok() {
                self.clock_s = Some(offset_s);
            }
        }
    }
}
