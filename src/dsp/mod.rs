//! Causal signal processing on interleaved frames: filters, reference, resampling, running scale, envelopes.
//!
//! Plain structs that own their state; they run on whichever thread owns them. Invariant: the output does not depend
//! on how the frames were cut into blocks.

mod band_power;
mod condition;
mod envelope;
mod filter;
mod latency;
pub mod quality;
mod reference;
pub mod resample;
mod scale;
mod vectorised;

pub use band_power::BandPower;
pub use condition::{Conditioner, Conditioning};
pub use envelope::Envelope;
pub use filter::{Cascade, Section};
pub use latency::LatencyHistogram;
pub use reference::{Derivation, Derived, Deriver, Pair, Reach, Reference, ReferenceError};
pub use resample::{Between, Ratio, Resampler};
pub use scale::{CLIP, Limit, RunningScale, ScaleState, Scaling, Spread, StateError};
pub use vectorised::vectorised;
