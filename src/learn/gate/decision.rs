//! Decisions about what is served, with their reasons.
//!
//! Plain values. Invariant: the text of each stands alone.

use crate::learn::Generation;
use std::sync::Arc;

/// What became of a candidate.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It passed, and encodes so many windows beside what is served first.
    Shadowed {
        /// Its step.
        step: u64,
        /// How many windows.
        windows: usize,
    },
    /// It is served.
    Served {
        /// As which generation.
        generation: Arc<Generation>,
        /// True if a person wanted it.
        by_hand: bool,
    },
    /// It is not.
    Refused {
        /// Its step.
        step: u64,
        /// Why, one or more.
        reasons: Vec<String>,
        /// How many were refused in a row, and at which the trainer goes back.
        failures: [u32; 2],
    },
    /// The trainer went back to an accepted state: weights, target, optimiser and queue.
    RolledBack {
        /// The step at which it did.
        step: u64,
        /// What is served now, and trained on.
        to: Arc<Generation>,
        /// Why.
        reasons: Vec<String>,
        /// The share of the learning rate that is left.
        rate: f64,
    },
}

impl Decision {
    /// It in words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Shadowed { step, windows } => {
                format!("the weights of step {step} passed and encode {windows} windows in the shadow first")
            }
            Self::Served { generation: g, by_hand } => {
                let residual =
                    g.axes.as_ref().map_or_else(String::new, |axes| format!(", residual {:.3}", axes.residual));
                let why = if *by_hand { ", by hand" } else { "" };
                format!("generation {} at step {}, rank {:.1}{residual}{why}", g.number, g.step, g.health.rankme)
            }
            Self::Refused { step, reasons, failures: [failed, most] } => {
                let count = if *failed > 0 { format!(" ({failed} of {most})") } else { String::new() };
                format!("the weights of step {step} are not served{count}: {}", reasons.join("; "))
            }
            Self::RolledBack { step, to, reasons, rate } => format!(
                "rolled back at step {step} to generation {} of step {}, learning rate at {:.3} of its schedule: {}",
                to.number,
                to.step,
                rate,
                reasons.join("; ")
            ),
        }
    }
}
