//! The index: which recordings there are below some paths, and what they are.
//!
//! Made on the pool of the calling thread, kept as JSON. Invariant: a file whose size and time have not changed is not read
//! again, and one that cannot be read is in it with the reason.

use super::manifest::Part;
use super::stretch::open;
use crate::config::Config;
use crate::format::atomic;
use crate::signal::{Channel, ChannelKind, Montage, SourceKind, StreamFacts, Unit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

/// Endings of recordings in folders; a file that is named itself may have any.
const ENDINGS: [&str; 3] = ["edf", "bdf", "xdf"];
const VERSION: u32 = 1;

/// Why there is no index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A path leads nowhere.
    #[error("{}: {error}; name files or folders of recordings", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Nothing to learn from.
    #[error("{0}: there is no recording (.edf, .bdf, .xdf) in it")]
    Empty(String),
}

/// A channel as the index keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexedChannel {
    label: String,
    kind: String,
    /// Microvolts a unit, or a unit that is no voltage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    microvolts: Option<f64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location_mm: Option<[f64; 3]>,
}

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// A recording.
    Recording {
        /// Its rate in hertz.
        rate_hz: f64,
        /// Its frames.
        frames: u64,
        /// The channels that are taken.
        channels: Vec<IndexedChannel>,
    },
    /// Why it cannot be read.
    Unreadable(String),
}

/// A file, and what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indexed {
    /// Its path, for people and to find it again.
    pub name: String,
    /// Where it is.
    #[serde(skip)]
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified_ns: u64,
    /// What is in it.
    pub found: Found,
}

/// All recordings below some paths, in order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    /// The files.
    pub files: Vec<Indexed>,
    /// Files that were read for it; all others were known.
    pub read: usize,
}

/// The index on the disk.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    /// Which channels were taken, as the configuration says it.
    taken: String,
    files: Vec<Indexed>,
}

impl Index {
    /// Indexes files, and folders with all that is below them, of which `config` takes channels. What the index at `kept`
    /// knows is not read again, unless it took other channels; the new one is written there. `told` hears how many files are
    /// done, of how many.
    ///
    /// # Errors
    /// If a path is not there, or there is no recording at all.
    pub fn make(
        paths: &[PathBuf],
        kept: &Path,
        config: &Config,
        told: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, IndexError> {
        let Listed { paths: found, unlisted } = Listed::below(paths)?;
        let taken = taken(config);
        let known = known(kept, &taken);
        let (files, read) = look_at(&found.iter().collect::<Vec<_>>(), &known, config, told);
        if read > 0 || known.len() != files.len() {
            let written = Written { version: VERSION, taken, files: files.clone() };
            let bytes = serde_json::to_vec(&written).unwrap_or_default();
            atomic::write(kept, &bytes).map_err(|error| IndexError::Path { path: kept.to_owned(), error })?;
        }
        Ok(Self { files: files.into_iter().chain(told_of(&unlisted)).collect(), read })
    }

    /// Indexes each so-many-th of the recordings that were listed, for one part of the work; what is `known` is not read again.
    pub(super) fn of_part(
        listed: &Listed,
        part: Part,
        known: Vec<Indexed>,
        config: &Config,
        told: &(dyn Fn(usize, usize) + Sync),
    ) -> Self {
        let own = part.of_all(&listed.paths);
        let known = known.into_iter().map(|file| (file.name.clone(), file)).collect();
        let (files, read) = look_at(&own, &known, config, told);
        // The first part tells of the folders that could not be listed.
        let unlisted = if part.part == 1 { told_of(&listed.unlisted) } else { Vec::new() };
        Self { files: files.into_iter().chain(unlisted).collect(), read }
    }
}

/// What is in each of these files, in their order, and how many had to be read for it.
fn look_at(
    paths: &[&PathBuf],
    known: &HashMap<String, Indexed>,
    config: &Config,
    told: &(dyn Fn(usize, usize) + Sync),
) -> (Vec<Indexed>, usize) {
    let (done, read) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let one = |path: &&PathBuf| {
        let mut file = Indexed::unread(path);
        let same = known.get(&file.name).filter(|k| (k.bytes, k.modified_ns) == (file.bytes, file.modified_ns));
        file.found = same.map_or_else(
            || {
                read.fetch_add(1, Ordering::Relaxed);
                look(path, config)
            },
            |file| file.found.clone(),
        );
        told(done.fetch_add(1, Ordering::Relaxed) + 1, paths.len());
        file
    };
    let files = paths.par_iter().map(one).collect();
    (files, read.into_inner())
}

fn told_of(unlisted: &Unlisted) -> Vec<Indexed> {
    let told = unlisted.iter().map(|(path, why)| {
        let (name, found) = (path.display().to_string(), Found::Unreadable(why.clone()));
        Indexed { name, path: path.clone(), bytes: 0, modified_ns: 0, found }
    });
    told.collect()
}

impl Indexed {
    /// What the system says of a file without opening it.
    fn unread(path: &Path) -> Self {
        let facts = std::fs::metadata(path);
        let bytes = facts.as_ref().map_or(0, std::fs::Metadata::len);
        let since = facts.and_then(|facts| facts.modified()).ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified_ns = since.map_or(0, |since| since.as_nanos() as u64);
        let (name, found) = (path.display().to_string(), Found::Unreadable("has not been read".to_owned()));
        Self { name, path: path.to_owned(), bytes, modified_ns, found }
    }

