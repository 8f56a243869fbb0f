//! The first 256 bytes of a file: its format, who and when, and how the rest is laid out.
//!
//! Owns [`EdfFormat`] and [`Header`]; runs on the thread that opens the file. Invariant: a header that was parsed has
//! between 1 and 9999 signals and a length that fits their number.

use super::field::{Fields, Place};
use super::{EdfError, StartTime};
use std::fmt;

/// Bytes of the main header, and of the header of each signal.
pub(super) const BLOCK_BYTES: usize = 256;

/// The six formats of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdfFormat {
    /// European Data Format, 16 bits, without annotations (Kemp et al. 1992).
    Edf,
    /// EDF+, continuous: records follow on (Kemp and Olivan 2003).
    EdfPlusC,
    /// EDF+, discontinuous: each record says when it begins.
    EdfPlusD,
    /// BioSemi Data Format, 24 bits.
    Bdf,
    /// BDF+, continuous.
    BdfPlusC,
    /// BDF+, discontinuous.
    BdfPlusD,
}

impl EdfFormat {
    fn of(bdf: bool, reserved: &str) -> Self {
        // Some BDF+ files say EDF+ here; the version field decides on the width of samples.
        let kind = reserved.strip_prefix("EDF+").or_else(|| reserved.strip_prefix("BDF+"));
        match (bdf, kind.and_then(|rest| rest.chars().next())) {
            (false, Some('C')) => Self::EdfPlusC,
            (false, Some('D')) => Self::EdfPlusD,
            (false, _) => Self::Edf,
            (true, Some('C')) => Self::BdfPlusC,
            (true, Some('D')) => Self::BdfPlusD,
            (true, _) => Self::Bdf,
        }
    }

    /// The format of this family whose records need not follow on, if they do not.
    pub(super) fn discontinuous(self, is_discontinuous: bool) -> Self {
        match self {
            Self::EdfPlusC if is_discontinuous => Self::EdfPlusD,
            Self::BdfPlusC if is_discontinuous => Self::BdfPlusD,
            other => other,
        }
    }

    /// Bytes of one sample: 2 for EDF, 3 for BDF.
    #[must_use]
    pub fn sample_bytes(self) -> usize {
        match self {
            Self::Edf | Self::EdfPlusC | Self::EdfPlusD => 2,
            Self::Bdf | Self::BdfPlusC | Self::BdfPlusD => 3,
        }
    }

    /// True for EDF+ and BDF+, whose records carry their onset and annotations.
    #[must_use]
    pub fn is_plus(self) -> bool {
        !matches!(self, Self::Edf | Self::Bdf)
    }

    /// True where the header announces that records need not follow on.
    #[must_use]
    pub fn is_discontinuous(self) -> bool {
        matches!(self, Self::EdfPlusD | Self::BdfPlusD)
    }
}

impl fmt::Display for EdfFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Edf => "EDF",
            Self::EdfPlusC => "EDF+C",
            Self::EdfPlusD => "EDF+D",
            Self::Bdf => "BDF",
            Self::BdfPlusC => "BDF+C",
            Self::BdfPlusD => "BDF+D",
        })
    }
}

/// What is known of a recording as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Which format of the family.
    pub format: EdfFormat,
    /// The patient field: in EDF+ code, sex, birthdate and name.
    pub patient: String,
    /// The recording field: in EDF+ `Startdate`, date, administration code, technician and equipment.
    pub recording: String,
    /// When it began, to the second; `None` where the header does not say. A fraction of a second is in the onset of
    /// the first record, from which annotations count as well.
    pub start: Option<StartTime>,
    /// Seconds of signal in a record; 0 only in files that hold nothing but annotations.
    pub record_duration_s: f64,
    /// Whole records that are in the file.
    pub records: u64,
}

impl Header {
    /// The start as the JSON outputs have it: `2009-08-12T16:15:00`.
    #[must_use]
    pub fn start_datetime(&self) -> Option<String> {
        self.start.map(|start| start.to_string())
    }
}

/// The main header as it stands in the file, before the size of the file is held against it.
#[derive(Debug)]
pub(super) struct MainHeader {
    pub header: Header,
    /// Records that it announces; `None` for -1, which a recorder writes until it is done.
    pub announced: Option<u64>,
    pub signals: usize,
    pub duration_place: Place,
}

impl MainHeader {
    /// Bytes of the whole header, signal headers included.
    pub fn bytes(&self) -> usize {
        BLOCK_BYTES * (self.signals + 1)
    }

    /// Parses the main header at the beginning of `fields`; warnings go to `warnings`.
    pub fn parse(fields: &mut Fields<'_>, bdf: bool, warnings: &mut Vec<String>) -> Result<Self, EdfError> {
        let place = |field, offset, width| Place { field, signal: None, offset, width };
        let patient = fields.text(&place("patient", 8, 80))?;
        let recording = fields.text(&place("recording", 88, 80))?;
        let date = fields.text(&place("start date", 168, 8))?;
        let time = fields.text(&place("start time", 176, 8))?;
        let header_bytes_place = place("header size", 184, 8);
        let header_bytes = fields.integer(&header_bytes_place)?;
        let format = EdfFormat::of(bdf, &fields.text(&place("reserved field", 192, 44))?);
        let records_place = place("number of records", 236, 8);
        let announced = fields.integer(&records_place)?;
        let duration_place = place("record duration", 244, 8);
        let record_duration_s = fields.number(&duration_place)?;
        let signals_place = place("number of signals", 252, 4);
        let count = fields.integer(&signals_place)?;

        let signals = usize::try_from(count).ok().filter(|n| (1..=9999).contains(n)).ok_or_else(|| {
            fields.refuse(&signals_place, &count.to_string(), "but 1 to 9999 are possible; the header is damaged")
        })?;
        if header_bytes != (BLOCK_BYTES * (signals + 1)) as i64 {
            let problem =
                format!("but {signals} signals make {}; one of the two is damaged", BLOCK_BYTES * (signals + 1));
            return Err(fields.refuse(&header_bytes_place, &header_bytes.to_string(), &problem));
        }
        let announced = match announced {
            -1 => None,
            n => Some(u64::try_from(n).map_err(|_| {
                fields.refuse(&records_place, &n.to_string(), "but only -1 (still recording) may be negative")
            })?),
        };
        // The largest number of eight digits keeps every onset finite, the smallest every rate.
        if record_duration_s != 0.0 && !(1e-6..=99_999_999.0).contains(&record_duration_s) {
            let problem = "but a duration is 0, or 0.000001 to 99999999 s; the header is damaged";
            return Err(fields.refuse(&duration_place, &format!("{record_duration_s:e}"), problem));
        }
        let start = StartTime::parse(&date, &time, &recording);
        if start.is_none() {
            warnings.push(format!(
                "the start is unknown: date {date:?} at byte 168 and time {time:?} at byte 176 are not dd.mm.yy and hh.mm.ss"
            ));
        }
        let header = Header { format, patient, recording, start, record_duration_s, records: 0 };
        Ok(Self { header, announced, signals, duration_place })
    }
}
