//! All windows of a recording, conditioned and judged as in a run: for pretraining and for embedding without a pipeline.
//!
//! Pure but for the source, which plays as fast as it can. Invariant: the samples are those that a run's trainer would see,
//! and no window spans a gap.

use super::plan::{OpenSource, Plan};
use super::watch::Watch;
use crate::dsp::{Conditioner, ScaleState, StateError};
use crate::learn::Origin;
use crate::signal::{Block, Event, Stamp};
use crate::source::{Progress, SourceError};
use crate::window::Judge;

/// A window of a recording.
#[derive(Clone, Copy, Debug)]
pub struct CutWindow<'a> {
    /// Which stretch of signal it lies in, and the frame that it begins with.
    pub origin: Origin,
    /// `[T, C]`; channels that were bad in it are zero.
    pub samples: &'a [f32],
    /// The share of its channels that were good, 0 for an artefact.
    pub quality: f64,
    /// True if it is worth learning from.
    pub is_learnable: bool,
}

/// Cuts a source into windows, one after the other.
pub struct Windows {
    source: OpenSource,
    conditioner: Conditioner,
    watch: Watch,
    judge: Judge,
    block: Block,
    events: Vec<Event>,
    /// Channels that are recorded, and that come out.
    recorded: usize,
    channels: usize,
    /// Samples of a window, and from one to the next.
    length: usize,
    hop: usize,
    /// Conditioned samples, from those on that the next window begins with.
    kept: Vec<f32>,
    fresh: Vec<f32>,
    /// How many samples to come lie before the next window.
    owed: usize,
    /// For each piece of what is kept: the samples up to its end, and which channels were bad.
    verdicts: Vec<(usize, Vec<u64>)>,
    window: Vec<f32>,
    stretch: u32,
    /// The frame that follows if there is no gap.
    next: u64,
    /// True if the block lies behind a gap and has not been conditioned.
    behind_gap: bool,
    is_over: bool,
}

impl Windows {
    /// Windows of `source`, by the plan that was made for it; stretches of signal are numbered from `stretch` on.
    #[must_use]
    pub fn new(plan: &Plan, source: OpenSource, stretch: u32) -> Self {
        let (recorded, channels) = (plan.facts.montage.len(), plan.montage.len());
        Self {
            source,
            conditioner: Conditioner::new(&plan.conditioning, plan.facts.rate_hz),
            watch: Watch::new(&plan.config, &plan.facts),
            judge: plan.judge(),
            block: Block::with_capacity(recorded, 1024),
            events: Vec::new(),
            recorded,
            channels,
            length: plan.window * channels,
            hop: plan.hop * channels,
            kept: Vec::new(),
            fresh: Vec::new(),
            owed: 0,
            verdicts: Vec::new(),
            window: vec![0.0; plan.window * channels],
            stretch,
            next: 0,
            behind_gap: false,
            is_over: false,
        }
    }

    /// The same, going on from what a running scale knew of the channels; without a scale it is not needed.
    ///
    /// # Errors
    /// If it cannot be the state of so many channels.
    pub fn knowing(mut self, state: ScaleState) -> Result<Self, StateError> {
        if let Some(scale) = self.conditioner.scale_mut() {
            scale.restore(state)?;
        }
        Ok(self)
    }

    /// The next window; none at the end.
    ///
    /// # Errors
    /// If the source fails.
    pub fn step(&mut self) -> Result<Option<CutWindow<'_>>, SourceError> {
        self.leave_out();
        while self.kept.len() < self.length {
            if self.is_over {
                return Ok(None);
            }
            if self.behind_gap {
                self.begin_anew();
                self.condition();
                continue;
            }
            self.block.clear();
            let progress = self.source.step(Stamp::default(), &mut self.block, &mut self.events)?;
            self.events.clear();
            self.is_over = matches!(progress, Progress::End(_));
            self.behind_gap = !self.is_over && self.block.first != self.next;
            if self.is_over || self.behind_gap {
                // What filters and resampler still hold belongs to what came before.
                self.conditioner.finish(&mut self.fresh);
                self.keep();
            } else {
                self.condition();
            }
        }
        self.window.copy_from_slice(&self.kept[..self.length]);
        let first = self.conditioner.end_frame() - (self.kept.len() / self.channels) as u64;
        let bad = self.bad();
        let quality = self.judge.quality(&mut self.window, &bad);
        self.owed = self.hop;
        Ok(Some(CutWindow {
            origin: Origin { source: self.stretch, first },
            samples: &self.window,
            quality,
            is_learnable: self.judge.is_learnable(quality),
        }))
    }

    /// The number of the stretch that it is in.
    #[must_use]
    pub fn stretch(&self) -> u32 {
        self.stretch
    }

    fn begin_anew(&mut self) {
        self.behind_gap = false;
        self.conditioner.gap(self.block.first);
        self.watch.gap(self.block.first);
        self.kept.clear();
        self.verdicts.clear();
        self.owed = 0;
        self.stretch += 1;
    }

    fn condition(&mut self) {
        self.next = self.block.first + self.block.frames() as u64;
        let mut from = 0;
        while from < self.block.samples.len() {
            let left = (self.block.samples.len() - from) / self.recorded;
            let piece = &self.block.samples[from..from + self.watch.piece(left) * self.recorded];
            from += piece.len();
            self.watch.step(piece);
            self.conditioner.step(piece, self.watch.good(), &mut self.fresh);
            self.keep();
        }
    }

    /// Takes over what was conditioned, and the verdict on it.
    fn keep(&mut self) {
        self.kept.append(&mut self.fresh);
        let mut bad = vec![0; self.channels.div_ceil(64)];
        self.conditioner.bad_bits(&mut bad);
        self.verdicts.push((self.kept.len(), bad));
        self.leave_out();
    }

    /// Drops what lies before the next window.
    fn leave_out(&mut self) {
        let now = self.owed.min(self.kept.len());
        self.kept.drain(..now);
        self.owed -= now;
        self.verdicts.iter_mut().for_each(|(end, _)| *end = end.saturating_sub(now));
        self.verdicts.retain(|(end, _)| *end > 0);
    }

    /// The channels that were bad anywhere in the next window.
    fn bad(&self) -> Vec<u64> {
        let mut bad = vec![0; self.channels.div_ceil(64)];
        let begins = [0].into_iter().chain(self.verdicts.iter().map(|(end, _)| *end));
        let inside = begins.zip(&self.verdicts).filter(|(begin, _)| *begin < self.length);
        inside.for_each(|(_, (_, now))| bad.iter_mut().zip(now).for_each(|(bad, now)| *bad |= now));
        bad
    }
}
