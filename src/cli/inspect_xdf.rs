//! `inspect` of recordings of several streams (XDF).
//!
//! Runs on the main thread. Invariant: times are seconds after the first sample of the recording, on the clock of the
//! computer that recorded it.

use super::tally::Tally;
use neurostream::format::xdf::{Place, Samples, ValueFormat, XdfError, XdfFile};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// Samples that are read at once.
const PIECE: usize = 4096;

/// What is in the file; with `stats` the values of all samples are gone through.
pub fn contents(path: &Path, stats: bool) -> Result<Value, XdfError> {
    let mut file = XdfFile::open(path)?;
    let mut timelines = Vec::new();
    for stream in 0..file.streams().len() {
        timelines.push(file.timeline(stream)?);
    }
    let origin_s = timelines.iter().filter_map(|t| t.ends_s()).map(|(first_s, _)| first_s).reduce(f64::min);
    let since = |seconds: f64| seconds - origin_s.unwrap_or_default();
    let (mut streams, mut annotations) = (Vec::new(), Vec::new());
    for (stream, timeline) in timelines.iter().enumerate() {
        let facts = file.streams()[stream].clone();
        let description = &facts.description;
        let is_text = description.format == ValueFormat::String;
        let mut tallies = vec![Tally::default(); if stats && !is_text { description.channels } else { 0 }];
        let (mut place, mut samples) = (Place::default(), Samples::default());
        while (is_text || stats) && file.read(stream, &mut place, PIECE, &mut samples)? {
            let each = samples.values.texts().chunks(description.channels);
            for ((sample, &stamp), texts) in (samples.first..).zip(&samples.stamps).zip(each) {
                let (text, duration_s) = description.marker(texts);
                annotations.push((since(timeline.seconds(sample, stamp)), duration_s, text));
            }
            for (index, tally) in (0..samples.values.len()).zip((0..tallies.len()).cycle()) {
                samples.values.number(index).into_iter().for_each(|x| tallies[tally].add(x));
            }
        }
        let channel = |(index, note): (usize, &neurostream::format::xdf::ChannelNote)| {
            let mut channel = json!({"label": note.label, "dimension": note.unit, "type": note.kind});
            tallies.get(index).into_iter().for_each(|tally| tally.tell(&mut channel));
            channel
        };
        let described = description.notes.len().max(tallies.len());
        let notes: Vec<_> =
            description.notes.iter().cloned().chain(std::iter::repeat(Default::default())).take(described).collect();
        let segments: Vec<Value> =
            timeline.segments.iter().map(|s| json!([since(s.start_s), since(s.last_s)])).collect();
        streams.push(json!({
            "id": facts.id,
            "name": description.name,
            "type": description.content_type,
            "source_id": description.source_id,
            "channel_format": description.format.word(),
            "channel_count": description.channels,
            "nominal_rate_hz": description.rate_hz,
            "rate_hz": timeline.effective_rate_hz,
            "n_samples": timeline.samples,
            "segments": segments,
            "clock_offsets": facts.offsets.len(),
            "has_footer": facts.footer.is_some(),
            "channels": notes.iter().enumerate().map(channel).collect::<Vec<_>>(),
        }));
    }
    annotations.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(json!({
        "format": "XDF",
        "start_datetime": file.datetime(),
        "streams": streams,
        "annotations": annotations.iter().map(|(onset_s, duration_s, text)| json!([onset_s, duration_s, text])).collect::<Vec<_>>(),
        "warnings": file.warnings(),
    }))
}

/// The streams for people; annotations and warnings are told as for other formats.
pub fn in_words(path: &Path, value: &Value) -> String {
    let text = |v: &Value| v.as_str().unwrap_or("unknown").to_owned();
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let number = |v: &Value| v.as_f64().unwrap_or_default();
    let streams = list(&value["streams"]);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: XDF, {} streams, recorded from {}",
        path.display(),
        streams.len(),
        text(&value["start_datetime"])
    );
    for stream in streams {
        let rate = match number(&stream["nominal_rate_hz"]) {
            0.0 => "irregular".to_owned(),
            nominal => format!("{nominal} Hz (measured {:.4} Hz)", number(&stream["rate_hz"])),
        };
        let _ = writeln!(
            out,
            "  stream {}: {} ({}), {} channels of {}, {rate}, {} samples, {} clock offsets",
            stream["id"],
            text(&stream["name"]),
            text(&stream["type"]),
            stream["channel_count"],
            text(&stream["channel_format"]),
            stream["n_samples"],
            stream["clock_offsets"]
        );
        for segment in list(&stream["segments"]) {
            let _ = writeln!(out, "    from {:10.3} s to {:10.3} s", number(&segment[0]), number(&segment[1]));
        }
        for channel in list(&stream["channels"]) {
            let _ = write!(out, "    {:20} {:12}", text(&channel["label"]), text(&channel["dimension"]));
            if let (Some(mean), Some(std)) = (channel["mean"].as_f64(), channel["std"].as_f64()) {
                let _ = write!(out, "  mean {mean:10.3}  sd {std:10.3}");
            }
            out.push('\n');
        }
    }
    out
}
