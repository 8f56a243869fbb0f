//! The labelled recordings, conditioned, cut into windows, and whose they are.
//!
//! Read once at the start, by whoever judges. Invariant: scales come from all that a subject recorded and never from labels; trials are those of
//! `../shared/data/labelled/README.md`.

use super::Features;
use crate::dsp::{Cascade, Section};
use crate::learn::{Encoder, Site};
use crate::signal::electrode::GridShapes;
use crate::signal::{Block, Stamp};
use crate::source::{Progress, ReplaySource, Selection, Source, SourceError};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Why labelled recordings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LabelledError {
    /// No such folder.
    #[error("{}: {error}; name the folder that holds `{EEGMAT}` and `{SSVEP}`", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Nothing in it.
    #[error("{}: there is no recording (*.edf) in it", .0.display())]
    Empty(PathBuf),
    /// A recording that is unlike those before it.
    #[error("{}: it has other channels or another rate than the recordings before it", .0.display())]
    Other(PathBuf),
    /// A recording that is too short for the trials that it should hold.
    #[error("{}: it is shorter than the minute that its windows are taken from", .0.display())]
    Short(PathBuf),
    /// A recording that cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// The sets, by the names of their folders.
pub const EEGMAT: &str = "eegmat";
/// The other one.
pub const SSVEP: &str = "ssvep-exo";
/// Seconds of a window.
const WINDOW_S: f64 = 4.0;
/// Seconds that a lamp is on, or none of them.
const LAMP_S: f64 = 5.0;
/// Seconds from one unlabelled window to the next.
const HOP_S: f64 = 1.0;

/// One recording, conditioned: frames `[T, C]` at the rate of its set.
#[derive(Debug)]
pub struct Recording {
    /// Whose it is.
    pub subject: usize,
    /// Its frames.
    pub frames: Vec<f32>,
    /// Its annotations: seconds and text.
    notes: Vec<(f64, String)>,
    path: PathBuf,
}

/// A window with a class.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// Which recording it lies in.
    pub recording: usize,
    /// Its first frame.
    pub first: usize,
    /// Its class.
    pub class: usize,
}

/// A stretch of a recording in which one class holds throughout.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Which recording it lies in.
    pub recording: usize,
    /// Its frames.
    pub frames: Range<usize>,
    /// The class.
    pub class: usize,
}

/// Recordings of several subjects with their trials.
#[derive(Debug)]
pub struct Labelled {
    /// What it is called in tables.
    pub name: &'static str,
    /// Frames a second.
    pub rate_hz: f64,
    /// Channels of a frame.
    pub channels: usize,
    /// The channels' electrodes.
    pub sites: Vec<Site>,
    /// How many classes there are.
    pub classes: usize,
    /// How many subjects there are.
    pub subjects: usize,
    /// All recordings, subject by subject.
    pub recordings: Vec<Recording>,
    /// All trials.
    pub trials: Vec<Trial>,
    /// All stretches of one class.
    pub stretches: Vec<Stretch>,
}

impl Labelled {
    /// Frames of a window.
    #[must_use]
    pub fn window(&self) -> usize {
        (WINDOW_S * self.rate_hz).round() as usize
    }

    /// A window `[T, C]` by its place.
    #[must_use]
    pub fn samples(&self, recording: usize, first: usize) -> &[f32] {
        let frames = first * self.channels..(first + self.window()) * self.channels;
        &self.recordings[recording].frames[frames]
    }

    /// First frames of all windows of a recording, for pretraining.
    pub fn unlabelled(&self, recording: usize) -> impl Iterator<Item = usize> {
        let last = self.recordings[recording].frames.len() / self.channels;
        (0..(last + 1).saturating_sub(self.window())).step_by((HOP_S * self.rate_hz) as usize)
    }

    /// Whose trial it is.
    #[must_use]
    pub fn subject(&self, trial: &Trial) -> usize {
        self.recordings[trial.recording].subject
    }

    /// Features of all trials, by what makes them of a window `[T, C]`.
    pub fn features(&self, mut of: impl FnMut(&[f32]) -> Vec<f32>) -> Features {
        let mut all = Features::default();
        for trial in &self.trials {
            all.rows.push(of(self.samples(trial.recording, trial.first)));
            all.classes.push(trial.class);
            all.subjects.push(self.subject(trial));
        }
        all
    }

    /// Embeddings of all trials, before any projector.
    #[must_use]
    pub fn embedded(&self, encoder: &Encoder) -> Features {
        self.features(|window| encoder.embed(window.to_vec(), self.channels))
    }

    /// Rest and mental arithmetic (Zyma et al., 2019): the last minute of rest, the first of the task.
    ///
    /// # Errors
    /// If recordings are missing, unlike each other, too short or cannot be read.
    pub fn eegmat(folder: &Path) -> Result<Self, LabelledError> {
        let mut set = Self::read(EEGMAT, folder, 4)?;
        set.classes = 2;
        let (window, rate) = (set.window(), set.rate_hz);
        for (index, recording) in set.recordings.iter().enumerate() {
            // Two recordings a subject in order of their names: rest, then the task.
            let class = index % 2;
            let frames = recording.frames.len() / set.channels;
            let minute = (60.0 * rate) as usize;
            if frames < minute {
                return Err(LabelledError::Short(recording.path.clone()));
            }
            let from = if class == 0 { frames - minute } else { 0 };
            set.stretches.push(Stretch { recording: index, frames: 0..frames, class });
            set.trials.extend((0..15).map(|i| Trial { recording: index, first: from + i * window, class }));
        }
        Ok(set)
    }

