//! A model as a folder that can be given away: weights of one encoder, and a card that says what they are.
//!
//! `MODEL/encoder.safetensors` holds the weights as PyTorch names and lays them out, `MODEL/card.toml` the rest in plain text.
//! Written and read before or after a run. Invariant: a folder appears whole (temporary name, sync, rename) and replaces
//! nothing; one that is damaged, foreign or of a later version is refused.

use super::encoder::torch;
use super::gate::{Metrics, of_counters};
use super::nn::{Compute, Init};
use super::parameters::{self, Named};
use super::trainer::SERVED_METRIC;
use super::{Axes, Checkpoint, Encoder, EncoderShape, Method, checkpoint};
use crate::config::{QualityConfig, SignalConfig, WindowConfig};
use crate::dsp::ScaleState;
use crate::format::atomic;
use crate::format::digest::sha256;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What can be wrong with a model folder.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// It would replace something.
    #[error("{}: there is such a file or folder already; name another", .0.display())]
    Exists(PathBuf),
    /// The system refuses.
    #[error("{}: {what}: {error}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// Not a model, or damaged, or of a later version.
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// What a model is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The format of the folder.
    pub format: String,
    /// SHA-256 of `encoder.safetensors`.
    pub sha256: String,
    /// The method that it was trained with.
    pub method: Method,
    /// What else the method was told, by key of the configuration.
    #[serde(default)]
    pub settings: Vec<(String, String)>,
    /// Optimiser steps behind it.
    pub steps: u64,
    /// What it showed on windows that were held back from learning; nothing where none were.
    #[serde(default)]
    pub metrics: Metrics,
    /// The number of the generation that it was served as; none in cards of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// What it was trained on.
    pub trained_on: String,
    /// Rate of the stream in hertz.
    pub rate_hz: f64,
    /// Frames of a window.
    pub window: usize,
    /// Labels of the channels in order.
    pub channels: Vec<String>,
    /// What the channels are referred to.
    pub reference: Option<String>,
    /// The encoder.
    pub encoder: EncoderShape,
    /// How frames were conditioned.
    pub signal: SignalConfig,
    /// How they were cut into windows.
    pub windows: WindowConfig,
    /// How channels were judged.
    #[serde(default)]
    pub quality: QualityConfig,
    /// What the running scale knew of the channels in the end; none where microvolts stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleState>,
}

/// A model in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What it is.
    pub card: ModelCard,
    /// Its weights, named and laid out as here.
    pub weights: Vec<Named>,
}

const FORMAT: &str = "neurostream model 1";
const WEIGHTS: &str = "encoder.safetensors";
const CARD: &str = "card.toml";

/// The parameters of an encoder of this shape, with first values.
fn first_weights(shape: &EncoderShape) -> Vec<Named> {
    parameters::list(&Encoder::new(&mut Init::serving(0, Compute::default()), shape))
}

impl Model {
    /// The encoder that a checkpoint serves, or of an older one the one in training; `trained_on` names the data.
    ///
    /// # Errors
    /// With the first parameter that is missing from the checkpoint.
    pub fn of(
        checkpoint: &Checkpoint,
        trained_on: &str,
        signal: &SignalConfig,
        windows: &WindowConfig,
        quality: &QualityConfig,
    ) -> Result<Self, parameters::MismatchError> {
        let identity = &checkpoint.identity;
        let counter = |name: &str| checkpoint.learnt.counters.iter().find(|(n, _)| n == name).map(|&(_, value)| value);
        let (online, steps) = match counter("served_step") {
            Some(step) => ("served.online.", step),
            None => ("online.", counter("steps").unwrap_or_default()),
        };
        let of_encoder = |named: &Named| {
            let path = named.name.strip_prefix(online)?;
            let name = path.strip_prefix("encoder.").or_else(|| Some(path.split_once(".encoder.")?.1))?;
            Some(Named { name: name.to_owned(), ..named.clone() })
        };
        let found: Vec<Named> = checkpoint.learnt.tensors.iter().filter_map(of_encoder).collect();
        let empty = Encoder::new(&mut Init::serving(0, Compute::default()), &identity.encoder);
        let trained = parameters::with_values(empty, &found)?;
        // As it was served, on the axes that others know.
        let weights = match Axes::among(&checkpoint.learnt.tensors) {
            Some(axes) if axes.from.len() == identity.encoder.embedding => parameters::list(&axes.folded(&trained)),
            _ => parameters::list(&trained),
        };
        let card = ModelCard {
            format: FORMAT.to_owned(),
            sha256: String::new(),
            method: identity.method,
            settings: identity.settings.clone(),
            steps,
            metrics: of_counters(SERVED_METRIC, &checkpoint.learnt.counters),
            generation: counter("served_number").or_else(|| counter("generations")),
            trained_on: trained_on.to_owned(),
            rate_hz: identity.rate_hz,
            window: identity.window,
            channels: identity.channels.clone(),
            reference: identity.reference.clone(),
            encoder: identity.encoder.clone(),
            signal: signal.clone(),
            windows: windows.clone(),
            quality: quality.clone(),
            scale: checkpoint.scale.clone(),
        };
        Ok(Self { card, weights })
    }

