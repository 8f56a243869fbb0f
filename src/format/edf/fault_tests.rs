//! Every call of the writer to the disk fails in turn: what was recorded before stays readable and right.
//!
//! Owns nothing; the test runner runs it. Invariant: each frame holds its own number, so that a record that is read back
//! shows what it is, and no number of records is taken from the writer alone.

use super::{
    Annotation, EdfError, EdfFile, EdfHeader, EdfSignal, EdfWriter, Existing, Gap, Record, Resolution, Written,
};
use crate::format::disk_faults::{Fault, FaultyDisk};
use crate::signal::Stamp;
use std::io::Cursor;
use std::path::Path;

const RATE_HZ: f64 = 4.0;
/// The first frame that is missing, and the first that is there again: the gap begins and ends within a record.
const MISSING: std::ops::Range<u64> = 22..41;
const FRAMES: u64 = 70;
const PATH: &str = "run.edf";

fn create(disk: &FaultyDisk, resolution: Resolution) -> Result<EdfWriter, EdfError> {
    let signals = [EdfSignal::microvolts("up", 4, 1000.0), EdfSignal::microvolts("down", 4, 1000.0)];
    let header = EdfHeader { resolution, ..EdfHeader::new(1.0) };
    EdfWriter::create_on(disk, Path::new(PATH), &header, &signals, Existing::NextRun)
}

/// Writes what is left of the session, as a recorder does; `next` is the frame to go on with.
fn go_on(writer: &mut EdfWriter, next: &mut u64, gap: Gap) -> Result<Written, EdfError> {
    writer.write_frames::<f32>(&[])?;
    while *next < FRAMES {
        let frame = *next;
        if frame == MISSING.start {
            // Taken before it is done: a gap that failed to be written is not told twice.
            *next = MISSING.end;
            writer.gap(MISSING.end - MISSING.start, gap)?;
            continue;
        }
        if frame.is_multiple_of(9) {
            let text = format!("marker {frame}");
            writer.annotate(&Annotation { onset_s: frame as f64 / RATE_HZ, duration_s: None, text });
        }
        *next += 1;
        writer.write_frames(&[frame as f32, -(frame as f32)])?;
        writer.step(Stamp(frame as f64 / RATE_HZ))?;
    }
    writer.annotate(&Annotation { onset_s: FRAMES as f64 / RATE_HZ, duration_s: None, text: "end".to_owned() });
    writer.finish()
}

/// Reads a file and checks every record by its onset; returns how many there are.
fn check(bytes: &[u8], gap: Gap, what: &str) -> u64 {
    let mut file = EdfFile::from_reader(what, Cursor::new(bytes), bytes.len() as u64).unwrap_or_else(|e| panic!("{e}"));
    let (mut record, mut frames) = (Record::default(), Vec::new());
    let mut last_s = -1.0;
    for index in 0..file.header().records {
        frames.clear();
        file.read_record(index, &mut record).unwrap();
        record.frames_into(&[0, 1], &mut frames).unwrap();
        assert!(record.onset_s() > last_s, "{what}: record {index}");
        last_s = record.onset_s();
        let first = (record.onset_s() * RATE_HZ).round() as u64;
        for (pair, frame) in frames.chunks(2).zip(first..) {
            let is_held = MISSING.contains(&frame) && (gap == Gap::Hold || frame < 24);
            let expected = if is_held { MISSING.start - 1 } else { frame.min(FRAMES - 1) } as f32;
            let near = |got: f32, expected: f32| (got - expected).abs() < 0.1;
            assert!(near(pair[0], expected) && near(pair[1], -expected), "{what}: frame {frame} is {pair:?}");
        }
    }
    assert!(file.annotations().is_ok(), "{what}");
    file.header().records
}

fn each(test: impl Fn(Resolution, Gap)) {
    for resolution in [Resolution::Bits16, Resolution::Bits24] {
        [Gap::Leave, Gap::Hold].into_iter().for_each(|gap| test(resolution, gap));
    }
}

/// Records of the whole session.
fn whole(gap: Gap) -> u64 {
    // Six up to the gap, the sixth of them completed; then from frame 41 on, or all of it.
    if gap == Gap::Leave { 6 + (FRAMES - MISSING.end).div_ceil(4) } else { FRAMES.div_ceil(4) }
}

