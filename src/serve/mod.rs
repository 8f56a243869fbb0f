//! Serving: windows become embeddings, and embeddings leave the program.

pub mod broadcast;
mod encode;
pub mod outlet;
pub mod record;
mod schedule;

pub use encode::{EncodeCounts, EncodeError, EncodeStage, ServingSettings};
pub use outlet::{EmbeddingOutlet, EmbeddingStream, Sent};
