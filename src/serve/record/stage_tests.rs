//! The recorder against rings, markers, embeddings and a disk that fails.
//!
//! Owns nothing; the test runner runs it. Invariant: every frame that was offered is written, lost or left, and counted so.

use super::{EmbeddingCopy, EmbeddingFacts, Heard, Note, RecordFormat, RecordSettings, RecordStage, Recorded};
use crate::format::disk::OsDisk;
use crate::format::disk_faults::{Fault, FaultyDisk};
use crate::format::edf::{EdfFile, EdfWriter, Gap, Record, Resolution};
use crate::format::xdf::{Place, Samples, XdfFile};
use crate::ring::{FrameReader, FrameWriter, StampWriter, frames, own_stamps};
use crate::signal::{Digital, Event, EventKind, Marker, Montage, SourceKind, Stamp, StreamFacts};
use crossbeam_channel::{Sender, bounded};
use std::io::Cursor;
use std::path::Path;

const RATE_HZ: f64 = 100.0;

fn facts() -> StreamFacts {
    let montage = Montage::of_labels(&["C3", "C4"]);
    StreamFacts {
        kind: SourceKind::Lsl,
        name: "amp".to_owned(),
        montage,
        rate_hz: RATE_HZ,
        frames: None,
        markers: None,
    }
}

struct Bench {
    writer: FrameWriter,
    stamps: StampWriter,
    notes: Sender<Note>,
    embeddings: Sender<EmbeddingCopy>,
    stage: RecordStage,
    events: Vec<Event>,
}

fn bench(disk: &dyn crate::format::disk::Disk, settings: &RecordSettings, facts: &StreamFacts) -> Bench {
    let (writer, reader): (FrameWriter, FrameReader) = frames(2, RATE_HZ, 1000, 1000);
    let ((told, notes), (embeddings, copies)) = (bounded(100), bounded(100));
    let (stamps, own) = own_stamps(1000);
    let copies = settings.embedding.as_ref().map(|_| copies);
    let heard = Heard { reader, stamps: own, notes, embeddings: copies };
    let stage = RecordStage::create(disk, settings, facts, heard, Stamp(50.0)).unwrap();
    Bench { writer, stamps, notes: told, embeddings, stage, events: Vec::new() }
}

impl Bench {
    /// Offers frames `first..first + count`, each holding its number, and lets the recorder work.
    fn play(&mut self, first: u64, count: u64) {
        let samples: Vec<f32> = (first..first + count).flat_map(|n| [n as f32, -(n as f32)]).collect();
        let stamp = Stamp(50.0 + (first + count) as f64 / RATE_HZ);
        self.writer.push(&samples, first, stamp, stamp);
        while self.stage.step(stamp, &mut self.events) {}
    }

    fn mark(&self, frame: u64, text: &str) {
        self.notes.send(Note::Marker(Marker { frame, duration_s: None, text: text.to_owned() })).unwrap();
    }

    fn end(self) -> (Recorded, Vec<Event>) {
        let Self { writer, stamps, notes, embeddings, stage, mut events } = self;
        drop((writer, stamps, notes, embeddings));
        let recorded = stage.finish(Stamp(99.0), &mut events);
        (recorded, events)
    }
}

fn settings(path: &Path, facts: &StreamFacts) -> RecordSettings {
    RecordSettings { unix_zero_s: Some(1_700_000_000.25), ..RecordSettings::new(path, facts).unwrap() }
}

