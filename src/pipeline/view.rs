//! The View: everything a screen shows, as plain values.
//!
//! Owns no state; the telemetry stage builds a fresh View some twenty times a second and hands it up as an `Arc`.
//! Invariant: a View is complete and never changes, so *freeze* means taking no more of them.

use super::eye::Eye;
use crate::dsp::quality::Reasons;
use crate::dsp::spectra::Spectra;
use crate::learn::Examination;
use crate::learn::heads::{ExamFigures, HeadKind};
use crate::signal::{Event, StreamFacts, wire};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// What is known about one consumer's frames. `acquired = consumed + lost + left`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// `encoder`, `trainer`, `display`, `recorder` or `publisher`.
    pub consumer: Cow<'static, str>,
    /// Frames that the source delivered; the others count these too, whatever the model's rate.
    pub acquired: u64,
    /// Frames that this consumer took.
    pub consumed: u64,
    /// Frames that it lost because its ring was full or because it skipped to the newest.
    pub lost: u64,
    /// Frames that lie in its ring, or wait before it in the resampler.
    pub left: u64,
    /// How full its ring is, 0 to 1.
    pub fill: f32,
}

/// Latency of windows, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Median.
    pub p50: f64,
    /// 99 % of windows are faster.
    pub p99: f64,
    /// 99.9 % of windows are faster.
    pub p99_9: f64,
    /// The slowest.
    pub max: f64,
}

/// The traces on screen: minimum and maximum of each channel in equal bins of time, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traces {
    /// Seconds of signal in one bin.
    pub bin_s: f64,
    /// Bins that each channel has.
    pub bins: usize,
    /// `[C, bins]` pairs of minimum and maximum in microvolts; a bin in a gap holds NaN.
    #[serde(with = "wire::raw")]
    pub envelope: Vec<(f32, f32)>,
    /// Root mean square of each channel over the bins, in microvolts.
    #[serde(with = "wire::raw")]
    pub rms: Vec<f32>,
    /// Markers in sight: (bin, text).
    pub markers: Vec<(usize, String)>,
    /// Number of the first bin since the start of the stream; below 0 while there are fewer.
    pub first: i64,
    /// What the display did to the signal.
    pub eye: Eye,
    /// The same for its title, e.g. `HP 0.5`.
    pub filters: String,
}

/// The trainer's health in one word that needs no colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrainerState {
    /// Not training: switched off.
    #[default]
    Off,
    /// Collecting the first windows.
    Warming,
    /// Training.
    Ok,
    /// The embeddings have collapsed.
    Collapsed,
    /// It failed; the last generation is still served.
    Stopped,
}

impl TrainerState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Off, Self::Warming, Self::Ok, Self::Collapsed, Self::Stopped];

    /// The word on the screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warming => "warming",
            Self::Ok => "ok",
            Self::Collapsed => "collapsed",
            Self::Stopped => "stopped",
        }
    }
}

/// The trainer on screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainerView {
    /// The word.
    pub state: TrainerState,
    /// `byol`, `moco`, `cpc`, …
    pub method: String,
    /// Optimiser steps so far.
    pub steps: u64,
    /// Optimiser steps a second of wall time, lately.
    pub steps_per_s: f64,
    /// True while a person wants it to rest.
    pub paused: bool,
    /// Losses in order, thinned to a few hundred points: (step, loss).
    pub losses: Vec<(u64, f32)>,
    /// The loss that guessing gives, where the method has one.
    pub chance: Option<f32>,
    /// Mean standard deviation a dimension of unit embeddings times the root of their dimension (1 is healthy).
    pub std: f32,
    /// RankMe of the last embeddings (Garrido et al. 2023).
    pub rankme: f32,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Windows in the replay memory and its capacity.
    pub memory: (usize, usize),
    /// The generation being served.
    pub generation: u64,
    /// Seconds since it was published.
    pub generation_age_s: f64,
    /// Steps that were skipped because the loss or a gradient was not finite.
    pub skipped: u64,
    /// What stands between it and what is served.
    pub gate: GateView,
}

/// The gate between training and serving.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GateView {
    /// True while a person wants what is served to stay.
    pub held: bool,
    /// Windows that the candidate on trial has encoded, and how many it has to.
    pub on_trial: Option<[usize; 2]>,
    /// Candidates that were not served.
    pub refused: u64,
    /// How often weights went back to an accepted state.
    pub rollbacks: u64,
    /// What turning the served generation onto the axes before it misses.
    pub residual: Option<f64>,
    /// The last look at the weights.
    #[serde(with = "wire::maybe_shared")]
    pub examination: Option<Arc<Examination>>,
    /// `[C]` of the stream: how far the served embedding moves without a channel, as 1 less the cosine; NaN where that is not
    /// known.
    #[serde(with = "wire::maybe_shared")]
    pub saliency: Option<Arc<Vec<f32>>>,
}

