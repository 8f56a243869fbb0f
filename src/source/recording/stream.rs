//! Streams of a recording and the chunks that they come in.
//!
//! Plain values. Invariant: a chunk has one stamp a sample, and stamps are seconds from time 0 of the recording.

use crate::format::xdf::{ValueFormat, Values};

/// How a signal of EDF or BDF is scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignalScale {
    /// Value of `digital_min`.
    pub physical_min: f64,
    /// Value of `digital_max`.
    pub physical_max: f64,
    /// Announced lower end of the digital numbers.
    pub digital_min: i32,
    /// Announced upper end of the digital numbers.
    pub digital_max: i32,
    /// Bytes of a digital number in the file.
    pub sample_bytes: usize,
}

/// One channel of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedChannel {
    /// The name.
    pub label: String,
    /// The unit as the file writes it.
    pub unit: String,
    /// What it measures, as the file says it; empty where it does not.
    pub kind: String,
    /// Where it lies, in millimetres from the centre of the head, where the file says it.
    pub location_mm: Option<[f64; 3]>,
    /// The electrode or sensor; empty where the file does not say it.
    pub transducer: String,
    /// Filters of the recorder; empty where the file does not say them.
    pub prefilter: String,
    /// How it is scaled in the file, where it is.
    pub scale: Option<SignalScale>,
}

/// One stream of a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedStream {
    /// The name; empty for the signals of an EDF file.
    pub name: String,
    /// The content type: `EEG`, `Markers`, …
    pub content_type: String,
    /// What stays the same when the source restarts; may be empty.
    pub source_id: String,
    /// Rate in hertz, as the stamps have it; 0 for an irregular stream.
    pub rate_hz: f64,
    /// How values are carried.
    pub format: ValueFormat,
    /// Its channels, all of them.
    pub channels: Vec<RecordedChannel>,
}

impl RecordedStream {
    /// True for texts: annotations and markers.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.format == ValueFormat::String
    }

    /// True for numbers at a regular rate.
    #[must_use]
    pub fn is_signal(&self) -> bool {
        !self.is_text() && self.rate_hz > 0.0
    }
}

/// Samples of one stream that follow on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    /// Which stream.
    pub stream: usize,
    /// When each sample was taken, in seconds from time 0 of the recording.
    pub stamps: Vec<f64>,
    /// Values `[T, C]`.
    pub values: Values,
    /// How long a text lasts; only for annotations, one a sample.
    pub durations_s: Vec<Option<f64>>,
    /// False where samples are missing between the chunk before of this stream and this one.
    pub follows_on: bool,
}

impl Chunk {
    /// Keeps the samples from `from_s` on and before `to_s`.
    pub fn trim(&mut self, from_s: f64, to_s: f64) {
        let skipped = self.stamps.partition_point(|stamp| *stamp < from_s);
        let kept = self.stamps.partition_point(|stamp| *stamp < to_s).max(skipped);
        let width = self.values.len().checked_div(self.stamps.len()).unwrap_or(0);
        self.values.keep(skipped * width..kept * width);
        self.stamps.truncate(kept);
        self.stamps.drain(..skipped);
        if !self.durations_s.is_empty() {
            self.durations_s.truncate(kept);
            self.durations_s.drain(..skipped);
        }
    }
}
