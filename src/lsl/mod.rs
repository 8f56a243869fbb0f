//! A thin, safe binding over liblsl, loaded at run time.
//!
//! Floor 1. Runs on whichever thread calls it; a call blocks no longer than its time-out. Invariant: the only
//! `unsafe` code is in `raw.rs`, and no pointer of liblsl's leaves it.
//!
//! Why not a crate: those that exist either do not build against a current C library or do not speak to official
//! liblsl. Why at run time: labs already have liblsl (`pip install pylsl`), and a program that only replays files
//! must start without it.
//!
//! Everything here is `Send` and not `Sync`: an inlet or outlet may be opened on one thread and used on another, but
//! by one thread at a time. [`Library`] may be shared freely.

mod error;
mod info;
mod inlet;
mod library;
mod markers;
mod outlet;
mod raw;
mod resolve;

pub use error::LslError;
pub use info::{ChannelNote, SampleFormat, StreamInfo};
pub use inlet::{ClockOffset, Inlet, MAX_CHANNELS};
pub use library::Library;
pub use markers::{MarkerInlet, MarkerOutlet, MarkerSample};
pub use outlet::Outlet;
pub use resolve::{Watcher, resolve, resolve_one, visible, xpath_literal};
