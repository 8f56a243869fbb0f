//! Publishing what heads tell of each window on the Lab Streaming Layer.
//!
//! Owns [`HeadOutlets`], used by the thread that encodes. Invariant: one sample for each embedding, with its stamp; a push
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
}

impl HeadStream {
    fn open(&self, library: &Library, content: &str, notes: &[ChannelNote]) -> Result<StreamInfo, LslError> {
        let names = (self.name.as_str(), content, self.source_id.as_str());
        let mut info = StreamInfo::create(library, names, notes.len(), self.rate_hz, SampleFormat::Float32)?;
        info.describe_channels(notes)?;
        Ok(info)
    }
}

fn note(label: String, kind: &str) -> ChannelNote {
    ChannelNote { label, kind: kind.to_owned(), ..ChannelNote::default() }
}

/// The streams of what heads tell, each where it is wanted.
///
/// Of type `Class`: `float32`, with the place of the class among the classes (−1 without one), its probability as
/// `confidence`, and `p_NAME`, the probability of each class. Places that are free for classes still to come are `p_3`, ….
///
/// Of type `Novelty`: `float32`, with the score as `novelty`, and as `novelty_p` how probable it is for a window like those
/// before (−1 and 1 before there are enough of them).
#[derive(Default)]
pub struct HeadOutlets {
    class: Option<(Outlet, Vec<f32>)>,
    novelty: Option<Outlet>,
    clock_offset_s: f64,
}

impl HeadOutlets {
    /// None yet. `clock_offset_s` as for [`super::EmbeddingOutlet::open`].
    #[must_use]
    pub fn new(clock_offset_s: f64) -> Self {
        Self { clock_offset_s, ..Self::default() }
    }

    /// Publishes the stream of classes, of which these are known and there is room for so many; it is visible until this is
    /// dropped.
    ///
    /// # Errors
    /// [`LslError::Text`] for a name that LSL cannot carry, [`LslError::Refused`] where liblsl cannot publish.
    pub fn publish_class(
        &mut self,
        library: &Library,
        stream: &HeadStream,
        classes: &[String],
        room: usize,
    ) -> Result<(), LslError> {
        let mut notes = vec![note("class".to_owned(), "Class"), note("confidence".to_owned(), "Probability")];
        notes.extend((0..room).map(|place| {
            let name = classes.get(place).cloned().unwrap_or_else(|| place.to_string());
            note(format!("p_{name}"), "Probability")
        }));
        let mut info = stream.open(library, "Class", &notes)?;
        info.describe("classes", &classes.join(","))?;
        self.class = Some((Outlet::create(&info, BUFFER_S)?, vec![0.0; notes.len()]));
        Ok(())
    }

    /// Publishes the stream of novelty; it is visible until this is dropped.
    ///
    /// # Errors
    /// As for [`HeadOutlets::publish_class`].
    pub fn publish_novelty(&mut self, library: &Library, stream: &HeadStream) -> Result<(), LslError> {
        let notes = [note("novelty".to_owned(), "Novelty"), note("novelty_p".to_owned(), "Probability")];
        self.novelty = Some(Outlet::create(&stream.open(library, "Novelty", &notes)?, BUFFER_S)?);
        Ok(())
    }

    /// Sends what was read last; `stamp` is that of the window's last frame.
    ///
    /// # Errors
    /// [`LslError::Refused`] where liblsl cannot send.
    pub fn push(&mut self, reading: &Reading, stamp: Stamp) -> Result<(), LslError> {
        let at = stamp.0 - self.clock_offset_s;
        if let Some((outlet, sample)) = &mut self.class {
            if let [class, confidence, probabilities @ ..] = sample.as_mut_slice() {
                *class = reading.class().map_or(-1.0, |class| class as f32);
                *confidence = reading.confidence();
                probabilities.iter_mut().zip(reading.probabilities()).for_each(|(to, from)| *to = *from);
            }
            outlet.push(sample, at)?;
        }
        if let Some(outlet) = &mut self.novelty {
            let (score, probability) = reading.novelty().unwrap_or((-1.0, 1.0));
            outlet.push(&[score, probability as f32], at)?;
        }
        Ok(())
    }
}
