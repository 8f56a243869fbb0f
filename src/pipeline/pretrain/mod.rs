//! Pretraining on folders of recordings, larger than memory if need be.
//!
//! [`Index`] finds recordings and what they are, [`Corpus`] makes them fit one model and splits them, [`Pretraining`] deals
//! their windows out to a [`Trainer`](crate::learn::Trainer) while a thread reads ahead. Invariant: what a step learns from
//! follows from the recordings, the configuration and the number of the step, so that training which was stopped goes on bit
//! for bit; memory holds two loads of windows, however much is read.

mod corpus;
mod index;
mod order;
mod reader;
mod session;
mod stretch;
#[cfg(test)]
mod tests;

pub use corpus::{Corpus, CorpusError, found_in};
pub use index::{Found, Index, IndexError, Indexed};
pub use session::{Advance, PretrainError, Pretraining, Tally};
