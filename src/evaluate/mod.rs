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
pub use neighbours::Features;
pub use power::log_band_power;

use neighbours::accuracy;
use rand::SeedableRng;
use rand::seq::SliceRandom;

/// Each seed deals the subjects out to so many groups; each group is judged by what the others taught.
const GROUPS: usize = 2;

/// Accuracies over all subjects: features as they are, and standardised by subject. `features` makes them for one group, and is
/// told of each subject whether it teaches or is judged.
pub fn accuracies(set: &Labelled, seed: u64, mut features: impl FnMut(&[bool]) -> Features) -> [f64; 2] {
    let groups = group_of(set.subjects, seed);
    let mut told = [Vec::new(), Vec::new()];
    for group in 0..GROUPS {
        let teaches: Vec<bool> = groups.iter().map(|&other| other != group).collect();
        let features = features(&teaches);
        let (known, asked): (Vec<usize>, Vec<usize>) =
            (0..set.trials.len()).partition(|&i| teaches[features.subjects[i]]);
        told[0].extend(features.told(&known, &asked));
        told[1].extend(features.by_subject().told(&known, &asked));
    }
    told.map(|told| accuracy(&told))
}

/// The group of each subject, all groups of about the same size.
fn group_of(subjects: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..subjects).collect();
    order.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
    order.into_iter().map(|place| place % GROUPS).collect()
}
