//! Publishing samples as a stream.
//!
//! Owns [`Outlet`]; used by the thread that serves. Invariant: a push never blocks on a receiver, and reads exactly
//! the values it was given.

use super::LslError;
use super::info::StreamInfo;
use super::raw::RawOutlet;

/// The sending end of a numeric stream. It is visible on the network until it is dropped.
pub struct Outlet {
    raw: RawOutlet,
}

impl Outlet {
    /// Publishes the stream that `info` describes; `max_buffer_s` is kept for each receiver that falls behind.
    ///
    /// # Errors
    /// [`LslError::Refused`] where liblsl cannot open its ports.
    pub fn create(info: &StreamInfo, max_buffer_s: u16) -> Result<Self, LslError> {
        Ok(Self { raw: RawOutlet::create(&info.raw, i32::from(max_buffer_s))? })
    }

    /// Sends one frame, one value a channel, sampled at `stamp` on LSL's clock of this host.
    ///
    /// # Errors
    /// [`LslError::Length`] where `frame` is not one value a channel.
    pub fn push(&mut self, frame: &[f32], stamp: f64) -> Result<(), LslError> {
        self.raw.push_sample(frame, stamp)
    }

    /// Sends frames `[T, C]` with a stamp each; values become what the stream carries, whole numbers up to 2^53 exactly.
    ///
    /// # Errors
    /// [`LslError::Length`] where `samples` is not one value a channel for each of `stamps`.
    pub fn push_chunk(&mut self, samples: &[f64], stamps: &[f64]) -> Result<(), LslError> {
        if stamps.is_empty() && samples.is_empty() { Ok(()) } else { self.raw.push_chunk(samples, stamps) }
    }

    /// True while somebody receives.
    #[must_use]
    pub fn have_consumers(&self) -> bool {
        self.raw.have_consumers()
    }

    /// Waits up to `timeout_s` for a receiver; whether there is one.
    #[must_use]
    pub fn wait_for_consumers(&self, timeout_s: f64) -> bool {
        self.raw.wait_for_consumers(timeout_s)
    }
}
