//! One pass over the annotations of a file: its events, its clock, and what is wrong with either.
//!
//! Owns [`Timeline`]; runs on the thread of the reader. Invariant: only the bytes of annotation signals are read, and
//! a file is gone through at most once.

use super::{Annotation, EdfError, EdfFile};
use std::io::{Read, Seek};

/// What the annotations of a whole file say.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub annotations: Vec<Annotation>,
    /// Records that do not follow on: number and onset in seconds.
    pub discontinuities: Vec<(u64, f64)>,
    pub warnings: Vec<String>,
}

impl<R: Read + Seek> EdfFile<R> {
    /// All annotations in the order of the file; the first call goes through the file.
    ///
    /// # Errors
    /// [`EdfError::Read`] where the system fails.
    pub fn annotations(&mut self) -> Result<&[Annotation], EdfError> {
        Ok(&self.timeline()?.annotations)
    }

    /// Records that do not follow on from the one before: `(record, onset in seconds)`.
    ///
    /// A record follows on where its onset is the end of the one before to within half a sample of the fastest signal.
    ///
    /// # Errors
    /// [`EdfError::Read`] where the system fails.
    pub fn discontinuities(&mut self) -> Result<&[(u64, f64)], EdfError> {
        Ok(&self.timeline()?.discontinuities)
    }

    fn timeline(&mut self) -> Result<&Timeline, EdfError> {
        let timeline = match self.timeline.take() {
            Some(timeline) => timeline,
            None => self.scan()?,
        };
        Ok(self.timeline.insert(timeline))
    }

    fn scan(&mut self) -> Result<Timeline, EdfError> {
        let mut timeline = Timeline::default();
        if !self.signals().iter().any(|signal| signal.is_annotation) {
            return Ok(timeline);
        }
        let duration_s = self.header().record_duration_s;
        let fastest = self.signals().iter().filter(|s| !s.is_annotation).map(|s| s.samples_per_record).max();
        // A file of annotations only has no samples that could be missing.
        let tolerance_s = fastest.map_or(f64::INFINITY, |samples| 0.5 * duration_s / samples as f64);
        let (mut bad, mut latin1, mut clockless) = (First::default(), First::default(), First::default());
        let mut bytes = Vec::new();
        let mut expected_s: Option<f64> = None;
        for index in 0..self.header().records {
            let tally = self.read_annotations(index, &mut bytes, &mut timeline.annotations)?;
            bad.add(u64::from(tally.bad), index);
            latin1.add(u64::from(tally.latin1), index);
            clockless.add(u64::from(tally.clock_s.is_none()), index);
            let onset_s = tally.clock_s.or(expected_s).unwrap_or(0.0);
            if expected_s.is_some_and(|expected_s| (onset_s - expected_s).abs() > tolerance_s) {
                timeline.discontinuities.push((index, onset_s));
            }
            expected_s = Some(onset_s + duration_s);
        }
        let format = self.header().format;
        timeline.warnings.extend(bad.warning("annotation list(s) could not be read and were skipped"));
        timeline.warnings.extend(latin1.warning("annotation text(s) are not UTF-8 and were read as Latin-1"));
        if format.is_plus() {
            timeline
                .warnings
                .extend(clockless.warning("record(s) do not say when they begin and are taken to follow on"));
        }
        if let (false, Some((record, onset_s))) = (format.is_discontinuous(), timeline.discontinuities.first()) {
            timeline.warnings.push(format!(
                "{} record(s) of a {format} file do not follow on, first record {record} at {onset_s} s; read as gaps",
                timeline.discontinuities.len()
            ));
        }
        Ok(timeline)
    }
}

/// How often something happened, and in which record first.
#[derive(Default)]
struct First {
    count: u64,
    record: u64,
}

impl First {
    fn add(&mut self, count: u64, record: u64) {
        if self.count == 0 {
            self.record = record;
        }
        self.count += count;
    }

    fn warning(&self, what: &str) -> Option<String> {
        (self.count > 0).then(|| format!("{} {what}, first in record {}", self.count, self.record))
    }
}
