//! Frames from a Lab Streaming Layer stream.
//!
//! Floor 2, on the acquisition thread. Invariant: frame numbers never go back, and jump wherever frames are missing
//! or the source's clock leapt, so that no window spans such a place.
//!
//! How a stamp becomes a time. A sample carries the source's own stamp. [`StampTracker`] compares it with what the
//! stamps before it let expect, all on the source's clock: that finds gaps and removes jitter. Only the outcome is
//! moved to LSL's clock of this host (liblsl measures that offset) and from there to the host's clock (measured once,
//! when the stream is opened). So a new clock measurement can never look like a gap. Markers of other streams go the same
//! way to the host's clock, where the times of frames are known.
//!
//! Several streams become one by these times ([`JoinedSource`]): the frames are those of the first, and beside each lie the
//! values that the others have at its moment.

mod join;
mod joined;
mod lane;
mod live;
mod markers;
mod montage;
mod silence;
mod stamps;
mod timing;

pub use joined::JoinedSource;
pub use live::LslSource;
pub use markers::{MarkedSource, MarkerStream};
pub use stamps::{Break, Run, StampTracker};
