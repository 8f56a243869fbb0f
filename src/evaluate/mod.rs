//! Embeddings judged by labels that training never saw.
//!
//! Built from what trains and from recordings; no threads and no clock. Invariant: subjects who are judged take no part in
//! training, nor in how features are standardised, but for the mean over themselves where that is asked for.

mod interval;
mod labelled;
mod neighbours;
pub mod online;
mod power;
pub mod recipe;

pub use interval::Interval;
pub use labelled::{EEGMAT, Labelled, LabelledError, Recording, SSVEP, Stretch, Trial};
pub use neighbours::{Features, accuracy};
pub use power::log_band_power;

use rand::SeedableRng;
use rand::seq::SliceRandom;

/// The group of each subject, of `groups` of about the same size.
#[must_use]
pub fn group_of(subjects: usize, groups: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..subjects).collect();
    order.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
    order.into_iter().map(|place| place % groups).collect()
}
