//! Plays one stream of an XDF recording, with the markers of all others.
//!
//! Owned by the acquisition thread; holds a piece of the signal and all markers in memory. Invariant: frames of one
//! segment have numbers that follow on; where the recording has a break, or starts again, numbers jump.

use super::playback::{Playback, SEAM_FRAMES};
use super::{Progress, Selection, Source, SourceError};
use crate::format::xdf::{Place, Samples, Segment, Timeline, ValueFormat, XdfFile, XdfStream};
use crate::signal::{
    Block, Channel, ChannelKind, Event, EventKind, Marker, Montage, SourceKind, Stamp, StreamFacts, Unit,
};
use std::path::Path;
use std::sync::Arc;

/// A stream of an XDF recording as a source.
#[derive(Debug)]
pub struct XdfSource {
    file: XdfFile,
    stream: usize,
    facts: StreamFacts,
    /// Channels that are taken, each with what turns its values into microvolts.
    picked: Vec<(usize, f64)>,
    channels: usize,
    timeline: Arc<Timeline>,
    /// Number of the first frame of each segment.
    firsts: Vec<u64>,
    segment: usize,
    place: Place,
    samples: Samples,
    playback: Playback,
    repeat: bool,
    warnings: Vec<String>,
}

/// Samples that are read at once.
const PIECE: usize = 4096;

/// A measured rate that is within this of the nominal one is the nominal one: clocks of amplifiers are far better, and
/// a model that was trained on one recording has to fit the next.
const SAME_RATE: f64 = 1e-3;

impl XdfSource {
    /// Opens a recording and chooses its stream: the one of this name, else the only one with numbers at a regular
    /// rate, else the only one of these whose type is EEG.
    ///
    /// `times` is how many times real time it plays, or none for as fast as possible; blocks hold `block_s` seconds.
    ///
    /// # Errors
    /// If it cannot be read, it is not clear which stream is meant, or the selection leaves no channel.
    pub fn open(
        path: &Path,
        stream: Option<&str>,
        selection: &Selection,
        times: Option<f64>,
        block_s: f64,
        repeat: bool,
    ) -> Result<Self, SourceError> {
        let mut file = XdfFile::open(path)?;
        let name = path.display().to_string();
        let stream = choose(&name, file.streams(), stream)?;
        let timeline = file.timeline(stream)?;
        if timeline.samples == 0 {
            return Err(SourceError::NoSamples { name, what: "the stream is empty" });
        }
        let description = file.streams().get(stream).map(|s| s.description.clone()).unwrap_or_default();
        let all: Vec<Channel> = (0..description.channels).map(|index| channel(&description.notes, index)).collect();
        let factors: Vec<f64> = all.iter().map(|channel| channel.unit.factor()).collect();
        let (indices, channels): (Vec<usize>, Vec<Channel>) = selection.pick(&name, all)?.into_iter().unzip();
        let rate_hz = rate_hz(description.rate_hz, timeline.effective_rate_hz);
        let firsts = first_frames(&timeline.segments, rate_hz);
        let picked = indices.iter().filter_map(|&i| Some((i, *factors.get(i)?))).collect();
        let montage = Montage { channels };
        let markers = markers(&mut file, &timeline.segments, &firsts, rate_hz)?;
        let (frames, texts) = (Some(timeline.samples), Some(Marker::texts(&markers)));
        let facts = StreamFacts { kind: SourceKind::Replay, name, montage, rate_hz, frames, markers: texts };
        let mut warnings = file.warnings();
        warnings.extend(left_out(file.streams(), stream));
        let playback = Playback::new(indices.len(), rate_hz, times, block_s, markers);
        Ok(Self {
            file,
            stream,
            facts,
            picked,
            channels: description.channels,
            timeline,
            firsts,
            segment: 0,
            place: Place::default(),
            samples: Samples::default(),
            playback,
            repeat,
            warnings,
        })
    }

