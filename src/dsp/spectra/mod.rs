//! Spectra for the eye: power over frequency of each channel, and what of it lies in each band of the EEG.
//!
//! Owned by the display stage; plain values reach the screen. Invariant: nothing is estimated across a gap.

mod band;
#[cfg(test)]
mod golden_tests;
mod welch;

pub use band::{Rhythm, decibels};
pub use welch::{Segment, Spectra, Welch};
