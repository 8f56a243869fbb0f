//! The header of a file to be written, composed from what a recorder knows.
//!
//! Owns [`EdfHeader`] and [`EdfSignal`]; runs on the thread of the writer. Invariant: what is composed is ASCII, each
//! field fits its width, and each number reads back as exactly the value that samples are scaled with.

use super::header::BLOCK_BYTES;
use super::{EdfError, StartTime};

/// How many bits a sample is written with, which chooses between the two families of formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolution {
    /// 16 bits: EDF+.
    #[default]
    Bits16,
    /// 24 bits: BDF+.
    Bits24,
}

impl Resolution {
    /// Bytes of a sample.
    #[must_use]
    pub fn sample_bytes(self) -> usize {
        match self {
            Self::Bits16 => 2,
            Self::Bits24 => 3,
        }
    }

    /// The lowest and the highest digital number.
    #[must_use]
    pub fn digital_range(self) -> (i32, i32) {
        match self {
            Self::Bits16 => (-32_768, 32_767),
            Self::Bits24 => (-8_388_608, 8_388_607),
        }
    }
}

/// What a recorder knows of a recording as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct EdfHeader {
    /// EDF+ or BDF+.
    pub resolution: Resolution,
    /// The patient: `code sex birthdate name` as EDF+ wants it, or any text, which becomes the name; may be empty.
    pub patient: String,
    /// The recording field of another EDF+ file, or any text, which becomes the equipment; may be empty.
    pub recording: String,
    /// When it began; `None` writes 1985-01-01T00:00:00, which EDF+ uses where it is unknown.
    pub start: Option<StartTime>,
    /// Seconds from `start` to the first sample, from 0 to below 1: the header counts whole seconds.
    pub onset_s: f64,
    /// Seconds of a record; [`super::record_shape`] finds one that suits a sampling rate.
    pub record_duration_s: f64,
    /// Bytes for annotations in each record, at least 64; 240 hold about ten short ones. Rounded up to whole samples.
    pub annotation_bytes: usize,
}

impl EdfHeader {
    /// A header without names for records of `record_duration_s` seconds with 240 bytes for annotations.
    #[must_use]
    pub fn new(record_duration_s: f64) -> Self {
        let (resolution, patient, recording) = Default::default();
        Self { resolution, patient, recording, start: None, onset_s: 0.0, record_duration_s, annotation_bytes: 240 }
    }
}

/// What a recorder knows of one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct EdfSignal {
    /// The name; 16 characters fit.
    pub label: String,
    /// The electrode or sensor; 80 characters fit.
    pub transducer: String,
    /// The unit that samples are given in; 8 characters fit.
    pub dimension: String,
    /// Value of the lowest digital number; rounded away from `physical_max` to what eight characters hold.
    pub physical_min: f64,
    /// Value of the highest digital number; rounded away from `physical_min`.
    pub physical_max: f64,
    /// The digital numbers that these two are the values of; `None` for the lowest and highest that the format has.
    /// Samples beyond them are written as they are, as far as the format has numbers for them.
    pub digital: Option<(i32, i32)>,
    /// Filters of the recorder; 80 characters fit.
    pub prefilter: String,
    /// Samples in each record.
    pub samples_per_record: usize,
}

impl EdfSignal {
    /// A signal in microvolts from about `-range_uv` to `range_uv`.
    #[must_use]
    pub fn microvolts(label: &str, samples_per_record: usize, range_uv: f64) -> Self {
        Self {
            label: label.to_owned(),
            transducer: String::new(),
            dimension: "uV".to_owned(),
            physical_min: -range_uv,
            physical_max: range_uv,
            digital: None,
            prefilter: String::new(),
            samples_per_record,
        }
    }
}

/// Where the header says whether records follow on: `C` or `D`.
pub(super) const CONTINUITY_AT: u64 = 196;

