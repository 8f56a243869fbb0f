//! Publishing how unlike everything before each window is on the Lab Streaming Layer.
//!
//! Owns [`NoveltyOutlet`], used by the lookout's thread. Invariant: a sample has the stamp of its window's last frame; a push
//! never waits for a receiver.

use crate::lsl::{ChannelNote, Library, LslError, Outlet, SampleFormat, StreamInfo};
use crate::signal::Stamp;

/// How much is kept for a receiver that falls behind, in seconds.
const BUFFER_S: u16 = 60;

/// A stream of type `Novelty`: `float32`, irregular, for each good window once there is something to compare it with: `p`, how
/// probable a window as unlike is on a signal like that before; `score`, its distance, about 1 for a window like those before;
/// `alarm`, 1 with the window that raises one.
pub struct NoveltyOutlet {
    outlet: Outlet,
    clock_offset_s: f64,
}

impl NoveltyOutlet {
    /// Publishes the stream; it is visible until this is dropped. `clock_offset_s` as for
    /// [`super::EmbeddingOutlet::open`].
    ///
    /// # Errors
    /// [`LslError::Text`] for a name that LSL cannot carry, [`LslError::Refused`] where liblsl cannot publish.
    pub fn open(library: &Library, name: &str, source_id: &str, clock_offset_s: f64) -> Result<Self, LslError> {
        let note =
            |label: &str, kind: &str| ChannelNote { label: label.into(), kind: kind.into(), ..ChannelNote::default() };
        let notes = [note("p", "Probability"), note("score", "Distance"), note("alarm", "Alarm")];
        let mut info =
            StreamInfo::create(library, (name, "Novelty", source_id), notes.len(), 0.0, SampleFormat::Float32)?;
        info.describe_channels(&notes)?;
        Ok(Self { outlet: Outlet::create(&info, BUFFER_S)?, clock_offset_s })
    }

    /// Sends what was found of one window.
    ///
    /// # Errors
    /// [`LslError::Refused`] where liblsl cannot send.
    pub fn push(&mut self, probability: f64, score: f32, alarm: bool, stamp: Stamp) -> Result<(), LslError> {
        self.outlet.push(&[probability as f32, score, f32::from(u8::from(alarm))], stamp.0 - self.clock_offset_s)
    }
}
