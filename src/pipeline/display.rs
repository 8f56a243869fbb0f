//! The display's own consumer: traces for the screen.
//!
//! Owned by the telemetry thread. Invariant: what is shown is filtered for the eye only; nothing that is learnt or
//! recorded passes through here.

use super::eye::{Eye, EyeBoard};
use super::view::Traces;
use crate::dsp::quality::Reasons;
use crate::dsp::spectra::{Spectra, Welch};
use crate::dsp::{Conditioner, Envelope};
use crate::ring::FrameReader;
use crate::signal::{Marker, StreamFacts};
use std::collections::VecDeque;
use std::sync::Arc;

/// Seconds in sight.
const SIGHT_S: f64 = 10.0;
const BINS: usize = 1000;
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
    /// `[C]`: what others may be referred to.
    trusted: Vec<bool>,
    facts: Arc<StreamFacts>,
    notch_hz: f64,
    eye: Eye,
    wanted: Arc<EyeBoard>,
    next: Option<u64>,
    skip_beyond: Option<usize>,
    samples: Vec<f32>,
    filtered: Vec<f32>,
    markers: VecDeque<Marker>,
}

impl DisplayStage {
    pub fn new(reader: FrameReader, facts: &Arc<StreamFacts>, notch_hz: f64, skip_beyond: Option<usize>) -> Self {
        let (channels, rate_hz) = (reader.channels(), facts.rate_hz);
        let eye = Eye::default();
        Self {
            envelope: Envelope::new(channels, BINS, SIGHT_S / BINS as f64, rate_hz),
            welch: Welch::new(channels, rate_hz),
            spectra: None,
            unlooked: None,
            conditioner: Conditioner::new(&eye.conditioning(facts, notch_hz), rate_hz),
            trusted: vec![true; channels],
            facts: Arc::clone(facts),
            notch_hz,
            eye,
            wanted: Arc::default(),
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

    /// Where it is asked how to show the signal.
    pub fn eye(&self) -> Arc<EyeBoard> {
        Arc::clone(&self.wanted)
    }

    /// True where it has to know which channels are good.
    pub fn is_referred(&self) -> bool {
        self.eye.referred
    }

    /// Which channels are bad, so that others are not referred to them.
    pub fn judge(&mut self, reasons: &[Reasons]) {
        self.trusted.iter_mut().zip(reasons).for_each(|(good, reasons)| *good = reasons.is_empty());
    }

    /// Takes other filters where they are wanted.
    fn look(&mut self) {
        let wanted = self.wanted.wanted();
        if wanted != self.eye {
            self.eye = wanted;
            self.conditioner = Conditioner::new(&wanted.conditioning(&self.facts, self.notch_hz), self.facts.rate_hz);
            self.trusted.fill(true);
            self.welch.restart();
        }
    }

    /// Takes in all frames that are there.
    pub fn step(&mut self) {
        self.look();
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
        traces.first = self.envelope.first_bin();
        traces.eye = self.eye;
        traces.filters = self.eye.words(&self.facts, self.notch_hz);
        traces
    }
}
