//! Recordings that fit one model, cut into stretches and split by whose they are.
//!
//! Pure but for reading nothing. Invariant: no group has stretches on both sides of the split, and what does not fit is left
//! out with the reason, never silently.

use super::super::plan::{Plan, PlanError};
use super::index::{Index, Indexed};
use super::shards::{Footers, Shards};
use super::stretch::{self, Stretch, StretchError};
use crate::config::{Config, Problem, Speed};
use crate::learn::{Origin, ReplayMemory};
use crate::signal::StreamFacts;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use regex::Regex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Why recordings are nothing to learn from.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// None of them fits.
    #[error("none of {files} recordings can be learnt from; the first: {why}")]
    Nothing {
        /// How many there are.
        files: usize,
        /// What is wrong with the first.
        why: String,
    },
    /// The configuration cannot be used for them.
    #[error("the configuration does not fit these recordings:\n  {0}")]
    Problem(Problem),
}

/// The stream of draws that splits groups.
const SPLIT: u64 = 1 << 34;
/// A load mixes at least so many stretches, and a memory holds two loads.
const MIXED: usize = 4;
const LOADS: usize = 2;

/// A recording that fits.
#[derive(Clone, Debug)]
pub struct Fitting {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub group: String,
    /// Seconds of signal.
    pub seconds: f64,
    /// Windows at most.
    pub windows: u64,
    /// True if it is there to judge by.
    pub is_validation: bool,
}

/// All that there is to learn from and to judge by.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// The plan of the first recording, whose channels and rate are the model's unless the configuration names others.
    pub plan: Plan,
    /// The configuration that makes any of them fit that model.
    pub(super) config: Config,
    /// Recordings that fit.
    pub files: Vec<Fitting>,
    /// Those that do not, and why.
    pub left_out: Vec<(String, String)>,
    /// What is to be said of how recordings were made to fit, and of how many.
    pub notes: Vec<(String, usize)>,
    /// Groups to learn from, and groups to judge by.
    pub groups: [Vec<String>; 2],
    /// Stretches to learn from, and stretches to judge by.
    pub(super) stretches: [Vec<Stretch>; 2],
    /// Windows that a load has room for.
    pub(super) room: usize,
    /// Where windows are read from, if they were prepared.
    pub(super) shards: Option<Arc<Shards>>,
}

impl Corpus {
    /// Makes the recordings of an index fit.
    ///
    /// # Errors
    /// If none does, or windows are too large for the memory that they may take.
    pub fn new(config: &Config, index: &Index) -> Result<Self, CorpusError> {
        Self::led(config, index, None, None)
    }

    /// The same from windows that were prepared; the configuration is that which [`Shards::configure`] made.
    ///
    /// # Errors
    /// If none fits, or windows are too large for the memory that they may take.
    pub fn prepared(config: &Config, shards: Shards) -> Result<Self, CorpusError> {
        let (index, lead) = (shards.index.clone(), shards.lead.clone());
        Self::led(config, &index, Some(&lead), Some(Arc::new(shards)))
    }