#[test]
fn frames_gaps_and_markers_lie_where_they_belong() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder.path().join("night"), &facts());
    assert_eq!(settings.format, RecordFormat::Edf(Resolution::Bits24), "numbers of a live stream are floating-point");
    let mut bench = bench(&OsDisk, &settings, &facts());
    bench.mark(130, "early");
    bench.play(0, 150);
    bench.mark(100, "late");
    bench.play(150, 100);
    bench.play(500, 250);
    bench.mark(1000, "never");
    let (recorded, events) = bench.end();
    assert_eq!((recorded.frames, recorded.gaps, recorded.clipped_samples, recorded.lost_frames), (500, 1, 0, 0));
    assert!(events.is_empty() && recorded.error.is_none(), "{events:?}");
    assert_eq!(recorded.path, folder.path().join("night.bdf"));

    let mut file = EdfFile::open(&recorded.path).unwrap();
    assert_eq!(file.header().format.to_string(), "BDF+D");
    // The stamp of the first frame is 50.01 s, and the clock began at a quarter of a second.
    assert_eq!(file.header().start_datetime().unwrap(), "2023-11-14T22:14:10");
    let onset_s = 0.26;
    let mut found: Vec<(String, f64)> = file
        .annotations()
        .unwrap()
        .iter()
        .map(|a| (a.text.clone(), ((a.onset_s - onset_s) * 1e3).round() / 1e3))
        .collect();
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    let expected = [("late", 1.0), ("early", 1.3), (EdfWriter::GAP, 2.5), ("padding", 7.5), ("never", 10.0)];
    assert_eq!(found, expected.map(|(text, at)| (text.to_owned(), at)));
    let (mut record, mut samples) = (Record::default(), Vec::new());
    for index in 0..file.header().records {
        samples.clear();
        file.read_record(index, &mut record).unwrap();
        record.frames_into(&[0, 1], &mut samples).unwrap();
        let first = ((record.onset_s() - onset_s) * RATE_HZ).round() as u64;
        for (pair, frame) in samples.chunks(2).zip(first..) {
            let expected = if (250..500).contains(&frame) { 249 } else { frame.min(749) } as f32;
            assert!((pair[0] - expected).abs() < 0.02 && (pair[1] + expected).abs() < 0.02, "{frame}: {pair:?}");
        }
    }
}

#[test]
fn whole_numbers_are_kept_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let mut facts = facts();
    for channel in &mut facts.montage.channels {
        channel.digital = Some(Digital::scaled(16, 1.0, 0.0));
    }
    let settings = settings(&folder.path().join("night"), &facts);
    assert_eq!(settings.format, RecordFormat::Edf(Resolution::Bits16));
    let mut bench = bench(&OsDisk, &settings, &facts);
    bench.play(0, 200);
    let (recorded, _) = bench.end();
    assert_eq!((recorded.path.clone(), recorded.clipped_samples), (folder.path().join("night.edf"), 0));
    let mut file = EdfFile::open(&recorded.path).unwrap();
    let (mut record, mut samples) = (Record::default(), Vec::new());
    for index in 0..2 {
        file.read_record(index, &mut record).unwrap();
        record.physical_into(1, &mut samples).unwrap();
    }
    assert_eq!(samples, (0..200).map(|n| -f64::from(n)).collect::<Vec<_>>());
}

#[test]
fn what_is_clipped_is_counted_and_told_once() {
    let disk = FaultyDisk::default();
    let settings = RecordSettings { range_uv: Some(100.0), ..settings(Path::new("a.bdf"), &facts()) };
    let mut bench = bench(&disk, &settings, &facts());
    bench.play(0, 150);
    bench.play(150, 150);
    let (recorded, events) = bench.end();
    assert_eq!(recorded.clipped_samples, 2 * (300 - 101));
    assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Warning]);
}

#[test]
fn a_full_disk_ends_the_recording_and_nothing_else() {
    for (at, fault) in (4..20).flat_map(|at| Fault::ALL.map(|fault| (at, fault))) {
        let disk = FaultyDisk::failing(at, fault);
        let settings = RecordSettings { gap: Gap::Leave, ..settings(Path::new("a.bdf"), &facts()) };
        let mut bench = bench(&disk, &settings, &facts());
        let (written, read) = (bench.writer.counts(), bench.stage.reader().counts());
        for first in (0..2000).step_by(50) {
            bench.play(first, 50);
        }
        let what = format!("{fault:?} at call {at}");
        let counts = bench.stage.counts();
        assert!(counts.has_stopped(), "{what}");
        let (recorded, events) = bench.end();
        assert_eq!(events.iter().filter(|event| event.kind == EventKind::Error).count(), 1, "{what}: {events:?}");
        assert!(recorded.error.as_ref().is_some_and(|error| error.contains("a.bdf")), "{what}: {recorded:?}");
        // All that was offered was taken out, so nobody waits, and what was not written is counted.
        assert_eq!((written.offered(), written.refused()), (2000, 0), "{what}");
        assert_eq!(read.consumed() + read.skipped(), 2000, "{what}");
        assert_eq!(read.consumed(), recorded.frames, "{what}");
        let bytes = disk.file("a.bdf").unwrap();
        let file = EdfFile::from_reader("a.bdf", Cursor::new(&bytes), bytes.len() as u64).unwrap();
        let kept = file.header().records * 100;
        assert!(kept + 200 > recorded.frames, "{what}: {kept} of {recorded:?}");
    }
}

