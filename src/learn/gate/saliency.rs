//! What an encoder looks at: how far its embedding moves when a channel is not there.
//!
//! Pure, on the trainer's thread. Invariant: a look costs no more than so many embeddings, whatever the montage: what there are
//! too many channels for is measured at the next looks, in turn.

use super::figures::Probed;
use crate::learn::Encoder;

/// Embeddings that a look may take.
const EMBEDDINGS: usize = 128;
/// Windows in which a channel is silenced, at most.
const MOST_WINDOWS: usize = 16;

/// What is known of each channel.
#[derive(Clone, Debug, Default)]
pub(in crate::learn) struct Occlusion {
    /// `[C]`: mean of 1 less the cosine of a window's embedding with and without the channel; NaN where it was not measured.
    moved: Vec<f32>,
    /// The channel that is measured next.
    next: usize,
}

impl Occlusion {
    /// Silences channels of windows, whose embeddings `[N, D]` are `plain`, and returns what is known of all of them since.
    /// An encoder takes a channel of zeros as one that is not there.
    pub fn look(&mut self, encoder: &Encoder, probed: &Probed, plain: &[f32], dimension: usize) -> Vec<f32> {
        let (channels, window) = (probed.channels, probed.frames * probed.channels);
        let count = (probed.plain.len() / window.max(1)).min(plain.len() / dimension.max(1));
        if count == 0 {
            return Vec::new();
        }
        self.moved.resize(channels, f32::NAN);
        let windows = (EMBEDDINGS / channels).clamp(1, MOST_WINDOWS).min(count);
        // Spread over the held windows, which lie in the order of time.
        let chosen: Vec<usize> = (0..windows).map(|i| i * count / windows).collect();
        let all: Vec<f32> = chosen.iter().flat_map(|i| &probed.plain[i * window..(i + 1) * window]).copied().collect();
        for _ in 0..channels.min(EMBEDDINGS / windows) {
            let channel = self.next % channels;
            self.next = (channel + 1) % channels;
            let mut silenced = all.clone();
            silenced.iter_mut().skip(channel).step_by(channels).for_each(|sample| *sample = 0.0);
            let without = encoder.embed_all(silenced, probed.frames, channels);
            let pairs = chosen.iter().zip(without.chunks_exact(dimension));
            let moved = pairs.map(|(i, without)| 1.0 - cosine(&plain[i * dimension..(i + 1) * dimension], without));
            self.moved[channel] = (moved.sum::<f64>() / windows as f64).max(0.0) as f32;
        }
        self.moved.clone()
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::EncoderShape;
    use crate::learn::nn::{Compute, Init};

    const FRAMES: usize = 64;

    /// Windows in which every channel is noise but for the one that is silent.
    fn probed(channels: usize, windows: usize, silent: usize) -> Probed {
        let noise = |n: usize| ((n as f64 * 9973.0).sin() * 43_758.547).fract() as f32;
        let plain = (0..windows * FRAMES * channels).map(|n| if n % channels == silent { 0.0 } else { noise(n) });
        Probed { plain: plain.collect(), frames: FRAMES, channels, rate_hz: 128.0, line_hz: 50.0, ..Probed::default() }
    }

    fn encoder(channels: usize) -> Encoder {
        let shape = EncoderShape { channels, embedding: 8, widths: vec![4], ..EncoderShape::default() };
        Encoder::new(&mut Init::serving(1, Compute::default()), &shape)
    }

    #[test]
    fn a_channel_that_is_silent_anyway_moves_nothing_and_others_do() {
        let (encoder, probed) = (encoder(4), probed(4, 20, 2));
        let plain = encoder.embed_all(probed.plain.clone(), FRAMES, 4);
        let moved = Occlusion::default().look(&encoder, &probed, &plain, 8);
        assert!(moved[2] < 1e-6, "{moved:?}");
        assert!([0, 1, 3].iter().all(|c| moved[*c] > 1e-5), "{moved:?}");
    }

    #[test]
    fn many_channels_are_measured_in_turn() {
        let (encoder, probed) = (encoder(150), probed(150, 3, 0));
        let plain = encoder.embed_all(probed.plain.clone(), FRAMES, 150);
        let mut occlusion = Occlusion::default();
        let known = |moved: &[f32]| moved.iter().filter(|m| !m.is_nan()).count();
        let first = occlusion.look(&encoder, &probed, &plain, 8);
        assert_eq!((known(&first), known(&occlusion.look(&encoder, &probed, &plain, 8))), (EMBEDDINGS, 150));
        assert!(occlusion.look(&encoder, &Probed::default(), &[], 8).is_empty());
    }
}
