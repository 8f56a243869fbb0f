//! Some channels of another source.
//!
//! Owned by the acquisition thread. Invariant: frames, stamps and markers pass unchanged; only samples are left out.

use super::{Progress, Selection, Source, SourceError};
use crate::signal::{Block, Event, Montage, Stamp, StreamFacts};

/// A source with fewer channels than the one it wraps.
#[derive(Debug)]
pub struct PickedSource<S> {
    inner: S,
    facts: StreamFacts,
    picked: Vec<usize>,
    whole: Block,
}

impl<S: Source> PickedSource<S> {
    /// Takes the selected channels of `inner`.
    ///
    /// # Errors
    /// If a label is unknown or none is left.
    pub fn new(inner: S, selection: &Selection) -> Result<Self, SourceError> {
        let facts = inner.facts().clone();
        let (picked, channels) = selection.pick(&facts.name, facts.montage.channels.clone())?.into_iter().unzip();
        let facts = StreamFacts { montage: Montage { channels }, ..facts };
        Ok(Self { inner, facts, picked, whole: Block::default() })
    }
}

impl<S: Source> Source for PickedSource<S> {
    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn step(&mut self, now: Stamp, block: &mut Block, events: &mut Vec<Event>) -> Result<Progress, SourceError> {
        self.whole.clear();
        let progress = self.inner.step(now, &mut self.whole, events)?;
        for frame in self.whole.samples.chunks_exact(self.whole.channels.max(1)) {
            block.samples.extend(self.picked.iter().map(|&i| frame[i]));
        }
        block.channels = self.picked.len();
        block.first = self.whole.first;
        block.stamp = self.whole.stamp;
        block.markers.append(&mut self.whole.markers);
        block.own_stamps.append(&mut self.whole.own_stamps);
        block.own_clock_s = self.whole.own_clock_s;
        Ok(progress)
    }
}
