//! Recordings become shards of prepared windows, once, so that training need not read and condition them again.
//!
//! On the calling thread and its pool. Invariant: windows are those that training on the recordings themselves would read, since the
//! same code reads them, stretch by stretch; a shard is whole before the manifest names it, so that whatever ends the work, the next
//! call goes on behind the last shard and writes the same bytes.

use super::super::shutdown::Shutdown;
use super::corpus::{Corpus, CorpusError, lead};
use super::index::{Index, IndexError, Indexed, Listed};
use super::manifest::{BrokenEntry, Listing, Manifest, Part, Settings, ShardEntry, StretchEntry, VERSION, in_lines};
use super::stretch::{self, Stretch, StretchError};
use crate::config::Config;
use crate::format::digest::sha256;
use crate::format::store::{Store, StoreError};
use crate::format::windows::{Common, Group, Shard};
use rayon::prelude::*;
use serde_json::json;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::path::PathBuf;

/// Stretches that are conditioned at once at most, however many cores there are: each takes memory.
const AT_ONCE: usize = 8;
/// Changed recordings that a message names.
const NAMED: usize = 5;

/// Why windows cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// No recordings.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// None that fits.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The folder that is written to.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Columns that cannot be made.
    #[error("windows cannot be written: {0}")]
    Columns(#[from] io::Error),
    /// What is there already does not go with this.
    #[error("{place}: {why}")]
    Other {
        /// The folder.
        place: String,
        /// What is different, and what to do.
        why: String,
    },
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prepared {
    /// Stretches that are done, of how many.
    pub stretches: [usize; 2],
    /// Stretches that were done before this call.
    pub known: usize,
    /// Windows that were written by this call, and that were no good.
    pub windows: u64,
    /// Windows that are no good.
    pub rejected: u64,
    /// Bytes of whole shards, of this call.
    pub bytes: u64,
    /// Seconds of signal in stretches that were done by this call.
    pub seconds: f64,
}

/// The work on one part.
pub struct Preparation {
    corpus: Corpus,
    store: Store,
    shutdown: Shutdown,
    manifest: Manifest,
    /// Of each recording of the corpus, its number in the manifest.
    numbers: Vec<usize>,
    todo: VecDeque<Stretch>,
    common: Common,
    shard: Shard,
    /// Groups in the shard, and what is done but not written.
    groups: usize,
    pending: Vec<StretchEntry>,
    /// Bytes from which on a shard is full.
    full: usize,
    tally: Prepared,
}

impl Preparation {
    /// Indexes this part of the recordings and finds out what of it is left to do; `full` are the bytes of a shard, about.
    ///
    /// # Errors
    /// If there is nothing to do it on, or what lies in the folder does not go with it.
    pub fn begin(
        store: Store,
        config: &Config,
        paths: &[PathBuf],
        part: Part,
        full: usize,
        shutdown: &Shutdown,
        told: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, PrepareError> {
        let mut config = config.clone();
        // All of them are prepared: who is judged by is decided in training.
        config.pretrain.validation = 0.0;
        let settings = Settings::of(&config);
        let listed = Listed::below(paths)?;
        let listing = Listing::of(&listed.paths);
        let there = there(&store)?;
        fitting(&store, &there, part, &settings, &listing)?;
        let own = there.iter().find(|manifest| manifest.part == part);
        let known = own.map(|manifest| manifest.recordings.clone()).unwrap_or_default();
        let index = Index::of_part(&listed, part, known, &config, told);
        if let Some(own) = own {
            unchanged(&store, own, &index)?;
        }
        let lead = match there.first() {
            Some(manifest) => manifest.lead.clone(),
            None => lead(&config, &listed.paths, &index).ok_or_else(|| nothing(&config, &index))?,
        };
        let corpus = Corpus::led(&config, &index, Some(&lead), None)?;
        let plan = &corpus.plan;
        let channels = plan.identity.channels.clone();
        let mut manifest = own.cloned().unwrap_or_else(|| Manifest {
            version: VERSION,
            program: concat!("neurostream ", env!("CARGO_PKG_VERSION")).to_owned(),
            part,
            complete: false,
            settings_sha256: settings.sha256(),
            settings,
            channels: channels.clone(),
            rate_hz: plan.identity.rate_hz,
            window_frames: plan.window,
            hop_frames: plan.hop,
            lead,
            listing: listing.clone(),
            recordings: Vec::new(),
            shards: Vec::new(),
            stretches: Vec::new(),
            broken: Vec::new(),
        });
        manifest.listing = listing;
        manifest.complete = false;
        // What could not be read may be readable now.
        manifest.broken.clear();
        renew(&mut manifest.recordings, &index);
        let places: HashMap<&str, usize> =
            manifest.recordings.iter().enumerate().map(|(at, file)| (file.name.as_str(), at)).collect();
        let numbers: Vec<usize> = corpus.files.iter().map(|file| places[file.name.as_str()]).collect();
        let done: HashSet<(usize, u64)> =
            manifest.stretches.iter().map(|entry| (entry.recording, entry.first)).collect();
        let mut todo: VecDeque<Stretch> = corpus.stretches[0].iter().copied().collect();
        let all = todo.len();
        todo.retain(|stretch| !done.contains(&(numbers[stretch.file as usize], stretch.first)));
        let positions: Vec<_> = plan.montage.channels.iter().map(|channel| channel.position).collect();
        let told = json!({
            "version": VERSION, "channels": channels, "positions": positions, "rate_hz": plan.rate_hz,
            "window_frames": plan.window, "hop_frames": plan.hop, "reference": plan.identity.reference,
            "steps": "float32, little endian, one a channel",
            "samples": "int16, little endian, frame by frame, times the step of their channel",
            "settings_sha256": manifest.settings_sha256,
        });
        let common =
            Common { frames: plan.window, channels: plan.montage.len(), rate_hz: plan.rate_hz, told: told.to_string() };
        store.sweep(&part.name());
        let shard = Shard::new(&common)?;
        let known = all - todo.len();
        let tally = Prepared { stretches: [known, all], known, ..Prepared::default() };
        let (shutdown, pending) = (shutdown.clone(), Vec::new());
        let begun =
            Self { corpus, store, shutdown, manifest, numbers, todo, common, shard, groups: 0, pending, full, tally };
        begun.write_manifest()?;
        Ok(begun)
    }

    /// The recordings of this part.
    #[must_use]
    pub fn corpus(&self) -> &Corpus {
        &self.corpus
    }

    /// What it says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How far it is.
    #[must_use]
    pub fn tally(&self) -> Prepared {
        self.tally
    }

    /// Does the next few stretches; false once none is left or somebody asked to stop.
    ///
    /// # Errors
    /// If they cannot be written. What cannot be read is noted, and stops nothing.
    pub fn step(&mut self) -> Result<bool, PrepareError> {
        let count = rayon::current_num_threads().clamp(1, AT_ONCE).min(self.todo.len());
        let next: Vec<Stretch> = self.todo.iter().take(count).copied().collect();
        let made: Vec<_> = next.par_iter().map(|stretch| self.condition(*stretch)).collect();
        // What was cut short is done by the next call.
        if next.is_empty() || self.shutdown.is_requested() {
            return Ok(false);
        }
        self.todo.drain(..count);
        for (stretch, made) in next.into_iter().zip(made) {
            let recording = self.numbers[stretch.file as usize];
            match made {
                Ok((group, rejected)) => self.add(stretch, recording, &group, rejected)?,
                Err(error) => {
                    let (first, why) = (stretch.first, error.to_string());
                    self.manifest.broken.push(BrokenEntry { recording, first, why });
                }
            }
            self.tally.stretches[0] += 1;
            if self.shard.bytes() >= self.full {
                self.commit()?;
            }
        }
        Ok(true)
    }

    /// Writes what is done; says whether all of it is.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(&mut self) -> Result<bool, PrepareError> {
        self.commit()?;
        self.manifest.complete = self.todo.is_empty();
        self.write_manifest()?;
        Ok(self.manifest.complete)
    }

    /// Reads a stretch and puts its windows into 16 bits.
    fn condition(&self, stretch: Stretch) -> Result<(Group, u64), StretchError> {
        let Self { corpus, shutdown, .. } = self;
        let (mut firsts, mut quality, mut samples) = (Vec::new(), Vec::new(), Vec::new());
        let path = &corpus.files[stretch.file as usize].path;
        let rejected = stretch::read(path, &corpus.config, stretch, |window| {
            firsts.push(window.origin.first);
            quality.push(window.quality as f32);
            samples.extend_from_slice(window.samples);
            !shutdown.is_requested()
        })?;
        Ok((Group::of(firsts, quality, &samples, self.common.channels), rejected))
    }

    fn add(&mut self, stretch: Stretch, recording: usize, group: &Group, rejected: u64) -> Result<(), PrepareError> {
        let Stretch { file, first, windows } = stretch;
        let rows = group.firsts.len() as u32;
        let mut entry =
            StretchEntry { recording, first, windows, rows, rejected, shard: None, group: 0, sha256: String::new() };
        if rows > 0 {
            let file = &self.corpus.files[file as usize];
            self.shard.push(&file.name, &file.group, group)?;
            (entry.shard, entry.group) = (Some(self.manifest.shards.len()), self.groups);
            self.groups += 1;
        }
        self.pending.push(entry);
        self.tally.windows += u64::from(rows);
        self.tally.rejected += rejected;
        self.tally.seconds += f64::from(windows) * self.corpus.plan.hop as f64 / self.common.rate_hz;
        Ok(())
    }

    /// Ends the shard, and names it once it is whole.
    fn commit(&mut self) -> Result<(), PrepareError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        if std::mem::take(&mut self.groups) > 0 {
            let made = std::mem::replace(&mut self.shard, Shard::new(&self.common)?).finish()?;
            let whose = pending.iter_mut().filter(|entry| entry.shard.is_some());
            for (entry, range) in whose.zip(&made.groups) {
                entry.sha256 = sha256(&made.bytes[range.start as usize..range.end as usize]);
            }
            let file = self.manifest.part.shard(self.manifest.shards.len() + 1);
            let (bytes, rows, sha256) = (made.bytes.len() as u64, made.rows, sha256(&made.bytes));
            self.store.write(&file, made.bytes)?;
            self.tally.bytes += bytes;
            let footer_sha256 = made.footer_sha256;
            self.manifest.shards.push(ShardEntry { file, bytes, rows, sha256, footer_sha256 });
        }
        self.manifest.stretches.append(&mut pending);
        self.write_manifest()
    }

    fn write_manifest(&self) -> Result<(), PrepareError> {
        Ok(self.store.write(&self.manifest.part.manifest(), self.manifest.bytes().into())?)
    }
}