/// Composes the header of an EDF+C or BDF+C file whose number of records is still unknown.
///
/// Texts that had to be changed to fit are told in `warnings`.
pub(super) fn compose(
    path: &str,
    header: &EdfHeader,
    signals: &[EdfSignal],
    warnings: &mut Vec<String>,
) -> Result<Vec<u8>, EdfError> {
    let refuse = |field: &str, value: String, problem: &str| EdfError::Unwritable {
        path: path.to_owned(),
        field: field.to_owned(),
        value,
        problem: problem.to_owned(),
    };
    if signals.is_empty() || signals.len() > 9998 {
        return Err(refuse("number of signals", signals.len().to_string(), "1 to 9998 fit, beside the annotations"));
    }
    if !(64..=61_440).contains(&header.annotation_bytes) {
        let problem = "it has to be from 64 to 61440";
        return Err(refuse("room for annotations", format!("{} bytes", header.annotation_bytes), problem));
    }
    if !(0.0..1.0).contains(&header.onset_s) {
        let problem = "it has to be from 0 to below 1; move the start by whole seconds";
        return Err(refuse("onset of the first record", format!("{} s", header.onset_s), problem));
    }
    let duration = header.record_duration_s.to_string();
    if !(header.record_duration_s > 0.0 && duration.len() <= 8) {
        let problem = "it has to be above 0 and to fit eight characters; record_shape finds one for a sampling rate";
        return Err(refuse("record duration", format!("{duration} s"), problem));
    }
    let count = signals.len() + 1;
    let mut page = Page { bytes: Vec::new(), warnings };
    let (kind, lowest, highest) = match header.resolution {
        Resolution::Bits16 => ("EDF", "-32768", "32767"),
        Resolution::Bits24 => ("BDF", "-8388608", "8388607"),
    };
    match header.resolution {
        Resolution::Bits16 => page.text("version", "0", 8),
        Resolution::Bits24 => page.bytes.extend(b"\xffBIOSEMI"),
    }
    page.text("patient", &patient_field(&header.patient), 80);
    page.text("recording", &recording_field(&header.recording, header.start), 80);
    let (date, time) = header
        .start
        .map_or(("01.01.85".to_owned(), "00.00.00".to_owned()), |start| (start.date_field(), start.time_field()));
    page.text("start date", &date, 8);
    page.text("start time", &time, 8);
    page.text("header size", &(BLOCK_BYTES * (count + 1)).to_string(), 8);
    page.text("reserved field", &format!("{kind}+C"), 44);
    page.text("number of records", "-1", 8);
    page.text("record duration", &duration, 8);
    page.text("number of signals", &count.to_string(), 4);

    let (mut ranges, mut digital) = (Vec::new(), Vec::new());
    for signal in signals {
        let field = format!("physical range of {:?}", signal.label);
        let value = || format!("{} to {}", signal.physical_min, signal.physical_max);
        let range = fit_range(signal.physical_min, signal.physical_max).ok_or_else(|| {
            refuse(&field, value(), "eight characters do not hold it to 1 %; choose another range or unit, such as uV")
        })?;
        ranges.push(range);
        let whole = header.resolution.digital_range();
        let (from, to) = signal.digital.unwrap_or(whole);
        if from >= to || from < whole.0 || to > whole.1 {
            let field = format!("digital range of {:?}", signal.label);
            let problem = format!("it has to rise and to lie within {} to {}", whole.0, whole.1);
            return Err(refuse(&field, format!("{from} to {to}"), &problem));
        }
        digital.push((from.to_string(), to.to_string()));
        if signal.samples_per_record == 0 || signal.samples_per_record > 99_999_999 {
            let field = format!("samples per record of {:?}", signal.label);
            return Err(refuse(&field, signal.samples_per_record.to_string(), "1 to 99999999 fit the header"));
        }
    }
    page.column("label", 16, signals.iter().map(|s| s.label.as_str()), &format!("{kind} Annotations"));
    page.column("transducer", 80, signals.iter().map(|s| s.transducer.as_str()), "");
    page.column("dimension", 8, signals.iter().map(|s| s.dimension.as_str()), "");
    page.column("physical minimum", 8, ranges.iter().map(|r| r.0.as_str()), "-1");
    page.column("physical maximum", 8, ranges.iter().map(|r| r.1.as_str()), "1");
    page.column("digital minimum", 8, digital.iter().map(|d| d.0.as_str()), lowest);
    page.column("digital maximum", 8, digital.iter().map(|d| d.1.as_str()), highest);
    page.column("prefilter", 80, signals.iter().map(|s| s.prefilter.as_str()), "");
    let samples: Vec<String> = signals.iter().map(|s| s.samples_per_record.to_string()).collect();
    let annotations = header.annotation_bytes.div_ceil(header.resolution.sample_bytes()).to_string();
    page.column("samples per record", 8, samples.iter().map(String::as_str), &annotations);
    page.column("reserved", 32, signals.iter().map(|_| ""), "");
    Ok(page.bytes)
}

