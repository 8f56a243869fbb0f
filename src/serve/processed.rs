//! Publishing the signal as the model sees it.
//!
//! Owns [`ProcessedStage`], run by the thread `publish`. Invariant: every frame that leaves its ring is sent, with the
//! moment at which it was sampled; a push never waits for a receiver.

use crate::lsl::{ChannelNote, Library, LslError, Outlet, SampleFormat, StreamInfo};
use crate::ring::FrameReader;
use crate::signal::{Event, EventKind, Montage, Stamp};

/// How much is kept for a receiver that falls behind, in seconds.
const BUFFER_S: u16 = 60;
/// Frames that are sent at once.
const AT_ONCE: usize = 1024;

/// What is published, and what became of it before.
#[derive(Clone, Debug)]
pub struct ProcessedStream<'a> {
    /// The name of the stream, as receivers look for it.
    pub name: String,
    /// What receivers know the stream by, the same each time.
    pub source_id: String,
    /// The channels behind conditioning.
    pub montage: &'a Montage,
    /// Frames in a second.
    pub rate_hz: f64,
    /// `microvolts`, or empty where each channel is divided by its running scale.
    pub unit: &'a str,
    /// Key and value of each step of conditioning, for the description.
    pub steps: Vec<(&'static str, String)>,
}

/// Sends what lies in one ring.
pub struct ProcessedStage {
    reader: FrameReader,
    /// None once it has failed: the ring is emptied all the same.
    outlet: Option<Outlet>,
    samples: Vec<f64>,
    stamps: Vec<f64>,
    rate_hz: f64,
    clock_offset_s: f64,
}

impl ProcessedStage {
    /// Publishes the stream; `clock_offset_s` as for [`super::EmbeddingOutlet::open`].
    ///
    /// # Errors
    /// [`LslError::Text`] for a name that LSL cannot carry, [`LslError::Refused`] where liblsl cannot publish.
    pub fn open(
        library: &Library,
        stream: &ProcessedStream<'_>,
        reader: FrameReader,
        clock_offset_s: f64,
    ) -> Result<Self, LslError> {
        let names = (stream.name.as_str(), "EEG", stream.source_id.as_str());
        let channels = stream.montage.len();
        let mut info = StreamInfo::create(library, names, channels, stream.rate_hz, SampleFormat::Float32)?;
        let note = |channel: &crate::signal::Channel| ChannelNote {
            label: channel.label.clone(),
            unit: stream.unit.to_owned(),
            kind: channel.kind.word().to_uppercase(),
            location_mm: channel.location_mm,
        };
        info.describe_channels(&stream.montage.channels.iter().map(note).collect::<Vec<_>>())?;
        for (key, value) in &stream.steps {
            info.describe(key, value)?;
        }
        let outlet = Some(Outlet::create(&info, BUFFER_S)?);
        let (samples, stamps) = (Vec::new(), Vec::new());
        Ok(Self { reader, outlet, samples, stamps, rate_hz: stream.rate_hz, clock_offset_s })
    }

    /// Its ring.
    #[must_use]
    pub fn reader(&self) -> &FrameReader {
        &self.reader
    }

    /// Sends what is there, up to a gap; false if there is nothing.
    pub fn step(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        let frames = self.reader.ready().1.min(AT_ONCE);
        let Some(passage) = self.reader.peek(frames) else { return false };
        if let Some(outlet) = &mut self.outlet {
            let (first, second) = passage.samples();
            self.samples.clear();
            self.samples.extend(first.iter().chain(second).map(|value| f64::from(*value)));
            let end = passage.stamp.0 - self.clock_offset_s;
            self.stamps.clear();
            self.stamps.extend((0..frames).rev().map(|before| end - before as f64 / self.rate_hz));
            if let Err(error) = outlet.push_chunk(&self.samples, &self.stamps) {
                let text = format!("the processed signal is no longer published: {error}");
                events.push(Event { at: now, kind: EventKind::Warning, text });
                self.outlet = None;
            }
        }
        self.reader.commit(frames);
        true
    }
}
