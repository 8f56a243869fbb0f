//! A keepsake: what was taught of a model that is not trained, in a checkpoint of its own.
//!
//! Owned by the main thread. Invariant: the model is written as it came; a run in which nothing was taught leaves nothing.

use super::heads::Taught;
use crate::learn::heads::{Lessons, forget};
use crate::learn::{Checkpoint, CheckpointError};
use arc_swap::ArcSwapOption;
use std::path::PathBuf;
use std::sync::Arc;

/// What is kept where, once the run is over.
pub(super) struct Keepsake {
    /// The folder of all runs' checkpoints.
    pub folder: PathBuf,
    /// The model, as it was read or begun with.
    pub model: Checkpoint,
    pub step: u64,
    /// Whether raw signal may be written.
    pub with_signal: bool,
    pub board: Arc<ArcSwapOption<Taught>>,
}

impl Keepsake {
    /// Writes it; none if nothing was taught.
    pub fn keep(self) -> Option<Result<PathBuf, CheckpointError>> {
        let Self { folder, mut model, step, with_signal, board } = self;
        let taught = board.load_full()?;
        if taught.lessons.as_ref().is_none_or(Lessons::is_empty) {
            return None;
        }
        forget("teach", &mut model.learnt);
        if taught.standing.is_some() {
            forget("novelty", &mut model.learnt);
        }
        taught.save(&mut model.learnt, with_signal);
        Some(Checkpoint::new_run(&folder).and_then(|run| model.save(&run, step, false)))
    }
}
