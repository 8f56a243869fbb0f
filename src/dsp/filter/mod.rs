//! Causal filters: Butterworth high-, low- and band-pass and notches as second-order sections, and cascades of them.
//!
//! [`Section`] designs, [`Cascade`] filters frames with one state a channel. Plain structs on their owner's thread.
//! Invariant: designs and output equal SciPy's `butter`, `iirnotch` and `sosfilt` to 1e-5 (`golden_tests`).

mod cascade;
mod section;

#[cfg(test)]
mod golden_tests;

pub use cascade::Cascade;
pub use section::Section;
