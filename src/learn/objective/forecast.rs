//! Forecasting: a window predicts the one after it, its latent or the signal at its beginning.
//!
//! Owned by the trainer. Invariant: the latent to be predicted comes from a moving average of the encoder, which takes no
//! gradients and moves once a step, after the optimiser.

use super::followed::{Followed, HasTrunk};
use super::single::Judgement;
use super::trunk::{HIDDEN, PROJECTION, Trunk, centred};
use super::{Batch, Judged, Learnt, Objective, ObjectiveSettings, StepReport, loss};
use crate::learn::nn::{self, Activation, Compute, Init, Perceptron};
use crate::learn::{CheckpointError, Encoder};
use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// What is predicted of the next window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forecast {
    /// Its projection, by cosine.
    Latent,
    /// Its first patch, normalised, by squared error.
    Patch,
}

impl Forecast {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Latent, Self::Patch];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Latent => "latent",
            Self::Patch => "patch",
        }
    }
}

#[derive(Module, Debug)]
struct Network {
    trunk: Trunk,
    /// From a projection to the next one, or from an embedding to the next patch.
    predictor: Perceptron,
}

impl HasTrunk for Network {
    fn trunk(&self) -> &Trunk {
        &self.trunk
    }
}

/// Next-window prediction in training; for latents as in BYOL (Grill et al., 2020), with time in place of views.
pub(super) struct Forecasting {
    followed: Followed<Network>,
    what: Forecast,
    patch: usize,
    compute: Compute,
}

/// The loss of unrelated directions.
const CHANCE_OF_LATENT: f32 = 2.0;
/// The loss of predicting the mean of a normalised patch.
const CHANCE_OF_PATCH: f32 = 1.0;

impl Forecasting {
    pub fn new(settings: &ObjectiveSettings) -> Self {
        let mut init = Init::training(settings.seed, settings.compute);
        let trunk = Trunk::new(&mut init, &settings.encoder);
        let widths = match settings.forecast {
            Forecast::Latent => [PROJECTION, HIDDEN, PROJECTION],
            Forecast::Patch => [settings.encoder.embedding, HIDDEN, settings.patch * settings.encoder.channels],
        };
        let predictor = Perceptron::new(&mut init, widths, Activation::Gelu);
        Self {
            followed: Followed::new(Network { trunk, predictor }, "target", settings),
            what: settings.forecast,
            patch: settings.patch,
            compute: settings.compute,
        }
    }

    fn loss(&self, batch: &Batch, embeddings: Tensor<2>, projections: Tensor<2>) -> (Tensor<1>, f32) {
        let network = self.followed.network();
        match self.what {
            Forecast::Latent => {
                let next = self.followed.average().forward(batch.view(1, &self.compute.serving())).1;
                let target = centred(next).autodiff();
                let predicted = network.predictor.forward(projections);
                (loss::away(predicted, target), CHANCE_OF_LATENT)
            }
            Forecast::Patch => {
                let next = batch.view(1, &self.compute.training()).narrow(1, 0, self.patch);
                let target = loss::normalised(nn::patches(next, self.patch));
                let predicted = network.predictor.forward(embeddings).unsqueeze_dim(1);
                (loss::masked_patches(predicted, target, &vec![true; batch.rows()]), CHANCE_OF_PATCH)
            }
        }
    }

    fn judgement(&self, batch: &Batch) -> Judgement {
        let now = batch.view(0, &self.compute.training());
        let (embeddings, projections) = self.followed.network().trunk.forward(now);
        let (loss, chance) = self.loss(batch, embeddings.clone(), projections);
        Judgement { loss, chance: Some(chance), embeddings }
    }
}

impl Objective for Forecasting {
    fn step(&mut self, batch: &Batch) -> StepReport {
        self.followed.learn(self.judgement(batch))
    }

    fn judge(&self, batch: &Batch) -> Judged {
        self.judgement(batch).into()
    }

    fn scale_rate(&mut self, share: f64) {
        self.followed.scale_rate(share);
    }

    fn encoder(&self) -> Encoder {
        self.followed.encoder()
    }

    fn steps(&self) -> u64 {
        self.followed.steps()
    }

    fn skipped(&self) -> u64 {
        self.followed.skipped()
    }

    fn learnt(&self) -> Learnt {
        self.followed.learnt()
    }

    fn restore(&mut self, learnt: &Learnt) -> Result<(), CheckpointError> {
        self.followed = self.followed.restored(learnt)?;
        Ok(())
    }
}
