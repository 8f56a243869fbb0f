//! The record that is being filled: samples become digital numbers, annotations wait for room.
//!
//! Owns [`Filling`]; runs on the thread of the writer. Invariant: once sealed, the bytes are a whole record; annotations
//! are in their order, and one that waits is in no record yet.

use super::signal_header::Layout;
use super::{Annotation, Resolution, tal};
use std::collections::VecDeque;

/// The longest list that gives a record its onset: sign, ten digits, point, seven decimals and three separators.
const LONGEST_CLOCK: usize = 22;

/// More annotations than this do not wait for room.
const MOST_WAITING: usize = 100_000;

/// From values to digital numbers.
#[derive(Clone, Copy, Debug)]
struct Scale {
    physical_min: f64,
    gain: f64,
    digital_min: f64,
    /// The signal's first byte in the record.
    start: usize,
}

/// The record that is being filled, or the last one as long as `frames` is 0.
#[derive(Debug)]
pub(super) struct Filling {
    pub bytes: Vec<u8>,
    /// Frames in it, where its signals share a rate.
    pub frames: usize,
    /// True from when the record is complete until it is written.
    sealed: bool,
    scales: Vec<Scale>,
    resolution: Resolution,
    /// Where annotations lie, and how many bytes of it are taken.
    room: std::ops::Range<usize>,
    annotated: usize,
    waiting: VecDeque<Vec<u8>>,
}

impl Filling {
    /// An empty record; the last signal of the layout is that of the annotations.
    pub fn new(layout: &Layout, resolution: Resolution) -> Self {
        let ordinary = layout.signals.split_last().map_or(&[][..], |(_, ordinary)| ordinary);
        let scales = ordinary.iter().map(|signal| Scale {
            physical_min: signal.physical_min,
            gain: signal.gain(),
            digital_min: f64::from(signal.digital_min),
            start: signal.bytes.start,
        });
        Self {
            bytes: vec![0; layout.record_bytes],
            frames: 0,
            sealed: false,
            scales: scales.collect(),
            resolution,
            room: layout.signals.last().map_or(0..0, |signal| signal.bytes.clone()),
            annotated: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Where annotations lie in the record.
    pub fn room(&self) -> std::ops::Range<usize> {
        self.room.clone()
    }

    /// Annotations that are in no record yet.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Writes a value as the nearest digital number there is; true if it had to be clipped or was no number.
    pub fn put(&mut self, signal: usize, frame: usize, value: f64) -> bool {
        let Some(scale) = self.scales.get(signal) else { return false };
        let known = if value.is_nan() { 0.0 } else { value };
        let digital = ((known - scale.physical_min) / scale.gain).round() + scale.digital_min;
        let (lowest, highest) = self.resolution.digital_range();
        let clipped = digital.clamp(f64::from(lowest), f64::from(highest));
        let width = self.resolution.sample_bytes();
        let start = scale.start + width * frame;
        if let Some(place) = self.bytes.get_mut(start..start + width) {
            place.copy_from_slice((clipped as i32).to_le_bytes().get(..width).unwrap_or_default());
        }
        clipped != digital || value.is_nan()
    }

    /// Repeats the last frame `count` times; `samples` is how many frames a record has.
    pub fn hold(&mut self, count: usize, samples: usize) {
        let width = self.resolution.sample_bytes();
        let last = if self.frames == 0 { samples } else { self.frames }.saturating_sub(1);
        for scale in &self.scales {
            let from = scale.start + width * last;
            let held = scale.start + width * self.frames;
            for to in (held..held + width * count).step_by(width) {
                self.bytes.copy_within(from..from + width, to);
            }
        }
        self.frames += count;
    }

    /// Takes an annotation in; returns whether its text was shortened, or `None` where too many wait already.
    pub fn annotate(&mut self, annotation: &Annotation) -> Option<bool> {
        if self.waiting.len() >= MOST_WAITING {
            return None;
        }
        let (list, shortened) = tal::annotation_list(annotation, self.room.len().saturating_sub(LONGEST_CLOCK));
        self.waiting.push_back(list);
        Some(shortened)
    }

    /// Completes the record with its onset and the annotations that it has room for, once.
    pub fn seal(&mut self, onset_s: f64) {
        if self.sealed {
            return;
        }
        let clock = tal::clock_list(onset_s);
        if let Some(room) = self.bytes.get_mut(self.room.clone()) {
            room.fill(0);
            room.iter_mut().zip(&clock).for_each(|(to, from)| *to = *from);
        }
        self.annotated = clock.len();
        self.sealed = true;
        self.place_waiting();
    }

    /// Moves waiting annotations into the record while they fit.
    pub fn place_waiting(&mut self) {
        let Some(room) = self.bytes.get_mut(self.room.clone()) else { return };
        while let Some(list) = self.waiting.front() {
            let Some(place) = room.get_mut(self.annotated..self.annotated + list.len()) else { return };
            place.copy_from_slice(list);
            self.annotated += list.len();
            self.waiting.pop_front();
        }
    }

    /// Begins the next record.
    pub fn next(&mut self) {
        (self.frames, self.sealed) = (0, false);
    }
}
