//! Publishing embeddings on the Lab Streaming Layer.
//!
//! Owns [`EmbeddingOutlet`], used by the thread that encodes. Invariant: one sample for each embedding, stamped with
//! the last frame of its window; a push neither waits nor allocates.

use crate::lsl::{ChannelNote, Library, LslError, Outlet, SampleFormat, StreamInfo};
use crate::signal::{Montage, Stamp, StreamFacts};

/// How much is kept for a receiver that falls behind, in seconds.
const BUFFER_S: u16 = 60;

/// What is published, and what it is made of.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddingStream<'a> {
    /// The name of the stream, as receivers look for it.
    pub name: &'a str,
    /// Values in an embedding.
    pub dimension: usize,
    /// Embeddings in a second, nominally: one each hop; 0 for windows round markers.
    pub rate_hz: f64,
    /// The stream that they are made from.
    pub facts: &'a StreamFacts,
    /// The channels that the model sees.
    pub montage: &'a Montage,
    /// The method that the encoder is trained with.
    pub method: &'a str,
    /// The length of a window.
    pub window_s: f64,
    /// From one window to the next.
    pub hop_s: f64,
    /// The rate of the frames in a window, which is the signal's own unless it was resampled.
    pub model_hz: f64,
    /// The weights that are served first: their number and the SHA-256 of the encoder.
    pub first: (u64, &'a str),
    /// Publish the quality of each window too.
    pub with_quality: bool,
    /// Publish the amplitude of each channel too.
    pub with_amplitudes: bool,
}

impl EmbeddingStream<'_> {
    /// `neurostream/HOST/NAME/SOURCE`: what receivers know the stream by.
    ///
    /// It is the same each time the same command runs on the same host, so that receivers find the stream again after
    /// a restart, and differs between hosts, names and sources, so that they never take one for another. Two runs of
    /// one command on one host at the same time need two names. Quotation marks become `_`: receivers could not
    /// search for them.
    #[must_use]
    pub fn source_id(&self, host: &str) -> String {
        source_id(host, self.name, &self.facts.name)
    }

    /// Channels beside the embedding that are amplitudes.
    fn amplitudes(&self) -> usize {
        if self.with_amplitudes { self.montage.len() } else { 0 }
    }

    /// The labels `e0`, `e1`, …, `log_uv_LABEL` and `quality` where they are asked for, and `generation`.
    fn channel_notes(&self) -> Vec<ChannelNote> {
        let note = |label: String, kind: &str| ChannelNote { label, kind: kind.to_owned(), ..ChannelNote::default() };
        let mut notes: Vec<ChannelNote> =
            (0..self.dimension).map(|index| note(format!("e{index}"), "Embedding")).collect();
        notes.extend(self.montage.labels().take(self.amplitudes()).map(|l| note(format!("log_uv_{l}"), "Amplitude")));
        if self.with_quality {
            notes.push(note("quality".to_owned(), "Quality"));
        }
        notes.push(note("generation".to_owned(), "Generation"));
        notes
    }
}

/// What receivers know a stream of this host by, by its name and what it is made of.
pub(crate) fn source_id(host: &str, name: &str, source: &str) -> String {
    let id = format!("neurostream/{host}/{name}/{source}");
    id.chars().map(|c| if c.is_control() || c == '\'' || c == '"' { '_' } else { c }).collect()
}

/// What this computer is called.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// What goes out for one window.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The embedding.
    pub values: &'a [f32],
    /// Logarithm of the microvolts of each channel; empty where they are not published.
    pub amplitudes: &'a [f32],
    /// Share of the channels that were good.
    pub quality: f32,
    /// The weights that made it.
    pub generation: u64,
}

/// A stream of type `Embedding`: `float32`, one channel a value of the embedding and a last one, `generation`, with
/// the number of the encoder weights that made it (exact up to 2^24). Where that is asked for, the channel before the
/// last one, `quality`, has the share of the window's channels that were good throughout, 0 for an artefact, and those
/// behind the embedding, `log_uv_LABEL`, the natural logarithm of the microvolts that each channel of the model is
/// divided by.
///
/// Its description holds the channels' labels and, as `method`, `window_s`, `hop_s`, `model_rate_hz`, `source`,
/// `source_rate_hz` and `source_labels` (separated by commas), what the embeddings are made of; as `generation` and
/// `model_sha256`, the weights that are served first.
pub struct EmbeddingOutlet {
    outlet: Outlet,
    sample: Vec<f32>,
    dimension: usize,
    amplitudes: usize,
    clock_offset_s: f64,
}

