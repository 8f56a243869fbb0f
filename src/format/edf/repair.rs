//! Makes a file that every reader takes out of one that was cut off or damaged.
//!
//! Owns nothing but the two files while it runs; runs on the calling thread. Invariant: samples are copied byte by byte and
//! never guessed at; whatever is not copied is counted and told.

use super::field::{Fields, Place};
use super::header::{BLOCK_BYTES, MainHeader};
use super::integrity::check_line_endings;
use super::reader::{is_bdf, read_at};
use super::signal_header::{self, Layout, WIDTHS};
use super::writer::refused;
use super::{EdfError, EdfFormat, StartTime, compose, tal};
use crate::format::disk::{Existing, NewFile, OsDisk};
use std::fs::File;
use std::path::{Path, PathBuf};

/// What a repair did.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The repaired file.
    pub path: PathBuf,
    /// Its format.
    pub format: EdfFormat,
    /// Records in it.
    pub records: u64,
    /// What was set right, a line each.
    pub mended: Vec<String>,
    /// What could not be kept, a line each.
    pub lost: Vec<String>,
}

/// Writes what can be read of the file at `from` to `to`, which may be the same where it is to be replaced.
///
/// Set right are the number of records, the size of the header, characters that headers may not hold, decimal commas,
/// dates, annotation lists that do not parse, records that do not say when they begin, and a discontinuity that the
/// header does not announce. What scales samples is never invented: without it there is an error.
///
/// # Errors
/// As [`super::EdfFile::open`] where a header cannot be set right, [`EdfError::Exists`] where `to` is there and may not be
/// replaced, [`EdfError::Write`] where the system refuses.
pub fn repair(from: &Path, to: &Path, existing: Existing) -> Result<Repaired, EdfError> {
    let name = from.display().to_string();
    let failed = |source| EdfError::Open { name: name.clone(), source };
    let metadata = std::fs::metadata(from).map_err(failed)?;
    if !metadata.is_file() {
        return Err(EdfError::NotAFile { name, kind: "a directory, a pipe or a device" });
    }
    let mut source = Source { name: &name, file: File::open(from).map_err(failed)?, len: metadata.len() };
    let (mut mended, mut lost) = (Vec::new(), Vec::new());
    let (mut header, main, layout) = source.header(&mut mended)?;
    let offset = header.len() as u64;
    let rest_is_whole = main.announced.and_then(|n| n.checked_mul(layout.record_bytes as u64));
    if rest_is_whole != Some(source.len - offset) {
        let mut start = Vec::new();
        source.read(offset, (source.len - offset).min(256 * 1024), &mut start)?;
        check_line_endings(&name, offset, &start[..])?;
    }
    let records = source.records(&main, &layout, offset, &mut mended, &mut lost);
    header.splice(236..244, format!("{records:<8}").into_bytes());
    let mut file = NewFile::create(&OsDisk, to, existing).map_err(refused)?;
    let path = file.written().display().to_string();
    let write = |file: &mut NewFile, at: u64, bytes: &[u8], part: &str| {
        let failed = |source| EdfError::Write { path: path.clone(), part: part.to_owned(), source };
        file.write_at(at, bytes).map_err(failed)
    };
    write(&mut file, 0, &header, "header")?;
    let mut lists = Lists::new(&layout, main.header.format.is_plus(), main.header.record_duration_s);
    let mut record = Vec::new();
    for index in 0..records {
        let at = offset + index * layout.record_bytes as u64;
        source.read(at, layout.record_bytes as u64, &mut record)?;
        lists.mend(&layout, &mut record);
        write(&mut file, at, &record, "record")?;
    }
    let is_discontinuous = lists.gaps > 0 && !main.header.format.is_discontinuous() && main.header.format.is_plus();
    if is_discontinuous {
        write(&mut file, compose::CONTINUITY_AT, b"D", "discontinuity")?;
        mended.push(format!("{} record(s) do not follow on: the header says so now", lists.gaps));
    }
    lists.tell(&mut mended, &mut lost);
    let format = main.header.format.discontinuous(is_discontinuous);
    let path = file.finish().map_err(refused)?;
    Ok(Repaired { path, format, records, mended, lost })
}

/// The file to be repaired.
struct Source<'a> {
    name: &'a str,
    file: File,
    len: u64,
}