#[test]
fn xdf_holds_signal_markers_and_embeddings() {
    let folder = tempfile::tempdir().unwrap();
    let embedding = Some(EmbeddingFacts { dimension: 2, rate_hz: 4.0 });
    let settings =
        RecordSettings { embedding, clock_offset_s: 7.0, ..settings(&folder.path().join("a.xdf"), &facts()) };
    let mut bench = bench(&OsDisk, &settings, &facts());
    bench.play(0, 100);
    bench.mark(150, "go");
    let copy = EmbeddingCopy { stamp: Stamp(51.0), generation: 3, values: vec![0.5, -0.5] };
    bench.embeddings.send(copy).unwrap();
    bench.play(100, 100);
    bench.play(1000, 100);
    let (recorded, events) = bench.end();
    assert!(events.is_empty() && recorded.error.is_none(), "{recorded:?}");
    assert_eq!((recorded.frames, recorded.gaps), (300, 1));
    let mut file = XdfFile::open(&recorded.path).unwrap();
    assert_eq!(file.warnings(), Vec::<String>::new());
    let names: Vec<&str> = file.streams().iter().map(|stream| stream.description.name.as_str()).collect();
    assert_eq!(names, ["amp", "neurostream-markers", "neurostream-embedding"]);
    assert!(file.streams().iter().all(|stream| stream.offsets.iter().all(|offset| offset.offset_s == 0.0)));
    let signal = file.timeline(0).unwrap();
    assert_eq!((signal.samples, signal.segments.len()), (300, 2));
    // The first frame has the stamp 50.01 s on the pipeline's clock.
    assert!((signal.segments[0].start_s - 43.01).abs() < 1e-9, "{:?}", signal.segments);
    let markers = file.timeline(1).unwrap().ends_s().unwrap().0;
    assert!((markers - (43.01 + 1.5)).abs() < 1e-9, "{markers}");
    assert_eq!(file.timeline(2).unwrap().ends_s(), Some((44.0, 44.0)));
}

#[test]
fn xdf_keeps_the_stamps_of_the_source_and_what_its_clock_was_measured_at() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordSettings { clock_offset_s: 7.0, ..settings(&folder.path().join("a.xdf"), &facts()) };
    let mut bench = bench(&OsDisk, &settings, &facts());
    // The source's clock is 500 s behind, and its stamps jitter; here frame n lies at 50.01 s + n / 100.
    let own = |n: u64| 50.01 - 7.0 - 500.0 + n as f64 / RATE_HZ + if n.is_multiple_of(2) { 0.002 } else { -0.002 };
    bench.notes.send(Note::Clock(500.0)).unwrap();
    for first in [0, 300, 600, 900] {
        // One has no stamp of its own.
        bench.stamps.push(first, &(first..first + 299).map(own).collect::<Vec<_>>());
        bench.play(first, 300);
        bench.notes.send(Note::Clock(500.0 + first as f64 * 1e-6)).unwrap();
    }
    bench.mark(1150, "go");
    bench.play(1200, 100);
    let (recorded, events) = bench.end();
    assert!(events.is_empty() && recorded.error.is_none(), "{recorded:?}");
    let mut file = XdfFile::open(&recorded.path).unwrap();
    for stream in 0..2 {
        let offsets = &file.streams()[stream].offsets;
        assert!(offsets.len() >= 2, "{offsets:?}");
        for offset in offsets {
            assert!((offset.offset_s - 500.0).abs() < 1e-3 && (-460.0..-400.0).contains(&offset.at_s), "{offset:?}");
        }
    }
    let (mut place, mut samples, mut found) = (Place::default(), Samples::default(), Vec::new());
    while file.read(0, &mut place, 1024, &mut samples).unwrap() {
        found.extend(samples.stamps.iter().copied());
    }
    assert_eq!(found.len(), 1300);
    for (n, stamp) in (0_u64..).zip(&found) {
        let is_told = n % 300 < 299 && n < 1200;
        let (expected, within) = if is_told { (own(n), 1e-9) } else { (own(n), 0.003) };
        assert!((stamp - expected).abs() <= within, "frame {n}: {stamp} instead of {expected}");
    }
    // The clock offset brings them back to where the frames lie here.
    let markers = file.timeline(1).unwrap().ends_s().unwrap().0;
    assert!((markers - (43.01 + 11.5)).abs() < 2e-3, "{markers}");
}
