//! Where frames come from: recordings, live streams, and a synthetic brain.
//!
//! One source is owned by the acquisition thread. Invariant: samples leave a source in microvolts, and its frame numbers
//! count signal time, so that a gap makes them jump.

mod contract;
mod error;
mod generated;
pub mod lsl;
mod pace;
mod pattern;
mod picked;
mod playback;
pub mod recording;
mod repeated;
mod replay;
mod select;
pub mod synthetic;
mod xdf;
#[cfg(test)]
mod xdf_tests;

pub use contract::{Progress, Source};
pub use error::SourceError;
pub use generated::GeneratedSource;
pub use lsl::{JoinedSource, LslSource, MarkedSource, MarkerStream};
pub use pace::Pace;
pub use picked::PickedSource;
pub use repeated::RepeatedSource;
pub use replay::ReplaySource;
pub use select::Selection;
pub use xdf::XdfSource;
