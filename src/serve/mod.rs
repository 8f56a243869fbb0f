//! Serving: windows become embeddings, and embeddings leave the program.

pub mod broadcast;
mod encode;
pub mod outlet;
mod processed;
pub mod record;
mod schedule;
mod status;

pub use encode::{EncodeCounts, EncodeError, EncodeStage, ServingSettings};
pub use outlet::{EmbeddingOutlet, EmbeddingStream, Sent};
pub use processed::{ProcessedStage, ProcessedStream};
pub use status::StatusOutlet;
