//! The seizure-like burst: generalised spikes and waves.
//!
//! Owns [`SpikeWave`]; the thread that fills blocks runs it. Invariant: a function of the time since the burst began;
//! it draws nothing at random.

use super::electrodes::Place;

/// Spike and wave from peak to peak at the vertex of the forehead, in microvolts.
const PEAK_TO_PEAK_UV: f64 = 170.0;

/// Frequency in hertz at the beginning, and by how much it falls each second (3 Hz: Gibbs, Davis and Lennox 1935).
const FREQUENCY_HZ: (f64, f64) = (3.3, 0.1);

/// Seconds in which the burst rises and falls.
const EDGE_S: f64 = 0.25;

/// Spikes and waves of all channels.
#[derive(Clone, Debug)]
pub(super) struct SpikeWave {
    gains: Vec<f64>,
}

impl SpikeWave {
    pub fn new(places: &[Place]) -> Self {
        let front = Place::new(0.0, 0.4);
        Self { gains: places.iter().map(|place| 0.45 + 0.55 * place.spread(front, 0.6)).collect() }
    }

    /// Adds the burst `since_s` seconds after its beginning and `left_s` before its end, in microvolts.
    pub fn add(&self, since_s: f64, left_s: f64, frame: &mut [f64]) {
        let edge = (since_s.min(left_s) / EDGE_S).clamp(0.0, 1.0);
        let cycles = FREQUENCY_HZ.0 * since_s - 0.5 * FREQUENCY_HZ.1 * since_s * since_s;
        let value = PEAK_TO_PEAK_UV * edge * spike_and_wave(cycles.rem_euclid(1.0));
        for (sample, gain) in frame.iter_mut().zip(&self.gains) {
            *sample += gain * value;
        }
    }
}

/// One cycle at `phase` 0 to 1: a sharp negative spike, then a round negative wave; mean 0, about 1 from peak to peak.
fn spike_and_wave(phase: f64) -> f64 {
    const SPIKE: f64 = 0.035;
    let spike = (-((phase - 0.12) / SPIKE).powi(2)).exp();
    let wave = if phase > 0.25 { (std::f64::consts::PI * (phase - 0.25) / 0.75).sin().powi(2) } else { 0.0 };
    // The means of the two: the area of the Gaussian and half the width of the wave.
    let mean = SPIKE * std::f64::consts::PI.sqrt() + 0.7 * 0.375;
    mean - spike - 0.7 * wave
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_has_no_offset_and_unit_height() {
        let cycle: Vec<f64> = (0..10_000).map(|n| spike_and_wave(f64::from(n) / 10_000.0)).collect();
        let (low, high) = cycle.iter().fold((0.0_f64, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        assert!((cycle.iter().sum::<f64>() / 10_000.0).abs() < 1e-3);
        assert!((high - low - 1.0).abs() < 0.01, "{low} {high}");
    }
}
