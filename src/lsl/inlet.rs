//! Receiving the samples of a numeric stream.
//!
//! Owns [`Inlet`]; runs on the acquisition thread, which it blocks no longer than asked. Invariant: the shape is
//! checked once against the limits, and pulling allocates nothing after the caller's buffers have grown.

use super::LslError;
use super::info::{SampleFormat, StreamInfo};
use super::raw::RawInlet;

/// Streams with more channels than this are refused.
pub const MAX_CHANNELS: usize = 4096;
/// Frames that liblsl may be asked to hold: beyond, its counters would overflow.
const MAX_BUFFERED: f64 = 1e9;
/// Values that one pull brings at most, about 4 MB.
const MAX_VALUES: usize = 1 << 20;

/// A measurement of a source's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockOffset {
    /// What to add to the source's stamps to have them on LSL's clock of this host.
    pub seconds: f64,
    /// When it was measured, on the source's clock.
    pub remote_s: f64,
    /// By how much it may be wrong: the time that question and answer took.
    pub uncertainty_s: f64,
}

/// A clock that is known less well than this is worth a word, in seconds: it is more than a frame of most amplifiers.
const UNSURE_S: f64 = 0.010;

impl ClockOffset {
    /// True if it is known less well than most amplifiers' frames lie apart.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.uncertainty_s > UNSURE_S
    }
}

/// The receiving end of a numeric stream.
///
/// liblsl connects again by itself when the source restarts with the same `source_id`, name, type, format and
/// channel count, and says nothing while it is away: watch the age of the data and the stamps.
pub struct Inlet {
    raw: RawInlet,
    info: StreamInfo,
    frame: Box<[f32]>,
    chunk: Box<[f32]>,
    chunk_stamps: Box<[f64]>,
}

impl Inlet {
    /// Connects to a resolved stream, waits until it is open and fetches its full description.
    ///
    /// `max_buffer_s` is what liblsl keeps when nobody pulls; beyond, it drops the oldest without a word. `pull_s` is
    /// how much signal one pull brings at most.
    ///
    /// # Errors
    /// [`LslError::WrongKind`] for streams of texts, without a channel or with more than [`MAX_CHANNELS`], and for
    /// rates out of range; [`LslError::Timeout`] and [`LslError::Lost`] where the source does not answer;
    /// [`LslError::Changed`] where it was replaced by another meanwhile.
    pub fn open(resolved: &StreamInfo, max_buffer_s: u16, pull_s: f64, timeout_s: f64) -> Result<Self, LslError> {
        check_shape(resolved, max_buffer_s)?;
        let mut raw = RawInlet::create(&resolved.raw, i32::from(max_buffer_s))?;
        // The description comes first: pull_chunk needs it, and would wait for it without a limit.
        let info = StreamInfo { raw: raw.full_info(timeout_s)? };
        if (info.channels(), info.format()) != (resolved.channels(), resolved.format()) {
            return Err(LslError::Changed { stream: resolved.to_string(), what: format!("it is now {info}") });
        }
        raw.open(timeout_s)?;
        let channels = info.channels();
        let wanted = (info.rate_hz() * pull_s).clamp(1.0, MAX_VALUES as f64) as usize;
        let frames = wanted.clamp(1, MAX_VALUES / channels);
        Ok(Self {
            raw,
            info,
            frame: vec![0.0; channels].into(),
            chunk: vec![0.0; channels * frames].into(),
            chunk_stamps: vec![0.0; frames].into(),
        })
    }

    /// The full description, as it was when the stream was opened; liblsl never fetches it again, not even after a
    /// restart of the source. [`Self::describe`] does.
    #[must_use]
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// Fetches the full description of a resolved stream without receiving its samples.
    ///
    /// # Errors
    /// [`LslError::Timeout`] and [`LslError::Lost`] where the source does not answer.
    pub fn describe(resolved: &StreamInfo, timeout_s: f64) -> Result<StreamInfo, LslError> {
        Ok(StreamInfo { raw: RawInlet::create(&resolved.raw, 1)?.full_info(timeout_s)? })
    }

    /// Waits up to `timeout_s` for a frame, then takes all that came with it; how many frames that is.
    ///
    /// `samples` becomes `[T, C]` interleaved, in the stream's own units, converted to `f32`; `stamps` the stamps as
    /// the source gave them, on its clock. Both are cleared first. Blocking on one sample and draining the rest
    /// without waiting is what keeps the latency low: a chunk pulled with a time-out waits until it is full.
    ///
    /// # Errors
    /// [`LslError::Lost`] where the source is gone for good. Nothing arriving is no error, and 0.
    pub fn pull(&mut self, timeout_s: f64, samples: &mut Vec<f32>, stamps: &mut Vec<f64>) -> Result<usize, LslError> {
        samples.clear();
        stamps.clear();
        let Some(stamp) = self.raw.pull_sample(&mut self.frame, timeout_s)? else { return Ok(0) };
        samples.extend_from_slice(&self.frame);
        stamps.push(stamp);
        // A loss here is told again by the next pull; what has arrived counts first.
        let values = self.raw.pull_chunk(&mut self.chunk, &mut self.chunk_stamps).unwrap_or(0);
        let frames = values / self.frame.len();
        samples.extend(self.chunk.iter().take(frames * self.frame.len()));
        stamps.extend(self.chunk_stamps.iter().take(frames));
        Ok(frames + 1)
    }

    /// How the source's clock stands to LSL's clock of this host.
    ///
    /// The first call measures for about 0.65 s; later ones return the latest of liblsl's background measurements at
    /// once. After a restart of the source there is none for some seconds.
    ///
    /// # Errors
    /// [`LslError::Timeout`] where there is none within `timeout_s`.
    pub fn clock_offset(&mut self, timeout_s: f64) -> Result<ClockOffset, LslError> {
        self.raw.clock_offset(timeout_s)
    }

    /// How many frames wait in liblsl.
    #[must_use]
    pub fn samples_available(&self) -> u32 {
        self.raw.samples_available()
    }

    /// True once after liblsl has connected again, perhaps to another computer with another clock.
    pub fn was_clock_reset(&mut self) -> bool {
        self.raw.was_clock_reset()
    }
}

/// Turns away what cannot be pulled as numbers, before anything is allocated for it.
fn check_shape(info: &StreamInfo, max_buffer_s: u16) -> Result<(), LslError> {
    let refuse = |why: String| Err(LslError::WrongKind { stream: info.to_string(), wanted: "numbers", why });
    match info.format() {
        Some(SampleFormat::String) => {
            return refuse("it carries texts, so it is a stream of markers; choose the signal's stream".to_owned());
        }
        None => return refuse("its sample format is unknown to this version of liblsl".to_owned()),
        Some(_) => {}
    }
    let channels = info.channels();
    if channels == 0 || channels > MAX_CHANNELS {
        return refuse(format!("it has {channels} channels, and 1 to {MAX_CHANNELS} are possible"));
    }
    let rate_hz = info.rate_hz();
    if !(rate_hz >= 0.0 && rate_hz * f64::from(max_buffer_s) <= MAX_BUFFERED) {
        return refuse(format!("its rate of {rate_hz} Hz is not possible"));
    }
    Ok(())
}
