//! Streams of texts: receiving and publishing markers.
//!
//! Owns [`MarkerInlet`] and [`MarkerOutlet`]; each used by one thread at a time. Invariant: every text that liblsl
//! hands out is freed, whether a marker arrived or not.

use super::LslError;
use super::info::{SampleFormat, StreamInfo};
use super::inlet::{ClockOffset, MAX_CHANNELS};
use super::library::{Library, c_text};
use super::raw::{RawInlet, RawOutlet};

/// Markers that liblsl keeps for us, in hundreds, when nobody pulls.
const MAX_BUFFERED_HUNDREDS: i32 = 360;

/// One marker.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkerSample {
    /// One text a channel; nearly always one.
    pub texts: Vec<String>,
    /// When, as the source gave it, on its clock.
    pub stamp: f64,
}

/// The receiving end of a stream of texts.
pub struct MarkerInlet {
    raw: RawInlet,
    channels: usize,
}

impl MarkerInlet {
    /// Connects to a resolved stream of texts, or of whole numbers that come when they come, and waits until it is open.
    /// Numbers are received as texts, as they are written.
    ///
    /// # Errors
    /// [`LslError::WrongKind`] for signals, [`LslError::Timeout`] and [`LslError::Lost`] where the source does not
    /// answer.
    pub fn open(resolved: &StreamInfo, timeout_s: f64) -> Result<Self, LslError> {
        let channels = resolved.channels();
        let is_text = match resolved.format() {
            Some(SampleFormat::String) => true,
            None | Some(SampleFormat::Float32 | SampleFormat::Double64) => false,
            Some(_) => resolved.rate_hz() == 0.0,
        };
        if !is_text || channels == 0 || channels > MAX_CHANNELS {
            let format = resolved.format().map_or("undefined", SampleFormat::word);
            let rate_hz = resolved.rate_hz();
            let why = format!(
                "it has {channels} channels of {format} at {rate_hz} Hz; choose a stream of strings, or of whole numbers \
                 at an irregular rate"
            );
            return Err(LslError::WrongKind { stream: resolved.to_string(), wanted: "markers", why });
        }
        let mut raw = RawInlet::create(&resolved.raw, MAX_BUFFERED_HUNDREDS)?;
        raw.open(timeout_s)?;
        Ok(Self { raw, channels })
    }

    /// The next marker, if one is there within `timeout_s`.
    ///
    /// # Errors
    /// [`LslError::Lost`] where the source is gone for good.
    pub fn pull(&mut self, timeout_s: f64) -> Result<Option<MarkerSample>, LslError> {
        let pulled = self.raw.pull_texts(self.channels, timeout_s)?;
        Ok(pulled.map(|(texts, stamp)| MarkerSample { texts, stamp }))
    }

    /// As [`super::Inlet::clock_offset`].
    ///
    /// # Errors
    /// [`LslError::Timeout`] where there is none within `timeout_s`.
    pub fn clock_offset(&mut self, timeout_s: f64) -> Result<ClockOffset, LslError> {
        self.raw.clock_offset(timeout_s)
    }
}

/// The sending end of a stream of one text a sample, of type `Markers`.
pub struct MarkerOutlet {
    raw: RawOutlet,
}

impl MarkerOutlet {
    /// Publishes an irregular stream of markers.
    ///
    /// # Errors
    /// As [`StreamInfo::create`] and [`super::Outlet::create`].
    pub fn create(library: &Library, name: &str, source_id: &str) -> Result<Self, LslError> {
        Self::of_type(library, (name, "Markers", source_id))
    }

    /// The same with another content type: name, content type, `source_id`.
    ///
    /// # Errors
    /// As [`MarkerOutlet::create`].
    pub fn of_type(library: &Library, names: (&str, &str, &str)) -> Result<Self, LslError> {
        let info = StreamInfo::create(library, names, 1, 0.0, SampleFormat::String)?;
        Ok(Self { raw: RawOutlet::create(&info.raw, MAX_BUFFERED_HUNDREDS)? })
    }

    /// Sends a marker that happened at `stamp` on LSL's clock of this host.
    ///
    /// # Errors
    /// [`LslError::Text`] where the text holds a zero byte.
    pub fn push(&mut self, text: &str, stamp: f64) -> Result<(), LslError> {
        self.raw.push_texts(&[c_text("the marker", text)?], stamp)
    }

    /// Waits up to `timeout_s` for a receiver; whether there is one.
    #[must_use]
    pub fn wait_for_consumers(&self, timeout_s: f64) -> bool {
        self.raw.wait_for_consumers(timeout_s)
    }

    /// True while somebody receives.
    #[must_use]
    pub fn have_consumers(&self) -> bool {
        self.raw.have_consumers()
    }
}
