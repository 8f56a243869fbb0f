//! EDF and BDF as streams: the signals of each rate, and the annotations.
//!
//! Owns [`EdfRecording`]; runs on the thread that opened it. Invariant: one record is held, and all annotations, which
//! come with the record that they begin in.

use super::{Chunk, Facts, RecordedChannel, RecordedStream, SignalScale};
use crate::format::edf::{Annotation, EdfFile, Record, rate_groups};
use crate::format::xdf::{ValueFormat, Values};
use crate::source::SourceError;
use std::collections::VecDeque;
use std::path::Path;

#[derive(Debug)]
pub(super) struct EdfRecording {
    file: EdfFile,
    facts: Facts,
    streams: Vec<RecordedStream>,
    /// Signals of each stream but the last, which is that of the annotations.
    groups: Vec<Vec<usize>>,
    annotations: Vec<Annotation>,
    next_annotation: usize,
    /// Records that do not follow on and their onsets; the first record leads.
    runs: Vec<(u64, f64)>,
    record: Record,
    next_record: u64,
    waiting: VecDeque<Chunk>,
    end_s: f64,
}

impl EdfRecording {
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let mut file = EdfFile::open(path)?;
        let header = file.header().clone();
        let mut annotations = file.annotations()?.to_vec();
        let mut record = Record::default();
        let mut onset_of = |file: &mut EdfFile, index: u64| -> Result<f64, SourceError> {
            if header.records == 0 {
                return Ok(0.0);
            }
            file.read_record(index, &mut record)?;
            Ok(record.onset_s())
        };
        let onset_s = onset_of(&mut file, 0)?;
        let end_s = onset_of(&mut file, header.records.saturating_sub(1))? - onset_s + header.record_duration_s;
        let jumps = file.discontinuities()?.iter().map(|&(index, at_s)| (index, at_s - onset_s));
        let runs = std::iter::once((0, 0.0)).chain(jumps).collect();
        annotations.iter_mut().for_each(|annotation| annotation.onset_s -= onset_s);
        annotations.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));

        let groups: Vec<Vec<usize>> = rate_groups(file.signals()).into_iter().map(|group| group.signals).collect();
        let format = if header.format.sample_bytes() == 2 { ValueFormat::Float32 } else { ValueFormat::Double64 };
        let mut streams: Vec<RecordedStream> = groups
            .iter()
            .map(|signals| RecordedStream {
                content_type: "EEG".to_owned(),
                rate_hz: signals.first().and_then(|&signal| file.rate_hz(signal)).unwrap_or_default(),
                format,
                channels: signals.iter().map(|&signal| channel(&file, signal)).collect(),
                ..RecordedStream::default()
            })
            .collect();
        streams.push(RecordedStream {
            name: "annotations".to_owned(),
            content_type: "Markers".to_owned(),
            format: ValueFormat::String,
            channels: vec![RecordedChannel { label: "annotation".to_owned(), ..RecordedChannel::default() }],
            ..RecordedStream::default()
        });
        let facts = Facts {
            start: header.start,
            onset_s,
            clock_s: 0.0,
            patient: header.patient,
            recording: header.recording,
            record_duration_s: Some(header.record_duration_s).filter(|d| *d > 0.0),
        };
        Ok(Self {
            file,
            facts,
            streams,
            groups,
            annotations,
            next_annotation: 0,
            runs,
            record,
            next_record: 0,
            waiting: VecDeque::new(),
            end_s,
        })
    }

    pub fn streams(&self) -> &[RecordedStream] {
        &self.streams
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub fn warnings(&self) -> Vec<String> {
        self.file.warnings()
    }

    pub fn text_bytes(&self) -> usize {
        self.annotations.iter().map(|annotation| annotation.text.len() + super::STAMP_BYTES).sum()
    }

    pub fn end_s(&self) -> f64 {
        self.end_s
    }

    pub fn seek(&mut self, seconds: f64) -> Result<(), SourceError> {
        let (duration_s, records) = (self.file.header().record_duration_s, self.file.header().records);
        // Where a recording goes back in time, the first record of that time.
        let run = self.runs.iter().rposition(|(_, onset_s)| *onset_s <= seconds).unwrap_or(0);
        let (first, onset_s) = self.runs.get(run).copied().unwrap_or_default();
        let end = self.runs.get(run + 1).map_or(records, |next| next.0);
        let after =
            if duration_s > 0.0 { ((seconds - onset_s) / duration_s + 1e-9).floor().max(0.0) as u64 } else { 0 };
        self.next_record = first.saturating_add(after).min(end);
        self.next_annotation = self.annotations.partition_point(|annotation| annotation.onset_s < seconds);
        self.waiting.clear();
        Ok(())
    }

    pub fn next(&mut self, chunk: &mut Chunk) -> Result<bool, SourceError> {
        if self.waiting.is_empty() && !self.read_record()? {
            self.annotate(f64::INFINITY);
        }
        let next = self.waiting.pop_front();
        let is_there = next.is_some();
        *chunk = next.unwrap_or_default();
        Ok(is_there)
    }

    fn read_record(&mut self) -> Result<bool, SourceError> {
        let index = self.next_record;
        if index >= self.file.header().records {
            return Ok(false);
        }
        self.file.read_record(index, &mut self.record)?;
        self.next_record += 1;
        let from_s = self.record.onset_s() - self.facts.onset_s;
        let follows_on = index == 0 || !self.runs.iter().any(|(first, _)| *first == index);
        for (stream, signals) in self.groups.iter().enumerate() {
            let (mut columns, mut samples) = (Vec::new(), 0);
            for &signal in signals {
                let mut column = Vec::new();
                self.record.physical_into(signal, &mut column)?;
                samples = column.len();
                columns.push(column);
            }
            let frames = (0..samples).flat_map(|at| columns.iter().filter_map(move |column| column.get(at).copied()));
            let values = Values::Double64(frames.collect());
            let rate_hz = self.streams.get(stream).map_or(1.0, |stream| stream.rate_hz);
            let stamps = (0..samples).map(|at| from_s + at as f64 / rate_hz).collect();
            self.waiting.push_back(Chunk { stream, stamps, values, durations_s: Vec::new(), follows_on });
        }
        self.annotate(from_s + self.file.header().record_duration_s);
        // A file of annotations alone has records without chunks.
        if self.waiting.is_empty() { self.read_record() } else { Ok(true) }
    }

    /// Takes the annotations out that begin before `before_s`.
    fn annotate(&mut self, before_s: f64) {
        while let Some(annotation) = self.annotations.get(self.next_annotation).filter(|a| a.onset_s < before_s) {
            self.next_annotation += 1;
            self.waiting.push_back(Chunk {
                stream: self.groups.len(),
                stamps: vec![annotation.onset_s],
                values: Values::String(vec![annotation.text.clone()]),
                durations_s: vec![annotation.duration_s],
                follows_on: true,
            });
        }
    }
}

fn channel(file: &EdfFile, signal: usize) -> RecordedChannel {
    let sample_bytes = file.header().format.sample_bytes();
    file.signals().get(signal).map_or_else(RecordedChannel::default, |header| RecordedChannel {
        label: header.label.clone(),
        unit: header.dimension.clone(),
        kind: String::new(),
        location_mm: None,
        transducer: header.transducer.clone(),
        prefilter: header.prefilter.clone(),
        scale: Some(SignalScale {
            physical_min: header.physical_min,
            physical_max: header.physical_max,
            digital_min: header.digital_min,
            digital_max: header.digital_max,
            sample_bytes,
        }),
    })
}
