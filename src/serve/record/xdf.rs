//! A recording as XDF: the signal, the markers, the embeddings, each with its clock.
//!
//! Owns [`XdfSink`]; runs on the recorder's thread. Invariant: a signal keeps the stamps that its source gave, on the clock
//! of the source, and the offsets that were measured of it lead to LSL's clock of this host, as in LabRecorder's files. Where
//! a source has no clock of its own, and for embeddings, stamps are on that clock already and offsets are 0. Markers have the
//! clock of the signal, since they lie on its frames.

use super::settings::{RecordError, RecordSettings};
use super::{EmbeddingCopy, SinkFigures};
use crate::format::disk::Disk;
use crate::format::edf::{Existing, StartTime};
use crate::format::xdf::{ChannelNote, ClockOffset, StreamDescription, ValueFormat, Values, XdfError, XdfWriter};
use crate::signal::{Channel, Marker, Stamp, StreamFacts, Unit};
use std::path::Path;

#[derive(Debug)]
pub(super) struct XdfSink {
    writer: XdfWriter,
    signal: u32,
    markers: u32,
    embeddings: Option<u32>,
    channels: usize,
    period_s: f64,
    clock_offset_s: f64,
    /// From the clock of the signal's stamps to LSL's of this host.
    own_clock_s: f64,
    /// When the newest frame was sampled, free of jitter, on LSL's clock of this host.
    newest: Option<f64>,
    measured: Option<Stamp>,
    stamps: Vec<f64>,
}

/// Seconds between two measurements of a clock, as LabRecorder makes them.
const CLOCK_EVERY_S: f64 = 5.0;

impl XdfSink {
    pub fn create(
        disk: &dyn Disk,
        settings: &RecordSettings,
        facts: &StreamFacts,
        now: Stamp,
    ) -> Result<Self, RecordError> {
        let unix_s = settings.unix_zero_s.map(|zero_s| zero_s + now.0).filter(|s| *s > 0.0);
        let start = unix_s.and_then(|s| StartTime::from_unix_s(s as u64)).map(|start| format!("{start}+0000"));
        let mut writer = XdfWriter::create_on(disk, &settings.path, start.as_deref(), Existing::NextRun)?;
        let signal = writer.add_stream(&StreamDescription {
            name: facts.name.clone(),
            content_type: "EEG".to_owned(),
            source_id: format!("neurostream/{}", facts.name),
            channels: facts.montage.len(),
            rate_hz: facts.rate_hz,
            format: ValueFormat::Float32,
            notes: facts.montage.channels.iter().map(note).collect(),
            ..StreamDescription::default()
        })?;
        let named = |label: &str| ChannelNote { label: label.to_owned(), ..ChannelNote::default() };
        let markers = writer.add_stream(&StreamDescription {
            name: "neurostream-markers".to_owned(),
            content_type: "Markers".to_owned(),
            channels: 2,
            format: ValueFormat::String,
            notes: vec![named("marker"), named(StreamDescription::DURATION)],
            ..StreamDescription::default()
        })?;
        let mut embeddings = None;
        if let Some(embedding) = &settings.embedding {
            let labels = (0..embedding.dimension).map(|index| format!("e{index}")).chain(["generation".to_owned()]);
            embeddings = Some(writer.add_stream(&StreamDescription {
                name: "neurostream-embedding".to_owned(),
                content_type: "Embedding".to_owned(),
                channels: embedding.dimension + 1,
                rate_hz: embedding.rate_hz,
                format: ValueFormat::Float32,
                notes: labels.map(|label| named(&label)).collect(),
                // Windows that would span a gap are left out.
                can_drop_samples: true,
                ..StreamDescription::default()
            })?);
        }
        Ok(Self {
            writer,
            signal,
            markers,
            embeddings,
            channels: facts.montage.len().max(1),
            period_s: 1.0 / facts.rate_hz,
            clock_offset_s: settings.clock_offset_s,
            own_clock_s: 0.0,
            newest: None,
            measured: None,
            stamps: Vec::new(),
        })
    }

    pub fn path(&self) -> &Path {
        self.writer.path()
    }

    pub fn frames(&mut self, frames: &[f32], stamp: Stamp, own: &[f64]) -> Result<(), XdfError> {
        let (count, newest) = (frames.len() / self.channels, stamp.0 - self.clock_offset_s);
        let last = newest - self.own_clock_s;
        self.stamps.clear();
        self.stamps.extend((0..count).rev().map(|before| last - before as f64 * self.period_s));
        for (stamp, own) in self.stamps.iter_mut().zip(own).filter(|(_, own)| own.is_finite()) {
            *stamp = *own;
        }
        self.newest = Some(newest);
        self.writer.write_frames(self.signal, &self.stamps, frames)
    }

    pub fn marker(&mut self, marker: &Marker, ahead_s: f64) -> Result<(), XdfError> {
        let Some(newest) = self.newest else { return Ok(()) };
        let duration = marker.duration_s.map_or_else(String::new, |seconds| seconds.to_string());
        let values = Values::String(vec![marker.text.clone(), duration]);
        self.writer.write(self.markers, &[newest - self.own_clock_s + self.period_s - ahead_s], &values)
    }

    pub fn embedding(&mut self, embedding: &EmbeddingCopy) -> Result<(), XdfError> {
        let Some(stream) = self.embeddings else { return Ok(()) };
        let mut values = embedding.values.clone();
        values.push(embedding.generation as f32);
        self.writer.write_frames(stream, &[embedding.stamp.0 - self.clock_offset_s], &values)
    }

    pub fn clock(&mut self, offset_s: f64) {
        if offset_s.is_finite() {
            self.own_clock_s = offset_s;
        }
    }

    pub fn step(&mut self, now: Stamp) -> Result<(), XdfError> {
        // Before the first frame it is not known what its clock is.
        if self.newest.is_some() && self.measured.is_none_or(|last| now - last >= CLOCK_EVERY_S) {
            let at_s = now.0 - self.clock_offset_s;
            let own = (self.own_clock_s, [Some(self.signal), Some(self.markers)]);
            for (offset_s, streams) in [own, (0.0, [self.embeddings, None])] {
                for stream in streams.into_iter().flatten() {
                    // Each measurement is dated on the clock that was measured.
                    self.writer.write_offset(stream, ClockOffset { at_s: at_s - offset_s, offset_s })?;
                }
            }
            self.measured = Some(now);
        }
        self.writer.step(now)
    }

    pub fn figures(&self) -> SinkFigures {
        SinkFigures { bytes: self.writer.so_far().bytes, ..SinkFigures::default() }
    }

    pub fn finish(&mut self) -> Result<SinkFigures, XdfError> {
        let written = self.writer.finish()?;
        Ok(SinkFigures { bytes: written.bytes, ..SinkFigures::default() })
    }

    pub fn abandon(self) -> SinkFigures {
        SinkFigures { bytes: self.writer.abandon().bytes, ..SinkFigures::default() }
    }
}

fn note(channel: &Channel) -> ChannelNote {
    let unit = match &channel.unit {
        Unit::Volts { .. } => "microvolts",
        Unit::Other(unit) => unit,
    };
    ChannelNote {
        label: channel.label.clone(),
        unit: unit.to_owned(),
        kind: channel.kind.word().to_ascii_uppercase(),
        location_mm: channel.location_mm,
    }
}
