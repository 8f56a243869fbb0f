//! A recording as XDF: a stream for the signals of each rate, and one for annotations.
//!
//! Owns nothing but the writer while it runs; runs on the calling thread. Invariant: values keep their type, 16-bit signals
//! being `float32` and 24-bit ones `double64`, and stamps are those of the recording with clock offsets applied.

use super::convert::Taken;
use super::{Conversion, ConvertError, Converted, RecordedChannel, RecordedStream, Recording};
use crate::format::edf::Existing;
use crate::format::xdf::{ChannelNote, ClockOffset, StreamDescription, ValueFormat, Values, XdfWriter};
use crate::signal::Stamp;
use std::path::Path;

pub(super) fn write(
    recording: &mut Recording,
    taken: &Taken,
    conversion: &Conversion,
    to: &Path,
    existing: Existing,
) -> Result<Converted, ConvertError> {
    let facts = recording.facts().clone();
    let streams = conversion.streams(recording)?;
    let later = conversion.from_s.filter(|s| *s > 0.0).map_or(0, |s| s as u64);
    let start = facts.start.map(|start| start.plus_s(later).to_string());
    let mut writer = XdfWriter::create(to, start.as_deref(), existing)?;
    // What each stream is called in the new file, and the channels of it that are taken.
    let mut numbers: Vec<Option<(u32, Vec<usize>)>> = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        let channels = match taken.iter().find(|(number, _)| *number == index) {
            Some((_, channels)) => channels.clone(),
            None if stream.is_text() => (0..stream.channels.len()).collect(),
            None => {
                numbers.push(None);
                continue;
            }
        };
        let id = writer.add_stream(&description(recording, stream, &channels))?;
        // Stamps are on one clock already; readers expect to be told so, and pyxdf warns of a stream that says nothing.
        writer.write_offset(id, ClockOffset { at_s: facts.clock_s, offset_s: 0.0 })?;
        numbers.push(Some((id, channels)));
    }
    let mut converted = Converted { format: "XDF".to_owned(), ..Converted::default() };
    conversion.each(recording, |chunk| {
        let Some((id, channels)) = numbers.get(chunk.stream).and_then(Option::as_ref) else { return Ok(()) };
        let Some(stream) = streams.get(chunk.stream) else { return Ok(()) };
        let stamps: Vec<f64> = chunk.stamps.iter().map(|stamp| stamp + facts.clock_s).collect();
        if stream.is_text() {
            for ((text, stamp), duration_s) in chunk.values.texts().iter().zip(&stamps).zip(&chunk.durations_s) {
                let duration = duration_s.map_or_else(String::new, |seconds| seconds.to_string());
                writer.write(*id, &[*stamp], &Values::String(vec![text.clone(), duration]))?;
                converted.annotations += 1;
            }
        } else {
            let values = chunk.values.of_channels(stream.channels.len(), channels);
            let values = match (stream.format, values) {
                (ValueFormat::Float32, Values::Double64(list)) => {
                    Values::Float32(list.into_iter().map(|value| value as f32).collect())
                }
                (_, values) => values,
            };
            writer.write(*id, &stamps, &values)?;
            converted.samples += values.len() as u64;
        }
        Ok(writer.step(Stamp(chunk.stamps.first().copied().unwrap_or_default()))?)
    })?;
    if converted.samples == 0 {
        return Err(conversion.nothing(recording));
    }
    converted.path = writer.finish()?.path;
    Ok(converted)
}

fn description(recording: &Recording, stream: &RecordedStream, channels: &[usize]) -> StreamDescription {
    let note = |channel: &RecordedChannel| ChannelNote {
        label: channel.label.clone(),
        unit: channel.unit.clone(),
        kind: channel.kind.clone(),
        location_mm: channel.location_mm,
    };
    let mut notes: Vec<ChannelNote> = channels.iter().filter_map(|&i| stream.channels.get(i)).map(note).collect();
    if stream.is_text() {
        // The texts of a sample are one text here; how long it lasts stands beside it.
        notes.truncate(1);
        notes.push(ChannelNote { label: StreamDescription::DURATION.to_owned(), ..ChannelNote::default() });
    }
    let stem =
        || Path::new(recording.name()).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let several = recording.streams().iter().filter(|other| other.is_signal()).count() > 1;
    let name = match (stream.name.is_empty(), several) {
        (false, _) => stream.name.clone(),
        (true, false) => stem(),
        (true, true) => format!("{} {} Hz", stem(), stream.rate_hz),
    };
    StreamDescription {
        name,
        content_type: stream.content_type.clone(),
        source_id: stream.source_id.clone(),
        channels: if stream.is_text() { 2 } else { channels.len() },
        rate_hz: stream.rate_hz,
        format: stream.format,
        notes,
        ..StreamDescription::default()
    }
}
