//! Serving: windows become embeddings, and embeddings leave the program.

mod encode;
pub mod outlet;

pub use encode::{EncodeCounts, EncodeError, EncodeStage, ServingSettings};
pub use outlet::{EmbeddingOutlet, EmbeddingStream, Sent};
