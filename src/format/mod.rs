//! Files: recordings, embeddings, and how they are written safely.

pub mod atomic;
pub mod disk;
pub mod edf;
pub mod embedding;
pub mod xdf;
