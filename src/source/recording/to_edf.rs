//! A recording as EDF+ or BDF+.
//!
//! Owns nothing but the writer while it runs; runs on the calling thread. Invariant: a signal whose digital numbers fit keeps
//! them; any other is scaled to the range that its samples have, which a first pass finds.

use super::convert::Taken;
use super::cut::{Cutter, Waiting};
use super::{Chunk, Conversion, ConvertError, Converted, Facts, RecordedChannel, RecordedStream, Recording};
use crate::format::edf::{Annotation, EdfHeader, EdfSignal, EdfWriter, Existing, Resolution, record_shape};
use crate::format::xdf::{ValueFormat, Values};
use std::path::Path;

/// A range with its digital numbers.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: f64,
    high: f64,
    digital: Option<(i32, i32)>,
}

/// The part of a measured range that is added to it at both ends, so that header fields can round.
const MARGIN: f64 = 1e-3;

pub(super) fn write(
    recording: &mut Recording,
    taken: &Taken,
    conversion: &Conversion,
    resolution: Resolution,
    to: &Path,
    existing: Existing,
) -> Result<Converted, ConvertError> {
    let ranges = ranges(recording, taken, conversion, resolution)?;
    let facts = recording.facts().clone();
    let streams = conversion.streams(recording)?;
    let (duration_s, per_record) = shape(&streams, taken, &facts);
    let texts = recording.text_bytes()?;
    let records = (recording.end_s() / duration_s).ceil().max(1.0);
    let mut job =
        Job { facts, duration_s, per_record, ranges, cutter: None, early: Vec::new(), shift_s: 0.0, samples: 0 };
    // Twice the room that annotations would need if they lay evenly.
    let annotation_bytes = ((2.0 * texts as f64 / records).ceil() as usize + 64).clamp(240, 61_440);
    let (mut annotations, mut before) = (0_u64, (0.0, 0.0));
    let first = taken.first().map_or(0, |(stream, _)| *stream);
    conversion.each(recording, |chunk| {
        let Some(stream) = streams.get(chunk.stream) else { return Ok(()) };
        let at_s = chunk.stamps.first().copied().unwrap_or_default();
        if stream.is_text() {
            for (index, text) in chunk.values.texts().iter().enumerate() {
                let (stamp, duration_s) = (chunk.stamps.get(index), chunk.durations_s.get(index).copied().flatten());
                let annotation = Annotation { onset_s: stamp.copied().unwrap_or(at_s), duration_s, text: text.clone() };
                annotations += 1;
                job.annotate(annotation, before);
            }
        } else if taken.iter().any(|(number, _)| *number == chunk.stream) {
            if job.cutter.is_none() {
                job.begin(&streams, taken, resolution, annotation_bytes, at_s, (to, existing), conversion)?;
            } else if chunk.stream == first && !chunk.follows_on {
                job.gap(at_s)?;
            }
            if chunk.stream == first {
                // EDF counts samples, not the stamps that a stream may have drifted to.
                before = (at_s, job.cutter.as_ref().map_or(0.0, Cutter::end_s));
            }
            job.take(chunk, stream.channels.len())?;
        }
        Ok(())
    })?;
    let Some(cutter) = job.cutter else { return Err(conversion.nothing(recording)) };
    let mut notes = cutter.warnings().to_vec();
    let written = cutter.finish()?;
    for (count, what) in [
        (written.clipped_samples, "sample(s) lay beyond the range or were no numbers, and were clipped"),
        (written.dropped_annotations, "annotation(s) found no room and are left out"),
        (written.shortened_annotations, "annotation(s) were shortened to fit a record"),
    ] {
        notes.extend((count > 0).then(|| format!("{count} {what}")));
    }
    let format = crate::format::edf::EdfFile::open(&written.path)?.header().format.to_string();
    let annotations = annotations - written.dropped_annotations.min(annotations);
    Ok(Converted { path: written.path, format, samples: job.samples, annotations, notes, ..Converted::default() })
}

