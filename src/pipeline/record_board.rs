//! The recordings of a run, for others to read: which file, which frames, how each ended.
//!
//! Written by the recorder's thread and, for the frames offered, by acquisition; any thread reads. Invariant: frames that
//! were offered to a recording are consumed, lost or left.

use super::acquire::AcquireCounts;
use super::telemetry::Consumer;
use super::view::{Ledger, RecordingView};
use crate::serve::record::{RecordCounts, Recorded};
use arc_swap::ArcSwap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// One recording.
#[derive(Debug)]
pub(super) struct RecordEntry {
    path: PathBuf,
    counts: Arc<RecordCounts>,
    ledger: Consumer,
    /// Frames that had been acquired when acquisition began to offer them, and when it ceased to.
    from: AtomicU64,
    to: AtomicU64,
    recorded: OnceLock<Recorded>,
}

impl RecordEntry {
    pub fn new(path: &Path, counts: Arc<RecordCounts>, ledger: Consumer) -> Self {
        let never = || AtomicU64::new(u64::MAX);
        Self { path: path.to_owned(), counts, ledger, from: never(), to: never(), recorded: OnceLock::new() }
    }

    /// Frames are offered from here on.
    pub fn join(&self, acquired: u64) {
        self.from.store(acquired, Ordering::Relaxed);
    }

    /// None are any more.
    pub fn leave(&self, acquired: u64) {
        self.to.store(acquired, Ordering::Relaxed);
    }

    /// How it ended.
    pub fn complete(&self, recorded: Recorded) {
        let _ = self.recorded.set(recorded);
    }

    /// Where it goes, in words.
    pub fn begun(&self) -> String {
        format!("recording into {}", self.path.display())
    }

    /// The recorder has died; what it wrote is kept.
    pub fn fail(&self, why: &str) -> String {
        let name = self.path.display();
        let text = format!("the recording has stopped: {why}; {name} holds every whole record: repair it");
        self.counts.fail(text.clone());
        text
    }

    /// Its ledger at this moment: `acquired` is what it was offered.
    fn ledger(&self, acquire: &AcquireCounts) -> Ledger {
        let ledger = self.ledger.ledger(acquire);
        let until = ledger.acquired.min(self.to.load(Ordering::Relaxed));
        let acquired = until.saturating_sub(self.from.load(Ordering::Relaxed));
        let left = acquired.saturating_sub(ledger.lost + ledger.consumed);
        Ledger { acquired, left, fill: left as f32 / self.ledger.capacity as f32, ..ledger }
    }
}

/// All of them, in their order.
#[derive(Debug, Default)]
pub(super) struct RecordBoard(ArcSwap<Vec<Arc<RecordEntry>>>);

impl RecordBoard {
    /// Adds one; only the recorder does.
    pub fn add(&self, entry: &Arc<RecordEntry>) {
        let mut all = Vec::clone(&self.0.load());
        all.push(Arc::clone(entry));
        self.0.store(Arc::new(all));
    }

    /// The last one.
    pub fn newest(&self) -> Option<Arc<RecordEntry>> {
        self.0.load().last().cloned()
    }

    /// All recordings in one ledger, where there are any; how full the ring is is told of the last.
    pub fn ledger(&self, acquire: &AcquireCounts) -> Option<Ledger> {
        self.0.load().iter().map(|entry| entry.ledger(acquire)).reduce(|sum, one| Ledger {
            acquired: sum.acquired + one.acquired,
            consumed: sum.consumed + one.consumed,
            lost: sum.lost + one.lost,
            left: sum.left + one.left,
            ..one
        })
    }

    /// Bytes of the last one, frames and what was dropped of all, and whether the last has ended before its time; none without a
    /// recording.
    pub fn figures(&self) -> Option<(u64, u64, u64, bool)> {
        let all = self.0.load();
        let newest = all.last()?;
        let sum = |of: fn(&RecordCounts) -> u64| all.iter().map(|entry| of(&entry.counts)).sum();
        let has_failed = newest.counts.trouble().is_some();
        Some((newest.counts.bytes(), sum(RecordCounts::frames), sum(RecordCounts::refused), has_failed))
    }

    /// What a screen shows: the last one while it goes on, or where it has failed.
    pub fn view(&self) -> Option<RecordingView> {
        let entry = self.newest()?;
        let counts = &entry.counts;
        (!counts.has_stopped() || counts.trouble().is_some()).then(|| RecordingView {
            name: entry.path.display().to_string(),
            bytes: counts.bytes(),
            trouble: counts.trouble().map(str::to_owned),
        })
    }

    /// How each ended, or what is known of it where the recorder left no word.
    pub fn recorded(&self) -> Vec<Recorded> {
        let all = self.0.load();
        all.iter().map(|e| e.recorded.get().cloned().unwrap_or_else(|| e.counts.left(&e.path))).collect()
    }
}