impl Source<'_> {
    fn read(&mut self, at: u64, len: u64, bytes: &mut Vec<u8>) -> Result<(), EdfError> {
        read_at(&mut self.file, self.name, &format_args!("bytes from {at}"), at, len, bytes)
    }

    /// The header as it should be.
    fn header(&mut self, mended: &mut Vec<String>) -> Result<(Vec<u8>, MainHeader, Layout), EdfError> {
        if self.len == 0 {
            return Err(EdfError::Empty { name: self.name.to_owned() });
        }
        let truncated = |part: &str, needed: u64, len| EdfError::Truncated {
            name: self.name.to_owned(),
            part: part.to_owned(),
            needed,
            len,
        };
        let mut bytes = Vec::new();
        let len = self.len;
        self.read(0, len.min(BLOCK_BYTES as u64), &mut bytes)?;
        let bdf = is_bdf(self.name, &bytes)?;
        if bytes.len() < BLOCK_BYTES {
            return Err(truncated("main header", BLOCK_BYTES as u64, len));
        }
        mend_main(self.name, &mut bytes, mended)?;
        let signals = MainHeader::parse(&mut Fields::new(self.name, &bytes), bdf, &mut Vec::new())?.signals;
        let whole = (BLOCK_BYTES * (signals + 1)) as u64;
        if len < whole {
            return Err(truncated("headers of its signals", whole, len));
        }
        let mut rest = Vec::new();
        self.read(BLOCK_BYTES as u64, whole - BLOCK_BYTES as u64, &mut rest)?;
        bytes.append(&mut rest);
        let mut at = BLOCK_BYTES;
        for (column, &width) in WIDTHS.iter().enumerate() {
            for signal in 0..signals {
                let field = ["label", "transducer", "dimension"].get(column).copied().unwrap_or("field");
                let place = Place { field, signal: Some(signal), offset: at, width };
                mend_text(self.name, &mut bytes, &place, (3..=6).contains(&column) || column == 8, mended)?;
                at += width;
            }
        }
        let mut fields = Fields::new(self.name, &bytes);
        let main = MainHeader::parse(&mut fields, bdf, &mut Vec::new())?;
        let layout = signal_header::parse(&mut fields, main.header.format, main.signals, &mut Vec::new())?;
        Ok((bytes, main, layout))
    }

    /// Whole records that are there.
    fn records(
        &self,
        main: &MainHeader,
        layout: &Layout,
        offset: u64,
        mended: &mut Vec<String>,
        lost: &mut Vec<String>,
    ) -> u64 {
        let (data, record_bytes) = (self.len - offset, layout.record_bytes.max(1) as u64);
        let (records, rest) = (data / record_bytes, data % record_bytes);
        match main.announced {
            Some(announced) if announced == records => {}
            Some(announced) => {
                mended.push(format!("the header announced {announced} records, {records} are there"));
                if announced > records {
                    lost.push(format!("{} record(s) that the header announced are not there", announced - records));
                }
            }
            None => mended.push(format!("the recording was never closed (-1 records); {records} are there")),
        }
        if rest > 0 {
            lost.push(format!("{rest} bytes after the last whole record, of the {record_bytes} that one has"));
        }
        records
    }
}

/// Sets a field to the characters that headers may hold.
fn mend_text(
    name: &str,
    bytes: &mut [u8],
    place: &Place,
    is_number: bool,
    mended: &mut Vec<String>,
) -> Result<(), EdfError> {
    let raw = Fields::new(name, bytes).raw(place)?.to_vec();
    if raw.iter().all(|b| (b' '..=b'~').contains(b)) && !(is_number && raw.contains(&b',')) {
        return Ok(());
    }
    let text = Fields::new(name, bytes).text(place)?;
    let mut fitted: String = text.chars().map(compose::ascii).take(place.width).collect();
    if is_number {
        fitted = fitted.replace(',', ".");
    }
    put(bytes, place, &fitted);
    mended.push(format!("{place} at byte {} is written as {fitted:?}", place.offset));
    Ok(())
}

fn put(bytes: &mut [u8], place: &Place, text: &str) {
    let width = place.width;
    if let Some(field) = bytes.get_mut(place.offset..place.offset + width) {
        field.copy_from_slice(format!("{text:<width$}").as_bytes().get(..width).unwrap_or_default());
    }
}