/// The manifests in a folder.
pub(super) fn there(store: &Store) -> Result<Vec<Manifest>, PrepareError> {
    let names = store.names()?.into_iter().map(|(name, _)| name).filter(|name| Part::is_manifest(name));
    let read = |name: String| {
        let other = |why: String| PrepareError::Other { place: format!("{}/{name}", store.place()), why };
        Manifest::read(&store.read(&name)?).map_err(other)
    };
    names.map(read).collect()
}

/// Refuses a folder whose parts are of other work.
fn fitting(
    store: &Store,
    there: &[Manifest],
    part: Part,
    settings: &Settings,
    listing: &Listing,
) -> Result<(), PrepareError> {
    let refuse = |why: String| Err(PrepareError::Other { place: store.place().to_owned(), why });
    for manifest in there {
        let name = manifest.part.manifest();
        if manifest.part.of != part.of {
            return refuse(format!(
                "there is {name} already, and this would be one part of {}; name another folder",
                part.of
            ));
        }
        let differing = manifest.settings.differing(settings);
        if !differing.is_empty() {
            let lines = in_lines(&differing);
            return refuse(format!(
                "{name} was made by another configuration; name another folder, or the same:{lines}"
            ));
        }
        // One part alone may grow; of several, each would take others than before.
        if part.of > 1 && manifest.listing != *listing {
            return refuse(format!(
                "{name} was made of {} recordings, and there are {} now, or others; name another folder",
                manifest.listing.recordings, listing.recordings
            ));
        }
    }
    Ok(())
}

