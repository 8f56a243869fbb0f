//! EDF, EDF+, BDF and BDF+: the file formats of clinical and laboratory EEG, read in full and written as EDF+ or BDF+.
//!
//! Owns the file handles and the buffers of one data record; whichever thread opens a file runs it. Invariant: what
//! a header says is checked against the size of the file before it is believed, and no sample is altered: physical
//! values are `pmin + (d - dmin) * (pmax - pmin) / (dmax - dmin)` of every digital value that is in the file, also
//! of those outside its announced range.
//!
//! Formats: Kemp et al. 1992 (EDF), Kemp and Olivan 2003 (EDF+), BioSemi (BDF, 24 bits), and van Beelen's BDF+.
//!
//! What is wrong with a file is either an [`EdfError`] that names the field, its value and its place, or, where the
//! samples can still be trusted, a line in [`EdfFile::warnings`].
//!
//! ```no_run
//! # fn main() -> Result<(), neurostream::format::edf::EdfError> {
//! use neurostream::format::edf::{EdfFile, Record};
//! let mut file = EdfFile::open("night.edf".as_ref())?;
//! let (mut record, mut microvolts) = (Record::default(), Vec::new());
//! for index in 0..file.header().records {
//!     file.read_record(index, &mut record)?;
//!     microvolts.clear();
//!     record.microvolts_into(0, &mut microvolts)?;
//! }
//! # Ok(()) }
//! ```

mod compose;
mod error;
#[cfg(test)]
mod fault_tests;
mod field;
mod filling;
mod header;
mod integrity;
mod rates;
mod reader;
#[cfg(test)]
mod reader_tests;
mod record;
mod repair;
#[cfg(test)]
mod repair_tests;
#[cfg(test)]
mod round_trip;
mod scan;
mod signal_header;
mod start_time;
mod tal;
mod writer;
#[cfg(test)]
mod writer_tests;

pub use super::disk::Existing;
pub use compose::{EdfHeader, EdfSignal, Resolution};
pub use error::EdfError;
pub use header::{EdfFormat, Header};
pub use rates::{RateGroup, most_common_rate, rate_groups, record_shape};
pub use reader::EdfFile;
pub use record::Record;
pub use repair::{Repaired, repair};
pub use signal_header::SignalHeader;
pub use start_time::StartTime;
pub use tal::Annotation;
pub use writer::{EdfWriter, Gap, Written};
