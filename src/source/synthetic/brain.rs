//! The synthetic brain itself: all parts of the model, summed frame by frame.
//!
//! Owns [`SyntheticBrain`]; the thread that fills blocks runs it. Invariant: a frame is a function of the seed, the
//! number of channels, the rate and its number; filling allocates nothing but the texts of markers.

use super::artefact::{Blinks, LineNoise};
use super::background::Background;
use super::burst::SpikeWave;
use super::electrodes::{Place, electrode};
use super::rhythm::Rhythms;
use super::states::{BrainState, moment};
use crate::signal::{Block, Marker, Montage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A source of endless EEG; see the [module](super) for its model.
#[derive(Clone, Debug)]
pub struct SyntheticBrain {
    labels: Vec<String>,
    rate_hz: f64,
    next: u64,
    background: Background,
    rhythms: Rhythms,
    blinks: Blinks,
    line: LineNoise,
    burst: SpikeWave,
    frame: Vec<f64>,
}

impl SyntheticBrain {
    /// Channels of the default montage.
    pub const CHANNELS: usize = 16;
    /// Default sampling rate in hertz.
    pub const RATE_HZ: f64 = 256.0;

    /// A brain that begins at frame 0.
    ///
    /// The first 19 channels are the 10-20 system with O1 and O2 at 15 and 16; those after it are called `E20` and on
    /// and lie between. No channel is taken for one; a rate outside 1 Hz to 1 MHz for the nearest of these, and one
    /// that is not a number for [`SyntheticBrain::RATE_HZ`].
    #[must_use]
    pub fn new(seed: u64, channels: usize, rate_hz: f64) -> Self {
        let rate_hz = if rate_hz.is_nan() { Self::RATE_HZ } else { rate_hz.clamp(1.0, 1e6) };
        let (labels, places): (Vec<String>, Vec<Place>) = (0..channels.max(1)).map(electrode).unzip();
        // Each part has a stream of its own, so that a change in one leaves the others as they were.
        let random = |stream: u64| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(stream);
            random
        };
        Self {
            background: Background::new(&places, rate_hz, random(0)),
            rhythms: Rhythms::new(&places, rate_hz, random(1)),
            blinks: Blinks::new(&places, rate_hz, random(2)),
            line: LineNoise::new(places.len(), rate_hz, random(3)),
            burst: SpikeWave::new(&places),
            frame: vec![0.0; places.len()],
            labels,
            rate_hz,
            next: 0,
        }
    }

    /// The channels, all in microvolts.
    #[must_use]
    pub fn montage(&self) -> Montage {
        Montage::of_labels(&self.labels)
    }

    /// Sampling rate in hertz.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// Number of the frame that comes next.
    #[must_use]
    pub fn next_frame(&self) -> u64 {
        self.next
    }

    /// Appends `frames` interleaved frames `[T, C]` in microvolts, and markers of the states that begin in them.
    ///
    /// An empty block gets `channels` and `first`; any other has to end where this begins. The stamp is the caller's.
    pub fn fill(&mut self, frames: usize, block: &mut Block) {
        if block.samples.is_empty() {
            block.channels = self.frame.len();
            block.first = self.next;
        }
        block.samples.reserve(frames.saturating_mul(self.frame.len()));
        for _ in 0..frames {
            let now = moment(self.next, self.rate_hz);
            let state = now.stretch.state;
            if now.since == 0 {
                let duration_s = Some(now.frames as f64 / self.rate_hz);
                block.markers.push(Marker { frame: self.next, duration_s, text: state.text().to_owned() });
            }
            self.background.fill(&mut self.frame);
            self.rhythms.add(state, &mut self.frame);
            self.blinks.add(state, &mut self.frame);
            self.line.add(&mut self.frame);
            if state == BrainState::Burst {
                let (since, left) = (now.since as f64, (now.frames - now.since) as f64);
                self.burst.add(since / self.rate_hz, left / self.rate_hz, &mut self.frame);
            }
            block.samples.extend(self.frame.iter().map(|&sample| sample as f32));
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: usize = 256;

    /// Three minutes of one brain.
    fn script(seed: u64) -> Block {
        let mut block = Block::default();
        SyntheticBrain::new(seed, 16, RATE as f64).fill(180 * RATE, &mut block);
        block
    }

    fn channel(block: &Block, label: &str, from_s: usize, to_s: usize) -> Vec<f64> {
        let montage = SyntheticBrain::new(0, 16, RATE as f64).montage();
        let number = montage.labels().position(|l| l == label).unwrap();
        let frames = block.samples.chunks_exact(16).skip(from_s * RATE).take((to_s - from_s) * RATE);
        frames.map(|frame| f64::from(frame[number])).collect()
    }

    fn rms(samples: &[f64]) -> f64 {
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        (samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    /// Amplitude in µV rms within a band, from the Fourier coefficients of seconds of signal.
    fn band(samples: &[f64], low_hz: usize, high_hz: usize) -> f64 {
        let mut power = 0.0;
        for second in samples.chunks_exact(RATE) {
            for hz in low_hz..=high_hz {
                let turn = |n: usize| std::f64::consts::TAU * (hz * n) as f64 / RATE as f64;
                let (re, im) = second
                    .iter()
                    .enumerate()
                    .fold((0.0, 0.0), |(re, im), (n, x)| (re + x * turn(n).cos(), im + x * turn(n).sin()));
                power += 2.0 * (re * re + im * im) / (RATE * RATE) as f64;
            }
        }
        (power / (samples.len() / RATE) as f64).sqrt()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn samples_do_not_depend_on_block_sizes(seed: u64, channels in 1_usize..40, sizes in proptest::collection::vec(0_usize..300, 1..8)) {
            let mut whole = Block::default();
            SyntheticBrain::new(seed, channels, 20.0).fill(sizes.iter().sum(), &mut whole);
            let (mut brain, mut block, mut samples, mut markers) = (SyntheticBrain::new(seed, channels, 20.0), Block::default(), vec![], vec![]);
            for size in sizes {
                block.clear();
                brain.fill(size, &mut block);
                prop_assert!(size == 0 || block.first as usize * channels == samples.len());
                samples.extend_from_slice(&block.samples);
                markers.append(&mut block.markers);
            }
            prop_assert_eq!(samples, whole.samples);
            prop_assert_eq!(markers, whole.markers);
        }
    }

    #[test]
    fn markers_tell_the_script_with_absolute_frames() {
        let mut brain = SyntheticBrain::new(1, 2, 10.0);
        let mut block = Block::default();
        brain.fill(1_810, &mut block);
        let told: Vec<(u64, Option<f64>, &str)> =
            block.markers.iter().map(|m| (m.frame, m.duration_s, m.text.as_str())).collect();
        assert_eq!(told.len(), 7);
        assert_eq!(told[1], (400, Some(40.0), "eyes closed"));
        assert_eq!(told[4], (1_400, Some(6.0), "seizure-like burst"));
        assert_eq!(told[6], (1_800, Some(40.0), "eyes open"));
    }

    #[test]
    fn alpha_comes_with_closed_eyes_and_sits_at_the_back() {
        let block = script(1);
        let alpha = |label, from_s, to_s| band(&channel(&block, label, from_s, to_s), 9, 11);
        assert!(alpha("O1", 45, 80) > 3.0 * alpha("O1", 5, 40));
        assert!(alpha("O2", 45, 80) > 3.0 * alpha("Fz", 45, 80));
        let theta = |label, from_s, to_s| band(&channel(&block, label, from_s, to_s), 4, 7);
        assert!(theta("Fz", 105, 140) > 2.0 * theta("Fz", 45, 80));
        assert!(alpha("O1", 105, 140) < 0.5 * alpha("O1", 45, 80));
    }

    #[test]
    fn amplitudes_are_those_of_eeg() {
        let block = script(2);
        for label in ["Fp1", "Fz", "Cz", "T8", "O2"] {
            let total = rms(&channel(&block, label, 0, 140));
            assert!((10.0..40.0).contains(&total), "{label}: {total} µV");
        }
        let peak = |label, from_s, to_s| channel(&block, label, from_s, to_s).iter().copied().fold(0.0, f64::max);
        assert!((80.0..220.0).contains(&peak("Fp1", 0, 40)), "blinks: {} µV", peak("Fp1", 0, 40));
        assert!(peak("O1", 0, 40) < 60.0 && peak("Fp1", 45, 80) < 60.0);
        let burst = channel(&block, "Fz", 141, 145);
        let height = burst.iter().copied().fold(0.0, f64::max) - burst.iter().copied().fold(0.0, f64::min);
        assert!((150.0..260.0).contains(&height), "{height} µV");
        assert!(band(&channel(&block, "Cz", 5, 40), 50, 50) > 0.3);
    }

    #[test]
    fn neighbours_are_alike_and_the_spectrum_falls() {
        let block = script(3);
        let correlation = |a, b| {
            let (a, b) = (channel(&block, a, 5, 40), channel(&block, b, 5, 40));
            a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>() / (a.len() as f64 * rms(&a) * rms(&b))
        };
        assert!(correlation("O1", "O2") > correlation("O1", "F8") + 0.2);
        let cz = channel(&block, "Cz", 5, 40);
        // Over a decade, power at 1/f^1.3 falls twentyfold and amplitude 4.5-fold.
        let fall = band(&cz, 2, 2) / band(&cz, 20, 20);
        assert!((2.5..8.0).contains(&fall), "{fall}");
    }

    #[test]
    fn odd_requests_are_met() {
        let mut block = Block::default();
        let mut brain = SyntheticBrain::new(0, 0, f64::NAN);
        brain.fill(10, &mut block);
        assert_eq!((block.channels, block.frames(), brain.rate_hz()), (1, 10, 256.0));
        let labels: Vec<String> = SyntheticBrain::new(0, 64, 1.0).montage().labels().map(str::to_owned).collect();
        assert_eq!((labels[15].as_str(), labels[63].as_str(), labels.len()), ("O2", "E64", 64));
    }
}
