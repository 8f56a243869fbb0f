//! Heads: what is told of embeddings besides themselves.
//!
//! Made off the data path, read by whoever serves. Invariant: a bundle of heads never changes and belongs to one generation
//! of embeddings, by number; reading one allocates nothing.

mod alarms;
mod classifier;
mod exam;
mod lessons;
mod logistic;
mod novelty;
mod saved;
mod standing;

pub use alarms::Alarms;
pub use classifier::{Classifier, HeadKind};
pub use exam::{Exam, Figures as ExamFigures};
pub use lessons::{Lesson, Lessons};
pub use logistic::Regression;
pub use novelty::Novelty;
pub use saved::{forget, save_classes, saved_classes};
pub use standing::{Place, Standing};

use std::sync::Arc;

/// What belongs to one generation.
#[derive(Clone, Debug, PartialEq)]
pub struct Heads {
    /// The generation whose embeddings they were made from.
    pub generation: u64,
    /// Names of the classes, in the order of probabilities.
    pub classes: Vec<String>,
    /// Tells classes apart; none before there are two of them.
    pub classifier: Option<Classifier>,
    /// Tells what is unlike everything before; none before there is enough of that.
    pub novelty: Option<Arc<Novelty>>,
}
