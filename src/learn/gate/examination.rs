//! An examination: what a candidate showed, beside what is served.
//!
//! Plain values, made on the trainer's thread. Invariant: candidate and served were judged on the same windows.

use super::{Alarm, Drift, Figures, Metrics, metrics};
use serde::{Deserialize, Serialize};

/// What one look at the weights found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    /// The step after which it was made.
    pub step: u64,
    /// Held windows that it was judged by; 0 where there were too few.
    pub windows: usize,
    /// The candidate's figures on them.
    pub figures: Figures,
    /// Its loss on signal that it has not learnt from, and that of guessing; none where there was too little.
    pub loss: Option<f64>,
    /// That of what is served.
    pub served_loss: Option<f64>,
    /// That of guessing.
    pub loss_chance: Option<f64>,
    /// How much worse the candidate does than what is served: above 1 is worse.
    pub ratio: Option<f64>,
    /// Linear centred kernel alignment with what is served: 1 if nothing turned but the axes.
    pub cka: Option<f64>,
    /// Share of the windows since the last look that were no good.
    pub rejected: f64,
    /// Share of the windows learnt from since then that were far louder than those beside them.
    pub loud: f64,
    /// Norm of the last gradient.
    pub gradient_norm: f64,
    /// Mean age of the windows in memory, in seconds of signal; those from before a gap left out.
    pub age_s: f64,
    /// How far the newest signal lies from the rest; none while there is too little of either.
    pub drift: Option<Drift>,
    /// `[C]` of the model: how far the embeddings of what is served move without a channel, as 1 less their cosine; NaN where
    /// that was not measured yet, empty where nothing was.
    pub saliency: Vec<f32>,
    /// What is wrong, with the reasons.
    pub alarms: Vec<(Alarm, String)>,
}

impl Examination {
    /// What the candidate showed, by name.
    pub(in crate::learn) fn metrics(&self) -> Metrics {
        metrics(&self.figures, self.windows, self.loss, self.loss_chance)
    }

    /// The alarms without their reasons, each once.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        let mut alarms: Vec<Alarm> = self.alarms.iter().map(|(alarm, _)| *alarm).collect();
        alarms.sort();
        alarms.dedup();
        alarms.into_iter().map(Alarm::word).collect()
    }

    /// What was found besides the figures of held windows, by name: of the run itself, and of losses where they are known.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        let all = [
            ("gradient_norm", Some(self.gradient_norm)),
            ("memory_age_s", Some(self.age_s)),
            ("rejected", Some(self.rejected)),
            ("loud", Some(self.loud)),
            ("loss", self.loss),
            ("served_loss", self.served_loss),
            ("loss_ratio", self.ratio),
            ("cka", self.cka),
            ("drift_embedding", self.drift.map(|drift| drift.embedding)),
            ("drift_power", self.drift.map(|drift| drift.power)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// True if the embeddings have become alike.
    #[must_use]
    pub fn has_collapsed(&self) -> bool {
        self.alarms.iter().any(|(alarm, _)| *alarm == Alarm::Collapsed)
    }
}
