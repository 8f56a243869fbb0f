//! Checkpoints: what a trainer has learnt, on disk.
//!
//! Written and read on the trainer's thread or before the run. One safetensors file a checkpoint, in a folder a run:
//! `DIR/run-0001/step-00000412.safetensors`. Invariant: a file is whole (temporary name, sync, rename), carries a hash of
//! all that is in it, and no run writes into the folder of another.

use super::EncoderShape;
use super::objective::{Learnt, Method};
use super::parameters::{MismatchError, Named};
use crate::dsp::{ScaleState, Scaling};
use crate::format::atomic;
use crate::format::digest::hex;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What can be wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Nothing to resume from.
    #[error("{}: there is no checkpoint in this folder; leave out --resume to start anew", .0.display())]
    None(PathBuf),
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
    /// Not a checkpoint, or damaged.
    #[error("{}: {reason}; move the file away to resume from the checkpoint before it", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A checkpoint of something else.
    #[error("{}: the checkpoint was made with {found}, and this run has {wanted}; name another folder or change the configuration", path.display())]
    Other {
        /// Which file.
        path: PathBuf,
        /// What it was made with.
        found: String,
        /// What is wanted.
        wanted: String,
    },
    /// Something is not in it.
    #[error("the checkpoint lacks {0}")]
    Missing(String),
    /// Tensors do not fit the model.
    #[error("the checkpoint does not fit the model: {0}")]
    Mismatch(#[from] MismatchError),
}

/// What must be the same for a checkpoint to fit a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The method.
    pub method: Method,
    /// The encoder.
    pub encoder: EncoderShape,
    /// Labels of its channels in order.
    pub channels: Vec<String>,
    /// Rate of the stream in hertz.
    pub rate_hz: f64,
    /// Frames of a window.
    pub window: usize,
    /// What the channels are referred to; checkpoints of older versions do not say it.
    #[serde(default)]
    pub reference: Option<String>,
    /// What became of microvolts; not told by checkpoints that are older than the choice.
    #[serde(default)]
    pub scaling: Option<Scaling>,
    /// What else the method was told, by key: `train.mae.hidden` is `0.6`; checkpoints of older versions do not say it.
    #[serde(default)]
    pub settings: Vec<(String, String)>,
}

/// A checkpoint in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What it belongs to.
    pub identity: Identity,
    /// What was learnt.
    pub learnt: Learnt,
    /// What the running scale knew of the stream; not there without one.
    pub scale: Option<ScaleState>,
}

/// Checkpoints of one run that are kept, and the name of the best.
const KEPT: usize = 5;
const BEST: &str = "best.safetensors";
const FORMAT: &str = "neurostream checkpoint 1";

#[derive(Serialize, Deserialize)]
struct Card {
    format: String,
    identity: Identity,
    counters: Vec<(String, u64)>,
    #[serde(default)]
    scale: Option<ScaleState>,
}

