//! References and derivations: what each channel of the model is the difference of.
//!
//! A [`Reference`] is what a user asks for; with a montage it becomes a [`Derivation`], which knows channels by number, and
//! the montage of what comes out; a [`Deriver`] applies it frame by frame on the acquisition thread. Invariant: a channel
//! that is not good takes no part in what the others are referred to.

mod chains;
mod derivation;
mod derive;
#[cfg(test)]
mod golden_tests;
mod laplacian;
mod scheme;

pub use derivation::{Derivation, Deriver};
pub use derive::{Derived, ReferenceError};
pub use laplacian::Reach;
pub use scheme::{Pair, Reference};
