//! Samples of signals of any rate become whole records of EDF or BDF.
//!
//! Owns [`Cutter`]; runs on the calling thread. Invariant: all signals of a record cover the same time, and between two of
//! them nothing is missing that is not annotated.

use crate::format::edf::{Annotation, EdfError, EdfWriter, Gap, Written};

/// Samples that wait for a whole record.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The stream that the signal is of, and its channel there.
    pub stream: usize,
    pub channel: usize,
    pub per_record: usize,
    samples: Vec<f64>,
    /// The newest sample, which stands in for missing ones.
    last: f64,
}

impl Waiting {
    pub fn new(stream: usize, channel: usize, per_record: usize) -> Self {
        Self { stream, channel, per_record, samples: Vec::new(), last: 0.0 }
    }
}

/// Cuts records.
#[derive(Debug)]
pub(super) struct Cutter {
    writer: EdfWriter,
    duration_s: f64,
    gap: Gap,
    signals: Vec<Waiting>,
}

impl Cutter {
    pub fn new(writer: EdfWriter, duration_s: f64, gap: Gap, signals: Vec<Waiting>) -> Self {
        Self { writer, duration_s, gap, signals }
    }

    pub fn annotate(&mut self, annotation: &Annotation) {
        self.writer.annotate(annotation);
    }

    /// The texts that did not fit the header.
    pub fn warnings(&self) -> &[String] {
        self.writer.warnings()
    }

    /// Seconds of samples that wait.
    fn waiting_s(&self) -> f64 {
        let of = |signal: &Waiting| signal.samples.len() as f64 / signal.per_record as f64 * self.duration_s;
        self.signals.iter().map(of).fold(0.0, f64::max)
    }

    /// When the next sample is taken to be, in seconds from the start in the header.
    pub fn end_s(&self) -> f64 {
        self.writer.next_onset_s() + self.waiting_s()
    }

    /// Takes samples `[T, C]` of a stream.
    pub fn take(&mut self, stream: usize, frames: &[f64], channels: usize) -> Result<(), EdfError> {
        for signal in self.signals.iter_mut().filter(|signal| signal.stream == stream) {
            signal.samples.extend(frames.chunks_exact(channels).filter_map(|frame| frame.get(signal.channel)));
            signal.last = signal.samples.last().copied().unwrap_or(signal.last);
        }
        self.write_whole()
    }

    /// Tells that nothing is there until `next_s`, in seconds from the start in the header.
    pub fn gap(&mut self, next_s: f64) -> Result<(), EdfError> {
        let onset_s = self.end_s();
        let missing_s = (next_s - onset_s).max(0.0);
        let waiting_s = self.waiting_s();
        let (onset, text) = (Annotation { onset_s, duration_s: Some(missing_s), text: String::new() }, EdfWriter::GAP);
        self.annotate(&Annotation { text: text.to_owned(), ..onset });
        let rest_s = if waiting_s > 0.0 { self.duration_s - waiting_s } else { 0.0 };
        let mut to_hold_s = if self.gap == Gap::Hold { missing_s } else { missing_s.min(rest_s) };
        while to_hold_s > 0.0 {
            let held_s = to_hold_s.min(self.duration_s - self.waiting_s());
            self.hold(held_s)?;
            to_hold_s -= held_s.max(1e-9);
        }
        if self.signals.iter().all(|signal| signal.samples.is_empty()) {
            self.writer.begin_record_at(next_s.max(self.writer.next_onset_s()))?;
        }
        Ok(())
    }

    /// Repeats the last sample of each signal.
    fn hold(&mut self, seconds: f64) -> Result<(), EdfError> {
        let filled_s = self.waiting_s() + seconds;
        for signal in &mut self.signals {
            let target = (filled_s / self.duration_s * signal.per_record as f64).round() as usize;
            let target = target.min(signal.per_record).max(signal.samples.len());
            signal.samples.resize(target, signal.last);
        }
        self.write_whole()
    }

    fn write_whole(&mut self) -> Result<(), EdfError> {
        while self.signals.iter().all(|signal| signal.samples.len() >= signal.per_record) {
            let record: Vec<&[f64]> =
                self.signals.iter().map(|s| s.samples.get(..s.per_record).unwrap_or_default()).collect();
            self.writer.write_record(&record)?;
            for signal in &mut self.signals {
                signal.samples.drain(..signal.per_record);
            }
        }
        Ok(())
    }

    /// Completes the last record and the file.
    pub fn finish(mut self) -> Result<Written, EdfError> {
        let waiting_s = self.waiting_s();
        if waiting_s > 0.0 {
            let missing_s = self.duration_s - waiting_s;
            if missing_s > 1e-9 {
                let text = "padding".to_owned();
                self.annotate(&Annotation { onset_s: self.end_s(), duration_s: Some(missing_s), text });
            }
            self.hold(missing_s)?;
        }
        self.writer.finish()
    }
}