impl Checkpoint {
    /// Makes the folder of a new run under `dir` and returns it.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new_run(dir: &Path) -> Result<PathBuf, CheckpointError> {
        let failed = |what| move |error| CheckpointError::Io { path: dir.to_owned(), what, error };
        fs::create_dir_all(dir).map_err(failed("the folder for checkpoints cannot be made"))?;
        let last = runs(dir)?.last().map_or(0, |(number, _)| *number);
        // Another process may be starting too: whoever makes the folder has the number.
        for number in last + 1.. {
            let run = dir.join(format!("run-{number:04}"));
            match fs::create_dir(&run) {
                Ok(()) => return Ok(run),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed("a folder for this run's checkpoints cannot be made in it")(error)),
            }
        }
        unreachable!("run numbers do not end")
    }

    /// Writes it into the folder of a run and removes all but the last five there. The best one stays as well, as
    /// `best.safetensors`: another name of the same file.
    ///
    /// # Errors
    /// If it cannot be written; older ones are untouched then.
    pub fn save(&self, run: &Path, step: u64, is_best: bool) -> Result<PathBuf, CheckpointError> {
        let path = run.join(format!("step-{step:08}.safetensors"));
        let bytes = self.to_bytes();
        let failed =
            |error| CheckpointError::Io { path: path.clone(), what: "the checkpoint cannot be written", error };
        atomic::write(&path, &bytes).map_err(failed)?;
        if is_best {
            keep_best(&path, &run.join(BEST)).map_err(failed)?;
        }
        let all = steps(run)?;
        for (_, old) in all.iter().take(all.len().saturating_sub(KEPT)) {
            fs::remove_file(old).map_err(|error| CheckpointError::Io {
                path: old.clone(),
                what: "an old checkpoint cannot be removed",
                error,
            })?;
        }
        Ok(path)
    }

    /// Reads the newest checkpoint of the newest run under `dir` that has taken a step, or of the newest run if none has.
    ///
    /// # Errors
    /// If there is none, or the newest cannot be read: an older one is not taken silently.
    pub fn newest(dir: &Path) -> Result<(PathBuf, Self), CheckpointError> {
        let mut untrained = None;
        for (_, run) in runs(dir)?.iter().rev() {
            match steps(run)?.pop() {
                // A run that was stopped at once must not hide what an earlier one has learnt.
                Some((0, path)) => untrained = untrained.or(Some(path)),
                Some((_, path)) => return Self::load(&path).map(|checkpoint| (path, checkpoint)),
                None => {}
            }
        }
        let path = untrained.ok_or_else(|| CheckpointError::None(dir.to_owned()))?;
        Self::load(&path).map(|checkpoint| (path, checkpoint))
    }

    /// Reads one file.
    ///
    /// # Errors
    /// If it cannot be read, is no checkpoint, is of a later version, or its hash does not fit.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = fs::read(path).map_err(|error| CheckpointError::Io {
            path: path.to_owned(),
            what: "the checkpoint cannot be read",
            error,
        })?;
        Self::from_bytes(&bytes).map_err(|reason| CheckpointError::Damaged { path: path.to_owned(), reason })
    }

    /// Checks that it belongs to such a run.
    ///
    /// # Errors
    /// If it does not, naming the first difference.
    pub fn fits(&self, path: &Path, wanted: &Identity) -> Result<(), CheckpointError> {
        let found = &self.identity;
        let differs = |what: &str, found: String, wanted: String| {
            let words = |value: String| format!("{what} {value}");
            Err(CheckpointError::Other { path: path.to_owned(), found: words(found), wanted: words(wanted) })
        };
        if found.method != wanted.method {
            differs("the method", found.method.word().to_owned(), wanted.method.word().to_owned())
        } else if found.channels != wanted.channels && !wanted.encoder.architecture.serves_any_montage() {
            differs("the channels", found.channels.join(" "), wanted.channels.join(" "))
        } else if found.rate_hz != wanted.rate_hz {
            differs("the rate", format!("{} Hz", found.rate_hz), format!("{} Hz", wanted.rate_hz))
        } else if !found.encoder.shares_weights_with(&wanted.encoder) {
            differs("the encoder", format!("{:?}", found.encoder), format!("{:?}", wanted.encoder))
        } else if found.window != wanted.window {
            differs("windows of", format!("{} frames", found.window), format!("{} frames", wanted.window))
        } else if let (Some(found), Some(wanted)) = (&found.reference, &wanted.reference)
            && found != wanted
        {
            differs("the reference", found.clone(), wanted.clone())
        } else if let (Some(scaled), Some(scaling)) = (found.scaling, wanted.scaling)
            && scaled != scaling
        {
            differs("the running scale", scaled.to_string(), scaling.to_string())
        } else if let Some((key, wanted, found)) = other_setting(&found.settings, &wanted.settings) {
            differs(key, found.to_owned(), wanted.to_owned())
        } else {
            Ok(())
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let card = Card {
            format: FORMAT.to_owned(),
            identity: self.identity.clone(),
            counters: self.learnt.counters.clone(),
            scale: self.scale.clone(),
        };
        let card = serde_json::to_string(&card).unwrap_or_default();
        let bytes: Vec<Vec<u8>> = self.learnt.tensors.iter().map(|t| le_bytes(&t.values)).collect();
        let sha256 = hash(&card, self.learnt.tensors.iter().map(|t| t.name.as_str()).zip(&bytes));
        let views = self.learnt.tensors.iter().zip(&bytes).filter_map(|(tensor, bytes)| {
            Some((tensor.name.as_str(), TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).ok()?))
        });
        let metadata = HashMap::from([("neurostream".to_owned(), card), ("sha256".to_owned(), sha256)]);
        safetensors::serialize(views, Some(metadata)).unwrap_or_default()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let no = |error| format!("this is no checkpoint, or its beginning is damaged ({error})");
        let tensors = SafeTensors::deserialize(bytes).map_err(no)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(no)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let text = metadata.get("neurostream").ok_or("this safetensors file is no checkpoint of neurostream")?;
        let card: Card = serde_json::from_str(text).map_err(|error| format!("its card cannot be read ({error})"))?;
        if card.format != FORMAT {
            return Err(format!("it has the format `{}`, and this program reads `{FORMAT}`", card.format));
        }
        let mut named = Vec::new();
        for (name, view) in tensors.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(format!("tensor `{name}` is of type {:?}, not F32", view.dtype()));
            }
            named.push((name, view.shape().to_vec(), view.data().to_vec()));
        }
        named.sort_by(|a, b| a.0.cmp(b.0));
        let sha256 = hash(text, named.iter().map(|(name, _, bytes)| (*name, bytes)));
        if metadata.get("sha256") != Some(&sha256) {
            return Err("it is damaged: its hash does not fit what is in it".to_owned());
        }
        let tensor = |(name, shape, bytes): (&str, Vec<usize>, Vec<u8>)| {
            let values = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            Named { name: name.to_owned(), shape, values }
        };
        let learnt = Learnt { tensors: named.into_iter().map(tensor).collect(), counters: card.counters };
        Ok(Self { identity: card.identity, learnt, scale: card.scale })
    }
}

