//! What an encoder makes of the probe set, in figures.
//!
//! Pure functions, on the trainer's thread. Invariant: two encoders are given the same windows and the same views.

use crate::learn::health::{alignment, participation, uniformity};
use crate::learn::{Encoder, Health};
use serde::{Deserialize, Serialize};

/// An encoder's figures on held windows. See [`Health`] for the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Spread and rank of the embeddings.
    pub health: Health,
    /// How many dimensions the variance is spread over.
    pub participation: f64,
    /// Mean squared distance of two views of a window: 0 is perfect, or collapsed.
    pub alignment: f64,
    /// How evenly windows are spread: 0 is collapsed, -4 even.
    pub uniformity: f64,
    /// Mean cosine of two views of one window.
    pub positive: f64,
    /// Mean cosine of views of two windows.
    pub negative: f64,
    /// Share of views whose nearest among the other views is that of the same window.
    pub accuracy: f64,
    /// What guessing would give.
    pub chance: f64,
    /// Cross-entropy of telling the view of the same window from those of all others, at temperature 0.2.
    pub contrast: f64,
    /// Share of the variance that the windows' amplitude alone explains.
    pub amplitude: f64,
    /// Share of it that their line noise alone explains; none where the rate cannot hold it.
    pub line: Option<f64>,
    /// How the cosines spread whose means are `positive` and `negative`: bins of equal width from -1 to 1.
    pub cosines: [[u32; COSINE_BINS]; 2],
}

/// Bins of the histograms of cosines.
pub const COSINE_BINS: usize = 20;

impl Figures {
    /// All of them by name.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, f64)> {
        let Self { health, .. } = self;
        let always = [
            ("std", health.std),
            ("rankme", health.rankme),
            ("cosine", health.cosine),
            ("participation", self.participation),
            ("alignment", self.alignment),
            ("uniformity", self.uniformity),
            ("positive", self.positive),
            ("negative", self.negative),
            ("accuracy", self.accuracy),
            ("chance", self.chance),
            ("contrast", self.contrast),
            ("amplitude", self.amplitude),
        ];
        always.into_iter().chain(self.line.map(|line| ("line", line))).collect()
    }
}

/// Windows `[N, T, C]` as they are and in two views, with what a shortcut could go by.
#[derive(Debug, Default)]
pub(in crate::learn) struct Probed {
    pub plain: Vec<f32>,
    pub views: [Vec<f32>; 2],
    pub frames: usize,
    pub channels: usize,
    pub rate_hz: f64,
    pub line_hz: f64,
}

const TEMPERATURE: f64 = 0.2;

/// The figures of an encoder, and its embeddings of the plain windows.
pub(in crate::learn) fn figures(encoder: &Encoder, probed: &Probed, dimension: usize) -> (Figures, Vec<f32>) {
    let of = |windows: &Vec<f32>| encoder.embed_all(windows.clone(), probed.frames, probed.channels);
    let plain = of(&probed.plain);
    let [one, two] = probed.views.each_ref().map(of);
    let count = plain.len() / dimension;
    if count < 2 {
        return (Figures::default(), plain);
    }
    let units = [&one, &two].map(|rows| units(rows, dimension));
    let (mut positive, mut negative, mut right, mut contrast) = (0.0, 0.0, 0usize, 0.0);
    let mut cosines = [[0; COSINE_BINS]; 2];
    for i in 0..count {
        let cosine = |j: usize| -> f64 { units[0][i].iter().zip(&units[1][j]).map(|(a, b)| a * b).sum() };
        let row: Vec<f64> = (0..count).map(cosine).collect();
        let others = row.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, v)| *v);
        row.iter().enumerate().for_each(|(j, cosine)| cosines[usize::from(j != i)][cosine_bin(*cosine)] += 1);
        positive += row[i];
        negative += others.clone().sum::<f64>() / (count - 1) as f64;
        right += usize::from(others.fold(f64::NEG_INFINITY, f64::max) < row[i]);
        contrast += row.iter().map(|v| ((v - row[i]) / TEMPERATURE).exp()).sum::<f64>().ln();
    }
    let n = count as f64;
    let window = probed.frames * probed.channels;
    let amplitudes: Vec<f64> = probed.plain.chunks_exact(window).map(|w| log(mean_square(w))).collect();
    let line = (probed.line_hz < probed.rate_hz / 2.0).then(|| {
        let shares: Vec<f64> = probed.plain.chunks_exact(window).map(|w| line_share(w, probed)).collect();
        explained(&plain, dimension, &shares)
    });
    let figures = Figures {
        health: Health::of(&plain, dimension),
        participation: participation(&plain, dimension),
        alignment: alignment(&one, &two, dimension),
        uniformity: uniformity(&one, dimension),
        positive: positive / n,
        negative: negative / n,
        accuracy: right as f64 / n,
        chance: 1.0 / n,
        contrast: contrast / n,
        amplitude: explained(&plain, dimension, &amplitudes),
        line,
        cosines,
    };
    (figures, plain)
}