/// Where the recording field is, behind which start date and time follow.
pub(super) const RECORDING_AT: u64 = 88;

/// Recording field, start date and start time as they lie in the header.
pub(super) fn dated(recording: &str, start: StartTime) -> String {
    let field: String = recording_field(recording, Some(start)).chars().map(ascii).take(80).collect();
    format!("{field:<80}{:<8}{:<8}", start.date_field(), start.time_field())
}

/// A header that grows field by field.
struct Page<'a> {
    bytes: Vec<u8>,
    warnings: &'a mut Vec<String>,
}

impl Page<'_> {
    fn text(&mut self, field: &str, text: &str, width: usize) {
        let ascii: String = text.trim().chars().map(ascii).collect();
        let end = ascii.len().min(width);
        let fitted = ascii.get(..end).unwrap_or_default();
        if fitted != text.trim() {
            self.warnings.push(format!("{field} {text:?} is written as {fitted:?}: {width} ASCII characters fit"));
        }
        self.bytes.extend(format!("{fitted:<width$}").into_bytes());
    }

    fn column<'t>(&mut self, field: &str, width: usize, texts: impl Iterator<Item = &'t str>, last: &'t str) {
        for text in texts.chain([last]) {
            self.text(field, text, width);
        }
    }
}

/// The nearest printable ASCII character; EDF allows no other in headers.
pub(super) fn ascii(c: char) -> char {
    match c {
        ' '..='~' => c,
        'µ' | 'μ' => 'u',
        _ => '_',
    }
}

/// `code sex birthdate name` as it is, any other text as the name.
fn patient_field(text: &str) -> String {
    let parts: Vec<&str> = text.split(' ').filter(|part| !part.is_empty()).collect();
    let valid = matches!(parts.as_slice(), [_, "M" | "F" | "X", birthdate, _, ..] if is_date(birthdate));
    if valid { parts.join(" ") } else { format!("X X X {}", one_word(&parts)) }
}

/// A field that begins with `Startdate` as it is, any other text as the equipment.
fn recording_field(text: &str, start: Option<StartTime>) -> String {
    let date = start.map_or("X".to_owned(), |start| start.long_date());
    let parts: Vec<&str> = text.split(' ').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        // The date is always that of this file, whose samples may begin later than those it was made from.
        ["Startdate", old, code, technician, equipment @ ..] if is_date(old) && !equipment.is_empty() => {
            format!("Startdate {date} {code} {technician} {}", equipment.join(" "))
        }
        _ => format!("Startdate {date} X X {}", one_word(&parts)),
    }
}

fn is_date(text: &str) -> bool {
    let shape = |b: &[u8]| {
        matches!(b, [d1, d2, b'-', m1, m2, m3, b'-', y @ ..]
        if y.len() == 4 && [d1, d2].into_iter().chain(y).all(u8::is_ascii_digit) && [m1, m2, m3].into_iter().all(u8::is_ascii_uppercase))
    };
    text == "X" || shape(text.as_bytes())
}