/// The first setting that both have and of which they have not the same: its key, what is wanted, and what is found.
fn other_setting<'a>(
    found: &'a [(String, String)],
    wanted: &'a [(String, String)],
) -> Option<(&'a str, &'a str, &'a str)> {
    let of = |(key, wanted): &'a (String, String)| {
        let (_, found) = found.iter().find(|(k, _)| k == key)?;
        (found != wanted).then_some((key.as_str(), wanted.as_str(), found.as_str()))
    };
    wanted.iter().find_map(of)
}

/// Hash of the card and all tensors in order of their names.
fn hash<'a>(card: &str, tensors: impl Iterator<Item = (&'a str, &'a Vec<u8>)>) -> String {
    let mut tensors: Vec<_> = tensors.collect();
    tensors.sort_by(|a, b| a.0.cmp(b.0));
    let mut hasher = Sha256::new();
    hasher.update(card.as_bytes());
    for (name, bytes) in tensors {
        hasher.update(name.as_bytes());
        hasher.update(bytes);
    }
    hex(&hasher.finalize())
}

/// Single-precision numbers as little-endian bytes.
#[must_use]
pub fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Gives a file a second name, in place of whichever file had it.
fn keep_best(path: &Path, best: &Path) -> io::Result<()> {
    let temporary = atomic::partial(best);
    // Of a program that was killed between the two.
    let _ = fs::remove_file(&temporary);
    // Some file systems have one name a file.
    fs::hard_link(path, &temporary).or_else(|_| fs::copy(path, &temporary).map(|_| ()))?;
    fs::rename(&temporary, best)?;
    atomic::sync_folder_of(best)
}

/// Folders `run-N` in `dir`, in order; none where `dir` does not exist.
fn runs(dir: &Path) -> Result<Vec<(u64, PathBuf)>, CheckpointError> {
    numbered(dir, "run-", "")
}

/// Files `step-N.safetensors` in `run`, in order.
fn steps(run: &Path) -> Result<Vec<(u64, PathBuf)>, CheckpointError> {
    numbered(run, "step-", ".safetensors")
}

