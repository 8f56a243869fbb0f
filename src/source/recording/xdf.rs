//! XDF as streams: clock offsets applied, jitter taken out, chunks of all streams in the order of time.
//!
//! Owns [`XdfRecording`]; runs on the thread that opened it. Invariant: one chunk of each stream is held; a chunk ends where
//! its segment does.

use super::{Chunk, Facts, RecordedChannel, RecordedStream};
use crate::format::edf::StartTime;
use crate::format::xdf::{Place, Samples, StreamDescription, Timeline, ValueFormat, Values, XdfFile, XdfStream};
use crate::source::SourceError;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct XdfRecording {
    file: XdfFile,
    facts: Facts,
    streams: Vec<RecordedStream>,
    cursors: Vec<Cursor>,
    /// When time 0 is, on the clock of the recording computer.
    origin_s: f64,
    end_s: f64,
}

/// Where reading of a stream is.
#[derive(Debug)]
struct Cursor {
    timeline: Arc<Timeline>,
    place: Place,
    samples: Samples,
    /// The next chunk; `None` before it is read and after the last.
    chunk: Option<Chunk>,
    is_over: bool,
}

/// Seconds of a regular stream in a chunk.
const PIECE_S: f64 = 0.1;

/// More samples are not in a chunk.
const PIECE: usize = 4096;

impl XdfRecording {
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let mut file = XdfFile::open(path)?;
        let (mut streams, mut cursors) = (Vec::new(), Vec::new());
        for stream in 0..file.streams().len() {
            let timeline = file.timeline(stream)?;
            streams.extend(file.streams().get(stream).map(|found| describe(found, &timeline)));
            let (place, samples) = Default::default();
            cursors.push(Cursor { timeline, place, samples, chunk: None, is_over: false });
        }
        let ends = || cursors.iter().filter_map(|cursor| cursor.timeline.ends_s());
        let origin_s = ends().map(|(first_s, _)| first_s).reduce(f64::min).unwrap_or_default();
        let end_s = ends().map(|(_, last_s)| last_s).reduce(f64::max).unwrap_or_default() - origin_s;
        let start = file.datetime().and_then(StartTime::parse_datetime);
        Ok(Self {
            file,
            facts: Facts { start, clock_s: origin_s, ..Facts::default() },
            streams,
            cursors,
            origin_s,
            end_s,
        })
    }

    pub fn streams(&self) -> &[RecordedStream] {
        &self.streams
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub fn warnings(&self) -> Vec<String> {
        self.file.warnings()
    }

    pub fn text_bytes(&mut self) -> Result<usize, SourceError> {
        let (mut samples, mut bytes) = (Samples::default(), 0);
        for stream in 0..self.streams.len() {
            let mut place = Place::default();
            while self.streams.get(stream).is_some_and(RecordedStream::is_text)
                && self.file.read(stream, &mut place, PIECE, &mut samples)?
            {
                bytes += samples.values.texts().iter().map(|text| text.len() + super::STAMP_BYTES).sum::<usize>();
            }
        }
        Ok(bytes)
    }

    pub fn end_s(&self) -> f64 {
        self.end_s
    }

    pub fn seek(&mut self, seconds: f64) -> Result<(), SourceError> {
        for stream in 0..self.cursors.len() {
            let Some(cursor) = self.cursors.get_mut(stream) else { continue };
            cursor.place = cursor.timeline.place_before(seconds + self.origin_s);
            (cursor.chunk, cursor.is_over) = (None, false);
            // A mark may lie some thousand samples before.
            loop {
                self.fetch(stream)?;
                let Some(cursor) = self.cursors.get_mut(stream) else { break };
                let is_before = |chunk: &Chunk| chunk.stamps.last().is_some_and(|last| *last < seconds);
                if cursor.chunk.take_if(|chunk| is_before(chunk)).is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    pub fn next(&mut self, chunk: &mut Chunk) -> Result<bool, SourceError> {
        for stream in 0..self.cursors.len() {
            self.fetch(stream)?;
        }
        let first_s = |cursor: &Cursor| cursor.chunk.as_ref().and_then(|chunk| chunk.stamps.first().copied());
        let earliest = self
            .cursors
            .iter_mut()
            .filter(|cursor| cursor.chunk.is_some())
            .min_by(|a, b| first_s(a).unwrap_or(f64::INFINITY).total_cmp(&first_s(b).unwrap_or(f64::INFINITY)));
        let next = earliest.and_then(|cursor| cursor.chunk.take());
        let is_there = next.is_some();
        *chunk = next.unwrap_or_default();
        Ok(is_there)
    }

    /// Reads the next chunk of a stream, unless it waits already.
    fn fetch(&mut self, stream: usize) -> Result<(), SourceError> {
        let (Some(cursor), Some(facts)) = (self.cursors.get_mut(stream), self.streams.get(stream)) else {
            return Ok(());
        };
        if cursor.is_over || cursor.chunk.is_some() {
            return Ok(());
        }
        let next = cursor.place.sample();
        let wanted = if facts.rate_hz > 0.0 { ((PIECE_S * facts.rate_hz).ceil() as usize).clamp(1, PIECE) } else { 1 };
        // A chunk ends with its segment: what follows lies behind a gap.
        let in_segment = cursor.timeline.segment_of(next).map_or(wanted as u64, |segment| segment.samples.end - next);
        let limit = wanted.min(usize::try_from(in_segment).unwrap_or(wanted)).max(1);
        if !self.file.read(stream, &mut cursor.place, limit, &mut cursor.samples)? {
            cursor.is_over = true;
            return Ok(());
        }
        let (samples, timeline) = (&cursor.samples, &cursor.timeline);
        let at = |(number, stamp): (u64, &f64)| timeline.seconds(number, *stamp) - self.origin_s;
        let stamps: Vec<f64> = (samples.first..).zip(&samples.stamps).map(at).collect();
        let begins = timeline.segments.iter().any(|segment| segment.samples.start == samples.first);
        let follows_on = !begins || samples.first == 0 || facts.rate_hz == 0.0;
        let (values, durations_s) = match self.file.streams().get(stream).filter(|_| facts.is_text()) {
            Some(found) => {
                let (text, duration_s) = found.description.marker(samples.values.texts());
                (Values::String(vec![text]), vec![duration_s])
            }
            None => (samples.values.clone(), Vec::new()),
        };
        cursor.chunk = Some(Chunk { stream, stamps, values, durations_s, follows_on });
        Ok(())
    }
}

fn describe(stream: &XdfStream, timeline: &Timeline) -> RecordedStream {
    let description = &stream.description;
    let described = |index: &usize| {
        // Its value is with the texts that it belongs to.
        description.notes.get(*index).is_none_or(|note| note.label != StreamDescription::DURATION)
    };
    let channels = (0..description.channels).filter(described).map(|index| {
        let note = description.notes.get(index).cloned().unwrap_or_default();
        let label = if note.label.is_empty() { format!("channel {}", index + 1) } else { note.label };
        RecordedChannel {
            label,
            unit: note.unit,
            kind: note.kind,
            location_mm: note.location_mm,
            ..RecordedChannel::default()
        }
    });
    RecordedStream {
        name: description.name.clone(),
        content_type: description.content_type.clone(),
        source_id: description.source_id.clone(),
        rate_hz: match description.format {
            ValueFormat::String => 0.0,
            _ if description.rate_hz > 0.0 => {
                crate::source::xdf::rate_hz(description.rate_hz, timeline.effective_rate_hz)
            }
            _ => 0.0,
        },
        format: description.format,
        channels: channels.collect(),
    }
}
