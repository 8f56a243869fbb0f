//! What a folder of prepared windows says of itself: one manifest for each part of the work.
//!
//! Plain values and their JSON. Invariant: a manifest names no shard that is not whole, and no stretch twice.

use super::index::Indexed;
use crate::config::{Config, QualityConfig, SignalConfig, WindowConfig};
use crate::format::digest::{hex, sha256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::str::FromStr;

pub(super) const VERSION: u32 = 1;

/// One of several parts of the work, from 1 on, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which.
    pub part: usize,
    /// Of how many.
    pub of: usize,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match read {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err("must be I/N with I from 1 to N, for instance 2/4".to_owned()),
        }
    }
}

impl Part {
    /// All of the work.
    pub const WHOLE: Self = Self { part: 1, of: 1 };

    /// Its share of a list: the shares of all parts are the list.
    #[must_use]
    pub fn of_all<T>(self, all: &[T]) -> Vec<&T> {
        all.iter().skip(self.part - 1).step_by(self.of).collect()
    }

    /// What the names of its files begin with.
    pub(super) fn name(self) -> String {
        format!("part-{}-of-{}", self.part, self.of)
    }

    /// The name of its manifest.
    pub(super) fn manifest(self) -> String {
        self.name() + ".json"
    }

    /// The name of one of its shards, from 1 on.
    pub(super) fn shard(self, number: usize) -> String {
        format!("{}-{number:05}.parquet", self.name())
    }

    /// True if this is the name of a manifest of any part.
    pub(super) fn is_manifest(name: &str) -> bool {
        name.starts_with("part-") && name.contains("-of-") && name.ends_with(".json")
    }
}

/// All of the configuration that windows follow from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How frames are conditioned.
    pub signal: SignalConfig,
    /// How windows are cut.
    pub window: WindowConfig,
    /// What is good enough to be learnt from.
    pub quality: QualityConfig,
    /// `source.stream`, the stream of XDF recordings.
    pub stream: Option<String>,
    /// `model.montage`, the channels that were asked for.
    pub montage: Vec<String>,
    /// `pretrain.group`, what finds whose a recording is.
    pub group: String,
    /// `pretrain.stretch_s`, seconds of a stretch at most.
    pub stretch_s: f64,
    /// `pretrain.mb`, which bounds a stretch too.
    pub mb: u64,
}

impl Settings {
    pub(super) fn of(config: &Config) -> Self {
        let Config { signal, window, quality, pretrain, .. } = config.clone();
        // Windows lie one every hop, whatever they are served round.
        let window = WindowConfig { around: None, from_s: None, to_s: None, ..window };
        let (stream, montage) = (config.source.stream.clone(), config.model.montage.clone());
        let (group, stretch_s, mb) = (pretrain.group, pretrain.stretch_s, pretrain.mb);
        Self { signal, window, quality, stream, montage, group, stretch_s, mb }
    }

    /// SHA-256 of their JSON.
    pub(super) fn sha256(&self) -> String {
        sha256(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// The keys that differ, as they stand in a configuration, with the values of the one and the other.
    pub(super) fn differing(&self, other: &Self) -> Vec<(String, String, String)> {
        let [mut here, mut there] = [self, other].map(|settings| {
            let mut leaves = Vec::new();
            flatten("", &serde_json::to_value(settings).unwrap_or_default(), &mut leaves);
            leaves
        });
        let absent = || "nothing".to_owned();
        for (key, _) in &there {
            if !here.iter().any(|(known, _)| known == key) {
                here.push((key.clone(), absent()));
            }
        }
        let place = |key: &str| match key {
            "stream" => "source.stream".to_owned(),
            "montage" => "model.montage".to_owned(),
            "group" | "stretch_s" | "mb" => format!("pretrain.{key}"),
            other => other.to_owned(),
        };
        let mut of = |key: &str| {
            let at = there.iter().position(|(known, _)| known == key);
            at.map_or_else(absent, |at| there.swap_remove(at).1)
        };
        let pairs = here.into_iter().map(|(key, here)| (of(&key), key, here));
        pairs.filter(|(there, _, here)| there != here).map(|(there, key, here)| (place(&key), here, there)).collect()
    }
}

/// Values by the dotted names of their keys.
fn flatten(name: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(inner) => {
            for (key, value) in inner {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, leaves);
            }
        }
        Value::Null => leaves.push((name.to_owned(), "nothing".to_owned())),
        value => leaves.push((name.to_owned(), value.to_string())),
    }
}