/// The bin of a cosine; what rounding puts beyond an end lies in the last bin there.
fn cosine_bin(cosine: f64) -> usize {
    (((cosine + 1.0) / 2.0 * COSINE_BINS as f64) as usize).min(COSINE_BINS - 1)
}

fn units(rows: &[f32], dimension: usize) -> Vec<Vec<f64>> {
    let unit = |row: &[f32]| {
        let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt().max(1e-12);
        row.iter().map(|&v| f64::from(v) / norm).collect()
    };
    rows.chunks_exact(dimension).map(unit).collect()
}

/// Mean of the squares of samples.
pub(in crate::learn) fn mean_square(window: &[f32]) -> f64 {
    window.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / window.len().max(1) as f64
}

fn log(power: f64) -> f64 {
    power.max(1e-12).ln()
}

/// Logarithm of the share of a window's power that lies at the frequency of the line.
fn line_share(window: &[f32], probed: &Probed) -> f64 {
    let turn = std::f64::consts::TAU * probed.line_hz / probed.rate_hz;
    let mut sums = vec![[0.0f64; 2]; probed.channels];
    for (t, frame) in window.chunks_exact(probed.channels).enumerate() {
        let (sin, cos) = (turn * t as f64).sin_cos();
        for (sum, &v) in sums.iter_mut().zip(frame) {
            *sum = [sum[0] + f64::from(v) * cos, sum[1] + f64::from(v) * sin];
        }
    }
    let at_line: f64 = sums.iter().map(|[re, im]| re * re + im * im).sum::<f64>() * 2.0 / probed.frames as f64;
    log(at_line / (mean_square(window) * window.len() as f64).max(1e-12))
}

/// Share of the variance of rows `[N, D]` that a straight line on one number a row explains.
fn explained(rows: &[f32], dimension: usize, by: &[f64]) -> f64 {
    let n = by.len() as f64;
    let mean = by.iter().sum::<f64>() / n;
    let spread: f64 = by.iter().map(|v| (v - mean).powi(2)).sum();
    let (mut through, mut all) = (0.0, 0.0);
    for column in 0..dimension {
        let values = || rows[column..].iter().step_by(dimension).map(|&v| f64::from(v));
        let middle = values().sum::<f64>() / n;
        let both: f64 = values().zip(by).map(|(v, b)| (v - middle) * (b - mean)).sum();
        through += both * both / spread.max(1e-300);
        all += values().map(|v| (v - middle).powi(2)).sum::<f64>();
    }
    if all > 0.0 && spread > 1e-12 * n { through / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_explains_what_follows_it_and_nothing_else() {
        let by: Vec<f64> = (0..40).map(|i| f64::from(i % 7)).collect();
        let follows: Vec<f32> = by.iter().flat_map(|&b| [2.0 * b as f32, 1.0 - b as f32]).collect();
        assert!((explained(&follows, 2, &by) - 1.0).abs() < 1e-6);
        let other: Vec<f32> = (0..40).flat_map(|i| [((i * 31) % 17) as f32, ((i * 13) % 11) as f32]).collect();
        assert!(explained(&other, 2, &by) < 0.2);
        assert!(explained(&other, 2, &[1.0; 40]).abs() < 1e-9, "what never changes explains nothing");
    }

    #[test]
    fn cosines_lie_in_bins_from_one_end_to_the_other() {
        let bins = [-1.1, -1.0, -0.91, -0.89, -0.01, 0.01, 0.99, 1.0, 1.0001].map(cosine_bin);
        assert_eq!(bins, [0, 0, 0, 1, 9, 10, 19, 19, 19]);
    }

    #[test]
    fn a_hum_has_its_whole_power_at_the_line_and_a_slow_wave_none() {
        let probed = Probed { frames: 250, channels: 1, rate_hz: 250.0, line_hz: 50.0, ..Probed::default() };
        let wave = |hz: f64| -> Vec<f32> {
            (0..250).map(|t| (std::f64::consts::TAU * hz * f64::from(t) / 250.0).sin() as f32).collect()
        };
        assert!(line_share(&wave(50.0), &probed).abs() < 0.01 && line_share(&wave(10.0), &probed) < -10.0);
    }
}
