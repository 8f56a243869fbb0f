//! When frames are due.
//!
//! Owned by a source that makes its own time. Invariant: paced by deadline from the first frame on, so lateness never adds up.

use crate::signal::Stamp;

/// How fast a source plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    rate_hz: f64,
    /// Times real time; none for as fast as possible.
    times: Option<f64>,
    started: Option<Stamp>,
    played: u64,
}

impl Pace {
    /// A pace of `times` real time, or as fast as possible.
    #[must_use]
    pub fn new(rate_hz: f64, times: Option<f64>) -> Self {
        Self { rate_hz, times, started: None, played: 0 }
    }

    /// When `frames` more frames will have been sampled. The first call starts the clock.
    pub fn due(&mut self, frames: usize, now: Stamp) -> Stamp {
        let started = *self.started.get_or_insert(now);
        match self.times {
            Some(times) => started + (self.played + frames as u64) as f64 / (self.rate_hz * times),
            None => now,
        }
    }

    /// Counts frames as played.
    pub fn play(&mut self, frames: usize) {
        self.played += frames as u64;
    }
}
