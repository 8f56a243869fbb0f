//! Windows that were prepared become a corpus: the same recordings, groups and stretches, read from shards.
//!
//! Opened on the caller's thread, read on the one that reads ahead. Invariant: all parts of the work are there and of one kind, and
//! what is read has the hash that was written.

use super::corpus::{CorpusError, Fitting};
use super::index::{Index, Indexed};
use super::manifest::{Manifest, Part, Settings, ShardEntry, StretchEntry, in_lines};
use super::prepare::{PrepareError, there};
use super::stretch::{Stretch, StretchError};
use crate::config::{Config, Problem};
use crate::format::digest::sha256;
use crate::format::store::{Store, StoreError};
use crate::format::windows::{Footer, WindowsError};
use crate::learn::Origin;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Ends of shards that are kept at once.
const FOOTERS: usize = 64;

/// Why prepared windows cannot be learnt from.
#[derive(Debug, thiserror::Error)]
pub enum ShardsError {
    /// The folder cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What lies in it cannot be read.
    #[error(transparent)]
    Manifest(#[from] PrepareError),
    /// Nothing lies in it.
    #[error("{0}: there are no prepared windows in it (no part-1-of-1.json); `neurostream prepare` writes them")]
    Empty(String),
    /// Parts are missing or not done.
    #[error("{place}: {}", .why.join("; "))]
    Parts {
        /// The folder.
        place: String,
        /// What is missing, and what to do.
        why: Vec<String>,
    },
}

/// Prepared windows.
#[derive(Debug)]
pub struct Shards {
    store: Store,
    settings: Settings,
    /// The recording whose channels and rate are the model's.
    pub(super) lead: Indexed,
    /// What is known of the recordings.
    pub(super) index: Index,
    /// Of each recording, its stretches in order.
    stretches: HashMap<String, Vec<Place>>,
    files: Vec<ShardEntry>,
    /// Recordings that broke in the midst, and why.
    pub(super) broken: Vec<(String, String)>,
}

/// A stretch, and where it is.
#[derive(Debug)]
struct Place {
    entry: StretchEntry,
    /// Which of all shards.
    shard: Option<usize>,
}

/// Ends of shards that were read lately.
#[derive(Debug, Default)]
pub struct Footers(HashMap<usize, Footer>);

impl Shards {
    /// True if this names a URL, or a folder of prepared windows.
    #[must_use]
    pub fn are_at(path: &Path) -> bool {
        if Store::is_url(path) {
            return true;
        }
        let listed = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        listed.into_iter().any(|entry| Part::is_manifest(&entry.file_name().to_string_lossy()))
    }

    /// Reads what a folder says of itself.
    ///
    /// # Errors
    /// If it cannot be read, or parts are missing.
    pub fn open(place: &Path) -> Result<Self, ShardsError> {
        let store = Store::open(place, false)?;
        let manifests = there(&store)?;
        let Some(first) = manifests.first() else { return Err(ShardsError::Empty(store.place().to_owned())) };
        let why = missing(&manifests);
        if !why.is_empty() {
            return Err(ShardsError::Parts { place: store.place().to_owned(), why });
        }
        let (settings, lead) = (first.settings.clone(), first.lead.clone());
        let (mut known, mut stretches) = (BTreeMap::<PathBuf, Indexed>::new(), HashMap::<String, Vec<Place>>::new());
        let (mut files, mut broken) = (Vec::new(), Vec::new());
        for Manifest { recordings, shards, stretches: done, broken: broke, rate_hz, .. } in manifests {
            for entry in broke {
                let at_s = entry.first as f64 / rate_hz;
                broken.push((recordings[entry.recording].name.clone(), format!("from {at_s:.0} s on: {}", entry.why)));
            }
            for entry in done {
                let shard = entry.shard.map(|shard| files.len() + shard);
                let name = recordings[entry.recording].name.clone();
                stretches.entry(name).or_default().push(Place { entry, shard });
            }
            known.extend(recordings.into_iter().map(|file| (PathBuf::from(&file.name), file)));
            files.extend(shards);
        }
        stretches.values_mut().for_each(|places| places.sort_by_key(|place| place.entry.first));
        let index = Index { files: known.into_values().collect(), read: 0 };
        Ok(Self { store, settings, lead, index, stretches, files, broken })
    }

    /// The recordings.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// How many shards there are, and their bytes.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        (self.files.len(), self.files.iter().map(|file| file.bytes).sum())
    }

    /// The configuration with all that these windows follow from; `is_written` says which keys a person wrote.
    ///
    /// # Errors
    /// If a person wrote a key that says otherwise.
    pub fn configure(&self, config: &Config, is_written: impl Fn(&str) -> bool) -> Result<Config, CorpusError> {
        let mut config = config.clone();
        if config.pretrain.group.is_empty() {
            config.pretrain.group.clone_from(&self.settings.group);
        }
        // How recordings are grouped and memory is filled is decided anew.
        let Settings { group, stretch_s, mb, .. } = Settings::of(&config);
        let asked = Settings { group, stretch_s, mb, ..self.settings.clone() };
        let differing: Vec<_> =
            asked.differing(&Settings::of(&config)).into_iter().filter(|(key, ..)| is_written(key)).collect();
        if let [(key, there, here), ..] = &differing[..] {
            let allowed = format!("is not what these windows were prepared with:{}", in_lines(&differing));
            let problem = Problem::of(key, here, allowed);
            return Err(CorpusError::Problem(
                problem.hint(format!("leave it out, or prepare others; {key} = {there}")),
            ));
        }
        let Settings { signal, window, quality, stream, montage, .. } = self.settings.clone();
        (config.signal, config.window, config.quality) = (signal, window, quality);
        (config.source.stream, config.model.montage) = (stream, montage);
        Ok(config)
    }