    /// The encoder, for serving.
    ///
    /// # Errors
    /// If the weights do not fit the shape.
    pub fn encoder(&self, compute: Compute) -> Result<Encoder, parameters::MismatchError> {
        self.encoder_for(&self.card.encoder, compute)
    }

    /// The encoder for other channels, for serving: `shape` is the card's but for channels and sites.
    ///
    /// # Errors
    /// If the weights do not fit the shape, as where some belong to a channel.
    pub fn encoder_for(&self, shape: &EncoderShape, compute: Compute) -> Result<Encoder, parameters::MismatchError> {
        parameters::with_values(Encoder::new(&mut Init::serving(0, compute), shape), &self.weights)
    }

    /// Writes it as a new folder.
    ///
    /// # Errors
    /// If there is such a folder already, or it cannot be written; nothing is left behind then.
    pub fn save(&self, folder: &Path) -> Result<(), ModelError> {
        if folder.symlink_metadata().is_ok() {
            return Err(ModelError::Exists(folder.to_owned()));
        }
        let weights = self.weights_file();
        let card = ModelCard { sha256: sha256(&weights), ..self.card.clone() };
        let unusable = |reason| ModelError::Unusable { path: folder.join(CARD), reason };
        let card = toml::to_string(&card).map_err(|error| unusable(format!("the card cannot be written ({error})")))?;
        let partial = atomic::partial(folder);
        let failed = |error| ModelError::Io { path: folder.to_owned(), what: "the model cannot be written", error };
        fs::create_dir(&partial).map_err(failed)?;
        let written = atomic::write(&partial.join(WEIGHTS), &weights)
            .and_then(|()| atomic::write(&partial.join(CARD), card.as_bytes()))
            .and_then(|()| fs::rename(&partial, folder));
        if written.is_err() {
            // The first error says what is wrong.
            let _ = fs::remove_dir_all(&partial);
        }
        written.and_then(|()| atomic::sync_folder_of(folder)).map_err(failed)
    }

    fn weights_file(&self) -> Vec<u8> {
        let there: Vec<Named> = self.weights.iter().map(|named| torch::to_torch(&self.card.encoder, named)).collect();
        let bytes: Vec<Vec<u8>> = there.iter().map(|named| checkpoint::le_bytes(&named.values)).collect();
        let views = there.iter().zip(&bytes).filter_map(|(named, bytes)| {
            Some((named.name.as_str(), TensorView::new(Dtype::F32, named.shape.clone(), bytes).ok()?))
        });
        safetensors::serialize(views, None).unwrap_or_default()
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// If it cannot be read, is no model, is damaged, or of a later version.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let read = |name: &str| {
            let path = folder.join(name);
            let bytes = fs::read(&path);
            bytes.map_err(|error| ModelError::Io { path, what: "this part of the model cannot be read", error })
        };
        let unusable = |name: &str| {
            let path = folder.join(name);
            move |reason: String| ModelError::Unusable { path: path.clone(), reason }
        };
        let card = card(&read(CARD)?).map_err(unusable(CARD))?;
        let weights = weights(&read(WEIGHTS)?, &card).map_err(unusable(WEIGHTS))?;
        Ok(Self { card, weights })
    }
}

fn card(bytes: &[u8]) -> Result<ModelCard, String> {
    let text = str::from_utf8(bytes).map_err(|_| "this is no card of a model: it is not text".to_owned())?;
    let table: toml::Table = toml::from_str(text).map_err(|error| format!("this is no card of a model ({error})"))?;
    // The format first: of a later one nothing else need be the same.
    match table.get("format").and_then(toml::Value::as_str) {
        Some(FORMAT) => {}
        Some(other) => return Err(format!("it has the format `{other}`, and this program reads `{FORMAT}`")),
        None => return Err("this is no card of a model: it names no `format`".to_owned()),
    }
    table.try_into().map_err(|error| format!("the card cannot be read ({error})"))
}