    /// Lamps of 13, 17 and 21 Hz and none (Kalunga et al., 2016): from a second after the onset on.
    ///
    /// # Errors
    /// As [`Labelled::eegmat`].
    pub fn ssvep(folder: &Path) -> Result<Self, LabelledError> {
        let mut set = Self::read(SSVEP, folder, 2)?;
        let mut words: Vec<String> =
            set.recordings.iter().flat_map(|r| &r.notes).map(|(_, word)| word.clone()).collect();
        words.sort();
        words.dedup();
        set.classes = words.len();
        for (index, recording) in set.recordings.iter().enumerate() {
            let frames = recording.frames.len() / set.channels;
            if frames < set.window() {
                return Err(LabelledError::Short(recording.path.clone()));
            }
            for (onset, word) in &recording.notes {
                let Ok(class) = words.binary_search(word) else { continue };
                // The last trial may end a frame beyond the recording.
                let last = frames - set.window();
                let first = (((onset + 1.0) * set.rate_hz).round() as usize).min(last);
                set.trials.push(Trial { recording: index, first, class });
                let [from, to] = [*onset, onset + LAMP_S].map(|s| ((s * set.rate_hz).round() as usize).min(frames));
                set.stretches.push(Stretch { recording: index, frames: from..to, class });
            }
        }
        Ok(set)
    }

    /// All recordings of a folder; every `thinned`-th frame behind a low-pass.
    fn read(name: &'static str, folder: &Path, thinned: usize) -> Result<Self, LabelledError> {
        let folder = folder.join(name);
        let failed = |error| LabelledError::Folder { path: folder.clone(), error };
        let listed = std::fs::read_dir(&folder).map_err(failed)?;
        let mut paths: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|e| e == "edf"));
        paths.sort();
        let mut subjects: BTreeMap<String, usize> = BTreeMap::new();
        let (mut recordings, mut facts) = (Vec::new(), None);
        for path in &paths {
            let file = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let next = subjects.len();
            let subject = *subjects.entry(file.split('_').next().unwrap_or(file).to_owned()).or_insert(next);
            let (recording, of_this) = conditioned(path, subject, thinned)?;
            if *facts.get_or_insert_with(|| of_this.clone()) != of_this {
                return Err(LabelledError::Other(path.clone()));
            }
            recordings.push(recording);
        }
        let Some((rate_hz, sites)) = facts else { return Err(LabelledError::Empty(folder)) };
        let mut set = Self {
            name,
            rate_hz,
            channels: sites.len(),
            sites,
            classes: 0,
            subjects: subjects.len(),
            recordings,
            trials: Vec::new(),
            stretches: Vec::new(),
        };
        (0..set.subjects).for_each(|subject| set.scale(subject));
        Ok(set)
    }

    /// Brings each channel of a subject to unit variance over all that was recorded.
    fn scale(&mut self, subject: usize) {
        let channels = self.channels;
        let of_subject =
            || self.recordings.iter().filter(|r| r.subject == subject).flat_map(|r| r.frames.chunks(channels));
        let count = of_subject().count() as f64;
        let deviation = |c: usize| (of_subject().map(|f| f64::from(f[c]).powi(2)).sum::<f64>() / count).sqrt();
        let scale: Vec<f32> = (0..channels).map(|c| 1.0 / deviation(c).max(0.1) as f32).collect();
        for recording in self.recordings.iter_mut().filter(|r| r.subject == subject) {
            for frame in recording.frames.chunks_exact_mut(channels) {
                frame.iter_mut().zip(&scale).for_each(|(v, scale)| *v = (*v * scale).clamp(-20.0, 20.0));
            }
        }
    }
}

/// A recording between 1 and 40 Hz, referred to the mean of its channels; every `thinned`-th frame of it.
fn conditioned(path: &Path, subject: usize, thinned: usize) -> Result<(Recording, (f64, Vec<Site>)), LabelledError> {
    let mut source = ReplaySource::open(path, &Selection::default(), None, 1.0, false)?;
    let montage = source.facts().montage.located(&GridShapes::new());
    let (rate_hz, channels) = (source.facts().rate_hz, montage.len());
    let site = |(label, position): (&str, Option<[f32; 2]>)| Site { label: label.to_owned(), position };
    let sites = montage.labels().zip(montage.positions()).map(site).collect();
    let mut sections = Section::highpass(4, 1.0, rate_hz);
    sections.extend(Section::lowpass(4, 40.0, rate_hz));
    let mut filters = Cascade::new(sections, channels);
    let (mut block, mut events, mut all, mut notes) = (Block::default(), Vec::new(), Vec::new(), Vec::new());
    while let Progress::Frames = source.step(Stamp::default(), &mut block, &mut events)? {
        for frame in block.samples.chunks_exact(channels) {
            let mut frame: Vec<f64> = frame.iter().copied().map(f64::from).collect();
            if all.is_empty() {
                filters.settle(&frame);
            }
            filters.step(&mut frame);
            let mean = frame.iter().sum::<f64>() / channels as f64;
            all.extend(frame.iter().map(|v| (v - mean) as f32));
        }
        notes.extend(block.markers.drain(..).map(|marker| (marker.frame as f64 / rate_hz, marker.text)));
        block.clear();
    }
    let frames = all.chunks_exact(channels).step_by(thinned).flatten().copied().collect();
    Ok((Recording { subject, frames, notes, path: path.to_owned() }, (rate_hz / thinned as f64, sites)))
}
