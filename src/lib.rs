//! Real-time EEG and ECoG streams with self-supervised learning while they run.
//!
//! Samples go from a [`source`] through lock-free [`ring`]s to [`window`]s; a trainer ([`learn`]) updates an encoder from
//! them without pause, and the encoder serves embeddings ([`serve`]) to a terminal, to Lab Streaming Layer and to files.
//! `docs/ARCHITECTURE.md` walks through the floors.

pub mod config;
pub mod dsp;
pub mod evaluate;
pub mod format;
pub mod learn;
pub mod lsl;
pub mod pipeline;
pub mod plot;
pub mod ring;
pub mod serve;
pub mod signal;
pub mod source;
pub mod tui;
pub mod window;
