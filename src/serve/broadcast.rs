//! A recording as streams of the Lab Streaming Layer: each of its signals, and its annotations.
//!
//! Owned by the thread that loops over [`Broadcast::step`], which never sleeps itself. Invariant: a sample goes out when it
//! is due and with the stamp that it is due at, counted from the first sample on, so that lateness never adds up.

use super::schedule::Schedule;
use crate::format::xdf::{ValueFormat, Values};
use crate::lsl::{ChannelNote, Library, LslError, MarkerOutlet, Outlet, SampleFormat, StreamInfo};
use crate::signal::Stamp;
use crate::source::SourceError;
use crate::source::recording::{Chunk, RecordedStream, Recording};
use std::collections::VecDeque;

/// How a recording is played.
#[derive(Clone, Debug, Default)]
pub struct BroadcastSettings {
    /// The name of the stream; without it, that of the file or of the stream in it.
    pub name: Option<String>,
    /// Times real time; `None` for as fast as it goes.
    pub times: Option<f64>,
    /// Without `times`: never farther ahead of real time than so many seconds.
    pub ahead_s: Option<f64>,
    /// Where to begin, in seconds from the first sample.
    pub start_s: f64,
    /// Begin again at the end.
    pub repeat: bool,
}

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum BroadcastError {
    /// It cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It cannot be sent.
    #[error(transparent)]
    Lsl(#[from] LslError),
    /// There is nothing to play behind the beginning.
    #[error("{name}: there is nothing to play from {start_s} s on; it ends at {end_s:.3} s")]
    Nothing {
        /// The recording.
        name: String,
        /// Where it was to begin.
        start_s: f64,
        /// When it ends.
        end_s: f64,
    },
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Played {
    /// Samples went out; there may be more that are due.
    Sent,
    /// Nothing is due before this stamp.
    Wait(Stamp),
    /// The recording is over.
    End,
}

/// What was sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BroadcastCounts {
    /// Samples of signals, one for all channels.
    pub samples: u64,
    /// Annotations and markers.
    pub texts: u64,
    /// Samples and texts that nobody was there to receive.
    pub unheard: u64,
    /// Samples that went out farther ahead of real time than any buffer of LSL reaches: a receiver that took them no faster
    /// than in real time has lost as many, and only it can tell.
    pub beyond_buffers: u64,
    /// Texts that no stream can carry.
    pub refused: u64,
    /// Times the recording began again.
    pub repeats: u64,
}

/// Samples that go out together.
#[derive(Debug)]
struct Piece {
    stream: usize,
    /// Seconds of the recording.
    stamps: Vec<f64>,
    values: Values,
}

enum Out {
    Numbers(Outlet),
    Texts(MarkerOutlet),
}

/// A recording that is being sent.
pub struct Broadcast {
    recording: Recording,
    outs: Vec<Out>,
    schedule: Schedule,
    start_s: f64,
    repeat: bool,
    /// Pieces in the order in which they are due.
    waiting: VecDeque<Piece>,
    chunk: Chunk,
    is_read: bool,
    /// What leads from LSL's clock to the pipeline's.
    clock_offset_s: f64,
    counts: BroadcastCounts,
}

impl std::fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broadcast").field("recording", &self.recording.name()).finish_non_exhaustive()
    }
}

/// Seconds of signal that go out together, as in an amplifier's packet.
const PIECE_S: f64 = 0.01;
/// Seconds that are kept for a receiver that falls behind.
const BUFFER_S: u16 = 360;

impl Broadcast {
    /// Publishes the streams of a recording; they are visible until this is dropped.
    ///
    /// `clock_offset_s` leads from LSL's clock to that of the stamps which [`Broadcast::step`] is given.
    ///
    /// # Errors
    /// If it cannot be read or published, or there is nothing behind the beginning.
    pub fn open(
        library: &Library,
        mut recording: Recording,
        settings: &BroadcastSettings,
        clock_offset_s: f64,
    ) -> Result<Self, BroadcastError> {
        let (start_s, end_s) = (settings.start_s, recording.end_s());
        if start_s > end_s || recording.streams().is_empty() {
            return Err(BroadcastError::Nothing { name: recording.name().to_owned(), start_s, end_s });
        }
        recording.seek(start_s)?;
        let host = rustix::system::uname();
        let host = host.nodename().to_string_lossy().into_owned();
        let mut outs = Vec::new();
        for (index, stream) in recording.streams().iter().enumerate() {
            let name = name_of(&recording, index, settings.name.as_deref());
            let source_id = format!("neurostream/{host}/replay/{}/{name}", recording.name());
            let source_id: String =
                source_id.chars().map(|c| if c.is_control() || c == '\'' || c == '"' { '_' } else { c }).collect();
            outs.push(publish(library, stream, (&name, &stream.content_type, &source_id))?);
        }
        Ok(Self {
            recording,
            outs,
            schedule: Schedule::new(settings.times, settings.ahead_s, start_s),
            start_s,
            repeat: settings.repeat,
            waiting: VecDeque::new(),
            chunk: Chunk::default(),
            is_read: false,
            clock_offset_s,
            counts: BroadcastCounts::default(),
        })
    }

