//! The file's size held against what its header announces.
//!
//! Owns no state; runs on the thread that opens the file. Invariant: the number of records returned lies wholly
//! inside the file.

use super::EdfError;
use std::io::Read;

/// What must agree.
pub(super) struct Sizes<'a> {
    pub name: &'a str,
    pub header_bytes: u64,
    pub record_bytes: u64,
    pub len: u64,
    pub announced: Option<u64>,
}

impl Sizes<'_> {
    /// True where the file ends exactly where the header says.
    pub fn agree(&self) -> bool {
        self.announced.and_then(|n| n.checked_mul(self.record_bytes))
            == Some(self.len - self.header_bytes.min(self.len))
    }

    /// Whole records that are there, or why their number cannot be trusted.
    pub fn records(&self, warnings: &mut Vec<String>) -> Result<u64, EdfError> {
        let data = self.len.saturating_sub(self.header_bytes);
        let (whole, rest) = (data / self.record_bytes.max(1), data % self.record_bytes.max(1));
        let contradiction = |announced| EdfError::Size {
            name: self.name.to_owned(),
            announced,
            whole,
            record_bytes: self.record_bytes,
            rest,
        };
        let Some(announced) = self.announced else {
            let cut = if rest == 0 {
                String::new()
            } else {
                format!("; {rest} bytes of a record that was cut off are left out")
            };
            warnings.push(format!(
                "number of records at byte 236 is -1 (still recording, or interrupted): the {whole} whole records that are there are read{cut}"
            ));
            return Ok(whole);
        };
        if announced == 0 && data == 0 {
            warnings.push("the file announces 0 records and holds none".to_owned());
            return Ok(0);
        }
        // A power cut costs the last record; anything more, and the header describes another file.
        if whole == 0 || whole > announced || announced - whole > 1 {
            return Err(contradiction(announced));
        }
        if whole < announced {
            warnings.push(format!(
                "the last of {announced} records is cut off (it has {rest} of {} bytes); {whole} are read",
                self.record_bytes
            ));
        } else if rest > 0 {
            warnings.push(format!("{rest} bytes after the last of {announced} records are left out"));
        }
        Ok(whole)
    }
}

/// Bytes of the records that are looked at for a copy in text mode.
const LOOKED_AT: u64 = 256 * 1024;

/// Fewer line feeds than this prove nothing: each follows a byte 13 by chance once in 256 times.
const ENOUGH: u32 = 16;

/// Refuses records in which every line feed follows a carriage return; `reader` stands at the first record.
pub(super) fn check_line_endings(name: &str, offset: u64, reader: impl Read) -> Result<(), EdfError> {
    let mut bytes = Vec::new();
    let read = reader.take(LOOKED_AT).read_to_end(&mut bytes);
    read.map_err(|source| EdfError::Read { name: name.to_owned(), part: "first records".to_owned(), offset, source })?;
    let mut line_feeds = 0_u32;
    let mut previous = 0_u8;
    for &byte in &bytes {
        if byte == b'\n' {
            if previous != b'\r' {
                return Ok(());
            }
            line_feeds += 1;
        }
        previous = byte;
    }
    if line_feeds < ENOUGH { Ok(()) } else { Err(EdfError::LineEndings { name: name.to_owned(), line_feeds }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(announced: Option<u64>, len: u64) -> (Option<u64>, Vec<String>) {
        let mut warnings = Vec::new();
        let sizes = Sizes { name: "x.edf", header_bytes: 512, record_bytes: 100, len, announced };
        (sizes.records(&mut warnings).ok(), warnings)
    }

    #[test]
    fn one_record_may_be_short_and_the_rest_must_agree() {
        assert_eq!(records(Some(5), 1012), (Some(5), vec![]));
        for (announced, len, read) in [
            (Some(5), 1011, 4),
            (Some(5), 912, 4),
            (Some(5), 1013, 5),
            (None, 1011, 4),
            (None, 512, 0),
            (Some(0), 512, 0),
        ] {
            let (whole, warnings) = records(announced, len);
            assert_eq!((whole, warnings.len()), (Some(read), 1), "{announced:?} {len}");
        }
        for (announced, len) in
            [(Some(5), 911), (Some(5), 1112), (Some(1), 600), (Some(0), 600), (Some(u64::MAX), 1012)]
        {
            assert_eq!(records(announced, len).0, None, "{announced:?} {len}");
        }
    }

    #[test]
    fn text_mode_copies_are_recognised() {
        let mangled = b"a\r\nbc\r\n".repeat(20);
        let message = check_line_endings("x.edf", 512, &mangled[..]).unwrap_err().to_string();
        assert!(message.contains("40 bytes of value 10"), "{message}");
        assert!(check_line_endings("x.edf", 512, &[mangled.as_slice(), b"\n"].concat()[..]).is_ok());
        assert!(check_line_endings("x.edf", 512, &b"\r\n".repeat(15)[..]).is_ok());
    }
}
