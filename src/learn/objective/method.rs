//! The methods by name, and what they need to be built.

use super::Objective;
use super::byol::Byol;
use super::cpc::Cpc;
use super::moco::Moco;
use crate::learn::nn::Compute;
use crate::learn::{EncoderShape, Schedule};
use serde::{Deserialize, Serialize};

/// A self-supervised method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Bootstrap your own latent (Grill et al., 2020).
    Byol,
    /// Momentum contrast (He et al., 2020) with version 2's head (Chen et al., 2020).
    Moco,
    /// Contrastive predictive coding (van den Oord et al., 2018), on windows as Banville et al. (2021).
    Cpc,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Byol, Self::Moco, Self::Cpc];

    /// Views of a window that a step needs: for `CPC` the future is the other view.
    #[must_use]
    pub fn views(self) -> usize {
        match self {
            Self::Byol | Self::Moco => 2,
            Self::Cpc => 1,
        }
    }

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Byol => "byol",
            Self::Moco => "moco",
            Self::Cpc => "cpc",
        }
    }
}

/// What an objective needs to be built.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveSettings {
    /// The method.
    pub method: Method,
    /// The encoder.
    pub encoder: EncoderShape,
    /// Where and by what it is computed.
    pub compute: Compute,
    /// Seed of the first weights.
    pub seed: u64,
    /// The optimiser.
    pub schedule: Schedule,
    /// Momentum of the target's or key encoder's average.
    pub momentum: f32,
    /// Temperature of the contrastive losses.
    pub temperature: f32,
    /// Keys in `MoCo`'s queue.
    pub queue: usize,
    /// Windows that start less than this many frames apart are no negatives of each other (`MoCo`).
    pub near_frames: u64,
    /// Pieces that `CPC` cuts a window into.
    pub pieces: usize,
    /// How many pieces ahead `CPC` predicts.
    pub ahead: usize,
}

/// Builds the objective.
#[must_use]
pub fn build(settings: &ObjectiveSettings) -> Box<dyn Objective> {
    match settings.method {
        Method::Byol => Box::new(Byol::new(settings)),
        Method::Moco => Box::new(Moco::new(settings)),
        Method::Cpc => Box::new(Cpc::new(settings)),
    }
}