    /// What is in one file.
    pub(super) fn of(path: &Path, config: &Config) -> Self {
        Self { found: look(path, config), ..Self::unread(path) }
    }
}

impl Found {
    /// What a source would say of it.
    #[must_use]
    pub fn facts(&self, name: &str) -> Option<StreamFacts> {
        let Self::Recording { rate_hz, frames, channels } = self else { return None };
        let montage = Montage { channels: channels.iter().map(IndexedChannel::channel).collect() };
        let (rate_hz, frames) = (*rate_hz, Some(*frames));
        Some(StreamFacts { kind: SourceKind::Replay, name: name.to_owned(), montage, rate_hz, frames, markers: None })
    }
}

impl IndexedChannel {
    fn of(channel: &Channel) -> Self {
        let (microvolts, unit) = match &channel.unit {
            Unit::Volts { microvolts } => (Some(*microvolts), String::new()),
            Unit::Other(unit) => (None, unit.clone()),
        };
        let (label, kind) = (channel.label.clone(), channel.kind.word().to_owned());
        Self { label, kind, microvolts, unit, location_mm: channel.location_mm }
    }

    fn channel(&self) -> Channel {
        let unit =
            self.microvolts.map_or_else(|| Unit::Other(self.unit.clone()), |microvolts| Unit::Volts { microvolts });
        let kind = ChannelKind::ALL.into_iter().find(|kind| kind.word() == self.kind).unwrap_or(ChannelKind::Other);
        Channel { kind, location_mm: self.location_mm, ..Channel::named(&self.label, unit) }
    }
}

/// What decides which channels of a recording are taken.
fn taken(config: &Config) -> String {
    let signal = &config.signal;
    format!("{:?}", (&signal.channels, &signal.exclude, &signal.kinds, &config.source.stream))
}

/// What an earlier index knew; nothing where there is none, or it is of another kind.
fn known(kept: &Path, taken: &str) -> HashMap<String, Indexed> {
    let text = std::fs::read(kept).unwrap_or_default();
    let written = serde_json::from_slice::<Written>(&text).ok();
    let written = written.filter(|written| written.version == VERSION && written.taken == taken);
    let files = written.map(|written| written.files).unwrap_or_default();
    files.into_iter().map(|file| (file.name.clone(), file)).collect()
}

fn look(path: &Path, config: &Config) -> Found {
    match open(path, config) {
        Ok(source) => {
            let facts = source.facts();
            let channels = facts.montage.channels.iter().map(IndexedChannel::of).collect();
            Found::Recording { rate_hz: facts.rate_hz, frames: facts.frames.unwrap_or_default(), channels }
        }
        Err(error) => Found::Unreadable(error.to_string()),
    }
}

/// Folders that cannot be listed, and why.
pub(super) type Unlisted = Vec<(PathBuf, String)>;

/// The recordings that are named or lie below a folder that is, each once, in order of their paths.
pub(super) struct Listed {
    pub paths: Vec<PathBuf>,
    pub unlisted: Unlisted,
}

impl Listed {
    pub fn below(paths: &[PathBuf]) -> Result<Self, IndexError> {
        let (mut found, mut unlisted) = (BTreeSet::new(), Unlisted::new());
        // A link may lead back into a folder that it lies in.
        let mut seen = HashSet::new();
        for path in paths {
            let failed = |error| IndexError::Path { path: path.clone(), error };
            if !std::fs::metadata(path).map_err(failed)?.is_dir() {
                found.insert(path.clone());
                continue;
            }
            let mut folders = vec![path.clone()];
            while let Some(folder) = folders.pop() {
                if !std::fs::canonicalize(&folder).is_ok_and(|real| seen.insert(real)) {
                    continue;
                }
                let listed = match std::fs::read_dir(&folder) {
                    Ok(listed) => listed,
                    Err(error) => {
                        unlisted.push((folder, format!("the folder cannot be listed: {error}")));
                        continue;
                    }
                };
                for entry in listed.filter_map(Result::ok).map(|entry| entry.path()) {
                    if entry.is_dir() {
                        folders.push(entry);
                    } else if is_recording(&entry) {
                        found.insert(entry);
                    }
                }
            }
        }
        if found.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(IndexError::Empty(names.join(", ")));
        }
        Ok(Self { paths: found.into_iter().collect(), unlisted })
    }
}

fn is_recording(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    ENDINGS.contains(&ending.as_str())
}
