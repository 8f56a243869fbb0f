//! Writing checkpoints beside the trainer.
//!
//! A thread `save`, which owns the folder of the run. Invariant: it never holds up a step: while it writes, the trainer makes
//! no other checkpoint, and what is written is whole or not there.

use super::priority;
use super::report::Report;
use super::shutdown::Shutdown;
use super::stage::spawn;
use crate::learn::Checkpoint;
use crate::signal::{Event, EventKind, Stamp};
use crossbeam_channel::{Receiver, Sender};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Name of the thread.
const SAVE: &str = "save";

/// A checkpoint to be written, and when it was made.
struct Made {
    checkpoint: Checkpoint,
    step: u64,
    is_best: bool,
    at: Stamp,
}

/// The trainer's end of the thread that writes.
pub(super) struct Saver {
    queue: Sender<Made>,
    busy: Arc<AtomicBool>,
    over: Receiver<()>,
}

impl Saver {
    /// Starts the thread.
    pub fn start(
        run: PathBuf,
        reports: Sender<Report>,
        shutdown: &Shutdown,
        told: impl FnOnce(&'static str, Option<String>) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, made) = crossbeam_channel::bounded::<Made>(1);
        let (end, over) = crossbeam_channel::bounded(1);
        let busy = Arc::new(AtomicBool::new(false));
        let of_thread = Arc::clone(&busy);
        spawn(SAVE, true, shutdown, told, move || {
            priority::lower();
            // Dropped with the thread, however it ends.
            let _end = end;
            for Made { checkpoint, step, is_best, at } in &made {
                if let Err(error) = checkpoint.save(&run, step, is_best) {
                    let event = Event { at, kind: EventKind::Error, text: error.to_string() };
                    let _ = reports.try_send(Report::Event(event));
                }
                of_thread.store(false, Ordering::Release);
            }
        })?;
        Ok(Self { queue, busy, over })
    }

    /// True if it would take a checkpoint now.
    pub fn is_idle(&self) -> bool {
        !self.busy.load(Ordering::Acquire)
    }

    /// Has a checkpoint written.
    pub fn save(&self, checkpoint: Checkpoint, step: u64, is_best: bool, at: Stamp) {
        self.busy.store(true, Ordering::Release);
        if self.queue.try_send(Made { checkpoint, step, is_best, at }).is_err() {
            // The thread is gone; the last checkpoint is written by the trainer itself.
            self.busy.store(false, Ordering::Release);
        }
    }

    /// Waits until all is written.
    pub fn finish(self) {
        drop(self.queue);
        let _ = self.over.recv();
    }
}
