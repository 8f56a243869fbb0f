//! XDF: LabRecorder's format, several streams with clocks of their own in one file, read in full and written.
//!
//! Owns the file handles and one buffer; whichever thread opens a file runs it. Invariant: nothing is allocated because
//! a header says so, and damage costs what lies between it and the next boundary, told with its place.
//!
//! Format: the specification of the XDF working group (Kothe et al., <https://github.com/sccn/xdf/wiki/Specifications>).
//! Clock offsets are applied and jitter is taken out as `pyxdf`, the reference reader, does.
//!
//! A file is opened in one pass over the heads of its chunks; the stamps of a stream are gone through when somebody
//! asks for its [`Timeline`]; samples are read in pieces of any size.
//!
//! ```no_run
//! # fn main() -> Result<(), neurostream::format::xdf::XdfError> {
//! use neurostream::format::xdf::{Place, Samples, XdfFile};
//! let mut file = XdfFile::open("session.xdf".as_ref())?;
//! let timeline = file.timeline(0)?;
//! let (mut place, mut samples) = (Place::default(), Samples::default());
//! while file.read(0, &mut place, 4096, &mut samples)? {
//!     let first_s = timeline.seconds(samples.first, samples.stamps[0]);
//! }
//! # Ok(()) }
//! ```

mod bytes;
mod chunk;
mod clock;
mod description;
mod error;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod golden_tests;
mod index;
mod jitter;
mod reader;
mod repair;
#[cfg(test)]
mod repair_tests;
mod robust;
mod samples;
mod timeline;
mod value;
mod writer;
#[cfg(test)]
mod writer_tests;

pub use clock::ClockOffset;
pub use description::{ChannelNote, StreamDescription};
pub use error::XdfError;
pub use index::{Footer, XdfStream};
pub use jitter::Segment;
pub use reader::{Place, XdfFile, is_xdf};
pub use repair::{Repaired, repair};
pub use samples::Samples;
pub use timeline::Timeline;
pub use value::{ValueFormat, Values};
pub use writer::{XdfWriter, XdfWritten};
