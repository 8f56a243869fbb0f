//! Replay memory: the windows that the trainer draws from, and what makes room in it.

mod memory;
mod minred;
mod reservoir;

pub use memory::ReplayMemory;
pub use minred::{polyak, redundant};
pub use reservoir::Reservoir;
