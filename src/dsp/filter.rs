//! Second-order sections: Butterworth high- and low-pass, notch.
//!
//! Owns filter design and a [`Cascade`] of sections with one state a channel. Invariant: state is carried from frame to
//! frame in double precision, so any block size gives the same samples bit for bit.

use std::f64::consts::PI;

/// One second-order section, `a0 = 1`: `y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Feed-forward coefficients.
    pub b: [f64; 3],
    /// Feedback coefficients `a1`, `a2`.
    pub a: [f64; 2],
}

impl Section {
    /// Sections of a Butterworth high-pass (Butterworth, 1930; bilinear transform with pre-warping).
    ///
    /// `order` is even; `cutoff_hz` lies between 0 and half of `rate_hz`.
    #[must_use]
    pub fn highpass(order: usize, cutoff_hz: f64, rate_hz: f64) -> Vec<Self> {
        let (cos, alphas) = Self::butterworth(order, cutoff_hz, rate_hz);
        let b0 = f64::midpoint(1.0, cos);
        alphas.iter().map(|&alpha| Self::normalised([b0, -2.0 * b0, b0], cos, alpha)).collect()
    }

    /// Sections of a Butterworth low-pass, like [`Section::highpass`].
    #[must_use]
    pub fn lowpass(order: usize, cutoff_hz: f64, rate_hz: f64) -> Vec<Self> {
        let (cos, alphas) = Self::butterworth(order, cutoff_hz, rate_hz);
        let b0 = (1.0 - cos) / 2.0;
        alphas.iter().map(|&alpha| Self::normalised([b0, 2.0 * b0, b0], cos, alpha)).collect()
    }

    /// A notch of quality `q` (centre frequency over bandwidth at −3 dB), as SciPy's `iirnotch` designs it.
    #[must_use]
    pub fn notch(centre_hz: f64, q: f64, rate_hz: f64) -> Self {
        let w0 = 2.0 * PI * centre_hz / rate_hz;
        let gain = 1.0 / (1.0 + (w0 / q / 2.0).tan());
        let middle = -2.0 * gain * w0.cos();
        Self { b: [gain, middle, gain], a: [middle, 2.0 * gain - 1.0] }
    }

    /// Cosine of the cut-off and one bandwidth term for each pole pair.
    fn butterworth(order: usize, cutoff_hz: f64, rate_hz: f64) -> (f64, Vec<f64>) {
        let w0 = 2.0 * PI * cutoff_hz / rate_hz;
        let pairs = order / 2;
        // The sharpest pair comes last, as in SciPy: intermediate values stay small.
        let quality = |k: usize| 1.0 / (2.0 * ((2 * k + 1) as f64 * PI / (2 * order) as f64).cos());
        (w0.cos(), (0..pairs).map(|k| w0.sin() / (2.0 * quality(k))).collect())
    }

    fn normalised(b: [f64; 3], cos: f64, alpha: f64) -> Self {
        let a0 = 1.0 + alpha;
        Self { b: b.map(|v| v / a0), a: [-2.0 * cos / a0, (1.0 - alpha) / a0] }
    }

    /// Output over input for a constant.
    fn gain_at_rest(&self) -> f64 {
        self.b.iter().sum::<f64>() / (1.0 + self.a[0] + self.a[1])
    }
}

/// Sections in a row, one state a channel.
#[derive(Clone, Debug)]
pub struct Cascade {
    sections: Vec<Section>,
    channels: usize,
    /// `[section][2][channel]`, transposed direct form II.
    state: Vec<f64>,
}

impl Cascade {
    /// A cascade at rest for `channels` channels.
    #[must_use]
    pub fn new(sections: Vec<Section>, channels: usize) -> Self {
        let state = vec![0.0; sections.len() * 2 * channels];
        Self { sections, channels, state }
    }

    /// Puts the state where it would be had the input been `frame` for ever: a start without a step response.
    pub fn settle(&mut self, frame: &[f64]) {
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
        for (section, state) in self.sections.iter().zip(self.state.chunks_exact_mut(2 * self.channels)) {
            let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
            let (first, second) = state.split_at_mut(self.channels);
            for ((x, s1), s2) in frame.iter_mut().zip(first).zip(second) {
                let y = b0 * *x + *s1;
                *s1 = b1 * *x - a1 * y + *s2;
                *s2 = b2 * *x - a2 * y;
                *x = y;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(sections: Vec<Section>, input: &[f64]) -> Vec<f64> {
        let mut cascade = Cascade::new(sections, 1);
        input
            .iter()
            .map(|&x| {
                let mut frame = [x];
                cascade.step(&mut frame);
                frame[0]
            })
            .collect()
    }

    fn impulse(n: usize) -> Vec<f64> {
        (0..n).map(|i| f64::from(u8::from(i == 0))).collect()
    }

    /// SciPy 1.16: `sosfilt(butter(4, 0.5, 'highpass', fs=256, output='sos'), impulse)` and alike.
    #[test]
    fn designs_equal_scipy() {
        let golden = include_str!("golden/filters.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let cases: [(&str, Vec<Section>); 4] = [
            ("highpass4_0.5_256", Section::highpass(4, 0.5, 256.0)),
            ("highpass2_1_160", Section::highpass(2, 1.0, 160.0)),
            ("lowpass4_45_256", Section::lowpass(4, 45.0, 256.0)),
            ("notch50_30_1000", vec![Section::notch(50.0, 30.0, 1000.0)]),
        ];
        for (name, sections) in cases {
            let want: Vec<f64> = golden[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            let got = run(sections, &impulse(want.len()));
            let scale = want.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            for (i, (g, w)) in got.iter().zip(&want).enumerate() {
                assert!((g - w).abs() < 1e-9 * scale, "{name}[{i}]: {g} is not {w}");
            }
        }
    }

    #[test]
    fn a_settled_filter_has_no_step_response() {
        let mut cascade = Cascade::new(Section::lowpass(4, 40.0, 250.0), 2);
        cascade.settle(&[3.0, -70.0]);
        for _ in 0..100 {
            let mut frame = [3.0, -70.0];
            cascade.step(&mut frame);
            assert!((frame[0] - 3.0).abs() < 1e-9 && (frame[1] + 70.0).abs() < 1e-9);
        }
    }
}