    /// The names of its streams, as receivers look for them, with what each carries.
    #[must_use]
    pub fn streams(&self, name: Option<&str>) -> Vec<(String, &RecordedStream)> {
        let all = self.recording.streams().iter().enumerate();
        all.map(|(index, stream)| (name_of(&self.recording, index, name), stream)).collect()
    }

    /// Waits up to `timeout_s` for a receiver of any stream; whether there is one.
    #[must_use]
    pub fn wait_for_consumers(&self, timeout_s: f64) -> bool {
        let share_s = timeout_s / self.outs.len().max(1) as f64;
        self.outs.iter().any(|out| match out {
            Out::Numbers(outlet) => outlet.wait_for_consumers(share_s),
            Out::Texts(outlet) => outlet.wait_for_consumers(share_s),
        })
    }

    /// True while somebody receives any stream.
    #[must_use]
    pub fn has_consumers(&self) -> bool {
        self.outs.iter().any(|out| match out {
            Out::Numbers(outlet) => outlet.have_consumers(),
            Out::Texts(outlet) => outlet.have_consumers(),
        })
    }

    /// What was sent so far.
    #[must_use]
    pub fn counts(&self) -> BroadcastCounts {
        self.counts
    }

    /// Sends what is due at `now`.
    ///
    /// # Errors
    /// If the recording cannot be read on, or liblsl refuses.
    pub fn step(&mut self, now: Stamp) -> Result<Played, BroadcastError> {
        self.schedule.begin(now);
        if self.waiting.is_empty() && !self.read_on()? {
            return Ok(Played::End);
        }
        let Some(piece) = self.waiting.front() else { return Ok(Played::Sent) };
        if let Some(due) = self.schedule.due(last_of(piece)).filter(|due| *due > now) {
            return Ok(Played::Wait(due));
        }
        if let Some(piece) = self.waiting.pop_front() {
            self.send(&piece, now)?;
        }
        Ok(Played::Sent)
    }

    fn send(&mut self, piece: &Piece, now: Stamp) -> Result<(), BroadcastError> {
        let on_lsl = |at_s: &f64| self.schedule.stamp(*at_s).0 - self.clock_offset_s;
        let stamps: Vec<f64> = piece.stamps.iter().map(on_lsl).collect();
        if self.schedule.lead_s(last_of(piece), now) > f64::from(BUFFER_S) {
            self.counts.beyond_buffers += stamps.len() as u64;
        }
        let heard = match self.outs.get_mut(piece.stream) {
            Some(Out::Numbers(outlet)) => {
                let numbers: Vec<f64> = (0..piece.values.len()).filter_map(|i| piece.values.number(i)).collect();
                outlet.push_chunk(&numbers, &stamps)?;
                self.counts.samples += stamps.len() as u64;
                outlet.have_consumers()
            }
            Some(Out::Texts(outlet)) => {
                for (text, stamp) in piece.values.texts().iter().zip(&stamps) {
                    match outlet.push(text, *stamp) {
                        Ok(()) => self.counts.texts += 1,
                        Err(LslError::Text { .. }) => self.counts.refused += 1,
                        Err(error) => return Err(error.into()),
                    }
                }
                outlet.have_consumers()
            }
            None => true,
        };
        self.counts.unheard += if heard { 0 } else { stamps.len() as u64 };
        Ok(())
    }

