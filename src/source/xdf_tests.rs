//! An XDF recording as a source: the stream that is meant, gaps, markers on their frames, and a second pass.
//!
//! Owns nothing; the test runner runs it. Invariant: each test has a folder of its own.

use super::{Progress, Selection, Source, SourceError, XdfSource};
use crate::format::disk::Existing;
use crate::format::xdf::{ChannelNote, StreamDescription, ValueFormat, XdfWriter};
use crate::signal::{Block, EventKind, Stamp};
use std::path::Path;

fn stream(name: &str, kind: &str, channels: usize, rate_hz: f64, format: ValueFormat) -> StreamDescription {
    let note = |i: usize| ChannelNote {
        label: format!("C{i}"),
        unit: "mV".to_owned(),
        kind: "EEG".to_owned(),
        location_mm: Some([0.0, i as f64, 90.0]),
    };
    let (name, content_type) = (name.to_owned(), kind.to_owned());
    let notes = (0..channels).map(note).collect();
    StreamDescription { name, content_type, channels, rate_hz, format, notes, ..StreamDescription::default() }
}

/// 100 Hz, two channels: 10 s, a pause of 6 s, 5 s; markers inside, in the pause, and at the end.
fn session(path: &Path, second: bool) {
    let mut writer = XdfWriter::create(path, None, Existing::Replace).unwrap();
    let eeg = writer.add_stream(&stream("amp", "EEG", 2, 100.0, ValueFormat::Float32)).unwrap();
    let events = writer.add_stream(&stream("events", "Markers", 1, 0.0, ValueFormat::String)).unwrap();
    let pulse =
        writer.add_stream(&stream("pulse", if second { "EEG" } else { "PPG" }, 1, 50.0, ValueFormat::Float32)).unwrap();
    for (first, count) in [(0, 1000), (1600, 500)] {
        for block in (0..count).step_by(50) {
            let numbers = (0..50).map(|i| first + block + i);
            let stamps: Vec<f64> = numbers.clone().map(|n| 50.0 + f64::from(n) / 100.0).collect();
            let frames: Vec<f32> = numbers.flat_map(|n| [n as f32, -(n as f32)]).collect();
            writer.write_frames(eeg, &stamps, &frames).unwrap();
            writer.write_frames(pulse, &stamps[..1], &[0.0]).unwrap();
        }
    }
    for (at_s, text) in [(52.5, "in"), (63.0, "pause"), (67.0, "late")] {
        writer.write_text(events, at_s, text).unwrap();
    }
    writer.finish().unwrap();
}

fn open(path: &Path, name: Option<&str>, repeat: bool) -> Result<XdfSource, SourceError> {
    XdfSource::open(path, name, &Selection::default(), None, 0.08, repeat)
}

#[test]
fn frames_markers_and_gaps_lie_where_they_were_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    session(&path, false);
    let mut source = open(&path, None, true).unwrap();
    assert_eq!((source.facts().rate_hz, source.facts().frames), (100.0, Some(1500)));
    assert_eq!(source.facts().montage.labels().collect::<Vec<_>>(), ["C0", "C1"]);
    let (mut block, mut events, mut markers, mut expected) = (Block::default(), Vec::new(), Vec::new(), 0);
    let mut seen = 0;
    while seen < 1500 + 700 {
        block.clear();
        assert_eq!(source.step(Stamp(0.0), &mut block, &mut events).unwrap(), Progress::Frames);
        for (i, frame) in block.samples.chunks_exact(2).enumerate() {
            let number = block.first + i as u64;
            expected = if seen == 1500 {
                2101
            } else if number == 1600 {
                1600
            } else {
                expected
            };
            assert_eq!(number, expected);
            let recorded = if number < 2101 { number } else { number - 2101 };
            assert_eq!(frame, [recorded as f32 * 1000.0, recorded as f32 * -1000.0]);
            expected += 1;
            seen += 1;
        }
        markers.extend(block.markers.drain(..).map(|m| (m.frame, m.text)));
    }
    let text = |t: &str| t.to_owned();
    assert_eq!(markers, [(250, text("in")), (1300, text("pause")), (1700, text("late")), (2351, text("in"))]);
    let told: Vec<&str> = events.iter().filter(|e| e.kind == EventKind::Gap).map(|e| e.text.as_str()).collect();
    assert_eq!(told, ["600 frames are missing before sample 1000 of the recording"]);
    assert!(events.iter().any(|e| e.kind == EventKind::Source && e.text.contains("starts again")));
    assert!(events.iter().any(|e| e.kind == EventKind::Warning && e.text.contains("left out: \"pulse\"")));
}

#[test]
fn the_stream_is_chosen_by_name_where_several_could_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    session(&path, true);
    let refused = open(&path, None, false).unwrap_err();
    assert!(refused.is_choice());
    assert!(refused.to_string().contains("name one in [source] stream: \"amp\", \"pulse\""), "{refused}");
    assert_eq!(open(&path, Some("pulse"), false).unwrap().facts().montage.len(), 1);
    assert!(open(&path, Some("events"), false).is_err());
}
