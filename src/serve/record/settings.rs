//! What a recording is to be.
//!
//! Plain values. Invariant: the format follows from the name of the file or, where it has no ending, from the source.

use crate::format::edf::{EdfError, Gap, Resolution};
use crate::format::xdf::XdfError;
use crate::signal::StreamFacts;
use std::path::{Path, PathBuf};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFormat {
    /// EDF+, 16 bits, or BDF+, 24 bits.
    Edf(Resolution),
    /// XDF: signal, markers and embeddings.
    Xdf,
}

impl RecordFormat {
    /// The format of a name such as `night.bdf`; `None` where it has no ending, `Err` where it has another.
    ///
    /// # Errors
    /// With the ending that is none of the three.
    pub fn of_name(path: &Path) -> Result<Option<Self>, String> {
        let Some(ending) = path.extension() else { return Ok(None) };
        match ending.to_ascii_lowercase().to_str() {
            Some("edf") => Ok(Some(Self::Edf(Resolution::Bits16))),
            Some("bdf") => Ok(Some(Self::Edf(Resolution::Bits24))),
            Some("xdf") => Ok(Some(Self::Xdf)),
            _ => Err(ending.to_string_lossy().into_owned()),
        }
    }

    /// EDF+ where all channels come as numbers of 16 bits, else BDF+.
    #[must_use]
    pub fn of_source(facts: &StreamFacts) -> Self {
        let fits = facts.montage.channels.iter().all(|c| c.digital.is_some_and(|digital| digital.bits <= 16));
        Self::Edf(if fits { Resolution::Bits16 } else { Resolution::Bits24 })
    }

    /// The ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Edf(Resolution::Bits16) => "edf",
            Self::Edf(Resolution::Bits24) => "bdf",
            Self::Xdf => "xdf",
        }
    }
}

/// What embeddings an XDF recording is to hold.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingFacts {
    /// Values in an embedding.
    pub dimension: usize,
    /// Embeddings in a second, nominally.
    pub rate_hz: f64,
}

/// What a recording is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordSettings {
    /// The file; a taken name gets the next run number.
    pub path: PathBuf,
    /// What is written.
    pub format: RecordFormat,
    /// What becomes of missing frames in EDF and BDF.
    pub gap: Gap,
    /// Ends of the range of channels that come as floating-point numbers, in microvolts or their own unit; `None` for
    /// 262144 in BDF (steps of 1/32, as BioSemi's) and 3276.8 in EDF (steps of 0.1).
    pub range_uv: Option<f64>,
    /// The patient field.
    pub patient: String,
    /// What leads from the pipeline's clock to seconds since 1970 (UTC).
    pub unix_zero_s: Option<f64>,
    /// What leads from LSL's clock to the pipeline's; XDF has stamps of LSL's.
    pub clock_offset_s: f64,
    /// Embeddings, for XDF.
    pub embedding: Option<EmbeddingFacts>,
}

impl RecordSettings {
    /// A recording of this name from a source: without an ending it gets that of the format.
    ///
    /// # Errors
    /// [`RecordError::Ending`] for an ending that says none of the formats.
    pub fn new(path: &Path, facts: &StreamFacts) -> Result<Self, RecordError> {
        let ending = |_| RecordError::Ending(path.to_owned());
        let (format, path) = match RecordFormat::of_name(path).map_err(ending)? {
            Some(format) => (format, path.to_owned()),
            None => {
                let format = RecordFormat::of_source(facts);
                (format, path.with_extension(format.ending()))
            }
        };
        let (gap, range_uv, patient, unix_zero_s, clock_offset_s, embedding) = Default::default();
        Ok(Self { path, format, gap, range_uv, patient, unix_zero_s, clock_offset_s, embedding })
    }

    /// Ends of the range of channels that come as floating-point numbers.
    #[must_use]
    pub fn float_range(&self) -> f64 {
        let by_format = if self.format == RecordFormat::Edf(Resolution::Bits16) { 3276.8 } else { 262_144.0 };
        self.range_uv.unwrap_or(by_format)
    }
}

/// Why nothing is recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// EDF or BDF cannot be begun.
    #[error(transparent)]
    Edf(#[from] EdfError),
    /// XDF cannot be begun.
    #[error(transparent)]
    Xdf(#[from] XdfError),
    /// The rate is none that EDF can hold.
    #[error("a rate of {0} Hz fits no EDF record; record XDF")]
    Rate(f64),
    /// The ending of the file says no format.
    #[error("{}: the ending has to be .edf, .bdf or .xdf, or left out", .0.display())]
    Ending(PathBuf),
}