fn weights(bytes: &[u8], card: &ModelCard) -> Result<Vec<Named>, String> {
    if sha256(bytes) != card.sha256 {
        return Err("it is damaged or not of this card: its SHA-256 is not the card's `sha256`".to_owned());
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| format!("this is no safetensors file ({error})"))?;
    let one = |here: Named| {
        let name = torch::to_torch(&card.encoder, &here).name;
        let view = tensors.tensor(&name).map_err(|_| format!("it lacks `{name}`: was it made for another encoder?"))?;
        if view.dtype() != Dtype::F32 {
            return Err(format!("tensor `{name}` is of type {:?}, not F32", view.dtype()));
        }
        let values = view.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let there = Named { name: name.clone(), shape: view.shape().to_vec(), values };
        let wanted = || torch::to_torch(&card.encoder, &here).shape;
        torch::from_torch(&card.encoder, &here, &there).ok_or_else(|| {
            format!("tensor `{name}` has the shape {:?}, and the card needs {:?}", there.shape, wanted())
        })
    };
    first_weights(&card.encoder).into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Architecture, Identity, Learnt, Site};
    use super::*;

    fn models() -> Vec<Model> {
        let all = [
            (Architecture::Conv, vec![8, 6]),
            (Architecture::SpatialConv { virtual_channels: 4 }, vec![8, 6]),
            (Architecture::Channelwise, vec![8, 6]),
            (Architecture::Tcn, vec![4, 6]),
            (Architecture::Eegnet { kernel: 9 }, vec![2, 6]),
        ];
        all.into_iter().map(|(architecture, widths)| model(architecture, widths)).collect()
    }

    fn model(architecture: Architecture, widths: Vec<usize>) -> Model {
        let sites =
            vec![Site { label: "C3".into(), position: Some([-0.4, 0.0]) }, Site { label: "X".into(), position: None }];
        let encoder = EncoderShape { channels: 2, architecture, widths, embedding: 5, sites };
        let network = Encoder::new(&mut Init::serving(3, Compute::default()), &encoder);
        let prefixed = |named: Named| Named { name: format!("online.trunk.encoder.{}", named.name), ..named };
        let tensors = parameters::list(&network).into_iter().map(prefixed).collect();
        let identity = Identity {
            method: Method::Byol,
            encoder,
            channels: vec!["C3".into(), "X".into()],
            rate_hz: 256.0,
            window: 64,
            reference: None,
            scaling: None,
            settings: Vec::new(),
        };
        let counters = vec![("steps".into(), 7), (format!("{SERVED_METRIC}rankme"), (1.0f64 / 3.0).to_bits())];
        let learnt = Learnt { tensors, counters };
        let row = |a: f64, b: f64| vec![a, b];
        let scale = ScaleState {
            centre: row(0.0, -1.0 / 3.0),
            spread: row(120.5, 1e-9),
            heard: row(7000.0, 3.0),
            outlying: row(0.0, 0.5),
        };
        let checkpoint = Checkpoint { identity, learnt, scale: Some(scale) };
        Model::of(&checkpoint, "a.edf", &SignalConfig::default(), &WindowConfig::default(), &QualityConfig::default())
            .unwrap()
    }

    #[test]
    fn a_model_comes_back_bit_for_bit() {
        let desk = tempfile::tempdir().unwrap();
        for (number, model) in models().into_iter().enumerate() {
            let folder = desk.path().join(number.to_string());
            model.save(&folder).unwrap();
            let read = Model::load(&folder).unwrap();
            assert_eq!((&read.weights, &read.card.encoder, read.card.steps), (&model.weights, &model.card.encoder, 7));
            assert_eq!(read.card.metrics, Metrics::from([("rankme".to_owned(), 1.0 / 3.0)]));
            assert_eq!((&read.card.scale, read.card.scale.is_some()), (&model.card.scale, true));
            let window: Vec<f32> = (0..128u8).map(|i| f32::from(i % 13) - 6.0).collect();
            let embeds = |model: &Model| model.encoder(Compute::default()).unwrap().embed(window.clone(), 2);
            assert_eq!(embeds(&read), embeds(&model));
            assert!(matches!(model.save(&folder), Err(ModelError::Exists(_))));
        }
        assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 5, "nothing but the models");
    }

    #[test]
    fn what_is_damaged_foreign_or_of_a_later_version_is_refused() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("model");
        models()[1].save(&folder).unwrap();
        let refused = |name: &str, bytes: &[u8], words: &str| {
            let path = folder.join(name);
            let good = fs::read(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            let error = Model::load(&folder).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains(name), "{error}");
            fs::write(&path, good).unwrap();
        };
        let (card, weights) = (fs::read_to_string(folder.join(CARD)).unwrap(), fs::read(folder.join(WEIGHTS)).unwrap());
        refused(CARD, card.replace("model 1", "model 2").as_bytes(), "`neurostream model 2`");
        refused(CARD, b"title = \"a book\"\n", "names no `format`");
        refused(CARD, &[0xff, 0xfe], "no card");
        refused(CARD, card.replace("rate_hz", "rate").as_bytes(), "cannot be read");
        refused(WEIGHTS, &weights[..weights.len() - 1], "damaged");
        refused(WEIGHTS, b"PK", "damaged");
        let mut bad = weights.clone();
        bad[weights.len() / 2] ^= 1;
        refused(WEIGHTS, &bad, "damaged");
        assert!(Model::load(&folder).is_ok());
        fs::remove_file(folder.join(WEIGHTS)).unwrap();
        assert!(matches!(Model::load(&folder), Err(ModelError::Io { .. })));
    }
}