fn one_word(parts: &[&str]) -> String {
    if parts.is_empty() { "X".to_owned() } else { parts.join("_") }
}

/// Eight characters for each end of a range, rounded outwards; `None` where that would widen it by more than 1 %.
fn fit_range(low: f64, high: f64) -> Option<(String, String)> {
    let (low_text, high_text) = if low < high {
        (fit_number(low, f64::floor)?, fit_number(high, f64::ceil)?)
    } else {
        (fit_number(low, f64::ceil)?, fit_number(high, f64::floor)?)
    };
    let fitted = high_text.parse::<f64>().ok()? - low_text.parse::<f64>().ok()?;
    let widened = (fitted / (high - low) - 1.0).abs();
    (widened <= 0.01).then_some((low_text, high_text))
}

fn fit_number(value: f64, round: fn(f64) -> f64) -> Option<String> {
    // Adding zero turns -0 into 0.
    let exact = (value + 0.0).to_string();
    if value.is_finite() && exact.len() <= 8 {
        return Some(exact);
    }
    (0..=6_usize).rev().find_map(|decimals| {
        let power = 10_f64.powi(decimals as i32);
        let rounded = round(value * power) / power + 0.0;
        let text = format!("{rounded:.decimals$}");
        (rounded.is_finite() && text.len() <= 8).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_rounded_outwards_and_fit() {
        let fit = |low, high| fit_range(low, high).map(|(l, h)| format!("{l}|{h}"));
        assert_eq!(fit(-3276.8, 3276.7).as_deref(), Some("-3276.8|3276.7"));
        assert_eq!(fit(-1_234.567_891, 1_234.567_891).as_deref(), Some("-1234.57|1234.568"));
        assert_eq!(fit(8711.0, -8711.0).as_deref(), Some("8711|-8711"));
        assert_eq!(fit(0.0, 1.0 / 3.0).as_deref(), Some("0|0.333334"));
        assert_eq!(fit(-0.0, 5e-324).as_deref(), None);
        for bad in [(1.0, 1.0), (0.0, 1e9), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-1e-9, 1e-9)] {
            assert_eq!(fit(bad.0, bad.1), None, "{bad:?}");
        }
    }

    #[test]
    fn names_take_the_form_of_edf_plus() {
        assert_eq!(patient_field(""), "X X X X");
        assert_eq!(patient_field("MCH-0234567 F 02-MAY-1951 Haagse_Harry"), "MCH-0234567 F 02-MAY-1951 Haagse_Harry");
        assert_eq!(patient_field("J. B. (1066 28)"), "X X X J._B._(1066_28)");
        let start = StartTime::new((2009, 8, 12), (16, 15, 0));
        assert_eq!(recording_field("", start), "Startdate 12-AUG-2009 X X X");
        assert_eq!(recording_field("Startdate 01-JAN-1999 A B C d", start), "Startdate 12-AUG-2009 A B C d");
        assert_eq!(recording_field("neurostream synth", None), "Startdate X X X neurostream_synth");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let mut warnings = Vec::new();
        let mut signal = EdfSignal::microvolts("a very long electrode name", 100, 500.0);
        signal.dimension = "µV".to_owned();
        let bytes = compose("x.edf", &EdfHeader::new(1.0), &[signal], &mut warnings).unwrap();
        assert_eq!(bytes.len(), 3 * 256);
        assert!(bytes.iter().all(|b| (b' '..=b'~').contains(b)));
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        let message = compose("x.edf", &EdfHeader::new(1.0 / 3.0), &[], &mut warnings).unwrap_err().to_string();
        assert!(message.contains("number of signals"), "{message}");
        let signal = EdfSignal::microvolts("Cz", 100, 500.0);
        let message = compose("x.edf", &EdfHeader::new(1.0 / 3.0), &[signal], &mut warnings).unwrap_err().to_string();
        assert!(message.contains("record duration"), "{message}");
    }
}
