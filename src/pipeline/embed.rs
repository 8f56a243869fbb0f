//! Embeddings of a recording by a model folder, without a pipeline.
//!
//! Pure but for the source, which plays as fast as it can. Invariant: embeddings are those that a run gives which goes on from
//! the model's checkpoint and learns nothing, bit for bit: channels, conditioning, windows, verdicts and weights come from the
//! same code.

use super::clock::MonotonicClock;
use super::plan::{Plan, PlanError, open_source};
use super::windows::{CutWindow, Windows};
use crate::config::{Config, ModelConfig, SourceConfig, Speed, WindowConfig};
use crate::dsp::StateError;
use crate::format::embedding::Row;
use crate::learn::nn::Compute;
use crate::learn::{Architecture, Encoder, EncoderShape, Method, Model, parameters};
use crate::lsl::LslError;
use crate::source::SourceError;
use std::path::{Path, PathBuf};

/// Why a recording has no embeddings by a model.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// It cannot be read, or its signal is nothing that the model's conditioning fits.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// It is broken farther on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The model knows other channels.
    #[error(
        "{}: the model knows {wanted} channels, and less than half of them are here: {} missing. An encoder `spatial-conv` \
         or `channelwise` serves any montage; this one is `{architecture}`",
        path.display(), few(missing)
    )]
    Channels {
        /// The recording.
        path: PathBuf,
        /// How many the model knows.
        wanted: usize,
        /// Those that are not there.
        missing: Vec<String>,
        /// The word of the encoder.
        architecture: &'static str,
    },
    /// The weights do not fit the card.
    #[error("the model cannot be used: {0}")]
    Weights(#[from] parameters::MismatchError),
    /// What the model knows of its channels is damaged.
    #[error("the model cannot be used: its running scale {0}")]
    Scale(#[from] StateError),
}

/// Labels that a message names.
const NAMED: usize = 8;

fn few(labels: &[String]) -> String {
    let named = labels.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = labels.len().saturating_sub(NAMED);
    let are = if labels.len() == 1 { "is" } else { "are" };
    if more > 0 { format!("{named} and {more} more {are}") } else { format!("{named} {are}") }
}

/// One recording on its way through a model.
pub struct Embedding {
    encoder: Encoder,
    windows: Windows,
    channels: usize,
    rate_hz: f64,
    generation: u64,
    duration_s: Option<f64>,
    notes: Vec<String>,
}

impl Embedding {
    /// Opens a recording for a model; `stream` is that of an XDF recording, where several could be meant.
    ///
    /// # Errors
    /// If it cannot be read or does not fit the model.
    pub fn open(model: &Model, path: &Path, stream: Option<&str>) -> Result<Self, EmbedError> {
        let card = &model.card;
        let mut config = configuration(model, path, stream);
        let library = || Err(LslError::NotFound { searched: "nothing: a recording is read".to_owned() });
        let source = open_source(&config, library, &MonotonicClock::new(), &|| true).map_err(PlanError::Source)?;
        let facts = source.facts();
        let mut notes = Vec::new();
        if config.signal.rate_hz == 0.0 && facts.rate_hz != card.rate_hz {
            // The plan tells it.
            config.signal.rate_hz = card.rate_hz;
        }
        if card.windows.around.is_some() {
            notes.push("a window every hop, not round markers".to_owned());
        }
        let plan = Plan::new(&config, facts)?.for_model_of(&card.channels);
        notes.extend(plan.notes.iter().cloned());
        let channels = &plan.identity.channels;
        if *channels != card.channels && !card.encoder.architecture.serves_any_montage() {
            let missing = card.channels.iter().filter(|label| !channels.contains(label)).cloned().collect();
            let architecture = card.encoder.architecture.word();
            let (path, wanted) = (path.to_owned(), card.channels.len());
            return Err(EmbedError::Channels { path, wanted, missing, architecture });
        }
        // Whatever serves any montage has no weight that belongs to a channel.
        let (channels, sites) = (plan.montage.len(), plan.identity.encoder.sites.clone());
        let encoder =
            model.encoder_for(&EncoderShape { channels, sites, ..card.encoder.clone() }, Compute::default())?;
        let scale = card.scale.as_ref().map(|state| state.of(&card.channels, &plan.identity.channels)).transpose()?;
        let duration_s = facts.frames.map(|frames| frames as f64 / facts.rate_hz);
        let windows = Windows::new(&plan, source, 0);
        let windows = match scale {
            Some(state) => windows.knowing(state)?,
            None => windows,
        };
        let generation = card.generation.unwrap_or_default();
        Ok(Self { encoder, windows, channels, rate_hz: plan.rate_hz, generation, duration_s, notes })
    }

    /// What was done to make it fit, to be told.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How much signal it has in seconds, where that is known before the end.
    #[must_use]
    pub fn duration_s(&self) -> Option<f64> {
        self.duration_s
    }

    /// Gives the next window with its embedding to `take`, and says whether it is worth learning from; none at the end.
    ///
    /// # Errors
    /// If the recording cannot be read on.
    pub fn step<T>(&mut self, take: impl FnOnce(Row<'_>, bool) -> T) -> Result<Option<T>, EmbedError> {
        let Some(CutWindow { origin, samples, quality, is_learnable }) = self.windows.step()? else { return Ok(None) };
        let values = self.encoder.embed(samples.to_vec(), self.channels);
        let (first, frames) = (origin.first, samples.len() / self.channels);
        let row = Row {
            first,
            start_s: first as f64 / self.rate_hz,
            end_s: (first + frames as u64) as f64 / self.rate_hz,
            generation: self.generation,
            latency_ms: 0.0,
            quality: quality as f32,
            amplitudes: &[],
            class: None,
            novelty: None,
            confidence: None,
            marker: None,
            file: "",
            values: &values,
        };
        Ok(Some(take(row, is_learnable)))
    }
}

/// The configuration of a run that would serve the model on a recording.
fn configuration(model: &Model, path: &Path, stream: Option<&str>) -> Config {
    let card = &model.card;
    let mut words = ModelConfig {
        encoder: card.encoder.architecture.word().to_owned(),
        embedding: card.encoder.embedding,
        widths: Some(card.encoder.widths.clone()),
        ..ModelConfig::default()
    };
    match card.encoder.architecture {
        Architecture::SpatialConv { virtual_channels } => words.virtual_channels = virtual_channels,
        Architecture::PatchTransformer { patch } => words.patch_s = patch as f64 / card.rate_hz,
        _ => {}
    }
    let (replay, stream) = (Some(path.to_owned()), stream.map(str::to_owned));
    // Its length in frames, and no markers: every hop a window.
    let windows = WindowConfig {
        length: Some(card.window),
        hop: card.windows.hop,
        hop_s: card.windows.hop_s,
        ..WindowConfig::default()
    };
    let mut config = Config {
        source: SourceConfig { replay, stream, speed: Speed::Max, ..SourceConfig::default() },
        signal: card.signal.clone(),
        quality: card.quality.clone(),
        window: windows,
        model: words,
        ..Config::default()
    };
    // Nothing is learnt: what a method asks of windows beyond its encoder is not asked.
    config.train.enabled = false;
    Method::Simclr.word().clone_into(&mut config.train.method);
    config
}