/// What a conversion keeps while it goes through the chunks.
struct Job {
    facts: Facts,
    duration_s: f64,
    per_record: Vec<usize>,
    ranges: Vec<Range>,
    cutter: Option<Cutter>,
    /// Annotations before the first sample.
    early: Vec<Annotation>,
    /// What leads from times of the recording to those of the file, whose start counts whole seconds.
    shift_s: f64,
    samples: u64,
}

impl Job {
    #[expect(clippy::too_many_arguments, reason = "all of it is needed to begin a file, once")]
    fn begin(
        &mut self,
        streams: &[RecordedStream],
        taken: &Taken,
        resolution: Resolution,
        annotation_bytes: usize,
        at_s: f64,
        (to, existing): (&Path, Existing),
        conversion: &Conversion,
    ) -> Result<(), ConvertError> {
        let first_s = self.facts.onset_s + at_s;
        let whole_s = (first_s + 1e-9).floor();
        let onset_s = (first_s - whole_s).max(0.0);
        self.shift_s = onset_s - at_s;
        let later = if whole_s > 0.0 { whole_s as u64 } else { 0 };
        let header = EdfHeader {
            resolution,
            patient: self.facts.patient.clone(),
            recording: self.facts.recording.clone(),
            start: self.facts.start.map(|start| start.plus_s(later)),
            onset_s,
            annotation_bytes,
            ..EdfHeader::new(self.duration_s)
        };
        let (mut signals, mut waiting) = (Vec::new(), Vec::new());
        let places =
            taken.iter().flat_map(|(stream, channels)| channels.iter().map(move |channel| (*stream, *channel)));
        for (((stream, channel), range), &per_record) in places.zip(&self.ranges).zip(&self.per_record) {
            let Some(facts) = streams.get(stream).and_then(|s| s.channels.get(channel)) else { continue };
            signals.push(signal(facts, range, per_record));
            waiting.push(Waiting::new(stream, channel, per_record));
        }
        let writer = EdfWriter::create(to, &header, &signals, existing)?;
        let mut cutter = Cutter::new(writer, self.duration_s, conversion.gap, waiting);
        for annotation in self.early.drain(..) {
            let onset_s = annotation.onset_s + self.shift_s;
            cutter.annotate(&Annotation { onset_s, ..annotation });
        }
        self.cutter = Some(cutter);
        Ok(())
    }

    /// `before` is a moment of the recording and the same moment in the file.
    fn annotate(&mut self, annotation: Annotation, before: (f64, f64)) {
        match &mut self.cutter {
            Some(cutter) => {
                let onset_s = annotation.onset_s - before.0 + before.1;
                cutter.annotate(&Annotation { onset_s, ..annotation });
            }
            None => self.early.push(annotation),
        }
    }

    fn gap(&mut self, at_s: f64) -> Result<(), ConvertError> {
        let next_s = at_s + self.shift_s;
        Ok(self.cutter.as_mut().map_or(Ok(()), |cutter| cutter.gap(next_s))?)
    }

    fn take(&mut self, chunk: &Chunk, channels: usize) -> Result<(), ConvertError> {
        let Some(cutter) = &mut self.cutter else { return Ok(()) };
        let numbers: Vec<f64>;
        let frames = match &chunk.values {
            Values::Double64(frames) => frames,
            other => {
                numbers = (0..other.len()).filter_map(|index| other.number(index)).collect();
                &numbers
            }
        };
        self.samples += frames.len() as u64;
        Ok(cutter.take(chunk.stream, frames, channels)?)
    }
}

fn signal(channel: &RecordedChannel, range: &Range, samples_per_record: usize) -> EdfSignal {
    let dimension = match channel.unit.as_str() {
        "microvolts" | "microvolt" | "Microvolts" => "uV",
        "millivolts" => "mV",
        "volts" => "V",
        unit => unit,
    };
    EdfSignal {
        label: channel.label.clone(),
        transducer: channel.transducer.clone(),
        dimension: dimension.to_owned(),
        physical_min: range.low,
        physical_max: range.high,
        digital: range.digital,
        prefilter: channel.prefilter.clone(),
        samples_per_record,
    }
}

