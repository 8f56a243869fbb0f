//! Lists of augmentations by name.
//!
//! Plain values. Invariant: spatial before spectral before temporal before noise, as noise that was filtered is none.

use super::{Augmentation, AugmentationStep};

/// A named list of augmentations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// For scalp recordings: dropped channels, shift, amplitude, time mask, noise.
    Eeg,
    /// For grids and strips: the same with more dropped channels and less change of amplitude and noise.
    Ecog,
    /// For slow states: surrogates and a flipped sign, which keep the spectrum, beside amplitude, mask and noise.
    Sleep,
    /// What the tutorial that the project began with does: a stretch of four fifths and a hundredth of noise. Weak.
    Seed,
    /// The views are the window itself.
    None,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Eeg, Self::Ecog, Self::Sleep, Self::Seed, Self::None];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Eeg => "eeg",
            Self::Ecog => "ecog",
            Self::Sleep => "sleep",
            Self::Seed => "seed",
            Self::None => "none",
        }
    }

    /// The augmentations in order.
    #[must_use]
    pub fn steps(self) -> Vec<AugmentationStep> {
        use Augmentation::{Amplitude, ChannelDropout, CropResize, Noise, SignFlip, Surrogate, TimeMask, TimeShift};
        let list = match self {
            Self::Eeg => vec![
                (ChannelDropout(0.0..=0.2), 1.0),
                (TimeShift(0.0..=0.1), 1.0),
                (Amplitude(0.8..=1.25), 1.0),
                (TimeMask(0.0..=0.2), 1.0),
                (Noise(0.0..=0.2), 1.0),
            ],
            Self::Ecog => vec![
                (ChannelDropout(0.0..=0.3), 1.0),
                (TimeShift(0.0..=0.1), 1.0),
                (Amplitude(0.9..=1.1), 1.0),
                (TimeMask(0.0..=0.2), 1.0),
                (Noise(0.0..=0.1), 1.0),
            ],
            Self::Sleep => vec![
                (ChannelDropout(0.0..=0.2), 0.5),
                (SignFlip, 0.5),
                (Surrogate(0.5..=0.9), 0.5),
                (TimeShift(0.0..=0.1), 1.0),
                (Amplitude(0.8..=1.25), 1.0),
                (TimeMask(0.0..=0.2), 0.5),
                (Noise(0.0..=0.2), 1.0),
            ],
            Self::Seed => vec![(CropResize(0.8..=0.8), 1.0), (Noise(0.01..=0.01), 1.0)],
            Self::None => Vec::new(),
        };
        list.into_iter().map(|(what, probability)| AugmentationStep { what, probability }).collect()
    }
}
