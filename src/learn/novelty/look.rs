//! What a window looks like to the lookout: how strong its channels are in bands of frequency.
//!
//! Owned by the lookout. Invariant: what bad channels would say is missing; the numbers are bounded whatever the montage.
//!
//! Band powers rather than embeddings: they mean the same whatever weights are served, so a calibration outlives a swap, and on
//! recordings of people they tell more (docs/online.md).

use crate::dsp::BandPower;

/// Channels that are looked at by themselves; of more, neighbours are taken together.
const GROUPS: usize = 32;

/// Looks at windows of one shape.
#[derive(Debug)]
pub struct Look {
    powers: BandPower,
    channels: usize,
    groups: usize,
    of_channel: Vec<f32>,
}

impl Look {
    /// At windows of `frames` frames of `channels` channels at this rate.
    #[must_use]
    pub fn new(frames: usize, channels: usize, rate_hz: f64) -> Self {
        // A band of which the stream has nothing says nothing.
        let bands: Vec<[f64; 2]> = BandPower::EEG.into_iter().filter(|band| band[1] <= rate_hz / 2.0).collect();
        let powers = BandPower::new(frames, rate_hz, if bands.is_empty() { &BandPower::EEG[..1] } else { &bands });
        Self { powers, channels, groups: channels.clamp(1, GROUPS), of_channel: Vec::new() }
    }

    /// Numbers that a window becomes.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.groups * self.powers.bands()
    }

    /// Replaces `into` by those of a window `[T, C]`: the natural logarithms of the powers of each band of each group of channels,
    /// mean over those of its channels that are not in `bad` (channel `c` is bit `c % 64` of word `c / 64`); NaN where none is left.
    /// `amplitudes` are the logarithms of what each channel was divided by, if it was: without them a signal that is twice as
    /// strong would be like any other as soon as the running scale knows it.
    pub fn at(&mut self, window: &[f32], bad: &[u64], amplitudes: &[f32], into: &mut Vec<f32>) {
        let bands = self.powers.bands();
        into.clear();
        into.resize(self.groups * bands, 0.0);
        for group in 0..self.groups {
            let sum = &mut into[group * bands..(group + 1) * bands];
            let mut good = 0;
            let of_group = group * self.channels / self.groups..(group + 1) * self.channels / self.groups;
            for channel in of_group.filter(|c| bad.get(c / 64).is_none_or(|word| word >> (c % 64) & 1 == 0)) {
                self.of_channel.clear();
                self.powers.of(window, self.channels, channel, &mut self.of_channel);
                let scale = 2.0 * amplitudes.get(channel).copied().unwrap_or(0.0);
                sum.iter_mut().zip(&self.of_channel).for_each(|(sum, power)| *sum += power + scale);
                good += 1;
            }
            sum.iter_mut().for_each(|sum| *sum = if good > 0 { *sum / good as f32 } else { f32::NAN });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_channels_are_missing_and_neighbours_of_many_are_taken_together() {
        let window: Vec<f32> = (0..200 * 70).map(|i| ((i / 70) as f32 * 0.5).sin() * (1.0 + (i % 70) as f32)).collect();
        let mut look = Look::new(200, 70, 100.0);
        assert_eq!(look.dimension(), 5 * 32);
        let mut all = Vec::new();
        look.at(&window, &[0, 0], &[], &mut all);
        assert!(all.iter().all(|v| v.is_finite()));
        // Channels 68 and 69 are the last group: 69 alone, then none.
        let mut less = Vec::new();
        look.at(&window, &[0, 1 << 5], &[], &mut less);
        assert!(less[..155] == all[..155] && less[157] < all[157] && less[157].is_finite());
        look.at(&window, &[0, 0b11_1110], &[], &mut less);
        assert!(less[155..].iter().all(|v| v.is_nan()) && less[..150] == all[..150]);
        // What the scale took out comes back: the second group is channels 2 and 3.
        let mut amplitudes = [0.0; 70];
        amplitudes[3] = 0.5;
        look.at(&window, &[0, 0], &amplitudes, &mut less);
        assert!(less[..5] == all[..5] && (0..5).all(|b| (less[5 + b] - all[5 + b] - 0.5).abs() < 1e-4));
        // At 50 Hz there is nothing from 30 to 45 Hz.
        assert_eq!(Look::new(100, 4, 50.0).dimension(), 4 * 3);
    }
}