    /// The same; channels and rate are those of `lead`, where there is one, and stretches are those of shards, where they were prepared.
    pub(super) fn led(
        config: &Config,
        index: &Index,
        lead: Option<&Indexed>,
        shards: Option<Arc<Shards>>,
    ) -> Result<Self, CorpusError> {
        let mut config = as_read(config);
        let mut left_out: Vec<(String, String)> = Vec::new();
        let mut plans: Vec<(&Indexed, StreamFacts, Plan)> = Vec::new();
        let mut base: Option<Plan> = None;
        if let Some((file, facts)) = lead.and_then(|lead| Some((lead, lead.found.facts(&lead.name)?))) {
            let refused =
                |error| CorpusError::Nothing { files: 1, why: format!("{}: {}", file.name, in_a_line(&error)) };
            let plan = Plan::new(&config, &facts).map_err(refused)?;
            lead_by(&mut base, &mut config, &plan);
        }
        for file in &index.files {
            let facts = match (&file.found, file.found.facts(&file.name)) {
                (_, Some(facts)) => facts,
                (super::Found::Unreadable(why), None) => {
                    left_out.push((file.name.clone(), plain(&file.name, why)));
                    continue;
                }
                _ => continue,
            };
            match Plan::new(&config, &facts) {
                Ok(plan) if base.as_ref().is_none_or(|base| base.identity.reference == plan.identity.reference) => {
                    if base.is_none() {
                        lead_by(&mut base, &mut config, &plan);
                    }
                    plans.push((file, facts, plan));
                }
                Ok(plan) => {
                    let is = plan.identity.reference.unwrap_or_default();
                    left_out
                        .push((file.name.clone(), format!("its reference would be {is}, unlike that of the others")));
                }
                Err(error) => left_out.push((file.name.clone(), plain(&file.name, &in_a_line(&error)))),
            }
        }
        let Some(base) = base else {
            let why = left_out.first().map(|(name, why)| format!("{name}: {why}")).unwrap_or_default();
            return Err(CorpusError::Nothing { files: index.files.len(), why });
        };
        let room = room_for(&config, &base, base.trainer.batch * MIXED)?;
        let pattern = Regex::new(&config.pretrain.group).ok().filter(|_| !config.pretrain.group.is_empty());
        let (mut files, mut notes, mut all) = (Vec::new(), BTreeMap::<String, usize>::new(), Vec::new());
        for (file, facts, plan) in &plans {
            // Those of the first are told once for all.
            let own = plan.notes.iter().filter(|note| !base.notes.contains(note));
            own.for_each(|note| *notes.entry(note.clone()).or_default() += 1);
            let seconds = facts.frames.unwrap_or_default() as f64 / facts.rate_hz;
            let frames = (seconds * plan.rate_hz).floor() as u64;
            let windows = (frames + 1).saturating_sub(plan.window as u64).div_ceil(plan.hop as u64);
            let number = files.len() as u32;
            match &shards {
                Some(shards) => shards.cut(number, &file.name, &mut all),
                None => cut(number, windows, plan, room, config.pretrain.stretch_s, &mut all),
            }
            let group = group_of(&file.name, pattern.as_ref());
            let (name, path) = (file.name.clone(), file.path.clone());
            files.push(Fitting { name, path, group, seconds, windows, is_validation: false });
        }
        if shards.is_some() {
            // A load mixes some of them, however long they were cut when less memory was spared.
            let longest = all.iter().map(|stretch| stretch.windows as usize).max().unwrap_or_default();
            room_for(&config, &base, longest * MIXED)?;
            left_out.extend(shards.iter().flat_map(|shards| shards.broken.iter().cloned()));
        }
        let groups = split(&mut files, config.pretrain.validation, config.seed);
        let (judged, learnt) = all.into_iter().partition(|stretch| files[stretch.file as usize].is_validation);
        let notes = notes.into_iter().collect();
        Ok(Self { plan: base, config, files, left_out, notes, groups, stretches: [learnt, judged], room, shards })
    }

    /// Windows of one pass at most.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.stretches[0].iter().map(|stretch| u64::from(stretch.windows)).sum()
    }

    /// Gives the windows of a stretch that are worth learning from to `take`, as long as it wants more; returns how many were
    /// not worth it.
    pub(super) fn read(
        &self,
        footers: &mut Footers,
        stretch: Stretch,
        mut take: impl FnMut(Origin, &[f32]) -> bool,
    ) -> Result<u64, StretchError> {
        let file = &self.files[stretch.file as usize];
        match &self.shards {
            Some(shards) => {
                let window = self.plan.window * self.plan.montage.len();
                shards.read(footers, file, stretch, window, take)
            }
            None => stretch::read(&file.path, &self.config, stretch, |window| take(window.origin, window.samples)),
        }
    }

    /// What has to be the same for training to go on bit for bit.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hash = Sha256::new();
        for (file, Fitting { path, group, windows, .. }) in self.files.iter().enumerate() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            hash.update(format!("{file} {name} {group} {windows}\n"));
        }
        for stretch in self.stretches.iter().flatten() {
            hash.update(format!("{stretch:?}\n"));
        }
        if let Some(shards) = &self.shards {
            shards.hash(&mut hash);
        }
        let (plan, config) = (&self.plan, &self.config);
        hash.update(format!("{} {} {} {}", self.room, plan.trainer.batch, config.seed, config.pretrain.windows));
        let bytes = hash.finalize();
        bytes.iter().take(8).fold(0, |value, &byte| value << 8 | u64::from(byte))
    }
}

