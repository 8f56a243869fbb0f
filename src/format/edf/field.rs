//! The fixed-width text fields of a header, read with tolerance and an account of it.
//!
//! Owns [`Fields`]; runs on the thread that opens the file. Invariant: every byte is taken through `get`, so a header
//! that is shorter than it says is an error and never a panic.

use super::EdfError;
use std::fmt;

/// A field of the header: its name, its signal where it belongs to one, and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub field: &'static str,
    pub signal: Option<usize>,
    pub offset: usize,
    pub width: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.signal {
            Some(signal) => write!(f, "{} of signal {signal}", self.field),
            None => f.write_str(self.field),
        }
    }
}

/// How often something odd but readable was met, and where first.
#[derive(Debug, Default)]
struct Oddity {
    count: usize,
    first: Option<String>,
}

impl Oddity {
    fn note(&mut self, place: &Place) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(format!("{place} at byte {}", place.offset));
        }
    }

    fn warning(&self, what: &str) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(format!("{what} in {} header field(s), first in {first}", self.count))
    }
}

/// The bytes of a header with a count of what had to be tolerated.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    name: &'a str,
    bytes: &'a [u8],
    nul: Oddity,
    comma: Oddity,
    utf8: Oddity,
    latin1: Oddity,
}

impl<'a> Fields<'a> {
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        let (nul, comma, utf8, latin1) = Default::default();
        Self { name, bytes, nul, comma, utf8, latin1 }
    }

    /// The bytes of a field.
    pub fn raw(&self, place: &Place) -> Result<&'a [u8], EdfError> {
        let end = place.offset.saturating_add(place.width);
        self.bytes.get(place.offset..end).ok_or_else(|| EdfError::Truncated {
            name: self.name.to_owned(),
            part: format!("header field {place}"),
            needed: end as u64,
            len: self.bytes.len() as u64,
        })
    }

    /// A field as text: NUL bytes left out, blanks trimmed, UTF-8 where it is that, else Latin-1.
    pub fn text(&mut self, place: &Place) -> Result<String, EdfError> {
        let raw = self.raw(place)?;
        let mut bytes = raw.to_vec();
        if bytes.contains(&0) {
            self.nul.note(place);
            bytes.retain(|&b| b != 0);
        }
        if !bytes.is_ascii() {
            let oddity = if std::str::from_utf8(&bytes).is_ok() { &mut self.utf8 } else { &mut self.latin1 };
            oddity.note(place);
        }
        Ok(decode_text(&bytes).trim().to_owned())
    }

    /// A field as a finite number; a decimal comma is taken for a point.
    pub fn number(&mut self, place: &Place) -> Result<f64, EdfError> {
        let text = self.text(place)?;
        let mut number = text.clone();
        if text.contains(',') && !text.contains('.') {
            self.comma.note(place);
            number = text.replace(',', ".");
        }
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.refuse(
                place,
                &text,
                "which is not a number; the header is damaged, export the recording again",
            )),
        }
    }

    /// A field as a whole number.
    pub fn integer(&mut self, place: &Place) -> Result<i64, EdfError> {
        let value = self.number(place)?;
        // Eight characters hold whole numbers far below 2^53, except in exponent notation.
        if value.fract() == 0.0 && value.abs() < 1e15 {
            return Ok(value as i64);
        }
        let text = self.text(place)?;
        Err(self.refuse(place, &text, "which is not a whole number; the header is damaged, export the recording again"))
    }

    /// The error for a field whose value cannot be.
    pub fn refuse(&self, place: &Place, value: &str, problem: &str) -> EdfError {
        EdfError::Field {
            name: self.name.to_owned(),
            field: place.to_string(),
            value: value.to_owned(),
            offset: place.offset as u64,
            problem: problem.to_owned(),
        }
    }

    /// One line for each kind of oddity that was met.
    pub fn warnings(&self) -> Vec<String> {
        [
            self.nul.warning("NUL bytes (left out)"),
            self.comma.warning("decimal commas (read as points)"),
            self.utf8.warning("text that is not ASCII (read as UTF-8)"),
            self.latin1.warning("text that is not ASCII (read as Latin-1)"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Bytes as UTF-8 where they are valid, else as Latin-1, in which every byte is the character of that number.
pub(super) fn decode_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(width: usize) -> Place {
        Place { field: "physical minimum", signal: Some(2), offset: 0, width }
    }

    #[test]
    fn numbers_are_finite_and_commas_are_points() {
        let read = |bytes: &[u8]| Fields::new("x.edf", bytes).number(&place(bytes.len()));
        assert_eq!(read(b"-3276,8 ").unwrap(), -3276.8);
        assert_eq!(read(b"+1.5\0\0\0\0").unwrap(), 1.5);
        for bad in [&b"abc     "[..], b"        ", b"inf     ", b"nan     ", b"1e999   ", b"1.000,5 "] {
            let message = read(bad).unwrap_err().to_string();
            assert!(message.contains("physical minimum of signal 2 at byte 0"), "{message}");
        }
    }

    #[test]
    fn integers_refuse_fractions() {
        let read = |bytes: &[u8]| Fields::new("x.edf", bytes).integer(&place(bytes.len()));
        assert_eq!(read(b"-32768  ").unwrap(), -32768);
        assert_eq!(read(b"200.0   ").unwrap(), 200);
        assert!(read(b"200.5   ").is_err());
        assert!(read(b"1e99    ").is_err());
    }

    #[test]
    fn text_is_utf8_or_latin1_and_says_so() {
        let mut fields = Fields::new("x.edf", b"\xb5V      \xc2\xb5V     EE\0G");
        let at = |offset, width| Place { field: "dimension", signal: None, offset, width };
        assert_eq!(fields.text(&at(0, 8)).unwrap(), "µV");
        assert_eq!(fields.text(&at(8, 8)).unwrap(), "µV");
        assert_eq!(fields.text(&at(16, 4)).unwrap(), "EEG");
        let warnings = fields.warnings();
        assert_eq!(warnings.len(), 3, "{warnings:?}");
        assert!(fields.text(&at(18, 4)).is_err(), "past the end");
    }
}
