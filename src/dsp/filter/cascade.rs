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

/// Channels that go through all sections together: what stays in registers from one section to the next.
const LANES: usize = 16;
type Lanes = [f64; LANES];

/// Sections in a row, one state a channel.
#[derive(Clone, Debug)]
pub struct Cascade {
    sections: Vec<Section>,
    channels: usize,
    /// `[channels / LANES][section]`, transposed direct form II; the last lanes may be idle.
    state: Vec<[Lanes; 2]>,
    /// Frames until the next look.
    untidy: u32,
}

impl Cascade {
    /// A cascade at rest for `channels` channels.
    #[must_use]
    pub fn new(sections: Vec<Section>, channels: usize) -> Self {
        let state = vec![[[0.0; LANES]; 2]; sections.len() * channels.div_ceil(LANES)];
        Self { sections, channels, state, untidy: TIDY_FRAMES }
    }

    /// Puts the state where it would be had the input been `frame` for ever: a start without a step response.
    pub fn settle(&mut self, frame: &[f64]) {
        self.untidy = TIDY_FRAMES;
        for (channel, &value) in frame.iter().enumerate().take(self.channels) {
            let (from, lane) = (channel / LANES * self.sections.len(), channel % LANES);
            let mut x = value;
            for (section, [first, second]) in self.sections.iter().zip(&mut self.state[from..]) {
                let y = x * section.gain_at_rest();
                second[lane] = section.b[2] * x - section.a[1] * y;
                first[lane] = section.b[1] * x - section.a[0] * y + second[lane];
                x = y;
            }
        }
    }

    /// Filters one frame `[C]` in place.
    pub fn step(&mut self, frame: &mut [f64]) {
        if self.sections.is_empty() {
            return;
        }
        let (whole, rest) = frame[..self.channels].as_chunks_mut();
        let (sections, state) = (&self.sections[..], &mut self.state);
        vectorised(
            #[inline(always)]
            || {
                let mut states = state.chunks_exact_mut(sections.len());
                for (x, state) in whole.iter_mut().zip(&mut states) {
                    pass(sections, state, x);
                }
                if let Some(state) = states.next() {
                    let mut x = [0.0; LANES];
                    x[..rest.len()].copy_from_slice(rest);
                    pass(sections, state, &mut x);
                    rest.copy_from_slice(&x[..rest.len()]);
                }
            },
        );
        self.untidy -= 1;
        if self.untidy == 0 {
            self.untidy = TIDY_FRAMES;
            let states = self.state.as_flattened_mut().as_flattened_mut();
            states.iter_mut().filter(|s| s.abs() < NOTHING).for_each(|s| *s = 0.0);
        }
    }
}

/// Takes one sample of some channels through all sections.
#[inline(always)]
fn pass(sections: &[Section], state: &mut [[Lanes; 2]], samples: &mut Lanes) {
    let mut x = *samples;
    for (section, [first, second]) in sections.iter().zip(state) {
        let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
        for lane in 0..LANES {
            let y = b0 * x[lane] + first[lane];
            first[lane] = b1 * x[lane] - a1 * y + second[lane];
            second[lane] = b2 * x[lane] - a2 * y;
            x[lane] = y;
        }
    }
    *samples = x;
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
    fn each_channel_is_filtered_as_if_it_were_alone() {
        let sections = Section::bandpass(3, 1.0, 40.0, 250.0);
        let sample = |t: usize, c: usize| ((t * 31 + c * 17) % 97) as f64 - 48.0;
        for channels in [1, LANES - 1, LANES, 2 * LANES + 3] {
            let mut together = Cascade::new(sections.clone(), channels);
            let mut alone: Vec<Cascade> = (0..channels).map(|_| Cascade::new(sections.clone(), 1)).collect();
            for t in 0..50 {
                let mut frame: Vec<f64> = (0..channels).map(|c| sample(t, c)).collect();
                if t == 0 {
                    together.settle(&frame);
                    alone.iter_mut().zip(&frame).for_each(|(alone, &x)| alone.settle(&[x]));
                }
                together.step(&mut frame);
                for (c, alone) in alone.iter_mut().enumerate() {
                    let mut x = [sample(t, c)];
                    alone.step(&mut x);
                    assert_eq!(x[0], frame[c], "channel {c} of {channels} at frame {t}");
                }
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
        assert!(cascade.state.as_flattened().as_flattened().iter().all(|&s| s == 0.0), "{:?}", cascade.state);
    }
}
