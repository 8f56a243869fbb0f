//! Running scale: each channel divided by its own recent standard deviation.
//!
//! Owns one variance a channel. Invariant: causal, and the same for every way of cutting frames into blocks.

/// Divides each channel by a running standard deviation and clips the result.
///
/// The variance is an exponential mean with time constant `seconds` that starts as a plain mean, so the first second
/// is usable. Samples beyond five standard deviations enter the mean as five (winsorised), so one artefact does not
/// silence a channel for a minute (braindecode's `exponential_moving_standardize`, with the mean left to the high-pass).
#[derive(Clone, Debug)]
pub struct RunningScale {
    variance: Vec<f64>,
    frames: f64,
    horizon: f64,
}

/// Standard deviations at which values are clipped.
pub const CLIP: f32 = 20.0;
/// Microvolts below which a channel counts as silent: keeps a flat channel from being blown up.
const FLOOR_UV: f64 = 0.1;
const WINSOR: f64 = 5.0;

impl RunningScale {
    /// A fresh scale for `channels` channels.
    #[must_use]
    pub fn new(channels: usize, seconds: f64, rate_hz: f64) -> Self {
        Self { variance: vec![0.0; channels], frames: 0.0, horizon: (seconds * rate_hz).max(1.0) }
    }

    /// Scales one frame into `out`.
    pub fn step(&mut self, frame: &[f64], out: &mut [f32]) {
        self.frames = (self.frames + 1.0).min(self.horizon);
        let weight = 1.0 / self.frames;
        // Until there are enough frames to know the variance nothing can be called an outlier.
        let settled = self.frames >= 32.0;
        for ((&x, variance), out) in frame.iter().zip(&mut self.variance).zip(out) {
            let square = if settled { (x * x).min(WINSOR * WINSOR * *variance + FLOOR_UV * FLOOR_UV) } else { x * x };
            *variance += weight * (square - *variance);
            *out = ((x / (variance.sqrt() + FLOOR_UV)) as f32).clamp(-CLIP, CLIP);
        }
    }

    /// The standard deviations, in microvolts.
    pub fn deviations(&self) -> impl Iterator<Item = f64> {
        self.variance.iter().map(|v| v.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brings_any_amplitude_to_unit_variance_and_forgives_an_artefact() {
        let mut scale = RunningScale::new(2, 30.0, 100.0);
        let mut out = [0.0; 2];
        let mut squares = [0.0; 2];
        for i in 0..6000 {
            let wave = (f64::from(i) * 0.37).sin() * 2f64.sqrt();
            let artefact = if i == 3000 { 1e6 } else { 0.0 };
            scale.step(&[wave * 30.0 + artefact, wave * 3.0], &mut out);
            assert!(out.iter().all(|v| v.is_finite() && v.abs() <= CLIP));
            if i > 3000 {
                squares = [squares[0] + out[0] * out[0], squares[1] + out[1] * out[1]];
            }
        }
        for sum in squares {
            assert!((sum / 2999.0 - 1.0).abs() < 0.1, "variance {}", sum / 2999.0);
        }
    }
}