    /// Reads until every sample of the next piece to go out is known; false at the end.
    fn read_on(&mut self) -> Result<bool, BroadcastError> {
        loop {
            if self.is_read || self.recording.next(&mut self.chunk)? {
                self.is_read = true;
                // A chunk that begins behind all that waits cannot come before it.
                let begins_s = self.chunk.stamps.first().copied().unwrap_or_default();
                if self.waiting.back().is_some_and(|piece| last_of(piece) < begins_s) {
                    return Ok(true);
                }
                self.is_read = false;
                self.cut();
                continue;
            }
            if !self.waiting.is_empty() {
                return Ok(true);
            }
            if !self.repeat {
                return Ok(false);
            }
            self.schedule.pass(self.recording.end_s() - self.start_s + self.longest_period_s());
            self.counts.repeats += 1;
            self.recording.seek(self.start_s)?;
            if !self.recording.next(&mut self.chunk)? {
                return Ok(false);
            }
            self.is_read = true;
        }
    }

    /// Cuts the chunk into pieces and puts them among those that wait.
    fn cut(&mut self) {
        let chunk = &mut self.chunk;
        chunk.trim(self.start_s - 1e-9, f64::INFINITY);
        let width = chunk.values.len().checked_div(chunk.stamps.len()).unwrap_or(0);
        let mut from = 0;
        while let Some(first) = chunk.stamps.get(from) {
            let end =
                from + chunk.stamps.get(from..).unwrap_or_default().partition_point(|s| *s < first + PIECE_S).max(1);
            let values = chunk.values.part(from * width..end * width);
            let stamps = chunk.stamps.get(from..end).unwrap_or_default().to_vec();
            let piece = Piece { stream: chunk.stream, stamps, values };
            let place = self.waiting.partition_point(|other| last_of(other) <= last_of(&piece));
            self.waiting.insert(place, piece);
            from = end;
        }
    }

    /// From the last sample of one pass to the first of the next.
    fn longest_period_s(&self) -> f64 {
        let rates = self.recording.streams().iter().map(|stream| stream.rate_hz).filter(|rate| *rate > 0.0);
        rates.reduce(f64::min).map_or(0.0, |rate_hz| 1.0 / rate_hz)
    }
}

fn last_of(piece: &Piece) -> f64 {
    piece.stamps.last().copied().unwrap_or_default()
}

/// The name of a stream: the one that was asked for or that of the file for signals of EDF, its own for streams of XDF;
/// with something behind it where several would have the same.
fn name_of(recording: &Recording, index: usize, asked: Option<&str>) -> String {
    let streams = recording.streams();
    let Some(stream) = streams.get(index) else { return String::new() };
    let stem = std::path::Path::new(recording.name()).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    // LSL takes no name with a quotation mark in it.
    let base = asked.map_or_else(|| stem.unwrap_or_default().replace(['\'', '"'], "_"), str::to_owned);
    let own = stream.name.as_str();
    let is_only_signal = streams.iter().filter(|other| !other.is_text()).count() == 1 && !stream.is_text();
    match (recording.is_xdf(), asked) {
        (true, None) if !own.is_empty() => own.to_owned(),
        (true, Some(_)) if !is_only_signal => format!("{base}-{own}"),
        (false, _) if stream.is_text() => format!("{base}-{own}"),
        (false, _) if !is_only_signal => format!("{base}-{}Hz", stream.rate_hz),
        _ => base,
    }
}

fn publish(library: &Library, stream: &RecordedStream, names: (&str, &str, &str)) -> Result<Out, LslError> {
    if stream.is_text() {
        return Ok(Out::Texts(MarkerOutlet::of_type(library, names)?));
    }
    let format = match stream.format {
        ValueFormat::Float32 => SampleFormat::Float32,
        ValueFormat::Double64 => SampleFormat::Double64,
        ValueFormat::String => SampleFormat::String,
        ValueFormat::Int8 => SampleFormat::Int8,
        ValueFormat::Int16 => SampleFormat::Int16,
        ValueFormat::Int32 => SampleFormat::Int32,
        ValueFormat::Int64 => SampleFormat::Int64,
    };
    let mut info = StreamInfo::create(library, names, stream.channels.len(), stream.rate_hz, format)?;
    let notes: Vec<ChannelNote> = stream
        .channels
        .iter()
        .map(|channel| ChannelNote {
            label: channel.label.clone(),
            unit: if channel.unit == "uV" { "microvolts".to_owned() } else { channel.unit.clone() },
            kind: channel.kind.clone(),
            location_mm: channel.location_mm,
        })
        .collect();
    info.describe_channels(&notes)?;
    Ok(Out::Numbers(Outlet::create(&info, BUFFER_S)?))
}
