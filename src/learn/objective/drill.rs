//! An objective that can be made to collapse, for drills.
//!
//! For tests alone. Invariant: while the switch is off it is `SimCLR`, and without its negatives while it is on.

use super::single::{Judgement, Single, Trained};
use super::trunk::{Trunk, halves};
use super::{Batch, Objective, ObjectiveSettings, loss};
use crate::learn::nn::Init;
use crate::learn::{Encoder, EncoderShape};
use burn::tensor::Device;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Drill {
    shape: EncoderShape,
    collapses: Arc<AtomicBool>,
}

impl Single for Drill {
    type Network = Trunk;

    fn network(&self, init: &mut Init) -> Trunk {
        Trunk::new(init, &self.shape)
    }

    fn encoder(network: &Trunk) -> &Encoder {
        &network.encoder
    }

    fn judge(&self, network: &Trunk, batch: &Batch, device: &Device) -> Judgement {
        let (embeddings, projections) = network.forward(batch.together(2, device));
        let (z1, z2) = halves(projections);
        let loss = if self.collapses.load(Ordering::Relaxed) {
            // Views are drawn together and nothing keeps windows apart: all of them become one point.
            (loss::unit(z1) - loss::unit(z2)).square().sum_dim(1).mean()
        } else {
            loss::nt_xent(z1, z2, 0.2)
        };
        Judgement {
            loss,
            chance: Some(((2 * batch.rows()).saturating_sub(1).max(1) as f32).ln()),
            embeddings: halves(embeddings).0,
        }
    }
}

/// Such an objective, and the switch that makes it collapse.
pub(in crate::learn) fn drill(settings: &ObjectiveSettings, collapses: &Arc<AtomicBool>) -> Box<dyn Objective> {
    let drill = Drill { shape: settings.encoder.clone(), collapses: Arc::clone(collapses) };
    Box::new(Trained::new(drill, settings))
}
