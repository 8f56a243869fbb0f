//! Serving: windows become embeddings, and embeddings leave the program.

pub mod broadcast;
pub mod copies;
mod encode;
mod head_outlet;
mod novelty_outlet;
pub mod outlet;
mod processed;
mod reading;
pub mod record;
mod schedule;
mod stage_latency;
mod status;

pub use encode::{EmbeddingQueue, EncodeCounts, EncodeError, EncodeStage, ServingSettings};
pub use head_outlet::{HeadOutlet, HeadStream};
pub use novelty_outlet::NoveltyOutlet;
pub use outlet::{EmbeddingOutlet, EmbeddingStream, Sent};
pub use processed::{ProcessedStage, ProcessedStream};
pub use reading::{Reading, ReadingCounts};
pub use stage_latency::{STAGES, StageLatency};
pub use status::StatusOutlet;
