//! Exchanging what is served.
//!
//! Used by whoever may do so: the trainer or, where heads are taught, the teacher, which makes heads for a generation before
//! it is served. Invariant: what is told to be served is served.

use super::report::Report;
use crate::learn::Generation;
use arc_swap::ArcSwap;
use crossbeam_channel::Sender;
use std::sync::Arc;

use crate::signal::Stamp;

/// A generation to be served, and the decision in words.
#[derive(Clone, Debug)]
pub(super) struct Handed {
    pub generation: Arc<Generation>,
    pub text: String,
}

/// Where the encoder finds what is served.
#[derive(Clone, Debug)]
pub(super) struct Serving {
    pub served: Arc<ArcSwap<Generation>>,
    pub reports: Sender<Report>,
}

impl Serving {
    /// Serves a generation from the next window on.
    pub fn serve(&self, handed: Handed, now: Stamp) {
        let Handed { generation, text } = handed;
        let number = generation.number;
        self.served.store(generation);
        let _ = self.reports.try_send(Report::Swap { number, at: now, text });
    }
}