/// What goes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServingView {
    /// Embeddings so far.
    pub embeddings: u64,
    /// Their dimension.
    pub dimension: usize,
    /// Embeddings a second of signal that are due: the reciprocal of the hop; 0 for windows round markers.
    pub rate_hz: f64,
    /// The outgoing LSL stream and whether anybody listens, where it is on.
    pub outlet: Option<(String, bool)>,
    /// The embeddings file, where one is written.
    pub file: Option<String>,
}

/// What is taught, and what it tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TeachingView {
    /// The classes, each with the windows of it that are remembered.
    pub classes: Vec<(String, usize)>,
    /// The class of the last window, by its place, and its probability; none before two classes are known.
    pub now: Option<(usize, f32)>,
    /// The kind of head.
    pub head: Option<HeadKind>,
    /// How well it told what it had not been taught yet.
    pub exam: ExamFigures,
}

/// How unlike everything before windows are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NoveltyView {
    /// Of the last window: how probable one as unlike is, and its distance; none before there is enough to compare with.
    pub last: Option<(f64, f32)>,
    /// Windows that it is compared with.
    pub windows: usize,
    /// Windows that were compared.
    pub judged: u64,
    /// Alarms so far.
    pub alarms: u64,
    /// Hours that were looked at.
    pub hours: f64,
    /// The share of windows that were told to be one in ten; none before the first one.
    pub one_in_ten: Option<f64>,
    /// The probability from which on a window raises an alarm.
    pub limit: f64,
}

/// The windows of the last minutes, in the plane in which their embeddings differ most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingMap {
    /// The windows, oldest first.
    pub points: Vec<MapPoint>,
    /// The texts of the markers.
    pub markers: Vec<String>,
    /// The share of the variance along each axis, 0 to 1.
    pub shares: [f64; 2],
}

/// A window in the map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapPoint {
    /// Along the first axis, to the right.
    pub x: f32,
    /// Along the second, upwards.
    pub y: f32,
    /// Seconds of signal at its end.
    pub end_s: f64,
    /// The generation that encoded it.
    pub generation: u64,
    /// The class that was told, by its place.
    pub class: Option<usize>,
    /// The last marker before its end, by the place of its text.
    pub marker: Option<usize>,
}

/// The recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingView {
    /// The file.
    pub name: String,
    /// Bytes of it.
    pub bytes: u64,
    /// Why nothing more is written, where that is so.
    pub trouble: Option<String>,
}

/// Everything a screen shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    /// The stream.
    #[serde(with = "wire::shared")]
    pub facts: Arc<StreamFacts>,
    /// Seconds of wall time since the start.
    pub wall_s: f64,
    /// Seconds of signal acquired.
    pub signal_s: f64,
    /// How many times real time the source plays, where it is a recording; `None` at `max`.
    pub speed: Option<f64>,
    /// Seconds by which the newest embedding lags behind the newest frame; live streams only care.
    pub behind_s: f64,
    /// Seconds since the last frame arrived.
    pub data_age_s: f64,
    /// Gaps in the stream so far.
    pub gaps: u64,
    /// The recording, where there is one.
    pub recording: Option<RecordingView>,
    /// One entry a consumer.
    pub ledgers: Vec<Ledger>,
    /// From the arrival of a window's last frame to its embedding.
    pub latency: Latency,
    /// The whole way from the sampling of that frame to the embedding's way out, by stage ([`crate::serve::STAGES`]).
    pub stages: Vec<(Cow<'static, str>, Latency)>,
    /// Latency histogram, eight bins a factor of ten from 0.01 ms on.
    pub histogram: Vec<u32>,
    /// The traces.
    pub traces: Traces,
    /// Spectra of what the traces show; none before the first seconds, or just after a gap.
    #[serde(with = "wire::maybe_shared")]
    pub spectra: Option<Arc<Spectra>>,
    /// The trainer.
    pub trainer: TrainerView,
    /// Where embeddings lie; none before the first few.
    #[serde(with = "wire::maybe_shared")]
    pub map: Option<Arc<EmbeddingMap>>,
    /// What goes out.
    pub serving: ServingView,
    /// What is taught, where that is on.
    pub teaching: Option<TeachingView>,
    /// How unlike everything before windows are, where that is looked out for.
    pub novelty: Option<NoveltyView>,
    /// `[C]`: what is wrong with each channel now; empty where nothing is watched.
    pub quality: Vec<Reasons>,
    /// The newest events in the order in which they were told; their times in seconds since the start.
    pub events: Vec<(f64, Event)>,
    /// How many events there have been, those that are no longer kept included.
    pub told: u64,
    /// Others that look on from other processes, and how many Views they missed; none where there is no socket.
    pub viewers: Option<[u64; 2]>,
    /// Why the run ended, once it has.
    pub ended: Option<String>,
}
