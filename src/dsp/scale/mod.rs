//! Running scale: each channel divided by its own recent spread, then clipped or compressed.
//!
//! [`Scaling`] says how, [`RunningScale`] does it, [`ScaleState`] is what it knows of a stream. Plain structs on their
//! owner's thread. Invariant: causal, the same live and offline, and the same for every way of cutting frames into blocks.

mod running;
mod settings;
mod state;

#[cfg(test)]
mod golden_tests;

pub use running::RunningScale;
pub use settings::{CLIP, Limit, Scaling, Spread};
pub use state::{ScaleState, StateError};
