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
    /// The source goes on with other channels or at another rate.
    Changed(String),
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
            Self::Source(why) | Self::Changed(why) => f.write_str(why),
            Self::Failed { stage, why } => write!(f, "{stage} failed: {why}"),
        }
    }
}

/// The token that ends a run. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    inner: Arc<Inner>,
    /// The program's, of which this is one session's.
    program: Option<Arc<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    requested: AtomicBool,
    reason: OnceLock<Reason>,
}

impl Shutdown {
    /// A token for one session: it ends with the program, and may end alone.
    #[must_use]
    pub fn session(&self) -> Self {
        Self { inner: Arc::default(), program: Some(Arc::clone(&self.inner)) }
    }

    /// Asks for the end.
    pub fn request(&self, reason: Reason) {
        let _ = self.inner.reason.set(reason);
        self.inner.requested.store(true, Ordering::Release);
    }

    /// True once somebody has asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        let asked = |inner: &Inner| inner.requested.load(Ordering::Acquire);
        asked(&self.inner) || self.program.as_deref().is_some_and(asked)
    }

    /// Why, once somebody has asked.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.inner.reason.get().or_else(|| self.program.as_ref()?.reason.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_alone_and_with_the_program() {
        let program = Shutdown::default();
        let [first, second] = [program.session(), program.session()];
        first.request(Reason::Changed("8 channels".into()));
        assert!(first.is_requested() && !second.is_requested() && !program.is_requested());
        program.request(Reason::User);
        assert_eq!(
            (first.reason(), second.reason()),
            (Some(&Reason::Changed("8 channels".into())), Some(&Reason::User))
        );
        assert!(second.is_requested());
    }
}
