//! How each method is trained here: one encoder, one number of steps, and what each method was given of its own.
//!
//! Plain values. Invariant: they were chosen on seeds 101 and 102, never on those that the table reports.

use super::Labelled;
use crate::learn::{
    Architecture, AutoencoderSettings, EncoderShape, MaskSettings, MaskTarget, Method, ObjectiveSettings, Policy,
    Schedule, TrainerSettings,
};
use crate::window::{Augmentation, AugmentationStep};

/// Steps of every method.
pub const STEPS: u64 = 100;
/// Windows a step.
pub const BATCH: usize = 64;

/// The encoder: four layers, so that a feature sees half a second.
#[must_use]
pub fn encoder(set: &Labelled, architecture: Architecture) -> EncoderShape {
    let (channels, sites) = (set.channels, set.sites.clone());
    EncoderShape { channels, architecture, widths: vec![16, 32, 64, 64], embedding: 64, sites }
}

/// Views keep the spectrum and what channels share, and lose phase, level, some channels and what noise hides.
fn augmentations() -> Vec<AugmentationStep> {
    let all = [
        Augmentation::ChannelDropout(0.0..=0.3),
        Augmentation::Surrogate(0.5..=1.0),
        Augmentation::Amplitude(0.7..=1.4),
        Augmentation::Noise(0.0..=0.5),
    ];
    all.into_iter().map(|what| AugmentationStep { what, probability: 1.0 }).collect()
}

/// The optimiser of every method.
#[must_use]
pub fn schedule() -> Schedule {
    Schedule { learning_rate: 2e-3, warmup_steps: 20, ..Schedule::default() }
}

/// The trainer of a method for `windows` windows of this set.
#[must_use]
pub fn trainer(set: &Labelled, method: Method, shape: EncoderShape, seed: u64, windows: usize) -> TrainerSettings {
    let frames = set.window();
    let usual = ObjectiveSettings::new(method, shape, frames);
    let quarter_s = (0.25 * set.rate_hz).round() as usize;
    let seconds = |s: f64| (s * set.rate_hz) as u64;
    // Samples of EEG cannot be told from those before and after: see docs/learning.md.
    let mask = MaskSettings { target: MaskTarget::Spectrum, ..MaskSettings::default() };
    let objective = ObjectiveSettings {
        seed,
        schedule: schedule(),
        patch: quarter_s,
        mae: MaskSettings { hidden: 0.6, ..mask },
        masked: MaskSettings { hidden: 0.4, ..mask },
        autoencoder: AutoencoderSettings { latent: 8, noise: 0.2 },
        order_near: seconds(16.0),
        order_far: seconds(40.0),
        ..usual
    };
    TrainerSettings {
        objective,
        frames,
        batch: BATCH,
        memory_windows: windows,
        policy: Policy::Fifo,
        recent_fraction: 0.0,
        rate_hz: set.rate_hz,
        augmentations: augmentations(),
        publish_every: STEPS,
    }
}
