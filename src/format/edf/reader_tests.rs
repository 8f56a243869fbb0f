//! What the reader promises where no real recording shows it: clocks that are missing, annotations alone, odd headers.
//!
//! Owns nothing; the test runner runs it. Invariant: files are composed here byte by byte, not by the writer.

use super::{EdfError, EdfFile, Record, most_common_rate};
use std::io::Cursor;

/// A signal of a composed file: label, physical and digital range, samples a record.
type Signal<'a> = (&'a str, [&'a str; 4], usize);

const EEG: Signal<'_> = ("C3", ["-100", "100", "-1000", "1000"], 2);
const ANNOTATIONS: Signal<'_> = ("EDF Annotations", ["-1", "1", "-32768", "32767"], 10);

fn file(reserved: &str, duration: &str, signals: &[Signal<'_>], records: &[&[u8]]) -> Vec<u8> {
    let (size, count) = ((256 * (signals.len() + 1)).to_string(), signals.len().to_string());
    let number = records.len().to_string();
    let main = [("0", 8), ("X X X X", 80), ("Startdate X X X X", 80), ("01.02.03", 8), ("04.05.06", 8), (&size, 8)];
    let rest = [(reserved, 44), (&number, 8), (duration, 8), (&count, 4)];
    let mut text: String = main.iter().chain(&rest).map(|(field, width)| format!("{field:<width$}")).collect();
    let mut column = |width: usize, field: &dyn Fn(&Signal<'_>) -> String| {
        signals.iter().for_each(|signal| text += &format!("{:<width$}", field(signal)));
    };
    column(16, &|signal| signal.0.to_owned());
    column(80, &|_| String::new());
    column(8, &|_| "mV".to_owned());
    (0..4).for_each(|range| column(8, &|signal| signal.1[range].to_owned()));
    column(80, &|_| String::new());
    column(8, &|signal| signal.2.to_string());
    column(32, &|_| String::new());
    let mut bytes = text.into_bytes();
    let record_bytes: usize = signals.iter().map(|signal| 2 * signal.2).sum();
    for record in records {
        bytes.extend_from_slice(record);
        bytes.resize(bytes.len() + record_bytes - record.len(), 0);
    }
    bytes
}

fn open(bytes: &[u8]) -> Result<EdfFile<Cursor<&[u8]>>, EdfError> {
    EdfFile::from_reader("composed.edf", Cursor::new(bytes), bytes.len() as u64)
}

#[test]
fn a_record_without_clock_follows_on_in_any_order_of_reading() {
    let records: [&[u8]; 4] = [b"\0\0\0\0+5\x14\x14", b"", b"", b"\0\0\0\0+20\x14\x14"];
    let bytes = file("EDF+D", "2", &[EEG, ANNOTATIONS], &records);
    let mut record = Record::default();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let mut file = open(&bytes).unwrap();
        for index in order {
            file.read_record(index, &mut record).unwrap();
            assert_eq!((record.index(), record.onset_s()), (index, [5.0, 7.0, 9.0, 20.0][index as usize]));
        }
        assert_eq!(file.discontinuities().unwrap(), [(3, 20.0)]);
        assert!(file.warnings()[0].contains("first in record 1"), "{:?}", file.warnings());
    }
}

#[test]
fn records_of_plain_edf_follow_from_zero() {
    let bytes = file("", "0.5", &[EEG], &[&[0xe8, 0x03, 0x18, 0xfc], &[0x00, 0x80, 0xff, 0x7f]]);
    let mut file = open(&bytes).unwrap();
    let (mut record, mut millivolts, mut microvolts) = (Record::default(), Vec::new(), Vec::new());
    file.read_record(1, &mut record).unwrap();
    assert_eq!(record.onset_s(), 0.5);
    record.physical_into(0, &mut millivolts).unwrap();
    record.microvolts_into(0, &mut microvolts).unwrap();
    // Far outside -1000 to 1000 and not clamped.
    assert!((millivolts[0] + 3276.8).abs() < 1e-9 && (millivolts[1] - 3276.7).abs() < 1e-9, "{millivolts:?}");
    assert_eq!(microvolts, [-3_276_800.0, 3_276_700.0]);
    assert!(matches!(file.read_record(2, &mut record), Err(EdfError::NoSuchRecord { index: 2, records: 2, .. })));
}

#[test]
fn annotations_alone_make_a_file_without_duration() {
    let records: [&[u8]; 2] = [b"+0\x14\x14\0+3\x151\x14wake\x14\0", b"+1\x14\x14\0+90\x14N1\x14\0"];
    let bytes = file("EDF+C", "0", &[("EDF Annotations", ["", "", "", ""], 10)], &records);
    let mut file = open(&bytes).unwrap();
    assert_eq!((file.ordinary_signals().count(), file.signals().len(), most_common_rate(&file)), (0, 1, None));
    let texts: Vec<(f64, &str)> = file.annotations().unwrap().iter().map(|a| (a.onset_s, a.text.as_str())).collect();
    assert_eq!(texts, [(3.0, "wake"), (90.0, "N1")]);
    assert_eq!(file.discontinuities().unwrap(), []);
    let mut record = Record::default();
    file.read_record(1, &mut record).unwrap();
    assert_eq!((record.onset_s(), record.annotations().len()), (1.0, 1));
    assert!(matches!(record.physical_into(0, &mut Vec::new()), Err(EdfError::NoSuchSignal { .. })));
}

#[test]
fn jumps_in_a_continuous_file_are_gaps_with_a_warning() {
    let bytes = file(
        "EDF+C",
        "1",
        &[EEG, ANNOTATIONS],
        &[b"\0\0\0\0+0\x14\x14", b"\0\0\0\0+1.24\x14\x14", b"\0\0\0\0+4\x14\x14"],
    );
    let mut file = open(&bytes).unwrap();
    // 0.24 s is within half a sample of 2 Hz.
    assert_eq!(file.discontinuities().unwrap(), [(2, 4.0)]);
    assert!(file.warnings()[0].contains("do not follow on, first record 2 at 4 s"), "{:?}", file.warnings());
}

#[test]
fn headers_that_give_no_scale_or_rate_are_refused_with_their_place() {
    let with = |ranges| file("", "1", &[("C3", ranges, 2)], &[b""]);
    for (bytes, said) in [
        (with(["5", "5", "-1", "1"]), "physical maximum of signal 0 at byte 368"),
        (with(["-5", "5", "1", "1"]), "digital maximum of signal 0 at byte 384"),
        (with(["-5", "5", "-1", "1e10"]), "digital maximum of signal 0 at byte 384"),
        (with(["-5", "5", "-1", "0.5"]), "not a whole number"),
        (file("", "0", &[EEG], &[b""]), "record duration at byte 244"),
        (file("", "inf", &[EEG], &[b""]), "record duration at byte 244"),
    ] {
        let message = open(&bytes).unwrap_err().to_string();
        assert!(message.starts_with("composed.edf") && message.contains(said), "{message}");
    }
    let upside_down = with(["-5", "5", "1", "-1"]);
    let warnings = open(&upside_down).unwrap().warnings();
    assert!(warnings[0].contains("above the digital maximum"), "{warnings:?}");
}
