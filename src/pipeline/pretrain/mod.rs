//! Pretraining on folders of recordings, larger than memory if need be.
//!
//! [`Index`] finds recordings and what they are, [`Corpus`] makes them fit one model and splits them, [`Pretraining`] deals
//! their windows out to a [`Trainer`](crate::learn::Trainer) while a thread reads ahead. [`Preparation`] writes windows
//! once, as [`Shards`], from which a corpus is read as from recordings. Invariant: what a step learns from
//! follows from the recordings, the configuration and the number of the step, so that training which was stopped goes on bit
//! for bit; memory holds two loads of windows, however much is read.

mod corpus;
mod index;
mod manifest;
mod order;
mod prepare;
mod reader;
mod session;
mod shards;
#[cfg(test)]
mod shards_tests;
mod stretch;
#[cfg(test)]
mod tests;

pub use corpus::{Corpus, CorpusError, found_in};
pub use index::{Found, Index, IndexError, Indexed};
pub use manifest::{Manifest, Part};
pub use prepare::{Preparation, PrepareError, Prepared};
pub use session::{Advance, PretrainError, Pretraining, Tally};
pub use shards::{Shards, ShardsError};
