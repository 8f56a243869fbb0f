//! The words of the field: channels, montages, frames, blocks, stamps, markers, events.
//!
//! Floor 0. Plain values that any thread may own: no I/O, no threads, no clock reads.

mod channel;
pub mod electrode;
mod event;
mod frame;
mod marker;
mod montage;
mod stamp;
pub mod wire;

pub use channel::{Channel, ChannelKind, Digital, Unit};
pub use event::{Event, EventKind};
pub use frame::{Block, SourceKind, StreamFacts};
pub use marker::Marker;
pub use montage::Montage;
pub use stamp::{Clock, ManualClock, Stamp};
