//! Time as the pipeline knows it.
//!
//! Owns [`Stamp`] and the [`Clock`] trait; runs on no thread of its own. Invariant: nothing here reads a clock.
//! The only real one is `pipeline::clock`, so a test decides what time it is.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A point in time in seconds on the host's monotonic clock, whose zero has no meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Stamp(pub f64);

impl Add<f64> for Stamp {
    type Output = Self;
    fn add(self, seconds: f64) -> Self {
        Self(self.0 + seconds)
    }
}

impl Sub<f64> for Stamp {
    type Output = Self;
    fn sub(self, seconds: f64) -> Self {
        Self(self.0 - seconds)
    }
}

impl Sub for Stamp {
    type Output = f64;
    fn sub(self, earlier: Self) -> f64 {
        self.0 - earlier.0
    }
}

/// Something that knows what time it is.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Stamp;
}

/// A clock that stands still until a test moves it. Clones share the same hands.
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    bits: Arc<AtomicU64>,
}

impl ManualClock {
    /// Moves the hands to `stamp`.
    pub fn set(&self, stamp: Stamp) {
        self.bits.store(stamp.0.to_bits(), Ordering::Release);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Stamp {
        Stamp(f64::from_bits(self.bits.load(Ordering::Acquire)))
    }
}
