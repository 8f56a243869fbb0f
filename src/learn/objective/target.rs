//! What is to be told of a patch that is hidden: its signal, or how strong each of its frequencies is.
//!
//! Pure functions. Invariant: a target is computed from the signal alone and takes no gradient.

use super::loss;
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// What a hidden patch is judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskTarget {
    /// Its samples (He et al., 2022).
    #[default]
    Signal,
    /// The logarithm of its amplitude at each frequency and channel: of EEG, whose phases cannot be foretold for long, that
    /// is what can be learnt (as in `LaBraM`, Jiang et al., 2024).
    Spectrum,
}

impl MaskTarget {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Signal, Self::Spectrum];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Spectrum => "spectrum",
        }
    }
}

/// What is hidden, and how the target is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskSettings {
    /// Share of the patches that is hidden.
    pub hidden: f64,
    /// What is to be told of them.
    pub target: MaskTarget,
    /// Each patch of a signal less its mean and over its deviation.
    pub normalise: bool,
    /// Patches in a row that are hidden together; `mae` hides each by itself.
    pub span: usize,
}

impl Default for MaskSettings {
    fn default() -> Self {
        Self { hidden: 0.6, target: MaskTarget::Signal, normalise: true, span: 1 }
    }
}

impl MaskSettings {
    /// Values of the target for each channel of a patch of `patch` frames.
    #[must_use]
    pub fn values(&self, patch: usize) -> usize {
        match self.target {
            MaskTarget::Signal => patch,
            MaskTarget::Spectrum => frequencies(patch),
        }
    }
}

/// The target of patches `[B, N, P C]`, and the loss of guessing what it is on average.
pub(super) fn target(
    patches: Tensor<3>,
    channels: usize,
    hidden: &[bool],
    settings: &MaskSettings,
) -> (Tensor<3>, f32) {
    match (settings.target, settings.normalise) {
        (MaskTarget::Spectrum, _) => (standardised(log_amplitudes(patches.detach(), channels)), 1.0),
        (MaskTarget::Signal, true) => (loss::normalised(patches), 1.0),
        (MaskTarget::Signal, false) => {
            // Silence is what a signal is on average.
            let silence = loss::masked_patches(patches.clone().zeros_like(), patches.clone(), hidden);
            (patches, silence.into_scalar::<f32>())
        }
    }
}

/// Frequencies of a patch of `frames` frames above 0, half the rate included; one at least.
fn frequencies(frames: usize) -> usize {
    (frames / 2).max(1)
}

/// Logarithms of the amplitudes `[B, N, C F]` of patches `[B, N, P C]`, behind a Hann window. A hundredth is added before,
/// so that silence is finite: signals have a scale of about one here.
fn log_amplitudes(patches: Tensor<3>, channels: usize) -> Tensor<3> {
    let [rows, count, values] = patches.dims();
    let (frames, device) = (values / channels, patches.device());
    let bins = frequencies(frames);
    let wave = |of: fn(f64) -> f64| {
        let value = |bin: usize, frame: usize| {
            let hann = 0.5 - 0.5 * (TAU * (frame as f64 + 0.5) / frames as f64).cos();
            (of(TAU * (bin + 1) as f64 * frame as f64 / frames as f64) * hann * (8.0 / 3.0 / frames as f64).sqrt())
                as f32
        };
        let values: Vec<f32> =
            (0..frames).flat_map(|frame| (0..bins).map(move |bin| (bin, frame))).map(|(b, f)| value(b, f)).collect();
        Tensor::<2>::from_data(TensorData::new(values, [frames, bins]), &device)
    };
    let x = patches.reshape([rows * count, frames, channels]).swap_dims(1, 2);
    let x = (x.clone() - x.mean_dim(2)).reshape([rows * count * channels, frames]);
    let power = x.clone().matmul(wave(f64::cos)).square() + x.matmul(wave(f64::sin)).square();
    ((power + 1e-4).log() * 0.5).reshape([rows, count, channels * bins])
}

/// Each value less its mean and over its deviation in all patches `[B, N, V]`.
fn standardised(x: Tensor<3>) -> Tensor<3> {
    let [rows, count, values] = x.dims();
    let x = x.reshape([rows * count, values]);
    let centred = x.clone() - x.mean_dim(0);
    let variance = centred.clone().square().mean_dim(0);
    (centred / (variance + 1e-6).sqrt()).reshape([rows, count, values])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::Compute;
    use crate::learn::parameters::values_of;

    fn patches(frames: usize, channels: usize, value: impl Fn(usize, usize) -> f32) -> Tensor<3> {
        let values: Vec<f32> =
            (0..frames).flat_map(|t| (0..channels).map(move |c| (t, c))).map(|(t, c)| value(t, c)).collect();
        Tensor::from_data(TensorData::new(values, [1, 1, frames * channels]), &Compute::default().serving())
    }

    #[test]
    fn a_wave_stands_at_its_frequency_and_channel_whatever_its_phase_and_offset() {
        let wave = |bin: usize, phase: f32| {
            move |t: usize, c: usize| 3.0 + ((t * bin * (c + 1)) as f32 * std::f32::consts::TAU / 32.0 + phase).sin()
        };
        for phase in [0.0, 0.7, 2.0] {
            // 3 periods in the first channel, 6 in the second, 16 frequencies each.
            let logs = values_of(log_amplitudes(patches(32, 2, wave(3, phase)), 2));
            assert_eq!(logs.len(), 32);
            for (channel, bin) in [(0, 3), (1, 6)] {
                let of_channel = &logs[channel * 16..][..16];
                let most = (0..16).max_by(|&a, &b| of_channel[a].total_cmp(&of_channel[b]));
                assert_eq!(most, Some(bin - 1), "{of_channel:?}");
                let still = values_of(log_amplitudes(patches(32, 2, wave(3, 0.0)), 2))[channel * 16 + bin - 1];
                assert!((of_channel[bin - 1] - still).abs() < 0.02, "{phase}: {still} and {of_channel:?}");
            }
        }
    }

    #[test]
    fn targets_have_as_many_values_as_they_say_and_are_finite_for_silence() {
        for target in MaskTarget::ALL {
            let settings = MaskSettings { target, ..MaskSettings::default() };
            for frames in [1, 2, 3, 31] {
                let silent = patches(frames, 3, |_, _| 0.0);
                let (made, chance) = super::target(silent, 3, &[true], &settings);
                assert_eq!(made.dims(), [1, 1, 3 * settings.values(frames)], "{target:?} of {frames} frames");
                assert!(values_of(made).iter().all(|v| v.is_finite()) && chance > 0.0);
            }
        }
    }
}
