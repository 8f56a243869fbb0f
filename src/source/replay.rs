//! Plays a recording.
//!
//! Owned by the acquisition thread; holds one record in memory. Invariant: frames of records that follow on have numbers
//! that follow on; where they do not, or where the recording starts again, numbers jump.

use super::playback::Playback;
use super::{Progress, Selection, Source, SourceError};
use crate::format::edf::{EdfFile, Record};
use crate::signal::{Block, Channel, Digital, Event, EventKind, Marker, Montage, SourceKind, Stamp, StreamFacts};
use std::collections::BTreeMap;
use std::path::Path;

/// A recording as a source.
#[derive(Debug)]
pub struct ReplaySource {
    file: EdfFile,
    facts: StreamFacts,
    signals: Vec<usize>,
    record: Record,
    next_record: u64,
    playback: Playback,
    origin_s: f64,
    repeat: bool,
    warnings: Vec<String>,
}

impl ReplaySource {
    /// Opens a recording.
    ///
    /// `times` is how many times real time it plays, or none for as fast as possible; blocks hold `block_s` seconds.
    ///
    /// # Errors
    /// If it cannot be read, or the selection leaves no channels of one rate.
    pub fn open(
        path: &Path,
        selection: &Selection,
        times: Option<f64>,
        block_s: f64,
        repeat: bool,
    ) -> Result<Self, SourceError> {
        Self::with(path, selection, times, block_s, repeat, true)
    }

    /// Opens a recording as fast as possible and without its annotations, which take a pass through all of it.
    ///
    /// # Errors
    /// As [`ReplaySource::open`].
    pub fn open_bare(path: &Path, selection: &Selection, block_s: f64) -> Result<Self, SourceError> {
        Self::with(path, selection, None, block_s, false, false)
    }

    fn with(
        path: &Path,
        selection: &Selection,
        times: Option<f64>,
        block_s: f64,
        repeat: bool,
        is_annotated: bool,
    ) -> Result<Self, SourceError> {
        let mut file = EdfFile::open(path)?;
        let name = path.display().to_string();
        let ordinary: Vec<usize> = file.ordinary_signals().collect();
        if ordinary.is_empty() {
            return Err(SourceError::NoSamples { name, what: "it holds annotations only" });
        }
        if file.header().records == 0 {
            return Err(SourceError::NoSamples { name, what: "it has no whole record" });
        }
        let channels: Vec<Channel> = ordinary.iter().map(|&i| channel(&file, i)).collect();
        let (picked, channels): (Vec<usize>, Vec<Channel>) =
            selection.pick(&name, channels)?.into_iter().map(|(i, channel)| (ordinary[i], channel)).unzip();
        let signals = one_rate(&file, &name, &picked, selection.is_explicit())?;
        let rate_hz = file.rate_hz(signals[0]).unwrap_or_default();
        let a_record = file.signals()[signals[0]].samples_per_record;
        let frames = file.header().records * a_record as u64;
        let of_one_rate = picked.iter().zip(channels).filter(|(signal, _)| signals.contains(signal));
        let montage = Montage { channels: of_one_rate.map(|(_, channel)| channel).collect() };
        let mut record = Record::default();
        file.read_record(0, &mut record)?;
        let origin_s = record.onset_s();
        let markers = is_annotated.then(|| markers(&mut file, origin_s, rate_hz)).transpose()?;
        let facts = StreamFacts {
            kind: SourceKind::Replay,
            name,
            montage,
            rate_hz,
            frames: Some(frames),
            markers: markers.as_deref().map(Marker::texts),
        };
        let mut warnings = file.warnings();
        if !selection.is_explicit() {
            warnings.extend(left_out(&file, &signals, &ordinary));
        }
        let playback = Playback::new(signals.len(), rate_hz, times, block_s, markers.unwrap_or_default());
        Ok(Self { file, facts, signals, record, next_record: 0, playback, origin_s, repeat, warnings })
    }

    /// Frames in the longest block it gives.
    #[must_use]
    pub fn block_frames(&self) -> usize {
        self.playback.block_frames
    }

    /// The last record that does not begin behind a frame; none if one on the way there cannot be read.
    fn record_before(&mut self, frame: u64) -> Option<u64> {
        let a_record = self.file.signals()[*self.signals.first()?].samples_per_record.max(1) as u64;
        // With pauses between records it is an earlier one than without.
        let (mut least, mut most) = (0, (frame / a_record).min(self.file.header().records.saturating_sub(1)));
        if !self.file.header().format.is_discontinuous() {
            return Some(most);
        }
        while least < most {
            let middle = (least + most).div_ceil(2);
            self.file.read_record(middle, &mut self.record).ok()?;
            let onset = (self.record.onset_s() - self.origin_s) * self.facts.rate_hz;
            if onset.round() <= frame as f64 { least = middle } else { most = middle - 1 }
        }
        Some(least)
    }

