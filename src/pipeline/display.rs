//! The display's own consumer: traces for the screen.
//!
//! Owned by the telemetry thread. Invariant: what is shown is filtered for the eye only; nothing that is learnt or
//! recorded passes through here.

use super::view::Traces;
use crate::dsp::spectra::{Spectra, Welch};
use crate::dsp::{Conditioner, Conditioning, Derivation, Envelope};
use crate::ring::FrameReader;
use crate::signal::Marker;
use std::collections::VecDeque;
use std::sync::Arc;

/// Seconds in sight.
const SIGHT_S: f64 = 10.0;
const BINS: usize = 1000;
/// Cut-off of the display's high-pass: offsets and drift would push traces out of sight.
const HIGHPASS_HZ: f64 = 0.5;
/// Frames taken at once.
const STRIDE: usize = 256;
/// At full speed signal goes by faster than anybody looks: Views from one look at its spectra to the next.
const LOOK_EVERY: usize = 10;

/// Reads the ring of recorded frames into an envelope.
pub(super) struct DisplayStage {
    reader: FrameReader,
    envelope: Envelope,
    welch: Welch,
    spectra: Option<Arc<Spectra>>,
    /// Views since spectra were last looked at; none while they are.
    unlooked: Option<usize>,
    conditioner: Conditioner,
    /// `[C]`: nothing is referred to anything here, so every channel may stand.
    trusted: Vec<bool>,
    highpass_hz: Option<f64>,
    next: Option<u64>,
    skip_beyond: Option<usize>,
    samples: Vec<f32>,
    filtered: Vec<f32>,
    markers: VecDeque<Marker>,
}

impl DisplayStage {
    pub fn new(reader: FrameReader, rate_hz: f64, skip_beyond: Option<usize>) -> Self {
        let channels = reader.channels();
        let highpass_hz = (HIGHPASS_HZ < rate_hz / 2.0).then_some(HIGHPASS_HZ);
        let how = Conditioning { highpass_hz, ..Conditioning::of(Derivation::as_recorded(channels)) };
        Self {
            envelope: Envelope::new(channels, BINS, SIGHT_S / BINS as f64, rate_hz),
            welch: Welch::new(channels, rate_hz),
            spectra: None,
            unlooked: None,
            conditioner: Conditioner::new(&how, rate_hz),
            trusted: vec![true; channels],
            highpass_hz,
            reader,
            next: None,
            skip_beyond,
            samples: vec![0.0; STRIDE * channels],
            filtered: Vec::with_capacity(STRIDE * channels),
            markers: VecDeque::new(),
        }
    }

    pub fn reader(&self) -> &FrameReader {
        &self.reader
    }

    /// Takes in all frames that are there.
    pub fn step(&mut self) {
        if let Some(limit) = self.skip_beyond
            && self.reader.left() > limit as u64
        {
            self.reader.skip_to_newest(STRIDE);
        }
        let channels = self.reader.channels();
        loop {
            let (_, ready) = self.reader.ready();
            let frames = ready.min(STRIDE);
            let Some(passage) = self.reader.peek(frames) else { break };
            let first = passage.first;
            let samples = &mut self.samples[..frames * channels];
            passage.copy_to(samples);
            if self.next.is_some_and(|next| next != first) {
                self.conditioner.gap(first);
            }
            self.next = Some(first + frames as u64);
            self.filtered.clear();
            self.conditioner.step(samples, &self.trusted, &mut self.filtered);
            self.envelope.push(&self.filtered, first);
            if self.unlooked.is_none() && self.welch.push(&self.filtered, first) {
                self.spectra = self.welch.spectra().map(Arc::new);
                let is_at_full_speed = self.skip_beyond.is_none();
                self.unlooked = (is_at_full_speed && self.welch.is_settled()).then_some(0);
            }
            self.reader.commit(frames);
        }
    }

    /// Remembers a marker while it is in sight.
    pub fn mark(&mut self, marker: Marker) {
        self.markers.push_back(marker);
        while self.markers.len() > 64 {
            self.markers.pop_front();
        }
    }

    /// The newest spectra.
    pub fn spectra(&self) -> Option<Arc<Spectra>> {
        self.spectra.clone()
    }

    /// The traces of this moment.
    pub fn traces(&mut self) -> Traces {
        self.unlooked = self.unlooked.map(|views| views + 1).filter(|views| *views < LOOK_EVERY);
        let mut traces = Traces { bin_s: SIGHT_S / BINS as f64, bins: BINS, ..Traces::default() };
        self.envelope.ranges_to(&mut traces.envelope);
        self.envelope.rms_to(&mut traces.rms);
        let seen = self.markers.iter().filter_map(|m| Some((self.envelope.column_of(m.frame)?, m.text.clone())));
        traces.markers = seen.collect();
        traces.filters = self.highpass_hz.map_or_else(String::new, |hz| format!("HP {hz}"));
        traces
    }
}
