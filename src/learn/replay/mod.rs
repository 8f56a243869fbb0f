//! Replay memory: the windows that the trainer draws from, and what makes room in it.

mod features;
mod memory;
mod minred;
mod packed;
mod policy;
mod reservoir;
mod saved;

pub use memory::ReplayMemory;
pub use minred::{polyak, redundant};
pub use policy::Policy;
pub use reservoir::Reservoir;
