//! What spatial attention knows of an electrode: waves over the head at its position, or its name.
//!
//! Pure. Invariant: the features of an electrode have unit length and depend on nothing but its site, so that weights learnt
//! with one montage serve another; where one electrode is near another, their features are nearly the same.

use super::Site;
use sha2::{Digest, Sha256};

/// Waves across the head have up to so many periods, in any direction.
const HARMONICS: i32 = 6;
/// Fewer periods count for more, falling off as a Gaussian of this deviation. Electrodes are alike up to about a quarter of
/// the head's radius, the distance of neighbours in the 10-10 system.
const DEVIATION: f32 = 2.5;
/// The period of the slowest waves: the unit disc with a margin, so that opposite edges are not neighbours.
const PERIOD: f32 = 2.8;

/// Periods to the right and to the front of each wave: half a plane, for the other half has the same waves.
fn waves() -> impl Iterator<Item = [i32; 2]> {
    let all = (0..=HARMONICS).flat_map(|k| (-HARMONICS..=HARMONICS).map(move |l| [k, l]));
    all.filter(|&[k, l]| (k > 0 || l > 0) && k * k + l * l <= HARMONICS * HARMONICS)
}

/// How many features an electrode has.
pub(super) fn depth() -> usize {
    2 * waves().count()
}

/// Fourier features of a position (Défossez et al., 2023): the cosines of all waves, then the sines.
fn at([x, y]: [f32; 2]) -> Vec<f32> {
    let amplitude = |[k, l]: [i32; 2]| (-0.5 * (k * k + l * l) as f32 / (DEVIATION * DEVIATION)).exp();
    let norm = waves().map(|wave| amplitude(wave).powi(2)).sum::<f32>().sqrt();
    let phase = |[k, l]: [i32; 2]| std::f32::consts::TAU * (k as f32 * x + l as f32 * y) / PERIOD;
    let cosines = waves().map(|wave| amplitude(wave) / norm * phase(wave).cos());
    cosines.chain(waves().map(|wave| amplitude(wave) / norm * phase(wave).sin())).collect()
}

/// A direction that belongs to a name: signs by the bits of its SHA-256, case and blanks aside.
fn named(label: &str) -> Vec<f32> {
    let hash = Sha256::digest(label.trim().to_ascii_lowercase());
    let value = 1.0 / (depth() as f32).sqrt();
    let bit = |i: usize| hash[i / 8 % hash.len()] >> (i % 8) & 1 == 1;
    (0..depth()).map(|i| if bit(i) { value } else { -value }).collect()
}

/// Features `[C, F]` of electrodes; channels without a site are known by their number.
pub(super) fn features(sites: &[Site], channels: usize) -> Vec<f32> {
    let of_channel = |channel: usize| match sites.get(channel) {
        Some(Site { position: Some(position), .. }) => at(*position),
        Some(Site { label, position: None }) => named(label),
        None => named(&(channel + 1).to_string()),
    };
    (0..channels).flat_map(of_channel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_electrodes_are_alike_and_far_ones_are_not() {
        let along = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let (c3, near, far) = (at([-0.4, 0.0]), at([-0.35, 0.05]), at([0.4, 0.0]));
        assert!((along(&c3, &c3) - 1.0).abs() < 1e-5);
        assert!(along(&c3, &near) > 0.85 && along(&c3, &far).abs() < 0.1);
        // Opposite edges of the head are not neighbours, though waves repeat themselves.
        assert!(along(&at([-1.0, 0.0]), &at([1.0, 0.0])) < 0.2);
        let (one, other) = (named("EEG 1"), named(" eeg 1"));
        assert_eq!(one, other);
        assert!(along(&one, &named("EEG 2")).abs() < 0.5 && depth() <= 256);
    }
}