#[test]
fn a_whole_session_says_where_frames_are_missing() {
    each(|resolution, gap| {
        let disk = FaultyDisk::default();
        let mut writer = create(&disk, resolution).unwrap();
        let written = go_on(&mut writer, &mut 0, gap).unwrap();
        let bytes = disk.file(PATH).unwrap();
        assert_eq!((written.records, check(&bytes, gap, "whole")), (whole(gap), whole(gap)));
        assert_eq!((written.gaps, written.dropped_annotations, written.clipped_samples), (1, 0, 0));
        assert_eq!(written.held_frames, if gap == Gap::Hold { 19 } else { 2 });
        let mut file = EdfFile::from_reader("whole", Cursor::new(&bytes), bytes.len() as u64).unwrap();
        let kind = if resolution == Resolution::Bits16 { "EDF" } else { "BDF" };
        let continuity = if gap == Gap::Leave { "D" } else { "C" };
        assert_eq!(file.header().format.to_string(), format!("{kind}+{continuity}"));
        assert_eq!(file.discontinuities().unwrap(), if gap == Gap::Leave { &[(6, 10.25)][..] } else { &[] });
        let annotations = file.annotations().unwrap();
        let told = Annotation { onset_s: 5.5, duration_s: Some(4.75), text: EdfWriter::GAP.to_owned() };
        assert!(annotations.contains(&told), "{annotations:?}");
        assert_eq!(annotations.iter().filter(|a| a.text.starts_with("marker")).count(), 6);
        assert_eq!(annotations.iter().filter(|a| a.text == "end").count(), 1);
        assert_eq!(file.warnings(), Vec::<String>::new());
    });
}

#[test]
fn whatever_call_fails_the_file_keeps_its_whole_records() {
    each(|resolution, gap| {
        let calls = {
            let disk = FaultyDisk::default();
            go_on(&mut create(&disk, resolution).unwrap(), &mut 0, gap).unwrap();
            disk.calls()
        };
        assert!(calls > 30, "{calls}");
        let mut failed = 0;
        for (at, fault) in (0..calls).flat_map(|at| Fault::ALL.map(|fault| (at, fault))) {
            let what = format!("{resolution:?}, {gap:?}, {fault:?} at call {at}");
            let disk = FaultyDisk::failing(at, fault);
            // Before the header is written there is nothing to keep.
            let Ok(mut writer) = create(&disk, resolution) else {
                failed += 1;
                continue;
            };
            let Err(error) = go_on(&mut writer, &mut 0, gap) else {
                // A full disk costs nothing where only what is there already is written again.
                assert_eq!((fault, check(&disk.file(PATH).unwrap(), gap, &what)), (Fault::Full, whole(gap)));
                continue;
            };
            failed += 1;
            assert!(error.to_string().contains(PATH), "{error}");
            let acknowledged = writer.so_far().records;
            let torn = disk.file(PATH).unwrap();
            assert_eq!(check(&torn, gap, &what), acknowledged, "{what}: a crash right after the error");
            let told = writer.abandon();
            assert_eq!(check(&disk.file(PATH).unwrap(), gap, &what), acknowledged, "{what}: {told:?}");
            assert!(told.lost_frames <= 4, "{what}: {told:?}");
            if let Some(synced) = disk.synced(PATH) {
                assert!(check(&synced, gap, &what) <= acknowledged, "{what}: a power cut");
            }
        }
        assert!(failed > 3 * calls, "{failed} of {calls} calls");
    });
}

#[test]
fn an_error_that_passes_costs_nothing() {
    for (at, fault) in (2..30).flat_map(|at| [(at, Fault::Short), (at, Fault::Device)]) {
        let (disk, mut next) = (FaultyDisk::failing(at, fault), 0);
        let mut writer = create(&disk, Resolution::Bits16).unwrap();
        // The gap is left out: what is told once is not told again.
        let mut errors = 0;
        while next < MISSING.start {
            let frame = next;
            next += 1;
            errors += u64::from(writer.write_frames(&[frame as f32, -(frame as f32)]).is_err());
            errors += u64::from(writer.step(Stamp(frame as f64 / RATE_HZ)).is_err());
        }
        while writer.finish().is_err() {
            errors += 1;
            assert!(errors < 5, "{fault:?} at call {at}");
        }
        assert_eq!(check(&disk.file(PATH).unwrap(), Gap::Leave, &format!("{fault:?} at {at}")), 6);
    }
}

#[test]
fn a_process_killed_at_any_call_leaves_a_readable_file() {
    each(|resolution, gap| {
        let disk = FaultyDisk::default();
        go_on(&mut create(&disk, resolution).unwrap(), &mut 0, gap).unwrap();
        let mut before = 0;
        // The first call makes the file, the second writes its header.
        for (call, bytes) in disk.after_each_call(PATH).into_iter().enumerate().skip(1) {
            let records = check(&bytes.unwrap(), gap, &format!("killed after call {call}"));
            assert!(records >= before, "call {call}");
            before = records;
        }
        assert_eq!(before, whole(gap));
    });
}

#[test]
fn a_taken_name_gets_the_next_run() {
    let disk = FaultyDisk::default();
    let paths: Vec<String> =
        (0..3).map(|_| create(&disk, Resolution::Bits16).unwrap().path().display().to_string()).collect();
    assert_eq!(paths, ["run.edf", "run_run-02.edf", "run_run-03.edf"]);
}