fn numbered(dir: &Path, prefix: &str, suffix: &str) -> Result<Vec<(u64, PathBuf)>, CheckpointError> {
    let failed = |error| CheckpointError::Io { path: dir.to_owned(), what: "the folder cannot be listed", error };
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let number = name.strip_prefix(prefix).and_then(|n| n.strip_suffix(suffix)).and_then(|n| n.parse().ok());
        found.extend(number.map(|n| (n, path.clone())));
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::*;
    use crate::dsp::{Limit, Spread};

    fn checkpoint() -> Checkpoint {
        let tensors =
            ["b.weight", "a.bias"].map(|name| Named { name: name.into(), shape: vec![2, 1], values: vec![1.5, -2.0] });
        let identity = Identity {
            method: Method::Byol,
            encoder: EncoderShape { channels: 2, widths: vec![8], embedding: 4, ..EncoderShape::default() },
            channels: vec!["C3".into(), "C4".into()],
            rate_hz: 999.412_11,
            window: 500,
            reference: Some("average".into()),
            scaling: Some(Scaling::Running { spread: Spread::Ema, seconds: 30.0, limit: Limit::Clip }),
            settings: vec![("train.temperature".into(), "0.2".into())],
        };
        let learnt = Learnt { tensors: tensors.into(), counters: vec![("steps".into(), 7)] };
        let [centre, spread, heard, outlying] = [[0.0, -1.5], [12.5, 0.1], [7000.0, 3.0], [0.0, 0.5]].map(Vec::from);
        Checkpoint { identity, learnt, scale: Some(ScaleState { centre, spread, heard, outlying }) }
    }

    #[test]
    fn what_is_written_comes_back_and_old_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let first = Checkpoint::new_run(dir.path()).unwrap();
        let second = Checkpoint::new_run(dir.path()).unwrap();
        assert_ne!(first, second);
        for step in 1..=9 {
            checkpoint().save(&first, step, step == 2).unwrap();
        }
        assert!(Checkpoint::load(&first.join(BEST)).is_ok() && !first.join("step-00000002.safetensors").exists());
        assert_eq!(steps(&first).unwrap().len(), KEPT);
        let (path, read) = Checkpoint::newest(dir.path()).unwrap();
        assert!(path.ends_with("run-0001/step-00000009.safetensors"));
        checkpoint().save(&second, 0, false).unwrap();
        assert_eq!(Checkpoint::newest(dir.path()).unwrap().0, path, "a run without a step hides nothing");
        assert_eq!((&read.identity, &read.scale), (&checkpoint().identity, &checkpoint().scale));
        assert_eq!(read.learnt.tensors.iter().find(|t| t.name == "b.weight").unwrap().values, [1.5, -2.0]);
        assert!(read.fits(&path, &checkpoint().identity).is_ok());
        let other = Identity { method: Method::Cpc, ..checkpoint().identity };
        assert!(read.fits(&path, &other).unwrap_err().to_string().contains("method byol"));
        let told = |value: &str| Identity {
            settings: vec![("train.queue".into(), "9".into()), ("train.temperature".into(), value.into())],
            ..checkpoint().identity
        };
        assert!(read.fits(&path, &told("0.2")).is_ok(), "an older version did not say how long the queue was");
        let refused = read.fits(&path, &told("0.1")).unwrap_err().to_string();
        assert!(
            refused.contains("made with train.temperature 0.2, and this run has train.temperature 0.1"),
            "{refused}"
        );
        // Weights that belong to no channel go on with other ones.
        let on = |architecture, labels: &[&str]| {
            let encoder = EncoderShape { channels: labels.len(), architecture, ..checkpoint().identity.encoder };
            let channels = labels.iter().map(|&label| label.to_owned()).collect();
            Identity { encoder, channels, ..checkpoint().identity }
        };
        let fits = |architecture: Architecture| {
            let found = Checkpoint { identity: on(architecture.clone(), &["C3", "C4"]), ..checkpoint() };
            found.fits(&path, &on(architecture, &["Fz", "Cz", "Pz"])).is_ok()
        };
        assert!(fits(Architecture::SpatialConv { virtual_channels: 4 }) && !fits(Architecture::Tcn));
        let other = Identity { scaling: Some(Scaling::Microvolts), ..checkpoint().identity };
        let error = read.fits(&path, &other).unwrap_err().to_string();
        assert!(
            error.contains("the running scale ema over 30 s, clip, and this run has the running scale none"),
            "{error}"
        );
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let good = checkpoint().to_bytes();
        assert!(Checkpoint::from_bytes(&good).is_ok());
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            assert!(
                Checkpoint::from_bytes(&bad).is_err_and(|e| !e.is_empty())
                    || Checkpoint::from_bytes(&bad).ok() == Checkpoint::from_bytes(&good).ok(),
                "byte {at}"
            );
            assert!(Checkpoint::from_bytes(&good[..at]).is_err(), "cut at {at}");
        }
    }
}
