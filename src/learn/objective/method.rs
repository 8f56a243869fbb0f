//! The methods by name, and what they need to be built.

use super::autoencoder::{Autoencoder, AutoencoderSettings};
use super::byol::Byol;
use super::cpc::{Cpc, CpcNegatives};
use super::forecast::{Forecast, Forecasting};
use super::mae::Mae;
use super::masked::Masked;
use super::mixup::{Mixup, MixupKeys, MixupSettings};
use super::moco::Moco;
use super::order::Order;
use super::simclr::Simclr;
use super::single::Trained;
use super::target::MaskSettings;
use super::transform::Transform;
use super::{Asks, Objective};
use crate::learn::nn::Compute;
use crate::learn::{EncoderShape, Schedule};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
    /// A simple framework for contrastive learning (Chen et al., 2020).
    Simclr,
    /// The masked autoencoder (He et al., 2022).
    Mae,
    /// Masked prediction with mask tokens (Devlin et al., 2019).
    Masked,
    /// A convolutional autoencoder, denoising by choice (Vincent et al., 2008).
    Autoencoder,
    /// Relative positioning and temporal shuffling (Banville et al., 2021).
    Order,
    /// Which transformation was applied (Saeed et al., 2019).
    Transform,
    /// Prediction of the next window.
    Forecast,
    /// Mixed windows (Lee et al., 2021; Kim et al., 2020).
    Mixup,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Byol,
        Self::Moco,
        Self::Cpc,
        Self::Simclr,
        Self::Mae,
        Self::Masked,
        Self::Autoencoder,
        Self::Order,
        Self::Transform,
        Self::Forecast,
        Self::Mixup,
    ];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Byol => "byol",
            Self::Moco => "moco",
            Self::Cpc => "cpc",
            Self::Simclr => "simclr",
            Self::Mae => "mae",
            Self::Masked => "masked",
            Self::Autoencoder => "autoencoder",
            Self::Order => "order",
            Self::Transform => "transform",
            Self::Forecast => "forecast",
            Self::Mixup => "mixup",
        }
    }
}

/// As MoCo's second version has it.
const TEMPERATURE: f32 = 0.2;

/// What an objective needs to be built; each method reads what concerns it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveSettings {
    /// The method.
    pub method: Method,
    /// The encoder.
    pub encoder: EncoderShape,
    /// Where and by what it is computed.
    pub compute: Compute,
    /// Seed of the first weights and of what objectives draw.
    pub seed: u64,
    /// The optimiser.
    pub schedule: Schedule,
    /// Momentum of the target's or key encoder's average.
    pub momentum: f32,
    /// Temperature of the contrastive losses; none for the usual one, and for CPC for its log-bilinear score.
    pub temperature: Option<f32>,
    /// Keys in `MoCo`'s queue.
    pub queue: usize,
    /// Windows that start less than this many frames apart are no negatives of each other (`MoCo`).
    pub near_frames: u64,
    /// Pieces that `CPC` cuts a window into.
    pub pieces: usize,
    /// How many pieces ahead `CPC` predicts.
    pub ahead: usize,
    /// What `CPC` tells a piece apart from.
    pub negatives: CpcNegatives,
    /// Frames of the patches that are hidden or forecast.
    pub patch: usize,
    /// What the masked autoencoder hides.
    pub mae: MaskSettings,
    /// What masked prediction hides.
    pub masked: MaskSettings,
    /// The autoencoder's bottleneck.
    pub autoencoder: AutoencoderSettings,
    /// How windows are mixed.
    pub mixup: MixupSettings,
    /// What is forecast.
    pub forecast: Forecast,
    /// Neighbours start at most so many frames apart (`order`).
    pub order_near: u64,
    /// What is far away starts at least so many frames from either (`order`).
    pub order_far: u64,
}

impl ObjectiveSettings {
    /// Defaults of everything but method and encoder, for windows of `frames` frames.
    #[must_use]
    pub fn new(method: Method, encoder: EncoderShape, frames: usize) -> Self {
        Self {
            method,
            encoder,
            compute: Compute::default(),
            seed: 0,
            schedule: Schedule::default(),
            momentum: 0.99,
            temperature: None,
            queue: 1024,
            near_frames: 2 * frames as u64,
            pieces: 8,
            ahead: 3,
            negatives: CpcNegatives::SameTime,
            patch: (frames / 8).max(1),
            mae: MaskSettings::default(),
            masked: MaskSettings { hidden: 0.4, ..MaskSettings::default() },
            autoencoder: AutoencoderSettings { latent: 8, noise: 0.2 },
            mixup: MixupSettings { alpha: 1.0, share_weight: 1.0, keys: MixupKeys::Batch },
            forecast: Forecast::Latent,
            order_near: 5 * frames as u64,
            order_far: 15 * frames as u64,
        }
    }

    /// The temperature of losses that cannot do without.
    #[must_use]
    pub fn temperature(&self) -> f32 {
        self.temperature.unwrap_or(TEMPERATURE)
    }

    /// What a row of its batches is to hold.
    #[must_use]
    pub fn asks(&self) -> Asks {
        match self.method {
            Method::Byol | Method::Moco | Method::Simclr | Method::Mixup => Asks::Views(2),
            // For CPC the future is the other view.
            Method::Cpc => Asks::Views(1),
            Method::Mae | Method::Masked | Method::Autoencoder | Method::Transform => Asks::Window,
            Method::Forecast => Asks::Following,
            Method::Order => Asks::Triplet { near: self.order_near, far: self.order_far },
        }
    }

    /// The shortest window that the method can cut as it must, in frames.
    #[must_use]
    pub fn shortest(&self) -> usize {
        let shortest = self.encoder.shortest();
        match self.method {
            Method::Cpc => shortest * self.pieces,
            Method::Mae | Method::Masked => shortest.max(2 * self.patch),
            _ => shortest,
        }
    }
}

/// What builds objectives: [`build`], or what puts something around them.
pub type Builder = Arc<dyn Fn(&ObjectiveSettings) -> Box<dyn Objective> + Send + Sync>;

/// Builds the objective.
#[must_use]
pub fn build(settings: &ObjectiveSettings) -> Box<dyn Objective> {
    let (shape, seed) = (settings.encoder.clone(), settings.seed);
    let (patch, temperature) = (settings.patch, settings.temperature());
    match settings.method {
        Method::Byol => Box::new(Byol::new(settings)),
        Method::Moco => Box::new(Moco::new(settings)),
        Method::Mixup if settings.mixup.keys == MixupKeys::Queue => Box::new(Moco::new(settings)),
        Method::Forecast => Box::new(Forecasting::new(settings)),
        Method::Cpc => {
            let ObjectiveSettings { pieces, ahead, negatives, temperature, .. } = *settings;
            Box::new(Trained::new(Cpc { shape, pieces, ahead, temperature, negatives }, settings))
        }
        Method::Simclr => Box::new(Trained::new(Simclr { shape, temperature }, settings)),
        Method::Mae => Box::new(Trained::new(Mae { shape, patch, settings: settings.mae, seed }, settings)),
        Method::Masked => Box::new(Trained::new(Masked { shape, patch, settings: settings.masked, seed }, settings)),
        Method::Autoencoder => {
            Box::new(Trained::new(Autoencoder { shape, settings: settings.autoencoder, seed }, settings))
        }
        Method::Order => Box::new(Trained::new(Order { shape }, settings)),
        Method::Transform => Box::new(Trained::new(Transform { shape, seed }, settings)),
        Method::Mixup => Box::new(Trained::new(Mixup { shape, temperature, seed, settings: settings.mixup }, settings)),
    }
}