    /// Reads the next piece, going back to the beginning if it is to repeat; false at the end.
    fn read_on(&mut self, now: Stamp, events: &mut Vec<Event>) -> Result<bool, SourceError> {
        let read = self.samples.first + self.samples.stamps.len() as u64;
        let at_end = |segment: Option<&Segment>| segment.is_none_or(|s| read >= s.samples.end);
        if read > 0 && at_end(self.timeline.segments.get(self.segment)) {
            self.segment += 1;
            if !self.begin_segment(now, events) {
                return Ok(false);
            }
        }
        let Some(segment) = self.timeline.segments.get(self.segment) else { return Ok(false) };
        let from = if self.place == Place::default() { 0 } else { read };
        // A piece ends with its segment: what follows lies behind a gap.
        let limit = usize::try_from(segment.samples.end - from).unwrap_or(PIECE).min(PIECE);
        if !self.file.read(self.stream, &mut self.place, limit, &mut self.samples)? {
            return Ok(false);
        }
        let frames = self.playback.refill();
        for sample in 0..self.samples.stamps.len() {
            for &(channel, factor) in &self.picked {
                let value = self.samples.values.number(sample * self.channels + channel).unwrap_or(f64::NAN);
                frames.push((value * factor) as f32);
            }
        }
        Ok(true)
    }

    /// Moves frame numbers to the present segment, or back to the first one; false at the end.
    fn begin_segment(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        if let Some(&first) = self.firsts.get(self.segment) {
            let missing = self.playback.pass_offset + first - self.playback.next;
            let text = format!("{missing} frames are missing before sample {} of the recording", self.place_sample());
            events.push(Event { at: now, kind: EventKind::Gap, text });
            self.playback.next = self.playback.pass_offset + first;
            return true;
        }
        if !self.repeat {
            return false;
        }
        (self.segment, self.place, self.samples) = (0, Place::default(), Samples::default());
        self.playback.start_again();
        let text = format!("{} starts again", self.facts.name);
        events.push(Event { at: now, kind: EventKind::Source, text });
        true
    }

    fn place_sample(&self) -> u64 {
        self.timeline.segments.get(self.segment).map_or(0, |segment| segment.samples.start)
    }
}

/// The stream that is meant.
fn choose(name: &str, streams: &[XdfStream], wanted: Option<&str>) -> Result<usize, SourceError> {
    let is_signal =
        |s: &XdfStream| s.description.format != ValueFormat::String && s.description.rate_hz > 0.0 && !s.is_empty();
    let signals = || streams.iter().enumerate().filter(|(_, s)| is_signal(s));
    let only = |found: Vec<usize>| if let [only] = found[..] { Some(only) } else { None };
    let indices = |wanted: &dyn Fn(&XdfStream) -> bool| signals().filter(|(_, s)| wanted(s)).map(|(i, _)| i).collect();
    if signals().next().is_none() {
        return Err(SourceError::NoSamples { name: name.to_owned(), what: "no stream has numbers at a regular rate" });
    }
    let (found, problem) = match wanted {
        Some(wanted) => {
            let found = only(indices(&|s| s.description.name == wanted));
            (found, format!("there is not one stream of regular rate called {wanted:?}"))
        }
        None => {
            let found = only(indices(&|_| true))
                .or_else(|| only(indices(&|s| s.description.content_type.eq_ignore_ascii_case("EEG"))));
            (found, "several streams could be meant".to_owned())
        }
    };
    let list = || signals().map(|(_, s)| format!("{:?}", s.description.name)).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| SourceError::WhichStream { name: name.to_owned(), problem, streams: list() })
}

/// What is said of a channel, or its number.
fn channel(notes: &[crate::format::xdf::ChannelNote], index: usize) -> Channel {
    let note = notes.get(index).cloned().unwrap_or_default();
    let label = if note.label.is_empty() { format!("channel {}", index + 1) } else { note.label };
    // Streams that do not say their unit are microvolts more often than not; frames carry them as they are.
    let unit = if note.unit.is_empty() { Unit::Volts { microvolts: 1.0 } } else { Unit::parse(&note.unit) };
    let mut channel = Channel::named(&label, unit);
    match note.kind.to_ascii_uppercase().as_str() {
        "EEG" => channel.kind = ChannelKind::Eeg,
        "ECOG" | "SEEG" | "IEEG" => channel.kind = ChannelKind::Ecog,
        "EOG" => channel.kind = ChannelKind::Eog,
        "EMG" => channel.kind = ChannelKind::Emg,
        "ECG" | "EKG" => channel.kind = ChannelKind::Ecg,
        "TRIGGER" | "STIM" | "MARKERS" => channel.kind = ChannelKind::Trigger,
        _ => {}
    }
    channel.location_mm = note.location_mm;
    channel
}

