//! The gate's state: what is served, what was before, and how candidates have fared.
//!
//! Owned by the trainer. Invariant: `judge` has what is served, down to its target and queue, and never learns.

use super::{Best, Canary, GateSettings, Metrics, Occlusion, Probe, Unseen};
use crate::learn::objective::{Learnt, Objective};
use crate::learn::{Encoder, Generation};
use std::collections::VecDeque;

/// A generation with all that was learnt behind it.
#[derive(Clone, Debug)]
pub(in crate::learn) struct Accepted {
    pub generation: Generation,
    /// Its encoder as the trainer had it, before it was turned.
    pub raw: Encoder,
    pub learnt: Learnt,
}

/// Accepted generations before the one that is served, which a person can go back to.
const EARLIER: usize = 5;
/// Least share of the learning rate that is left after any number of roll-backs.
const LEAST_RATE: f64 = 1.0 / 16.0;
/// Candidates accepted in a row after which a halved learning rate is doubled again.
const GOOD: u32 = 5;

/// What stands between training and serving.
pub(in crate::learn) struct Gate {
    pub settings: GateSettings,
    pub probe: Probe,
    pub unseen: Unseen,
    pub served: Accepted,
    pub earlier: VecDeque<Accepted>,
    /// An objective that has learnt what is served.
    pub judge: Box<dyn Objective>,
    pub canary: Option<Canary>,
    /// Candidates refused in a row.
    pub failures: u32,
    /// Candidates accepted in a row.
    pub good: u32,
    /// Share of the schedule's learning rate.
    pub rate: f64,
    /// True while a person wants what is served to stay.
    pub held: bool,
    /// What the weights that are served showed at the last look.
    pub showed: Metrics,
    /// The best that served generations showed.
    pub best: Best,
    /// Since the last look: windows that were no good, and all of them.
    pub rejected: [u64; 2],
    /// Since the last look: the sum of the shares of loud windows in batches, and the batches.
    pub loud: [f64; 2],
    /// Norm of the last gradient.
    pub gradient_norm: f64,
    /// What the encoder that is served looks at.
    pub occlusion: Occlusion,
}

impl Gate {
    pub fn new(settings: GateSettings, served: Accepted, judge: Box<dyn Objective>, frames: usize) -> Self {
        Self {
            probe: Probe::new(settings.probe, frames),
            unseen: Unseen::new(settings.unseen),
            served,
            earlier: VecDeque::with_capacity(EARLIER + 1),
            judge,
            canary: None,
            failures: 0,
            good: 0,
            rate: 1.0,
            held: false,
            showed: Metrics::default(),
            best: Best::default(),
            rejected: [0; 2],
            loud: [0.0; 2],
            gradient_norm: 0.0,
            occlusion: Occlusion::default(),
            settings,
        }
    }

    /// Puts something else in the place of what is served, which stays at hand.
    pub fn serve(&mut self, accepted: Accepted) {
        let before = std::mem::replace(&mut self.served, accepted);
        self.earlier.push_back(before);
        if self.earlier.len() > EARLIER {
            self.earlier.pop_front();
        }
        self.judge_by_served();
        (self.failures, self.canary) = (0, None);
    }

    /// The judge takes over what is served.
    pub fn judge_by_served(&mut self) {
        if let Err(error) = self.judge.restore(&self.served.learnt) {
            unreachable!("what the same objective has learnt: {error}");
        }
    }

    /// After an accepted candidate: a rate that was halved may rise again.
    pub fn went_well(&mut self) {
        self.good += 1;
        if self.good >= GOOD {
            (self.good, self.rate) = (0, (2.0 * self.rate).min(1.0));
        }
    }

    /// After a roll-back: smaller steps from now on.
    pub fn went_wrong(&mut self) {
        (self.good, self.failures, self.canary) = (0, 0, None);
        self.rate = (0.5 * self.rate).max(LEAST_RATE);
    }
}