    /// Reads the next record, going back to the first one if it is to repeat; false at the end.
    fn read_on(&mut self, now: Stamp, events: &mut Vec<Event>) -> Result<bool, SourceError> {
        if self.next_record == self.file.header().records {
            if !self.repeat {
                return Ok(false);
            }
            self.next_record = 0;
            self.playback.start_again();
            let text = format!("{} starts again", self.facts.name);
            events.push(Event { at: now, kind: EventKind::Source, text });
        }
        self.file.read_record(self.next_record, &mut self.record)?;
        self.record.frames_into(&self.signals, self.playback.refill())?;
        let onset = self.record.onset_s() - self.origin_s;
        let here = self.playback.pass_offset as f64 + onset * self.facts.rate_hz;
        let missing = here - self.playback.next as f64;
        if self.next_record > 0 && missing.abs() > 0.5 {
            let text = if missing > 0.0 {
                format!("{missing:.0} frames are missing before record {} of the recording", self.next_record)
            } else {
                let back_s = -missing / self.facts.rate_hz;
                format!(
                    "record {} of the recording begins {back_s:.3} s before the end of the one before",
                    self.next_record
                )
            };
            events.push(Event { at: now, kind: EventKind::Gap, text });
            // Numbers never go back: where the recording does, they jump by as little as makes a gap.
            self.playback.next = (here.round().max(0.0) as u64).max(self.playback.next + 1);
        }
        self.next_record += 1;
        Ok(true)
    }
}

/// What the file says of a signal.
fn channel(file: &EdfFile, signal: usize) -> Channel {
    let header = &file.signals()[signal];
    let (unit, bits) = (header.unit(), 8 * file.header().format.sample_bytes() as u8);
    let (zero, gain) = (header.physical(0) * unit.factor(), header.gain() * unit.factor());
    Channel { digital: Some(Digital::scaled(bits, gain, zero)), ..Channel::named(&header.label, unit) }
}

/// What is not taken, where the choice was not the user's.
fn left_out(file: &EdfFile, taken: &[usize], all: &[usize]) -> Option<String> {
    let labels = |signals: &mut dyn Iterator<Item = &usize>| {
        signals.map(|&i| file.signals()[i].label.as_str()).collect::<Vec<_>>().join(", ")
    };
    let others: Vec<usize> = all.iter().copied().filter(|i| !taken.contains(i)).collect();
    (!others.is_empty()).then(|| {
        let (few, whole) = (taken.len(), all.len());
        let (taken, others) = (labels(&mut taken.iter()), labels(&mut others.iter()));
        format!("{few} of {whole} channels are taken: {taken}; left out: {others} (choose with [signal] channels)")
    })
}

/// Those of the signals that have the most common rate (the higher of two).
fn one_rate(file: &EdfFile, name: &str, picked: &[usize], named: bool) -> Result<Vec<usize>, SourceError> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &signal in picked {
        groups.entry(file.signals()[signal].samples_per_record).or_default().push(signal);
    }
    let labels = |signals: &[usize]| {
        let labels: Vec<&str> = signals.iter().map(|&i| file.signals()[i].label.as_str()).collect();
        labels.join(", ")
    };
    let rate = |signals: &[usize]| file.rate_hz(signals[0]).unwrap_or_default();
    if named && groups.len() > 1 {
        let rates: Vec<String> = groups.values().map(|s| format!("{} Hz: {}", rate(s), labels(s))).collect();
        return Err(SourceError::MixedRates { name: name.to_owned(), rates: rates.join("; ") });
    }
    let Some(most) = groups.values().max_by_key(|s| s.len()).map(Vec::len) else {
        return Err(SourceError::NoChannels { name: name.to_owned(), channels: String::new() });
    };
    // Of groups of one size the last has the highest rate.
    Ok(groups.values().rfind(|s| s.len() == most).cloned().unwrap_or_default())
}

/// The annotations on the frames that they begin at.
fn markers(file: &mut EdfFile, origin_s: f64, rate_hz: f64) -> Result<Vec<Marker>, SourceError> {
    let mut markers: Vec<Marker> = file
        .annotations()?
        .iter()
        .map(|a| Marker {
            frame: ((a.onset_s - origin_s) * rate_hz).round().max(0.0) as u64,
            duration_s: a.duration_s,
            text: a.text.clone(),
        })
        .collect();
    markers.sort_by_key(|m| m.frame);
    Ok(markers)
}

impl Source for ReplaySource {
    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn step(&mut self, now: Stamp, block: &mut Block, events: &mut Vec<Event>) -> Result<Progress, SourceError> {
        for text in self.warnings.drain(..) {
            events.push(Event { at: now, kind: EventKind::Warning, text });
        }
        while self.playback.waiting() == 0 {
            if !self.read_on(now, events)? {
                return Ok(Progress::End("end of source".to_owned()));
            }
        }
        Ok(self.playback.give(now, block))
    }

    fn pass_over(&mut self, frame: u64) {
        let Some(record) = self.record_before(frame).filter(|record| *record > self.next_record) else { return };
        let a_record = self.signals.first().map_or(1, |&signal| self.file.signals()[signal].samples_per_record);
        self.next_record = record;
        // Records that do not follow on say themselves how much later they are.
        self.playback.next = record * a_record as u64;
        self.playback.refill();
    }
}