impl EmbeddingOutlet {
    /// Publishes the stream; it is visible until this is dropped.
    ///
    /// `clock_offset_s` leads from LSL's clock to the pipeline's ([`Library::clock_offset`]).
    ///
    /// # Errors
    /// [`LslError::Text`] for a name that LSL cannot carry, [`LslError::Refused`] where liblsl cannot publish.
    pub fn open(library: &Library, stream: &EmbeddingStream<'_>, clock_offset_s: f64) -> Result<Self, LslError> {
        let source_id = stream.source_id(&host());
        let beside = stream.amplitudes() + usize::from(stream.with_quality) + 1;
        let channels = stream.dimension.saturating_add(beside);
        let names = (stream.name, "Embedding", source_id.as_str());
        let mut info = StreamInfo::create(library, names, channels, stream.rate_hz, SampleFormat::Float32)?;
        info.describe_channels(&stream.channel_notes())?;
        let labels = stream.montage.labels().collect::<Vec<_>>().join(",");
        for (key, value) in [
            ("method", stream.method),
            ("window_s", &stream.window_s.to_string()),
            ("hop_s", &stream.hop_s.to_string()),
            ("model_rate_hz", &stream.model_hz.to_string()),
            ("source", &stream.facts.name),
            ("source_rate_hz", &stream.facts.rate_hz.to_string()),
            ("source_labels", &labels),
            ("generation", &stream.first.0.to_string()),
            ("model_sha256", stream.first.1),
        ] {
            info.describe(key, value)?;
        }
        let outlet = Outlet::create(&info, BUFFER_S)?;
        let (dimension, amplitudes) = (stream.dimension, stream.amplitudes());
        Ok(Self { outlet, sample: vec![0.0; channels], dimension, amplitudes, clock_offset_s })
    }

    /// Sends one embedding with what is known of its window; `stamp` is that of the window's last frame.
    ///
    /// # Errors
    /// [`LslError::Length`] where the embedding or the amplitudes are not as many as the stream has.
    pub fn push(&mut self, sent: Sent<'_>, stamp: Stamp) -> Result<(), LslError> {
        let doing = "publishing an embedding";
        for (expected, got) in [(self.dimension, sent.values.len()), (self.amplitudes, sent.amplitudes.len())] {
            if expected != got {
                return Err(LslError::Length { doing, expected, got });
            }
        }
        let (values, rest) = self.sample.split_at_mut(self.dimension);
        let (amplitudes, rest) = rest.split_at_mut(self.amplitudes);
        values.copy_from_slice(sent.values);
        amplitudes.copy_from_slice(sent.amplitudes);
        // Quality, where it is asked for, and the generation.
        if let Some((generation, quality)) = rest.split_last_mut() {
            quality.fill(sent.quality);
            *generation = sent.generation as f32;
        }
        self.outlet.push(&self.sample, stamp.0 - self.clock_offset_s)
    }

    /// True while somebody receives.
    #[must_use]
    pub fn listened_to(&self) -> bool {
        self.outlet.have_consumers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::SourceKind;

    fn facts(name: &str) -> StreamFacts {
        let montage = Montage::of_labels(&["C3", "C4"]);
        let (kind, name) = (SourceKind::Lsl, name.to_owned());
        StreamFacts { kind, name, montage, rate_hz: 250.0, frames: None, markers: None }
    }

    fn stream<'a>(name: &'a str, facts: &'a StreamFacts) -> EmbeddingStream<'a> {
        EmbeddingStream {
            name,
            dimension: 2,
            rate_hz: 4.0,
            facts,
            montage: &facts.montage,
            method: "byol",
            window_s: 2.0,
            hop_s: 0.25,
            model_hz: 250.0,
            first: (0, "ab12"),
            with_quality: false,
            with_amplitudes: false,
        }
    }

    #[test]
    fn the_source_id_is_stable_and_tells_streams_apart() {
        let (a, b) = (facts("amp"), facts("amp 2"));
        let id = stream("emb", &a).source_id("rig");
        assert_eq!(id, "neurostream/rig/emb/amp");
        assert_eq!(id, stream("emb", &a).source_id("rig"));
        let others =
            [stream("emb", &b).source_id("rig"), stream("e", &a).source_id("rig"), stream("emb", &a).source_id("x")];
        assert!(!others.contains(&id));
    }

    #[test]
    fn quotation_marks_do_not_reach_the_source_id() {
        assert_eq!(stream("emb", &facts("Bob's \"1\".edf")).source_id("rig"), "neurostream/rig/emb/Bob_s _1_.edf");
    }

    #[test]
    fn the_last_channel_is_the_generation() {
        let labels: Vec<String> = stream("emb", &facts("amp")).channel_notes().into_iter().map(|n| n.label).collect();
        assert_eq!(labels, ["e0", "e1", "generation"]);
        let (amp, with_quality) = (facts("amp"), true);
        let notes = EmbeddingStream { with_quality, ..stream("emb", &amp) }.channel_notes();
        let labels: Vec<&str> = notes.iter().map(|note| note.label.as_str()).collect();
        assert_eq!(labels, ["e0", "e1", "quality", "generation"]);
    }
}
