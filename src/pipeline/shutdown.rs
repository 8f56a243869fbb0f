//! The end of a run: who asked for it, and why.
//!
//! Shared by all threads. Invariant: the first reason stays.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Why a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A person or the system asked for it.
    User,
    /// The asked-for length of signal was reached.
    Duration,
    /// The source is over.
    Source(String),
    /// A stage failed.
    Failed {
        /// Which.
        stage: &'static str,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("asked to stop"),
            Self::Duration => f.write_str("duration reached"),
            Self::Source(why) => f.write_str(why),
            Self::Failed { stage, why } => write!(f, "{stage} failed: {why}"),
        }
    }
}

/// The token that ends a run. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    requested: AtomicBool,
    reason: OnceLock<Reason>,
}

impl Shutdown {
    /// Asks for the end.
    pub fn request(&self, reason: Reason) {
        let _ = self.inner.reason.set(reason);
        self.inner.requested.store(true, Ordering::Release);
    }

    /// True once somebody has asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.inner.requested.load(Ordering::Acquire)
    }

    /// Why, once somebody has asked.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.inner.reason.get()
    }
}
