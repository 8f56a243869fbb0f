//! Opens a file and reads its records one at a time.
//!
//! Owns [`EdfFile`]; runs on the thread that opened it. Invariant: memory is bounded by one record and the header,
//! whatever the length of the file; records are only ever read where the size check found them whole.

use super::field::Fields;
use super::header::{BLOCK_BYTES, MainHeader};
use super::integrity::{Sizes, check_line_endings};
use super::scan::Timeline;
use super::signal_header::{self, Layout};
use super::{Annotation, EdfError, Header, Record, SignalHeader, tal};
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

/// An EDF, EDF+, BDF or BDF+ file that is open for reading.
#[derive(Debug)]
pub struct EdfFile<R = File> {
    pub(super) name: String,
    reader: R,
    header: Header,
    pub(super) layout: Arc<Layout>,
    header_bytes: u64,
    warnings: Vec<String>,
    /// Number and onset of the record read last, from which one without a clock follows on.
    last: Option<(u64, f64)>,
    pub(super) timeline: Option<Timeline>,
}

impl EdfFile {
    /// Opens a file and checks its header against its size.
    ///
    /// # Errors
    /// An [`EdfError`] of one line that names the file, the field, its value, its place and what to do.
    pub fn open(path: &Path) -> Result<Self, EdfError> {
        let name = path.display().to_string();
        let failed = |source| EdfError::Open { name: name.clone(), source };
        // Looked at before it is opened: opening a pipe would wait for its other end.
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            let kind = if metadata.is_dir() { "a directory" } else { "a pipe or a device" };
            return Err(EdfError::NotAFile { name, kind });
        }
        let file = File::open(path).map_err(failed)?;
        Self::from_reader(&name, file, metadata.len())
    }
}

impl<R: Read + Seek> EdfFile<R> {
    /// Opens the `len` bytes of `reader`; `name` is how messages call them.
    ///
    /// # Errors
    /// As [`EdfFile::open`].
    pub fn from_reader(name: &str, mut reader: R, len: u64) -> Result<Self, EdfError> {
        if len == 0 {
            return Err(EdfError::Empty { name: name.to_owned() });
        }
        let mut bytes = Vec::new();
        read_at(&mut reader, name, &"header", 0, len.min(BLOCK_BYTES as u64), &mut bytes)?;
        let bdf = is_bdf(name, &bytes)?;
        let truncated = |part: &str, needed: usize| EdfError::Truncated {
            name: name.to_owned(),
            part: part.to_owned(),
            needed: needed as u64,
            len,
        };
        if bytes.len() < BLOCK_BYTES {
            return Err(truncated("main header", BLOCK_BYTES));
        }
        let mut warnings = Vec::new();
        // Parsed once for its length and again with the rest, so that warnings count the whole header.
        let header_bytes = MainHeader::parse(&mut Fields::new(name, &bytes), bdf, &mut Vec::new())?.bytes();
        if len < header_bytes as u64 {
            return Err(truncated("headers of its signals", header_bytes));
        }
        read_at(&mut reader, name, &"header", 0, header_bytes as u64, &mut bytes)?;
        let mut fields = Fields::new(name, &bytes);
        let main = MainHeader::parse(&mut fields, bdf, &mut warnings)?;
        let layout = signal_header::parse(&mut fields, main.header.format, main.signals, &mut warnings)?;
        check_duration(&fields, &main, &layout)?;
        warnings.extend(fields.warnings());

        let (header_bytes, record_bytes) = (header_bytes as u64, layout.record_bytes as u64);
        let sizes = Sizes { name, header_bytes, record_bytes, len, announced: main.announced };
        if !sizes.agree() {
            seek(&mut reader, name, &"first record", header_bytes)?;
            check_line_endings(name, header_bytes, &mut reader)?;
        }
        let records = sizes.records(&mut warnings)?;
        let header = Header { records, ..main.header };
        if header.format.is_discontinuous() && !layout.signals.iter().any(|signal| signal.is_annotation) {
            let format = header.format;
            warnings.push(format!("{format}, but no signal says when records begin; they are taken to follow on"));
        }
        let (name, layout) = (name.to_owned(), Arc::new(layout));
        Ok(Self { name, reader, header, layout, header_bytes, warnings, last: None, timeline: None })
    }

    /// Reads one record into `record`, whose memory is used again.
    ///
    /// A record of an EDF+ file that has no clock of its own follows on from the nearest one before it that has.
    ///
    /// # Errors
    /// [`EdfError::NoSuchRecord`] past the end, [`EdfError::Read`] where the system fails.
    pub fn read_record(&mut self, index: u64, record: &mut Record) -> Result<(), EdfError> {
        let (offset, bytes) = (self.record_offset(index)?, self.layout.record_bytes as u64);
        read_at(&mut self.reader, &self.name, &format_args!("record {index}"), offset, bytes, &mut record.bytes)?;
        record.annotations.clear();
        let tally = tally(&self.layout, &record.bytes, &mut record.annotations);
        record.layout = Arc::clone(&self.layout);
        record.index = index;
        record.bad_annotations = tally.bad;
        record.onset_s = match tally.clock_s {
            Some(onset_s) => onset_s,
            None => self.follow_on(index)?,
        };
        self.last = Some((index, record.onset_s));
        Ok(())
    }

    /// Onset of a record without a clock.
    fn follow_on(&mut self, index: u64) -> Result<f64, EdfError> {
        let duration_s = self.header.record_duration_s;
        if !self.layout.signals.iter().any(|signal| signal.is_annotation) {
            return Ok(index as f64 * duration_s);
        }
        let (mut lists, mut unwanted) = (Vec::new(), Vec::new());
        for earlier in (0..index).rev() {
            if let Some((_, onset_s)) = self.last.filter(|&(last, _)| last == earlier) {
                return Ok(onset_s + (index - earlier) as f64 * duration_s);
            }
            if let Some(onset_s) = self.read_annotations(earlier, &mut lists, &mut unwanted)?.clock_s {
                return Ok(onset_s + (index - earlier) as f64 * duration_s);
            }
            unwanted.clear();
        }
        Ok(index as f64 * duration_s)
    }

