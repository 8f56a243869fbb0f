//! Encoders: a window `[T, C]` becomes features over time, and these become one embedding.
//!
//! Burn modules; the trainer's thread changes them, and serving threads hold copies that never change. Invariant: an
//! encoder takes windows of any length from [`EncoderShape::shortest`] on, and a row's embedding does not depend on the
//! rest of its batch. None has statistics of a batch: a live batch is not independent draws.

mod channelwise;
mod conv;
mod eegnet;
mod family;
mod patch_transformer;
mod shape;
mod sites;
mod spatial;
mod streaming;
mod tcn;
pub(super) mod torch;

pub use family::Encoder;
pub(in crate::learn) use patch_transformer::{heads, places};
pub use shape::{Architecture, EncoderShape, Site};
pub use streaming::Streaming;

#[cfg(test)]
mod tests;