/// Sets the main header right, as far as it says more than once what it says.
fn mend_main(name: &str, bytes: &mut [u8], mended: &mut Vec<String>) -> Result<(), EdfError> {
    let place = |field, offset, width| Place { field, signal: None, offset, width };
    for (field, offset, width, is_number) in [
        ("patient", 8, 80, false),
        ("recording", 88, 80, false),
        ("header size", 184, 8, true),
        ("reserved field", 192, 44, false),
        ("number of records", 236, 8, true),
        ("record duration", 244, 8, true),
        ("number of signals", 252, 4, true),
    ] {
        mend_text(name, bytes, &place(field, offset, width), is_number, mended)?;
    }
    let (size, count, signals) =
        (place("header size", 184, 8), place("number of records", 236, 8), place("number of signals", 252, 4));
    let announced = Fields::new(name, bytes).integer(&size).ok();
    let listed = Fields::new(name, bytes).integer(&signals).ok().filter(|n| (1..=9999).contains(n));
    let of_size = announced.filter(|n| n % BLOCK_BYTES as i64 == 0).map(|n| n / BLOCK_BYTES as i64 - 1);
    if let (None, Some(number)) = (listed, of_size.filter(|n| (1..=9999).contains(n))) {
        put(bytes, &signals, &number.to_string());
        mended.push(format!("the number of signals is {number} by the size of the header"));
    }
    if let Some(number) = listed.filter(|&number| announced != Some((number + 1) * BLOCK_BYTES as i64)) {
        put(bytes, &size, &((number + 1) * BLOCK_BYTES as i64).to_string());
        mended.push(format!("the size of the header is that of {number} signals"));
    }
    if Fields::new(name, bytes).integer(&count).ok().is_none_or(|n| n < -1) {
        put(bytes, &count, "-1");
        mended.push("the number of records was not a number".to_owned());
    }
    let (date, time) = (place("start date", 168, 8), place("start time", 176, 8));
    let fields = [Fields::new(name, bytes).text(&date)?, Fields::new(name, bytes).text(&time)?];
    let recording = Fields::new(name, bytes).text(&place("recording", 88, 80))?;
    if StartTime::parse(&fields[0], &fields[1], &recording).is_none() {
        let dotted = fields.clone().map(|f| f.replace(['/', '-', ':', ','], "."));
        let start = StartTime::parse(&dotted[0], &dotted[1], &recording);
        // What EDF+ writes where the start is unknown.
        let [day, hour] = start.map_or(["01.01.85".to_owned(), "00.00.00".to_owned()], |_| dotted);
        put(bytes, &date, &day);
        put(bytes, &time, &hour);
        mended.push(format!("the start, {:?} {:?}, is written as {day} {hour}", fields[0], fields[1]));
    }
    Ok(())
}

/// The annotation lists of all records.
struct Lists {
    is_plus: bool,
    duration_s: f64,
    tolerance_s: f64,
    expected_s: Option<f64>,
    bad: u64,
    clockless: u64,
    without_room: u64,
    gaps: u64,
}

impl Lists {
    fn new(layout: &Layout, is_plus: bool, duration_s: f64) -> Self {
        let fastest = layout.signals.iter().filter(|s| !s.is_annotation).map(|s| s.samples_per_record).max();
        let tolerance_s = fastest.map_or(f64::INFINITY, |samples| 0.5 * duration_s / samples as f64);
        Self { is_plus, duration_s, tolerance_s, expected_s: None, bad: 0, clockless: 0, without_room: 0, gaps: 0 }
    }

    /// Leaves out what does not parse and adds a clock where it is missing.
    fn mend(&mut self, layout: &Layout, record: &mut [u8]) {
        let annotations = layout.signals.iter().filter(|signal| signal.is_annotation && self.is_plus);
        for (number, signal) in annotations.enumerate() {
            let Some(room) = record.get_mut(signal.bytes.clone()) else { continue };
            let follows_s = self.expected_s.unwrap_or(0.0);
            let found = tal::mend(room, (number == 0).then_some(follows_s));
            self.bad += u64::from(found.bad);
            self.clockless += u64::from(number == 0 && found.clock_s.is_none());
            self.without_room += u64::from(found.pushed_out);
            if number == 0 {
                let onset_s = found.clock_s.unwrap_or(follows_s);
                self.gaps += u64::from(self.expected_s.is_some_and(|s| (onset_s - s).abs() > self.tolerance_s));
                self.expected_s = Some(onset_s + self.duration_s);
            }
        }
    }

    fn tell(&self, mended: &mut Vec<String>, lost: &mut Vec<String>) {
        if self.clockless > 0 {
            mended.push(format!("{} record(s) say now when they begin: they follow on", self.clockless));
        }
        if self.bad > 0 {
            lost.push(format!("{} annotation list(s) that could not be read", self.bad));
        }
        if self.without_room > 0 {
            lost.push(format!("{} annotation list(s), for which a record had no room left", self.without_room));
        }
    }
}