pub(super) fn rate_hz(nominal: f64, measured: f64) -> f64 {
    if measured <= 0.0 || (measured - nominal).abs() <= SAME_RATE * nominal { nominal } else { measured }
}

/// Number of the first frame of each segment: frames follow on inside one, and between two the pause is counted.
fn first_frames(segments: &[Segment], rate_hz: f64) -> Vec<u64> {
    let mut firsts: Vec<u64> = Vec::new();
    let mut before: Option<(&Segment, u64)> = None;
    for segment in segments {
        let first = before.map_or(0, |(last, first)| {
            let follows = first + (last.samples.end - last.samples.start);
            let missing = ((segment.start_s - last.last_s) * rate_hz).round() - 1.0;
            // Numbers never go back: where a clock does, they jump by as little as makes a gap.
            follows + (missing.max(0.0) as u64).max(SEAM_FRAMES)
        });
        firsts.push(first);
        before = Some((segment, first));
    }
    firsts
}

/// The texts of all marker streams on the frames of the signal that they fall on.
fn markers(file: &mut XdfFile, segments: &[Segment], firsts: &[u64], rate_hz: f64) -> Result<Vec<Marker>, SourceError> {
    let mut markers = Vec::new();
    let texts = |s: &XdfStream| s.description.format == ValueFormat::String;
    let streams: Vec<usize> = file.streams().iter().enumerate().filter(|(_, s)| texts(s)).map(|(i, _)| i).collect();
    for stream in streams {
        let timeline = file.timeline(stream)?;
        let (mut place, mut samples) = (Place::default(), Samples::default());
        while file.read(stream, &mut place, 1, &mut samples)? {
            let Some(&stamp) = samples.stamps.first() else { break };
            let frame = frame_at(timeline.seconds(samples.first, stamp), segments, firsts, rate_hz);
            let (text, duration_s) =
                file.streams().get(stream).map(|s| s.description.marker(samples.values.texts())).unwrap_or_default();
            markers.push(Marker { frame, duration_s, text });
        }
    }
    markers.sort_by_key(|marker| marker.frame);
    Ok(markers)
}

/// The frame of the signal at a time; the nearest in its segment, or one of the pause behind it.
fn frame_at(seconds: f64, segments: &[Segment], firsts: &[u64], rate_hz: f64) -> u64 {
    let before = segments.iter().rposition(|segment| segment.start_s <= seconds).unwrap_or(0);
    let (Some(segment), Some(&first)) = (segments.get(before), firsts.get(before)) else { return 0 };
    let step_s = segment.step_s.filter(|step_s| *step_s > 0.0).unwrap_or(1.0 / rate_hz);
    let frame = first + ((seconds - segment.start_s) / step_s).round().max(0.0) as u64;
    firsts.get(before + 1).map_or(frame, |next| frame.min(next - 1))
}

/// What is not played: streams of numbers beside the chosen one.
fn left_out(streams: &[XdfStream], chosen: usize) -> Option<String> {
    let others =
        streams.iter().enumerate().filter(|(i, s)| *i != chosen && s.description.format != ValueFormat::String);
    let names: Vec<String> = others.map(|(_, s)| format!("{:?}", s.description.name)).collect();
    let name = streams.get(chosen).map(|s| s.description.name.as_str()).unwrap_or_default();
    let all = names.join(", ");
    (!names.is_empty()).then(|| format!("stream {name:?} is played; left out: {all} (choose with [source] stream)"))
}

impl Source for XdfSource {
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
}
