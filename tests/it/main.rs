//! All integration tests in one binary: one module a subject.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli;
mod conditioning;
mod config;
mod dashboard;
mod edf;
mod floors;
mod interrupt;
mod learning;
mod lsl;
mod lsl_faults;
mod lsl_join;
mod lsl_markers;
mod lsl_network;
mod lsl_peers;
mod lsl_replay;
mod lsl_run;
mod lsl_teach;
mod lsl_tools;
mod measuring;
mod metrics;
mod pipeline;
mod priority;
mod quality;
mod recordings;
mod vectors;
mod windows;
mod xdf;