/// The recordings that were found, of which this part is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// How many.
    pub recordings: usize,
    /// SHA-256 of their names, a line each.
    pub sha256: String,
}

impl Listing {
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let mut hash = Sha256::new();
        paths.iter().for_each(|path| hash.update(format!("{}\n", path.display())));
        Self { recordings: paths.len(), sha256: hex(&hash.finalize()) }
    }
}

/// A shard that is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardEntry {
    /// Its name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its windows.
    pub rows: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// SHA-256 of what it says at its end of what lies where.
    pub footer_sha256: String,
}

/// A stretch that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StretchEntry {
    /// Which recording, counted in the manifest's list from 0 on.
    pub recording: usize,
    /// The frame of the model from which its windows begin.
    pub first: u64,
    /// Windows at most.
    pub windows: u32,
    /// Windows that are worth learning from, which are in the shard.
    pub rows: u32,
    /// Windows that are not.
    pub rejected: u64,
    /// Which shard, counted from 0 on; none without rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<usize>,
    /// Which group of rows in it, counted from 0 on.
    pub group: usize,
    /// SHA-256 of that group as it lies in the shard.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

/// A stretch that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenEntry {
    /// Which recording, counted in the manifest's list from 0 on.
    pub recording: usize,
    /// The frame of the model from which it begins.
    pub first: u64,
    /// Why.
    pub why: String,
}

/// What one part says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this form.
    pub version: u32,
    /// What wrote it.
    pub program: String,
    /// Which part it is.
    #[serde(flatten)]
    pub part: Part,
    /// True once nothing is left to do.
    pub complete: bool,
    /// What windows follow from.
    pub settings: Settings,
    /// Their SHA-256.
    pub settings_sha256: String,
    /// The channels of a window.
    pub channels: Vec<String>,
    /// Its rate.
    pub rate_hz: f64,
    /// Its length.
    pub window_frames: usize,
    /// From one to the next.
    pub hop_frames: usize,
    /// The recording whose channels and rate these are.
    pub lead: Indexed,
    /// All recordings, of all parts.
    pub listing: Listing,
    /// The recordings of this part.
    pub recordings: Vec<Indexed>,
    /// Its shards.
    pub shards: Vec<ShardEntry>,
    /// Its stretches, in the order in which they were done.
    pub stretches: Vec<StretchEntry>,
    /// Those that could not be read.
    pub broken: Vec<BrokenEntry>,
}

impl Manifest {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("is no manifest: {error}"))?;
        if value["version"] != VERSION {
            return Err(format!("is a manifest of version {}, and this program knows {VERSION}", value["version"]));
        }
        let read: Self = serde_json::from_value(value).map_err(|error| format!("is no manifest: {error}"))?;
        let (recordings, shards) = (read.recordings.len(), read.shards.len());
        let fits = |entry: &StretchEntry| {
            entry.recording < recordings && entry.shard.map_or(entry.rows == 0, |shard| shard < shards)
        };
        if read.stretches.iter().all(fits) && read.broken.iter().all(|entry| entry.recording < recordings) {
            return Ok(read);
        }
        Err("is damaged: it speaks of recordings or shards that it does not list".to_owned())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The differences of settings, one a line.
pub(super) fn in_lines(differing: &[(String, String, String)]) -> String {
    let lines = differing.iter().map(|(key, there, here)| format!("\n  {key} is {there} there and {here} here"));
    lines.collect()
}
