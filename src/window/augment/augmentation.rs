//! The augmentations that there are, and how their numbers are drawn.
//!
//! Plain values. Invariant: the numbers drawn for one step are the same whatever the window holds.

use super::{Drawn, Key};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use std::ops::RangeInclusive;

/// The size of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowShape {
    /// `T`.
    pub frames: usize,
    /// `C`.
    pub channels: usize,
    /// Frames a second.
    pub rate_hz: f64,
}

/// An augmentation and how often it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct AugmentationStep {
    /// The augmentation.
    pub what: Augmentation,
    /// Probability, from 0 to 1.
    pub probability: f32,
}

/// One way to change a window `[T, C]` without changing what it means. Each range is drawn from evenly, anew for each view.
#[derive(Clone, Debug, PartialEq)]
pub enum Augmentation {
    /// All samples times one factor from this range (Mohsenvand et al., 2020; narrower: amplitude carries meaning).
    Amplitude(RangeInclusive<f32>),
    /// Gaussian noise, independent from sample to sample, of this deviation relative to each channel's own.
    Noise(RangeInclusive<f32>),
    /// A constant either way, the same for all channels in units of their standard deviation (Mohsenvand et al., 2020).
    DcShift(RangeInclusive<f32>),
    /// The window moved by this share of its length either way, its edge samples standing in for what is missing.
    TimeShift(RangeInclusive<f32>),
    /// A stretch of this share of the length, drawn out to the whole of it by linear interpolation.
    CropResize(RangeInclusive<f32>),
    /// A stretch of this share of the length set to zero in all channels.
    TimeMask(RangeInclusive<f32>),
    /// The same with soft edges (Cheng et al., 2020).
    SmoothMask(RangeInclusive<f32>),
    /// Each channel set to zero with a probability drawn from this range; one stays at least (Saeed et al., 2021).
    ChannelDropout(RangeInclusive<f32>),
    /// Each channel chosen with a probability drawn from this range; those chosen change places (Saeed et al., 2021).
    ChannelShuffle(RangeInclusive<f32>),
    /// Plus becomes minus (Rommel et al., 2021).
    SignFlip,
    /// The last frame comes first (Rommel et al., 2021).
    TimeReverse,
    /// A band of this width in hertz taken out, its centre anywhere below half the rate (Cheng et al., 2020).
    BandStop(RangeInclusive<f32>),
    /// The phase of each frequency turned at random by up to this share of a whole turn, alike in all channels: spectra and
    /// what channels share stay, waveforms go (surrogates of Schreiber & Theiler, 2000; Rommel et al., 2022).
    Surrogate(RangeInclusive<f32>),
    /// All frequencies moved by so many hertz either way (Rommel et al., 2022).
    FrequencyShift(RangeInclusive<f32>),
    /// The window cut into so many pieces, which change places (Um et al., 2017).
    Permutation(RangeInclusive<usize>),
    /// Another window of the batch added with this share, the window's own shrinking by it (Zhang et al., 2018; as noise
    /// that keeps the window's own meaning: Verma et al., 2021).
    Mixup(RangeInclusive<f32>),
}

impl Augmentation {
    /// True if it works on a spectrum.
    pub(super) fn is_spectral(&self) -> bool {
        matches!(self, Self::BandStop(_) | Self::Surrogate(_) | Self::FrequencyShift(_))
    }

    /// Draws its numbers.
    pub(super) fn draw(&self, shape: WindowShape, rng: &mut ChaCha8Rng) -> Drawn {
        let frames = shape.frames;
        match self {
            Self::Amplitude(range) => Drawn::Amplitude { factor: within(range, rng) },
            Self::Noise(range) => Drawn::Noise { relative: within(range, rng), key: key(rng) },
            Self::DcShift(range) => Drawn::DcShift { relative: either_way(range, rng) },
            Self::TimeShift(range) => {
                let by = share_of(frames, within(range, rng)).min(frames - 1);
                Drawn::TimeShift { frames: by, later: rng.random() }
            }
            Self::CropResize(range) => {
                let kept = share_of(frames, within(range, rng)).clamp(frames.min(2), frames);
                Drawn::CropResize { start: rng.random_range(0..=frames - kept), kept }
            }
            Self::TimeMask(range) => {
                let (start, length) = stretch(frames, within(range, rng), rng);
                Drawn::TimeMask { start, length }
            }
            Self::SmoothMask(range) => {
                let (start, length) = stretch(frames, within(range, rng), rng);
                Drawn::SmoothMask { start, length }
            }
            Self::ChannelDropout(range) => {
                let kept = rng.random_range(0..shape.channels);
                Drawn::ChannelDropout { probability: within(range, rng), kept, key: key(rng) }
            }
            Self::ChannelShuffle(range) => Drawn::ChannelShuffle { probability: within(range, rng), key: key(rng) },
            Self::SignFlip => Drawn::SignFlip,
            Self::TimeReverse => Drawn::TimeReverse,
            Self::BandStop(range) => {
                let width_hz = within(range, rng);
                let room_hz = (shape.rate_hz as f32 / 2.0 - width_hz).max(0.0);
                Drawn::BandStop { centre_hz: width_hz / 2.0 + room_hz * rng.random::<f32>(), width_hz }
            }
            Self::Surrogate(range) => Drawn::Surrogate { magnitude: within(range, rng), key: key(rng) },
            Self::FrequencyShift(range) => Drawn::FrequencyShift { by_hz: either_way(range, rng) },
            Self::Permutation(range) => Drawn::Permutation { segments: rng.random_range(range.clone()), key: key(rng) },
            Self::Mixup(range) => Drawn::Mixup { share: within(range, rng) },
        }
    }
}

fn within(range: &RangeInclusive<f32>, rng: &mut impl Rng) -> f32 {
    // Not `random_range`, which panics where a range is the wrong way round.
    range.start() + (range.end() - range.start()) * rng.random::<f32>()
}

fn either_way(range: &RangeInclusive<f32>, rng: &mut impl Rng) -> f32 {
    let size = within(range, rng);
    if rng.random() { size } else { -size }
}

fn key(rng: &mut impl Rng) -> Key {
    Key([rng.random(), rng.random()])
}

fn share_of(frames: usize, share: f32) -> usize {
    (f64::from(share) * frames as f64).round() as usize
}

/// Start and length of a stretch of this share.
fn stretch(frames: usize, share: f32, rng: &mut impl Rng) -> (usize, usize) {
    let length = share_of(frames, share).min(frames);
    (rng.random_range(0..=frames - length), length)
}
