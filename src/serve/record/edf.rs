//! A recording as EDF+ or BDF+.
//!
//! Owns [`EdfSink`]; runs on the recorder's thread. Invariant: the time of a frame in the file is its place behind the first
//! one, gaps counted, and that of the first one is the clock's.

use super::settings::{RecordError, RecordSettings};
use super::{RecordFormat, SinkFigures};
use crate::format::disk::Disk;
use crate::format::edf::{
    Annotation, EdfError, EdfHeader, EdfSignal, EdfWriter, Existing, Gap, Resolution, StartTime, record_shape,
};
use crate::signal::{Channel, Marker, Stamp, StreamFacts, Unit};
use std::path::Path;

#[derive(Debug)]
pub(super) struct EdfSink {
    writer: EdfWriter,
    gap: Gap,
    channels: usize,
    period_s: f64,
    unix_zero_s: Option<f64>,
    has_begun: bool,
}

/// Longer records are divided: other software reads none of more than 10 MB, and a crash may cost one.
const LONGEST_RECORD: usize = 8 << 20;

/// Room for annotations in a record: some twenty short ones.
const ANNOTATION_BYTES: usize = 480;

impl EdfSink {
    pub fn create(disk: &dyn Disk, settings: &RecordSettings, facts: &StreamFacts) -> Result<Self, RecordError> {
        let resolution = match settings.format {
            RecordFormat::Edf(resolution) => resolution,
            RecordFormat::Xdf => Resolution::Bits24,
        };
        let channels = facts.montage.len();
        let (duration_s, samples) =
            shape(facts.rate_hz, channels * resolution.sample_bytes()).ok_or(RecordError::Rate(facts.rate_hz))?;
        let signal = |channel: &Channel| signal(channel, samples, resolution, settings.float_range());
        let signals: Vec<EdfSignal> = facts.montage.channels.iter().map(signal).collect();
        let header = EdfHeader {
            resolution,
            patient: settings.patient.clone(),
            recording: "neurostream".to_owned(),
            annotation_bytes: ANNOTATION_BYTES,
            ..EdfHeader::new(duration_s)
        };
        let writer = EdfWriter::create_on(disk, &settings.path, &header, &signals, Existing::NextRun)?;
        let (gap, unix_zero_s) = (settings.gap, settings.unix_zero_s);
        Ok(Self { writer, gap, channels, period_s: 1.0 / facts.rate_hz, unix_zero_s, has_begun: false })
    }

    pub fn path(&self) -> &Path {
        self.writer.path()
    }

    pub fn gap(&mut self, frames: u64) -> Result<(), EdfError> {
        if self.has_begun { self.writer.gap(frames, self.gap) } else { Ok(()) }
    }

    pub fn frames(&mut self, frames: &[f32], stamp: Stamp) -> Result<(), EdfError> {
        if !self.has_begun {
            let count = frames.len() / self.channels.max(1);
            let first = stamp - count.saturating_sub(1) as f64 * self.period_s;
            self.begin(first)?;
            self.has_begun = true;
        }
        self.writer.write_frames(frames)
    }

    /// Dates the recording by its first frame.
    fn begin(&mut self, first: Stamp) -> Result<(), EdfError> {
        let Some(unix_s) = self.unix_zero_s.map(|zero_s| zero_s + first.0).filter(|s| *s > 0.0) else { return Ok(()) };
        match StartTime::from_unix_s(unix_s as u64) {
            Some(start) => self.writer.begin(start, unix_s.fract()),
            None => Ok(()),
        }
    }

    pub fn marker(&mut self, marker: &Marker, ahead_s: f64) {
        let onset_s = self.writer.next_onset_s() - ahead_s;
        self.writer.annotate(&Annotation { onset_s, duration_s: marker.duration_s, text: marker.text.clone() });
    }

    pub fn step(&mut self, now: Stamp) -> Result<(), EdfError> {
        self.writer.step(now)
    }

    pub fn figures(&self) -> SinkFigures {
        let so_far = self.writer.so_far();
        SinkFigures {
            bytes: self.writer.bytes(),
            clipped_samples: so_far.clipped_samples,
            lost_frames: so_far.lost_frames,
            dropped_markers: so_far.dropped_annotations,
        }
    }

    pub fn finish(&mut self) -> Result<SinkFigures, EdfError> {
        let written = self.writer.finish()?;
        Ok(SinkFigures { dropped_markers: written.dropped_annotations, ..self.figures() })
    }

    pub fn abandon(self) -> SinkFigures {
        let bytes = self.writer.bytes();
        let written = self.writer.abandon();
        SinkFigures {
            bytes,
            clipped_samples: written.clipped_samples,
            lost_frames: written.lost_frames,
            dropped_markers: written.dropped_annotations,
        }
    }
}

/// Seconds and samples of a record that is not too long.
fn shape(rate_hz: f64, frame_bytes: usize) -> Option<(f64, usize)> {
    let (duration_s, samples) = record_shape(rate_hz)?;
    let divided = |parts: usize| {
        let part_s = duration_s / parts as f64;
        let fits = samples.is_multiple_of(parts) && part_s.to_string().len() <= 8;
        fits.then_some((part_s, samples / parts))
    };
    let mut parts = [1, 2, 4, 5, 8, 10, 20, 25, 50, 100].into_iter().filter_map(divided);
    parts.find(|(_, samples)| samples * frame_bytes <= LONGEST_RECORD).or(Some((duration_s, samples)))
}

fn signal(channel: &Channel, samples_per_record: usize, resolution: Resolution, float_range: f64) -> EdfSignal {
    let dimension = match &channel.unit {
        // Frames carry microvolts, whatever the source did.
        Unit::Volts { .. } => "uV",
        Unit::Other(unit) => unit,
    };
    let floating = EdfSignal {
        dimension: dimension.to_owned(),
        ..EdfSignal::microvolts(&channel.label, samples_per_record, float_range)
    };
    let Some(digital) = channel.digital.filter(|digital| usize::from(digital.bits) <= 8 * resolution.sample_bytes())
    else {
        return floating;
    };
    // The numbers of the source as they are: nothing is rounded.
    let highest = (1_i32 << (digital.bits - 1)) - 1;
    let (physical_min, physical_max) = (digital.low, digital.high);
    EdfSignal { physical_min, physical_max, digital: Some((-highest - 1, highest)), ..floating }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_short_enough_for_everyone() {
        assert_eq!(shape(256.0, 64 * 3), Some((1.0, 256)));
        assert_eq!(shape(2000.0, 256 * 3), Some((1.0, 2000)));
        assert_eq!(shape(30_000.0, 256 * 3), Some((0.25, 7500)));
        assert_eq!(shape(f64::NAN, 3), None);
    }
}
