//! Embeddings judged by labels that training never saw.
//!
//! Built from what trains and from recordings; no threads and no clock. Invariant: subjects who are judged take no part in
//! training, nor in how features are standardised, but for the mean over themselves where that is asked for.

mod interval;
mod labelled;
mod neighbours;
pub mod online;
pub mod probe;
pub mod recipe;
pub mod scores;
mod signal;

pub use interval::Interval;
pub use labelled::{EEGMAT, Labelled, LabelledError, Recording, SSVEP, Stretch, Trial};
pub use neighbours::Features;
pub use signal::{log_covariance, slow_means};

use neighbours::accuracy;
use rand::SeedableRng;
use rand::seq::SliceRandom;

/// Each seed deals the subjects out to so many groups; each group is judged by what the others taught.
const GROUPS: usize = 2;

/// Share of the labels that the second figure of [`Accuracy`] is taught.
pub const FEW: f64 = 0.01;

/// How well features tell the classes of subjects who took no part.
#[derive(Clone, Copy, Debug)]
pub struct Accuracy {
    /// By the nearest neighbours, who all have labels.
    pub neighbours: f64,
    /// By a logistic regression that was taught [`FEW`] of the labels, mean of several draws.
    pub few: f64,
}

/// Accuracies over all subjects: features as they are, and standardised by subject. `features` makes them for one group, and is
/// told of each subject whether it teaches or is judged.
pub fn accuracies(set: &Labelled, seed: u64, mut features: impl FnMut(&[bool]) -> Features) -> [Accuracy; 2] {
    let groups = dealt(set.subjects, GROUPS, seed);
    let mut told = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for group in 0..GROUPS {
        let teaches: Vec<bool> = groups.iter().map(|&other| other != group).collect();
        let features = features(&teaches);
        let (known, asked): (Vec<usize>, Vec<usize>) =
            (0..set.trials.len()).partition(|&i| teaches[features.subjects[i]]);
        let by_subject = features.by_subject();
        for (features, (near, few)) in [features, by_subject].iter().zip(&mut told) {
            near.extend(features.told(&known, &asked));
            few.extend(features.told_by_few(&known, &asked, FEW, seed));
        }
    }
    told.map(|(near, few)| Accuracy { neighbours: accuracy(&near), few: accuracy(&few) })
}

/// The group of each subject, all `groups` of about the same size.
fn dealt(subjects: usize, groups: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..subjects).collect();
    order.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
    order.into_iter().map(|place| place % groups).collect()
}
