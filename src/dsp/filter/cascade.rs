//! Sections in a row over interleaved frames.
//!
//! Owns one state a section and channel; runs on its owner's thread. Invariant: state is carried from frame to frame in
//! double precision and without fused operations, so any block size and any processor give the same samples bit for bit.

use super::Section;
use crate::dsp::vectorised;

/// Frames from one look for vanishing states to the next.
const TIDY_FRAMES: u32 = 4096;
/// What is less than this is nothing: a silent channel would otherwise fade into numbers that processors are slow with.
const NOTHING: f64 = 1e-100;

/// Sections in a row, one state a channel.
#[derive(Clone, Debug)]
pub struct Cascade {
    sections: Vec<Section>,
    channels: usize,
    /// `[section][2][channel]`, transposed direct form II.
    state: Vec<f64>,
    /// Frames until the next look.
    untidy: u32,
}

impl Cascade {
    /// A cascade at rest for `channels` channels.
    #[must_use]
    pub fn new(sections: Vec<Section>, channels: usize) -> Self {
        let state = vec![0.0; sections.len() * 2 * channels];
        Self { sections, channels, state, untidy: TIDY_FRAMES }
    }

    /// Puts the state where it would be had the input been `frame` for ever: a start without a step response.
    pub fn settle(&mut self, frame: &[f64]) {
        self.untidy = TIDY_FRAMES;
        for (channel, &value) in frame.iter().enumerate() {
            let mut x = value;
            for (section, state) in self.sections.iter().zip(self.state.chunks_exact_mut(2 * self.channels)) {
                let y = x * section.gain_at_rest();
                let second = section.b[2] * x - section.a[1] * y;
                state[self.channels + channel] = second;
                state[channel] = section.b[1] * x - section.a[0] * y + second;
                x = y;
            }
        }
    }

    /// Filters one frame `[C]` in place.
    pub fn step(&mut self, frame: &mut [f64]) {
        let Self { sections, channels, state, .. } = self;
        let (channels, frame) = (*channels, &mut frame[..*channels]);
        vectorised(
            #[inline(always)]
            || {
                for (section, state) in sections.iter().zip(state.chunks_exact_mut(2 * channels)) {
                    let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
                    let (first, second) = state.split_at_mut(channels);
                    for ((x, s1), s2) in frame.iter_mut().zip(first).zip(second) {
                        let y = b0 * *x + *s1;
                        *s1 = b1 * *x - a1 * y + *s2;
                        *s2 = b2 * *x - a2 * y;
                        *x = y;
                    }
                }
            },
        );
        self.untidy -= 1;
        if self.untidy == 0 {
            self.untidy = TIDY_FRAMES;
            self.state.iter_mut().filter(|s| s.abs() < NOTHING).for_each(|s| *s = 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settled_filter_has_no_step_response() {
        for sections in [
            Section::lowpass(4, 40.0, 250.0),
            Section::lowpass(7, 40.0, 250.0),
            Section::bandpass(3, 1.0, 40.0, 250.0),
            Section::highpass(5, 0.1, 30_000.0),
            Section::notches(50.0, 3, 30.0, 250.0).collect(),
        ] {
            let gain: f64 = sections.iter().map(Section::gain_at_rest).product();
            assert!(gain.abs() < 1e-9 || (gain - 1.0).abs() < 1e-9, "{gain}");
            let mut cascade = Cascade::new(sections, 2);
            cascade.settle(&[3.0, -70_000.0]);
            for _ in 0..1000 {
                let mut frame = [3.0, -70_000.0];
                cascade.step(&mut frame);
                assert!((frame[0] - 3.0 * gain).abs() < 1e-7 && (frame[1] + 70_000.0 * gain).abs() < 1e-3, "{frame:?}");
            }
        }
    }

    #[test]
    fn a_silent_channel_comes_to_rest() {
        let mut cascade = Cascade::new(Section::bandpass(4, 0.5, 45.0, 250.0), 1);
        cascade.step(&mut [1.0]);
        for _ in 0..100_000 {
            cascade.step(&mut [0.0]);
        }
        assert!(cascade.state.iter().all(|&s| s == 0.0), "{:?}", cascade.state);
    }
}
