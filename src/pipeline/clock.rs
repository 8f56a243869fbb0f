//! The only clock of the program.
//!
//! Invariant: monotonic; its zero is the moment it was made.

use crate::signal::{Clock, Stamp};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The host's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    zero: Instant,
}

impl MonotonicClock {
    /// A clock that starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, clippy::new_without_default, reason = "the one place that reads the clock")]
    pub fn new() -> Self {
        Self { zero: Instant::now() }
    }
}

/// Seconds since 1970-01-01 (UTC), for the date of a recording; `None` on a computer whose clock is before that.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn unix_s() -> Option<f64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64())
}

impl Clock for MonotonicClock {
    fn now(&self) -> Stamp {
        Stamp(self.zero.elapsed().as_secs_f64())
    }
}
