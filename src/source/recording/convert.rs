//! From one format to another: which channels, from when to when, and what had to give.
//!
//! Owns [`Conversion`]; runs on the calling thread. Invariant: the file that is read stays as it is, and the one that is
//! written has its name only when it is complete.

use super::resample::Resampling;
use super::{Chunk, RecordedChannel, RecordedStream, Recording, to_edf, to_xdf};
use crate::config::SignalConfig;
use crate::dsp::Ratio;
use crate::format::edf::{EdfError, Existing, Gap, Resolution};
use crate::format::xdf::{ValueFormat, XdfError};
use crate::signal::{Channel, Unit};
use crate::source::{Selection, SourceError};
use std::path::{Path, PathBuf};

/// What to take of a recording, and how to write it.
#[derive(Clone, Debug, Default)]
pub struct Conversion {
    /// Channels as `[signal] channels` names them; empty for all.
    pub channels: Vec<String>,
    /// The stream of an XDF recording by its name; without it the only signal, or the only one of type EEG.
    pub stream: Option<String>,
    /// Seconds from the first sample of the recording; without it from the beginning.
    pub from_s: Option<f64>,
    /// Seconds from the first sample of the recording; without it to the end.
    pub to_s: Option<f64>,
    /// Rate in hertz to which all signals are resampled; without it they keep theirs.
    pub rate_hz: Option<f64>,
    /// What becomes of missing samples where EDF or BDF is written.
    pub gap: Gap,
}

/// What was written, and what had to give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Converted {
    /// The file.
    pub path: PathBuf,
    /// Its format, such as `EDF+C`.
    pub format: String,
    /// Channels of signals.
    pub channels: usize,
    /// Samples of all channels.
    pub samples: u64,
    /// Annotations and markers.
    pub annotations: u64,
    /// What had to give, a line each.
    pub notes: Vec<String>,
}

/// Why a recording cannot be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// It cannot be read, or the selection does not fit.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// EDF or BDF cannot be written.
    #[error(transparent)]
    Edf(#[from] EdfError),
    /// XDF cannot be written.
    #[error(transparent)]
    Xdf(#[from] XdfError),
    /// The ending of the new file says no format.
    #[error("{}: the ending has to be .edf, .bdf or .xdf, which says what is written", .0.display())]
    Ending(PathBuf),
    /// The rates are too far apart.
    #[error("{name}: {from_hz} Hz cannot become {to_hz} Hz; from {lowest} to {highest} Hz can be made of it")]
    Rate {
        /// The recording.
        name: String,
        /// Its rate.
        from_hz: f64,
        /// The rate that is wanted.
        to_hz: f64,
        /// The lowest that can be made.
        lowest: f64,
        /// The highest that can be made.
        highest: f64,
    },
    /// Nothing lies between the two moments.
    #[error("{name}: there is no signal from {from_s} s to {to_s} s; it ends at {end_s:.3} s")]
    Nothing {
        /// The recording.
        name: String,
        /// From when.
        from_s: f64,
        /// To when.
        to_s: f64,
        /// When the recording ends.
        end_s: f64,
    },
}

impl ConvertError {
    /// True if the arguments are what has to change.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        match self {
            Self::Source(error) => error.is_choice(),
            Self::Ending(_) | Self::Rate { .. } | Self::Nothing { .. } => true,
            Self::Edf(_) | Self::Xdf(_) => false,
        }
    }
}

/// The signals that are taken: a stream each, and its channels.
pub(super) type Taken = Vec<(usize, Vec<usize>)>;

/// Converts the recording at `from` into a file at `to`, whose ending says the format.
///
/// EDF and BDF keep the digital numbers of their source wherever they fit; everything else is scaled to the range that its
/// samples have.
///
/// # Errors
/// If it cannot be read or written, or nothing is selected.
pub fn convert(from: &Path, to: &Path, conversion: &Conversion, existing: Existing) -> Result<Converted, ConvertError> {
    let ending = to.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    let resolution = match ending.as_deref().and_then(|ending| ending.to_str()) {
        Some("edf") => Some(Resolution::Bits16),
        Some("bdf") => Some(Resolution::Bits24),
        Some("xdf") => None,
        _ => return Err(ConvertError::Ending(to.to_owned())),
    };
    let mut recording = Recording::open(from)?;
    let taken = taken(&recording, conversion, resolution.is_some())?;
    let mut converted = match resolution {
        Some(resolution) => to_edf::write(&mut recording, &taken, conversion, resolution, to, existing)?,
        None => to_xdf::write(&mut recording, &taken, conversion, to, existing)?,
    };
    converted.channels = taken.iter().map(|(_, channels)| channels.len()).sum();
    converted.notes.splice(0..0, recording.warnings());
    Ok(converted)
}

