//! One stretch of a recording becomes windows.
//!
//! On the thread that reads ahead. Invariant: samples are conditioned and judged by the code of a run; what lies before a
//! stretch is read as far as filters, scale and verdicts remember it, and no farther.

use super::super::plan::{OpenSource, Plan, PlanError};
use super::super::windows::{CutWindow, Windows};
use crate::config::Config;
use crate::format::store::StoreError;
use crate::format::xdf::is_xdf;
use crate::learn::Origin;
use crate::signal::{Block, Event, Stamp, StreamFacts};
use crate::source::{Progress, ReplaySource, Selection, Source, SourceError, XdfSource};
use std::path::Path;

/// Windows of one recording that follow on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Which file.
    pub file: u32,
    /// The frame of the model from which windows begin.
    pub first: u64,
    /// Windows at most.
    pub windows: u32,
}

/// Why a stretch cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum StretchError {
    /// It is no longer what the index says.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// It is broken.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The place where it was prepared cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was prepared is damaged.
    #[error("{0} {1}")]
    Shard(String, String),
}

/// Seconds that are read before a stretch at most to warm the running scale up.
const WARM_S: f64 = 20.0;
/// So many times the filters' time constant is enough to forget where they began.
const MEMORIES: f64 = 4.0;
/// Seconds of a block.
const BLOCK_S: f64 = 1.0;

/// Opens a recording as fast as it can be read, without annotations where they take a pass of their own.
pub(super) fn open(path: &Path, config: &Config) -> Result<OpenSource, SourceError> {
    let selection = Selection::read(&config.signal).map_err(SourceError::Selection)?;
    if is_xdf(path) {
        let stream = config.source.stream.as_deref();
        return Ok(Box::new(XdfSource::open(path, stream, &selection, None, BLOCK_S, false)?));
    }
    Ok(Box::new(ReplaySource::open_bare(path, &selection, BLOCK_S)?))
}

/// Gives the windows of a stretch that are worth learning from to `take`, as long as it wants more; returns how many were
/// not worth it.
pub(super) fn read(
    path: &Path,
    config: &Config,
    stretch: Stretch,
    mut take: impl FnMut(CutWindow<'_>) -> bool,
) -> Result<u64, StretchError> {
    let mut source = open(path, config)?;
    let plan = Plan::new(config, source.facts())?;
    let (stream_hz, first) = (plan.facts.rate_hz, stretch.first);
    let warm_s = config.signal.scale_s.min(WARM_S).max(MEMORIES * plan.conditioning.memory_s(stream_hz));
    let from = ((first as f64 / plan.rate_hz - warm_s).max(0.0) * stream_hz) as u64;
    source.pass_over(from);
    let mut windows = Windows::new(&plan, Box::new(Late { source, from }), 0);
    let (mut rejected, mut taken) = (0, 0);
    while taken < stretch.windows
        && let Some(window) = windows.step()?
    {
        if window.origin.first < first {
            continue;
        }
        taken += 1;
        if !window.is_learnable {
            rejected += 1;
        } else if !take(CutWindow { origin: Origin { source: stretch.file, ..window.origin }, ..window }) {
            break;
        }
    }
    Ok(rejected)
}

/// A source without what comes before a frame.
struct Late {
    source: OpenSource,
    from: u64,
}

impl Source for Late {
    fn facts(&self) -> &StreamFacts {
        self.source.facts()
    }

    fn step(&mut self, now: Stamp, block: &mut Block, events: &mut Vec<Event>) -> Result<Progress, SourceError> {
        loop {
            block.clear();
            let progress = self.source.step(now, block, events)?;
            events.clear();
            if progress != Progress::Frames || block.first + block.frames() as u64 > self.from {
                return Ok(progress);
            }
        }
    }
}
