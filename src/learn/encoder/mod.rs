//! Encoders: a window `[T, C]` becomes features over time, and these become one embedding.
//!
//! Burn modules; the trainer's thread changes them, and serving threads hold copies that never change. Invariant: an
//! encoder takes windows of any length from [`EncoderShape::shortest`] on, and a row's embedding does not depend on the
//! rest of its batch. None has statistics of a batch: a live batch is not independent draws.

mod conv;
mod family;
mod shape;

pub use family::Encoder;
pub use shape::{Architecture, EncoderShape, Site};
