//! Where the time from a sample to its embedding goes.
//!
//! Written by the encoder's thread, read by any. Invariant: stages follow each other, so that their times add up to the whole
//! way: from the moment at which a window's last frame was sampled to that at which its embedding has gone out.

use crate::dsp::LatencyHistogram;
use crate::signal::Stamp;

/// The stages in order. `source`: from the sample to its arrival in this program. `conditioning`: filters, reference,
/// resampler, scale. `ring`: until the encoder takes it up. `window`: cutting and judging. `encode`: the network. `publish`:
/// stream, file and copies.
pub const STAGES: [&str; 6] = ["source", "conditioning", "ring", "window", "encode", "publish"];

/// The moments at which a window's last frame was sampled, arrived and entered the ring, and those at which the window was
/// taken up, cut, encoded and published.
pub(super) type Moments = [Stamp; STAGES.len() + 1];

/// A histogram a stage.
#[derive(Debug, Default)]
pub struct StageLatency {
    histograms: [LatencyHistogram; STAGES.len()],
}

impl StageLatency {
    /// Counts one window.
    pub(super) fn add(&self, moments: Moments) {
        for (histogram, pair) in self.histograms.iter().zip(moments.windows(2)) {
            // Stamps of another computer's clock may lie ahead by a hair.
            histogram.add((pair[1] - pair[0]).max(0.0) * 1e3);
        }
    }

    /// The stages by name. `source` is left out unless signal comes in real time: the stamps of a recording that is played at
    /// another speed say nothing of how long it was on its way.
    pub fn named(&self, in_real_time: bool) -> impl Iterator<Item = (&'static str, &LatencyHistogram)> {
        STAGES.into_iter().zip(&self.histograms).skip(usize::from(!in_real_time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_its_own_time() {
        let latency = StageLatency::default();
        latency.add([0.0, 0.01, 0.011, 0.0115, 0.012, 0.015, 0.0151].map(Stamp));
        let told: Vec<(&str, f64)> = latency.named(true).map(|(name, h)| (name, h.max_ms())).collect();
        for ((name, ms), (wanted, near)) in told.iter().zip([
            ("source", 10.0),
            ("conditioning", 1.0),
            ("ring", 0.5),
            ("window", 0.5),
            ("encode", 3.0),
            ("publish", 0.1),
        ]) {
            assert!(*name == wanted && (ms - near).abs() < 1e-9, "{name}: {ms}");
        }
        assert_eq!(latency.named(false).map(|(name, _)| name).collect::<Vec<_>>(), STAGES[1..]);
        latency.add([Stamp(1.0); 7]);
        latency.add([2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0].map(Stamp));
        assert!(latency.named(true).all(|(_, histogram)| histogram.count() == 3));
    }
}