/// Seconds of a record, and how many samples each signal has in it.
fn shape(streams: &[RecordedStream], taken: &Taken, facts: &Facts) -> (f64, Vec<usize>) {
    let rate_hz = |stream: usize| streams.get(stream).map_or(1.0, |s| s.rate_hz);
    let all = || taken.iter().flat_map(|(stream, channels)| channels.iter().map(|_| rate_hz(*stream)));
    let is_whole = |duration_s: f64| {
        let off = |rate_hz: f64| (rate_hz * duration_s - (rate_hz * duration_s).round()).abs();
        all().all(|rate_hz| off(rate_hz) < 1e-6 && rate_hz * duration_s > 0.5)
    };
    if let Some(duration_s) = facts.record_duration_s.filter(|duration_s| is_whole(*duration_s)) {
        return (duration_s, all().map(|rate_hz| (rate_hz * duration_s).round() as usize).collect());
    }
    let (duration_s, samples) = all().next().and_then(record_shape).unwrap_or((1.0, 1));
    (duration_s, all().map(|_| samples).collect())
}

/// The range of each signal: that of the file where its numbers fit, else that of its samples.
fn ranges(
    recording: &mut Recording,
    taken: &Taken,
    conversion: &Conversion,
    resolution: Resolution,
) -> Result<Vec<Range>, ConvertError> {
    let streams = conversion.streams(recording)?;
    let places: Vec<(usize, usize)> =
        taken.iter().flat_map(|(stream, channels)| channels.iter().map(move |channel| (*stream, *channel))).collect();
    let known = |&(stream, channel): &(usize, usize)| {
        let stream = streams.get(stream)?;
        match (stream.format, stream.channels.get(channel)?.scale) {
            (_, Some(scale)) if scale.sample_bytes <= resolution.sample_bytes() => {
                // Written rising, as every reader takes them; the scale is the same.
                let (from, to) = (scale.digital_min, scale.digital_max);
                let (low, high) = (scale.physical_min, scale.physical_max);
                let (low, high, from, to) = if from < to { (low, high, from, to) } else { (high, low, to, from) };
                Some(Range { low, high, digital: Some((from, to)) })
            }
            (ValueFormat::Int8 | ValueFormat::Int16, None) => {
                let (low, high) = (-32_768, 32_767);
                Some(Range { low: f64::from(low), high: f64::from(high), digital: Some((low, high)) })
            }
            _ => None,
        }
    };
    let known: Vec<Option<Range>> = places.iter().map(known).collect();
    if known.iter().all(Option::is_some) {
        return Ok(known.into_iter().flatten().collect());
    }
    let mut measured = vec![(f64::INFINITY, f64::NEG_INFINITY); places.len()];
    conversion.each(recording, |chunk| {
        let width = streams.get(chunk.stream).map_or(1, |s| s.channels.len()).max(1);
        for (&(stream, channel), (low, high)) in places.iter().zip(&mut measured) {
            if stream == chunk.stream {
                let values = (channel..chunk.values.len()).step_by(width).filter_map(|at| chunk.values.number(at));
                values.filter(|value| value.is_finite()).for_each(|value| {
                    *low = low.min(value);
                    *high = high.max(value);
                });
            }
        }
        Ok(())
    })?;
    let widened = |(low, high): (f64, f64)| {
        // A flat signal needs a range, too.
        let margin = if high > low { MARGIN * (high - low) } else { low.abs().max(1.0) };
        if low <= high { (low - margin, high + margin) } else { (-1.0, 1.0) }
    };
    let of = |(known, measured): (Option<Range>, (f64, f64))| {
        let (low, high) = widened(measured);
        known.unwrap_or(Range { low, high, digital: None })
    };
    Ok(known.into_iter().zip(measured).map(of).collect())
}
