//! Showing a run to other processes on the same machine: Views out, commands in, over a Unix socket.
//!
//! The run's end has a thread of its own (`attach`), which gets Views through a channel of one. Invariant: whatever a viewer
//! does, or does not do, holds up nobody: one that does not read misses Views, which are counted, and nothing else.
//!
//! ```text
//! telemetry ─▶ View ─▶ Attachment ─▶ socket ─▶ Attached ─▶ tui
//! Control ◀──────────── commands ◀── (0600) ◀───────────── keys, with --control
//! ```

mod client;
mod message;
mod server;
#[cfg(test)]
mod tests;

pub use client::{AttachError, Attached};
pub use server::{AttachCounts, Attachment, BindError};
