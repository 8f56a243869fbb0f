//! Publishing what heads tell of each window on the Lab Streaming Layer.
//!
//! Owns [`HeadOutlet`], used by the thread that encodes. Invariant: one sample for each embedding, with its stamp; a push
//! neither waits nor allocates.

use super::Reading;
use crate::lsl::{ChannelNote, Library, LslError, Outlet, SampleFormat, StreamInfo};
use crate::signal::Stamp;

/// How much is kept for a receiver that falls behind, in seconds.
const BUFFER_S: u16 = 60;

/// What is published.
#[derive(Clone, Debug)]
pub struct HeadStream {
    /// The name of the stream, as receivers look for it.
    pub name: String,
    /// What receivers know it by.
    pub source_id: String,
    /// Windows in a second, nominally; 0 for windows round markers.
    pub rate_hz: f64,
    /// The classes whose names are known; further ones are told as events.
    pub classes: Vec<String>,
    /// Classes that there is room for.
    pub room: usize,
}

/// A stream of type `Class`: `float32`, with the place of the class among the classes (−1 without one), its probability as
/// `confidence`, and `p_NAME`, the probability of each class. Places that are free for classes still to come are `p_3`, ….
pub struct HeadOutlet {
    outlet: Outlet,
    sample: Vec<f32>,
    clock_offset_s: f64,
}

impl HeadOutlet {
    /// Publishes the stream; it is visible until this is dropped. `clock_offset_s` as for
    /// [`super::EmbeddingOutlet::open`].
    ///
    /// # Errors
    /// [`LslError::Text`] for a name that LSL cannot carry, [`LslError::Refused`] where liblsl cannot publish.
    pub fn open(library: &Library, stream: &HeadStream, clock_offset_s: f64) -> Result<Self, LslError> {
        let note = |label: String, kind: &str| ChannelNote { label, kind: kind.to_owned(), ..ChannelNote::default() };
        let mut notes = vec![note("class".to_owned(), "Class"), note("confidence".to_owned(), "Probability")];
        notes.extend((0..stream.room).map(|place| {
            let name = stream.classes.get(place).cloned().unwrap_or_else(|| place.to_string());
            note(format!("p_{name}"), "Probability")
        }));
        let names = (stream.name.as_str(), "Class", stream.source_id.as_str());
        let mut info = StreamInfo::create(library, names, notes.len(), stream.rate_hz, SampleFormat::Float32)?;
        info.describe_channels(&notes)?;
        info.describe("classes", &stream.classes.join(","))?;
        Ok(Self { outlet: Outlet::create(&info, BUFFER_S)?, sample: vec![0.0; notes.len()], clock_offset_s })
    }

    /// Sends what was read last; `stamp` is that of the window's last frame.
    ///
    /// # Errors
    /// [`LslError::Refused`] where liblsl cannot send.
    pub fn push(&mut self, reading: &Reading, stamp: Stamp) -> Result<(), LslError> {
        if let [class, confidence, probabilities @ ..] = self.sample.as_mut_slice() {
            *class = reading.class().map_or(-1.0, |class| class as f32);
            *confidence = reading.confidence();
            probabilities.iter_mut().zip(reading.probabilities()).for_each(|(to, from)| *to = *from);
        }
        self.outlet.push(&self.sample, stamp.0 - self.clock_offset_s)
    }
}
