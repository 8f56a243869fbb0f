//! All integration tests in one binary: one module a subject.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod edf;
mod lsl;
mod vectors;