/// The configuration by which recordings are read: as fast as they can be, with one core left to read, and a window every hop.
fn as_read(config: &Config) -> Config {
    let mut config = config.clone();
    config.source.speed = Speed::Times(1.0);
    config.train.enabled = true;
    (config.window.around, config.window.from_s, config.window.to_s) = (None, None, None);
    config
}

/// Takes over channels and rate of the recording that all others are made to fit.
fn lead_by(base: &mut Option<Plan>, config: &mut Config, plan: &Plan) {
    *base = Some(plan.clone());
    config.model.montage.clone_from(&plan.identity.channels);
    config.signal.rate_hz = plan.identity.rate_hz;
}

/// The recording that all others are made to fit: the first that can be learnt from.
pub(super) fn lead(config: &Config, paths: &[PathBuf], known: &Index) -> Option<Indexed> {
    let config = as_read(config);
    let looked = |path: &PathBuf| {
        let file = known.files.iter().find(|file| file.path == *path).cloned();
        file.unwrap_or_else(|| Indexed::of(path, &config))
    };
    let fits = |file: &Indexed| file.found.facts(&file.name).is_some_and(|facts| Plan::new(&config, &facts).is_ok());
    paths.iter().map(looked).find(fits)
}

/// A message without the name that stands before it.
fn plain(name: &str, message: &str) -> String {
    message.strip_prefix(name).map_or(message, |rest| rest.trim_start_matches(':').trim_start()).to_owned()
}

fn in_a_line(error: &PlanError) -> String {
    error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Windows that a load may hold: so many at least.
fn room_for(config: &Config, plan: &Plan, least: usize) -> Result<usize, CorpusError> {
    let bytes = ReplayMemory::bytes_a_window([plan.window, plan.montage.len()]);
    let room = config.pretrain.mb as usize * 1_000_000 / LOADS / bytes.max(1);
    if room >= least {
        return Ok(room);
    }
    let mb = (bytes * least * LOADS).div_ceil(1_000_000);
    let allowed = format!("must hold twice {least} windows of {bytes} bytes: at least {mb} MB");
    Err(CorpusError::Problem(Problem::of("pretrain.mb", config.pretrain.mb, allowed)))
}

/// Cuts the windows of a file into stretches of about one length.
fn cut(file: u32, windows: u64, plan: &Plan, room: usize, stretch_s: f64, all: &mut Vec<Stretch>) {
    let most = ((stretch_s * plan.rate_hz / plan.hop as f64) as u64).clamp(1, (room / MIXED).max(1) as u64);
    let pieces = windows.div_ceil(most);
    for piece in 0..pieces {
        let [from, to] = [piece, piece + 1].map(|piece| piece * windows / pieces);
        all.push(Stretch { file, first: from * plan.hop as u64, windows: (to - from) as u32 });
    }
}

/// What the expression finds in the path: its first group, or all of it; without it, the path.
fn group_of(name: &str, pattern: Option<&Regex>) -> String {
    pattern.and_then(|pattern| found_in(name, pattern)).unwrap_or(name).to_owned()
}

/// What an expression finds in a name: its first group in brackets, or all of it; none where that is nothing.
#[must_use]
pub fn found_in<'a>(name: &'a str, pattern: &Regex) -> Option<&'a str> {
    let found = pattern.captures(name)?;
    found.get(1).or_else(|| found.get(0)).map(|found| found.as_str()).filter(|found| !found.is_empty())
}

/// Keeps a share of the groups to judge by, and returns those to learn from and those.
fn split(files: &mut [Fitting], share: f64, seed: u64) -> [Vec<String>; 2] {
    let mut names: Vec<String> = files.iter().map(|file| file.group.clone()).collect();
    names.sort();
    names.dedup();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(SPLIT);
    names.shuffle(&mut rng);
    // One group at least on either side, where there are two.
    let kept = if share > 0.0 {
        ((share * names.len() as f64).round() as usize).max(1).min(names.len().saturating_sub(1))
    } else {
        0
    };
    let mut learnt = names.split_off(kept);
    names.sort();
    learnt.sort();
    for file in files {
        file.is_validation = names.binary_search(&file.group).is_ok();
    }
    [learnt, names]
}