    /// The stretches of a recording, the `file`th of a corpus.
    pub(super) fn cut(&self, file: u32, name: &str, all: &mut Vec<Stretch>) {
        let places = self.stretches.get(name).into_iter().flatten();
        all.extend(places.map(|place| Stretch { file, first: place.entry.first, windows: place.entry.windows }));
    }

    /// What has to be the same for the same windows to be read.
    pub(super) fn hash(&self, hash: &mut Sha256) {
        self.files.iter().for_each(|file| hash.update(&file.sha256));
    }

    /// Gives the windows of a stretch, of so many samples each, to `take`, as long as it wants more; returns how many were not
    /// worth it.
    pub(super) fn read(
        &self,
        footers: &mut Footers,
        file: &Fitting,
        stretch: Stretch,
        window: usize,
        mut take: impl FnMut(Origin, &[f32]) -> bool,
    ) -> Result<u64, StretchError> {
        let places = self.stretches.get(&file.name).map(Vec::as_slice).unwrap_or_default();
        let Ok(at) = places.binary_search_by_key(&stretch.first, |place| place.entry.first) else {
            return Err(StretchError::Shard("the shards".to_owned(), "do not have this stretch".to_owned()));
        };
        let Place { entry, shard } = &places[at];
        let Some(shard) = *shard else { return Ok(entry.rejected) };
        let ShardEntry { file: name, bytes: size, footer_sha256, .. } = &self.files[shard];
        let damaged =
            |error: &WindowsError| StretchError::Shard(format!("{}/{name}", self.store.place()), error.to_string());
        if !footers.0.contains_key(&shard) {
            if footers.0.len() >= FOOTERS {
                footers.0.clear();
            }
            let footer = Footer::read(*size, footer_sha256, |range| self.store.range(name, range).map_err(Torn::Store));
            let footer = footer.map_err(|error| match error {
                Torn::Store(error) => StretchError::Store(error),
                Torn::Windows(error) => damaged(&error),
            })?;
            footers.0.insert(shard, footer);
        }
        let footer = &footers.0[&shard];
        let torn = || damaged(&WindowsError::Damaged("a group is missing"));
        let bytes = self.store.range(name, footer.range(entry.group).ok_or_else(torn)?).map_err(StretchError::Store)?;
        if sha256(&bytes) != entry.sha256 {
            return Err(damaged(&WindowsError::Damaged("a group has not the SHA-256 that its manifest says")));
        }
        let rows = footer.rows(entry.group, entry.rows as usize, bytes).map_err(|error| damaged(&error))?;
        let mut samples = Vec::new();
        for row in 0..rows.len() {
            let first = rows.window(row, &mut samples);
            if samples.len() != window {
                return Err(damaged(&WindowsError::Damaged("windows have another shape")));
            }
            if !take(Origin { source: stretch.file, first }, &samples) {
                break;
            }
        }
        Ok(entry.rejected)
    }
}

/// What may go wrong at the end of a shard.
enum Torn {
    Store(StoreError),
    Windows(WindowsError),
}

impl From<WindowsError> for Torn {
    fn from(error: WindowsError) -> Self {
        Self::Windows(error)
    }
}

/// What keeps manifests from being all parts of one work.
fn missing(manifests: &[Manifest]) -> Vec<String> {
    let first = &manifests[0];
    let mut why = Vec::new();
    for other in &manifests[1..] {
        let [a, b] = [first, other].map(|manifest| manifest.part.manifest());
        let differing = first.settings.differing(&other.settings);
        if first.part.of != other.part.of {
            why.push(format!("{a} and {b} are parts of different work; prepare each into a folder of its own"));
        } else if !differing.is_empty() {
            why.push(format!("{a} and {b} were made by different configurations:{}", in_lines(&differing)));
        } else if (&first.lead, &first.listing) != (&other.lead, &other.listing) {
            why.push(format!("{a} and {b} were made of different recordings"));
        }
    }
    if !why.is_empty() {
        return why;
    }
    let of = first.part.of;
    for part in 1..=of {
        let done = manifests.iter().find(|manifest| manifest.part.part == part).map(|manifest| manifest.complete);
        let again = if of > 1 {
            format!("`neurostream prepare … --shard {part}/{of}`")
        } else {
            "`neurostream prepare …`".to_owned()
        };
        match done {
            Some(true) => {}
            Some(false) => why.push(format!("part {part} of {of} is not done; {again} goes on with it")),
            None => why.push(format!("part {part} of {of} is missing; {again} makes it")),
        }
    }
    why
}
