//! Augmented views of windows.
//!
//! Owned by the trainer. Invariant: a view is a pure function of the window, the seed and the draw's number, so that any
//! view can be made again; it has the window's length.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// A named list of augmentations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// For scalp recordings: shift, amplitude, noise, time mask, dropped channels.
    Eeg,
    /// For grids and strips: the same with less amplitude change and more dropped channels.
    Ecog,
    /// The views are the window itself.
    None,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Eeg, Self::Ecog, Self::None];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Eeg => "eeg",
            Self::Ecog => "ecog",
            Self::None => "none",
        }
    }

    /// The augmentations in order: spatial, then temporal, then noise.
    #[must_use]
    pub fn augmentations(self) -> Vec<Augmentation> {
        use Augmentation::{Amplitude, ChannelDropout, Noise, TimeMask, TimeShift};
        match self {
            Self::Eeg => vec![
                ChannelDropout { share: 0.2 },
                TimeShift { share: 0.1 },
                Amplitude { from: 0.8, to: 1.25 },
                TimeMask { share: 0.2 },
                Noise { deviation: 0.2 },
            ],
            Self::Ecog => vec![
                ChannelDropout { share: 0.3 },
                TimeShift { share: 0.1 },
                Amplitude { from: 0.9, to: 1.1 },
                TimeMask { share: 0.2 },
                Noise { deviation: 0.1 },
            ],
            Self::None => Vec::new(),
        }
    }
}

/// One way to change a window `[T, C]` without changing what it means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Augmentation {
    /// All samples times one factor (Mohsenvand et al., 2020, with a narrower range: amplitude carries meaning).
    Amplitude {
        /// Smallest factor.
        from: f32,
        /// Largest factor.
        to: f32,
    },
    /// Gaussian noise of a deviation drawn up to this, relative to each channel's own.
    Noise {
        /// Largest relative deviation.
        deviation: f32,
    },
    /// The window moved by up to this share of its length either way, its edge samples standing in for what is missing.
    TimeShift {
        /// Largest share.
        share: f32,
    },
    /// A stretch of up to this share of the length set to zero in all channels.
    TimeMask {
        /// Largest share.
        share: f32,
    },
    /// Each channel set to zero with a probability drawn up to this; at least one stays (Saeed et al., 2021).
    ChannelDropout {
        /// Largest probability.
        share: f32,
    },
}

/// Draws views.
#[derive(Clone, Debug)]
pub struct Augmenter {
    augmentations: Vec<Augmentation>,
    channels: usize,
    seed: u64,
}

impl Augmenter {
    /// An augmenter of windows with this many channels.
    #[must_use]
    pub fn new(augmentations: Vec<Augmentation>, channels: usize, seed: u64) -> Self {
        Self { augmentations, channels, seed }
    }

    /// Changes `window [T, C]` into the view that belongs to `draw` and `view`.
    pub fn view(&self, window: &mut [f32], draw: u64, view: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ draw.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.set_stream(view);
        for augmentation in &self.augmentations {
            augmentation.apply(window, self.channels, &mut rng);
        }
    }
}

impl Augmentation {
    fn apply(self, window: &mut [f32], channels: usize, rng: &mut ChaCha8Rng) {
        let frames = window.len() / channels;
        match self {
            Self::Amplitude { from, to } => {
                let factor = rng.random_range(from..=to);
                window.iter_mut().for_each(|v| *v *= factor);
            }
            Self::Noise { deviation } => add_noise(window, channels, rng.random_range(0.0..=deviation), rng),
            Self::TimeShift { share } => {
                let most = (share * frames as f32) as usize;
                let by = rng.random_range(0..=2 * most);
                shift(window, channels, by.abs_diff(most), by > most);
            }
            Self::TimeMask { share } => {
                let length = rng.random_range(0..=(share * frames as f32) as usize);
                let from = rng.random_range(0..=frames - length);
                window[from * channels..(from + length) * channels].fill(0.0);
            }
            Self::ChannelDropout { share } => {
                let probability = f64::from(rng.random_range(0.0..=share));
                let kept = rng.random_range(0..channels);
                for channel in (0..channels).filter(|&c| c != kept) {
                    if rng.random_bool(probability) {
                        window[channel..].iter_mut().step_by(channels).for_each(|v| *v = 0.0);
                    }
                }
            }
        }
    }
}

/// Moves the frames later or earlier, repeating the edge.
fn shift(window: &mut [f32], channels: usize, frames: usize, later: bool) {
    let by = frames * channels;
    let rest = window.len() - by;
    if later {
        window.copy_within(..rest, by);
        (channels..by).for_each(|i| window[i] = window[i % channels]);
    } else {
        window.copy_within(by.., 0);
        let edge = window.len() - channels;
        (rest..edge).for_each(|i| window[i] = window[edge + i % channels]);
    }
}

fn add_noise(window: &mut [f32], channels: usize, relative: f32, rng: &mut impl Rng) {
    let frames = (window.len() / channels).max(1) as f32;
    let mut deviations = vec![0.0f32; channels];
    for frame in window.chunks_exact(channels) {
        deviations.iter_mut().zip(frame).for_each(|(sum, v)| *sum += v * v);
    }
    deviations.iter_mut().for_each(|d| *d = (*d / frames).sqrt() * relative);
    for frame in window.chunks_exact_mut(channels) {
        for (v, deviation) in frame.iter_mut().zip(&deviations) {
            let noise: f32 = StandardNormal.sample(rng);
            *v += noise * deviation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn views_are_repeatable_finite_and_of_the_same_length(frames in 1usize..60, channels in 1usize..6, seed: u64, draw: u64) {
            let window: Vec<f32> = (0..frames * channels).map(|i| (i as f32).sin()).collect();
            for preset in Preset::ALL {
                let augmenter = Augmenter::new(preset.augmentations(), channels, seed);
                let view = |which| {
                    let mut view = window.clone();
                    augmenter.view(&mut view, draw, which);
                    view
                };
                prop_assert_eq!(view(0), view(0));
                prop_assert_eq!(view(1).len(), window.len());
                prop_assert!(view(1).iter().all(|v| v.is_finite()));
                if preset == Preset::None {
                    prop_assert_eq!(view(0), window.clone());
                }
            }
        }
    }

    #[test]
    fn two_views_differ() {
        let window: Vec<f32> = (0..512).map(|i| (i as f32 * 0.1).sin()).collect();
        let augmenter = Augmenter::new(Preset::Eeg.augmentations(), 4, 1);
        let mut views = [window.clone(), window.clone()];
        augmenter.view(&mut views[0], 5, 0);
        augmenter.view(&mut views[1], 5, 1);
        assert_ne!(views[0], views[1]);
        assert_ne!(views[0], window);
    }

    #[test]
    fn a_shift_repeats_the_edge() {
        let mut window: Vec<f32> = vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
        shift(&mut window, 2, 1, true);
        assert_eq!(window, [1.0, 10.0, 1.0, 10.0, 2.0, 20.0]);
        shift(&mut window, 2, 2, false);
        assert_eq!(window, [2.0, 20.0, 2.0, 20.0, 2.0, 20.0]);
    }
}
