//! Files: recordings, embeddings, and how they are written safely.

pub mod atomic;
pub mod disk;
#[cfg(test)]
pub(crate) mod disk_faults;
pub mod edf;
pub mod embedding;
mod run_name;
pub mod xdf;
