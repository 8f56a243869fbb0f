//! Health of embeddings without labels.
//!
//! Pure functions in double precision, of rows `[N, D]`, on the trainer's thread. Invariant: these say whether embeddings
//! have collapsed, not whether they are good: a random encoder has a high rank.

mod batch;
mod likeness;
mod spectrum;

pub use batch::Health;
pub use likeness::{alignment, linear_cka, mean_cosine, uniformity, unit_deviations};
pub use spectrum::{centred, lidar, participation, rankme, singular_values};