/// Refuses recordings that are not what they were when they were prepared.
fn unchanged(store: &Store, own: &Manifest, index: &Index) -> Result<(), PrepareError> {
    let prepared: HashSet<usize> = own.stretches.iter().map(|entry| entry.recording).collect();
    let before: HashMap<&str, &Indexed> =
        prepared.iter().map(|&at| (own.recordings[at].name.as_str(), &own.recordings[at])).collect();
    let is_other = |file: &&Indexed| {
        before.get(file.name.as_str()).is_some_and(|b| (b.bytes, b.modified_ns) != (file.bytes, file.modified_ns))
    };
    let changed: Vec<&str> = index.files.iter().filter(is_other).map(|file| file.name.as_str()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let more = if changed.len() > NAMED { format!(" and {} more", changed.len() - NAMED) } else { String::new() };
    let named = changed[..changed.len().min(NAMED)].join(", ");
    let why = format!("recordings have changed since they were prepared: {named}{more}; name another folder");
    Err(PrepareError::Other { place: store.place().to_owned(), why })
}

/// Takes over what is known of recordings now; numbers of those that were known stay.
fn renew(recordings: &mut Vec<Indexed>, index: &Index) {
    let mut places: HashMap<String, usize> =
        recordings.iter().enumerate().map(|(at, file)| (file.name.clone(), at)).collect();
    for file in &index.files {
        match places.get(&file.name) {
            Some(&at) => recordings[at] = file.clone(),
            None => {
                places.insert(file.name.clone(), recordings.len());
                recordings.push(file.clone());
            }
        }
    }
}

/// What is wrong with all of them.
fn nothing(config: &Config, index: &Index) -> PrepareError {
    match Corpus::led(config, index, None, None) {
        Err(error) => error.into(),
        Ok(_) => IndexError::Empty("these paths".to_owned()).into(),
    }
}
