//! Every call of the writer to the disk fails in turn: what was recorded before stays readable and right.
//!
//! Owns nothing; the test runner runs it. Invariant: each sample holds its own number.

use super::{Place, Samples, StreamDescription, ValueFormat, XdfError, XdfFile, XdfWriter};
use crate::format::disk::Existing;
use crate::format::disk_faults::{Fault, FaultyDisk};
use crate::signal::Stamp;
use std::io::Cursor;
use std::path::Path;

const PATH: &str = "run.xdf";
const CHUNKS: u32 = 30;

/// Thirty seconds of a signal and a marker a second; counts the chunks of signal that were acknowledged.
fn session(writer: &mut XdfWriter, acknowledged: &mut u32) -> Result<(), XdfError> {
    let signal =
        StreamDescription { name: "amp".to_owned(), channels: 2, rate_hz: 10.0, ..StreamDescription::default() };
    let events = StreamDescription { channels: 1, format: ValueFormat::String, ..StreamDescription::default() };
    let (signal, events) = (writer.add_stream(&signal)?, writer.add_stream(&events)?);
    for chunk in 0..CHUNKS {
        let numbers = || (chunk * 10..chunk * 10 + 10).map(f64::from);
        let stamps: Vec<f64> = numbers().map(|n| 100.0 + n / 10.0).collect();
        let frames: Vec<f32> = numbers().flat_map(|n| [n as f32, -(n as f32)]).collect();
        writer.write_frames(signal, &stamps, &frames)?;
        *acknowledged = chunk + 1;
        writer.write_text(events, stamps[5], &format!("second {chunk}"))?;
        writer.step(Stamp(f64::from(chunk)))?;
    }
    writer.finish().map(drop)
}

/// Reads a file and checks every sample; returns how many chunks of signal there are.
fn check(bytes: &[u8], what: &str) -> u32 {
    let mut file = XdfFile::from_reader(what, Cursor::new(bytes), bytes.len() as u64).unwrap_or_else(|e| panic!("{e}"));
    let Some(stream) = file.streams().iter().position(|s| s.description.name == "amp") else { return 0 };
    let (mut place, mut samples) = (Place::default(), Samples::default());
    let mut read = 0_u32;
    while file.read(stream, &mut place, 7, &mut samples).unwrap() {
        for (at, stamp) in samples.stamps.iter().enumerate() {
            assert_eq!(*stamp, 100.0 + f64::from(read) / 10.0, "{what}");
            let values = [samples.values.number(2 * at), samples.values.number(2 * at + 1)];
            assert_eq!(values, [Some(f64::from(read)), Some(-f64::from(read))], "{what}");
            read += 1;
        }
    }
    read / 10
}

#[test]
fn whatever_call_fails_the_file_keeps_its_whole_chunks() {
    let calls = {
        let (disk, mut acknowledged) = (FaultyDisk::default(), 0);
        let mut writer = XdfWriter::create_on(&disk, Path::new(PATH), None, Existing::NextRun).unwrap();
        session(&mut writer, &mut acknowledged).unwrap();
        let mut before = 0;
        for (call, bytes) in disk.after_each_call(PATH).into_iter().enumerate().skip(1) {
            let chunks = check(&bytes.unwrap(), &format!("killed after call {call}"));
            assert!(chunks >= before, "call {call}");
            before = chunks;
        }
        assert_eq!((before, acknowledged), (CHUNKS, CHUNKS));
        disk.calls()
    };
    assert!(calls > 90, "{calls}");
    for (at, fault) in (0..calls).flat_map(|at| Fault::ALL.map(|fault| (at, fault))) {
        let what = format!("{fault:?} at call {at}");
        let (disk, mut acknowledged) = (FaultyDisk::failing(at, fault), 0);
        let Ok(mut writer) = XdfWriter::create_on(&disk, Path::new(PATH), None, Existing::NextRun) else { continue };
        if let Err(error) = session(&mut writer, &mut acknowledged) {
            assert!(error.to_string().contains(PATH), "{error}");
            assert!(check(&disk.file(PATH).unwrap(), &what) >= acknowledged, "{what}: a crash right after the error");
            writer.abandon();
        }
        assert!(check(&disk.file(PATH).unwrap(), &what) >= acknowledged, "{what}");
    }
}