/// The streams and channels that are meant; EDF and BDF hold those that share a clock.
fn taken(recording: &Recording, conversion: &Conversion, one_clock: bool) -> Result<Taken, ConvertError> {
    let (name, streams) = (recording.name().to_owned(), recording.streams());
    let numbers = |s: &RecordedStream| !s.is_text() && (s.is_signal() || !one_clock);
    let mut wanted: Vec<usize> = (0..streams.len()).filter(|&i| streams.get(i).is_some_and(numbers)).collect();
    if wanted.is_empty() {
        let what = if one_clock { "no stream has numbers at a regular rate" } else { "no stream has numbers" };
        return Err(SourceError::NoSamples { name, what }.into());
    }
    let is = |i: usize, test: &dyn Fn(&RecordedStream) -> bool| streams.get(i).is_some_and(test);
    if recording.is_xdf() {
        let list = || wanted.iter().filter_map(|&i| Some(format!("{:?}", streams.get(i)?.name))).collect::<Vec<_>>();
        let which =
            |problem: String| SourceError::WhichStream { name: name.clone(), problem, streams: list().join(", ") };
        if let Some(stream) = &conversion.stream {
            let named: Vec<usize> = wanted.iter().copied().filter(|&i| is(i, &|s| s.name == *stream)).collect();
            if named.len() != 1 {
                return Err(which(format!("there is not one such stream called {stream:?}")).into());
            }
            wanted = named;
        } else if one_clock && wanted.len() > 1 {
            let eeg = |&i: &usize| is(i, &|s| s.content_type.eq_ignore_ascii_case("EEG"));
            let eeg: Vec<usize> = wanted.iter().copied().filter(eeg).collect();
            if eeg.len() != 1 {
                return Err(which("several streams could be meant".to_owned()).into());
            }
            wanted = eeg;
        }
    }
    let places: Vec<(usize, usize)> = wanted
        .iter()
        .flat_map(|&i| (0..streams.get(i).map_or(0, |s| s.channels.len())).map(move |channel| (i, channel)))
        .collect();
    let place = |&(i, channel): &(usize, usize)| streams.get(i).and_then(|s| s.channels.get(channel));
    let kept: Vec<(usize, usize)> = if conversion.channels.is_empty() {
        places
    } else {
        let signal = SignalConfig { channels: conversion.channels.clone(), ..SignalConfig::default() };
        let selection = Selection::read(&signal).map_err(SourceError::Selection)?;
        let named = |c: &RecordedChannel| Channel::named(&c.label, Unit::parse(&c.unit));
        let all: Vec<Channel> = places.iter().filter_map(place).map(named).collect();
        let picked = selection.pick(&name, all)?;
        picked.into_iter().filter_map(|(index, _)| places.get(index).copied()).collect()
    };
    let of = |&i: &usize| kept.iter().filter(|(stream, _)| *stream == i).map(|(_, channel)| *channel).collect();
    Ok(wanted.iter().map(|i| (*i, of(i))).filter(|(_, channels): &(usize, Vec<usize>)| !channels.is_empty()).collect())
}

impl Conversion {
    /// From when to when, in seconds of the recording.
    pub(super) fn range_s(&self) -> (f64, f64) {
        (self.from_s.unwrap_or(f64::NEG_INFINITY), self.to_s.unwrap_or(f64::INFINITY))
    }

    pub(super) fn nothing(&self, recording: &Recording) -> ConvertError {
        let end_s = recording.end_s();
        let (from_s, to_s) = (self.from_s.unwrap_or(0.0), self.to_s.unwrap_or(end_s));
        ConvertError::Nothing { name: recording.name().to_owned(), from_s, to_s, end_s }
    }

    /// The streams as they are written: at the wanted rate.
    pub(super) fn streams(&self, recording: &Recording) -> Result<Vec<RecordedStream>, ConvertError> {
        let mut streams = recording.streams().to_vec();
        let Some(to_hz) = self.rate_hz else { return Ok(streams) };
        for stream in streams.iter_mut().filter(|stream| stream.is_signal()) {
            stream.rate_hz = self.ratio(recording, stream.rate_hz, to_hz)?.rate_hz(stream.rate_hz);
            stream.format = match stream.format {
                ValueFormat::Double64 | ValueFormat::Int32 | ValueFormat::Int64 => ValueFormat::Double64,
                _ => ValueFormat::Float32,
            };
        }
        Ok(streams)
    }

    fn ratio(&self, recording: &Recording, from_hz: f64, to_hz: f64) -> Result<Ratio, ConvertError> {
        let (lowest, highest) = Ratio::range_hz(from_hz);
        let name = recording.name().to_owned();
        Ratio::between(from_hz, to_hz).ok_or(ConvertError::Rate { name, from_hz, to_hz, lowest, highest })
    }

    /// Goes through the chunks of the wanted time, at the wanted rate.
    pub(super) fn each(
        &self,
        recording: &mut Recording,
        mut take: impl FnMut(&Chunk) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        let (from_s, to_s) = self.range_s();
        let mut resamplings: Vec<Option<Resampling>> = Vec::new();
        for (index, stream) in recording.streams().iter().enumerate() {
            let wanted = self.rate_hz.filter(|_| stream.is_signal());
            let ratio = wanted.map(|to_hz| self.ratio(recording, stream.rate_hz, to_hz)).transpose()?;
            let of = |ratio| Resampling::new(index, stream.channels.len(), ratio, stream.rate_hz);
            resamplings.push(ratio.filter(|ratio| *ratio != Ratio::ONE).map(of));
        }
        recording.seek(from_s)?;
        let mut chunk = Chunk::default();
        while recording.next(&mut chunk)? {
            // A stamp is not exact to the last bit; half a nanosecond is less than any period.
            chunk.trim(from_s - 5e-10, to_s - 5e-10);
            if chunk.stamps.is_empty() {
                continue;
            }
            match resamplings.get_mut(chunk.stream).and_then(Option::as_mut) {
                Some(resampling) => resampling.step(&chunk).iter().try_for_each(&mut take)?,
                None => take(&chunk)?,
            }
        }
        let rest = resamplings.iter_mut().flatten().filter_map(Resampling::finish);
        rest.collect::<Vec<Chunk>>().iter().try_for_each(take)
    }
}
