//! The samples of windows in 16 bits each.
//!
//! Owned by the memory. Invariant: a sample comes back within a 131,070th of its channel's range in its window, and one that
//! never changes, like a channel that was silenced, comes back exactly.

/// Windows `[T, C]` by their places, each channel in steps of its own.
#[derive(Debug)]
pub(super) struct Packed {
    channels: usize,
    window: usize,
    pub codes: Vec<u16>,
    /// Of each place and channel: its least sample, and the step from one code to the next.
    pub spans: Vec<[f32; 2]>,
    /// Codes a unit, of the window that is being packed.
    per_unit: Vec<f32>,
}

const HIGHEST: f32 = u16::MAX as f32;

impl Packed {
    /// Room for `capacity` windows of this many frames and channels.
    pub fn new(capacity: usize, [frames, channels]: [usize; 2]) -> Self {
        let window = frames * channels;
        // Not zeros: the system hands those out page by page as they are first touched.
        let (codes, spans) = (vec![u16::MAX; capacity * window], vec![[f32::NAN; 2]; capacity * channels]);
        Self { channels, window, codes, spans, per_unit: vec![0.0; channels] }
    }

    /// Bytes that a window of so many frames and channels takes.
    pub fn bytes_a_window([frames, channels]: [usize; 2]) -> usize {
        frames * channels * size_of::<u16>() + channels * size_of::<[f32; 2]>()
    }

    /// Samples in a window.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Channels of a window.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Puts a window into a place.
    pub fn put(&mut self, place: usize, samples: &[f32]) {
        debug_assert_eq!(samples.len(), self.window, "a window has all its samples");
        let spans = &mut self.spans[place * self.channels..(place + 1) * self.channels];
        spans.fill([f32::INFINITY, f32::NEG_INFINITY]);
        for frame in samples.chunks_exact(self.channels) {
            for ([least, most], &v) in spans.iter_mut().zip(frame) {
                (*least, *most) = (least.min(v), most.max(v));
            }
        }
        for (span, per_unit) in spans.iter_mut().zip(&mut self.per_unit) {
            let step = span[1] / HIGHEST - span[0] / HIGHEST;
            span[1] = step;
            *per_unit = if step > f32::MIN_POSITIVE { step.recip() } else { 0.0 };
        }
        let codes = self.codes[place * self.window..(place + 1) * self.window].chunks_exact_mut(self.channels);
        for (codes, frame) in codes.zip(samples.chunks_exact(self.channels)) {
            for (((code, &v), span), per_unit) in codes.iter_mut().zip(frame).zip(&*spans).zip(&self.per_unit) {
                *code = ((v - span[0]) * per_unit + 0.5) as u16;
            }
        }
    }

    /// Appends the window of a place.
    pub fn unpack(&self, place: usize, into: &mut Vec<f32>) {
        let spans = &self.spans[place * self.channels..(place + 1) * self.channels];
        let codes = &self.codes[place * self.window..(place + 1) * self.window];
        into.reserve(self.window);
        for frame in codes.chunks_exact(self.channels) {
            into.extend(frame.iter().zip(spans).map(|(&code, [least, step])| least + f32::from(code) * step));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_sample_comes_back_within_half_a_step(
            samples in prop::collection::vec(-3e5f32..3e5, 12), offset in -1e6f32..1e6, constant in -1e9f32..1e9,
        ) {
            let samples: Vec<f32> = samples.iter().flat_map(|&v| [v, v * 1e-6, v + offset, constant]).collect();
            let mut packed = Packed::new(2, [12, 4]);
            packed.put(1, &samples);
            let mut back = Vec::new();
            packed.unpack(1, &mut back);
            for channel in 0..4 {
                let of = |all: &[f32]| -> Vec<f32> { all[channel..].iter().step_by(4).copied().collect() };
                let (before, after) = (of(&samples), of(&back));
                let least = before.iter().copied().fold(f32::INFINITY, f32::min);
                let range = before.iter().map(|v| v - least).fold(0.0, f32::max);
                // Half a step, and the rounding of single precision.
                let most = range * 0.51 / HIGHEST + 4.0 * f32::EPSILON * before.iter().fold(0.0, |m, v| v.abs().max(m));
                for (a, b) in before.iter().zip(&after) {
                    prop_assert!((a - b).abs() <= most, "{a} became {b} in a range of {range}");
                }
            }
            prop_assert!(back[3..].iter().step_by(4).all(|&v| v == constant));
        }
    }
}