    /// Appends the annotations of a record, reading only the bytes that hold them.
    pub(super) fn read_annotations(
        &mut self,
        index: u64,
        bytes: &mut Vec<u8>,
        out: &mut Vec<Annotation>,
    ) -> Result<tal::Tally, EdfError> {
        let offset = self.record_offset(index)?;
        let layout = Arc::clone(&self.layout);
        let mut sum = Sum::default();
        for signal in layout.signals.iter().filter(|signal| signal.is_annotation) {
            let (at, len) = (offset + signal.bytes.start as u64, signal.bytes.len() as u64);
            read_at(&mut self.reader, &self.name, &format_args!("record {index}"), at, len, bytes)?;
            sum.add(tal::parse(bytes, out));
        }
        Ok(sum.total)
    }

    fn record_offset(&self, index: u64) -> Result<u64, EdfError> {
        let records = self.header.records;
        index
            .checked_mul(self.layout.record_bytes as u64)
            .and_then(|bytes| bytes.checked_add(self.header_bytes))
            .filter(|_| index < records)
            .ok_or_else(|| EdfError::NoSuchRecord { name: self.name.clone(), index, records })
    }
}

impl<R> EdfFile<R> {
    /// What is known of the recording as a whole.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All signals in the order of the file, those of annotations included.
    #[must_use]
    pub fn signals(&self) -> &[SignalHeader] {
        &self.layout.signals
    }

    /// Indices of the signals that hold samples; none in a file of annotations only.
    pub fn ordinary_signals(&self) -> impl Iterator<Item = usize> + '_ {
        self.signals().iter().enumerate().filter(|(_, signal)| !signal.is_annotation).map(|(index, _)| index)
    }

    /// Sampling rate of a signal in hertz; `None` where there is no such ordinary signal.
    #[must_use]
    pub fn rate_hz(&self, signal: usize) -> Option<f64> {
        let header = self.signals().get(signal).filter(|header| !header.is_annotation)?;
        Some(header.rate_hz(self.header.record_duration_s))
    }

    /// What was odd about the file but could be read, a line each.
    ///
    /// Those of the header at once, those of annotations after [`EdfFile::annotations`] or
    /// [`EdfFile::discontinuities`] has gone through the file.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let scanned = self.timeline.iter().flat_map(|timeline| &timeline.warnings);
        self.warnings.iter().chain(scanned).cloned().collect()
    }
}

/// Adds up the annotation signals of a record; the first of them keeps its clock.
#[derive(Default)]
struct Sum {
    total: tal::Tally,
    signals: u32,
}

impl Sum {
    fn add(&mut self, part: tal::Tally) {
        if self.signals == 0 {
            self.total.clock_s = part.clock_s;
        }
        self.signals += 1;
        self.total.bad += part.bad;
        self.total.latin1 += part.latin1;
    }
}

fn tally(layout: &Layout, record: &[u8], out: &mut Vec<Annotation>) -> tal::Tally {
    let mut sum = Sum::default();
    for signal in layout.signals.iter().filter(|signal| signal.is_annotation) {
        sum.add(tal::parse(record.get(signal.bytes.clone()).unwrap_or_default(), out));
    }
    sum.total
}

/// True for BDF, false for EDF, by the first eight bytes.
pub(super) fn is_bdf(name: &str, bytes: &[u8]) -> Result<bool, EdfError> {
    let version = bytes.get(..8).unwrap_or(bytes);
    match version {
        b"\xffBIOSEMI" => Ok(true),
        [b'0', rest @ ..] if rest.iter().all(|b| matches!(b, b' ' | 0)) => Ok(false),
        _ => Err(EdfError::NotEdf { name: name.to_owned(), found: format!("\"{}\"", version.escape_ascii()) }),
    }
}

/// Refuses durations with which the signals have no rate.
fn check_duration(fields: &Fields<'_>, main: &MainHeader, layout: &Layout) -> Result<(), EdfError> {
    let duration_s = main.header.record_duration_s;
    let rated = |signal: &SignalHeader| signal.is_annotation || signal.rate_hz(duration_s).is_finite();
    if layout.signals.iter().all(rated) {
        return Ok(());
    }
    let problem = "with which its signals have no sampling rate; only files of annotations alone may have 0 here";
    Err(fields.refuse(&main.duration_place, &duration_s.to_string(), problem))
}

fn seek(reader: &mut impl Seek, name: &str, part: &dyn fmt::Display, offset: u64) -> Result<(), EdfError> {
    let failed = |source| EdfError::Read { name: name.to_owned(), part: part.to_string(), offset, source };
    reader.seek(SeekFrom::Start(offset)).map(drop).map_err(failed)
}

/// Reads exactly `len` bytes at `offset` into `bytes`; `len` has been checked against the size of the file.
pub(super) fn read_at(
    reader: &mut (impl Read + Seek),
    name: &str,
    part: &dyn fmt::Display,
    offset: u64,
    len: u64,
    bytes: &mut Vec<u8>,
) -> Result<(), EdfError> {
    let failed = |source| EdfError::Read { name: name.to_owned(), part: part.to_string(), offset, source };
    seek(reader, name, part, offset)?;
    let wanted = usize::try_from(len).map_err(|_| failed(std::io::ErrorKind::OutOfMemory.into()))?;
    bytes.resize(wanted, 0);
    reader.read_exact(bytes).map_err(failed)
}
