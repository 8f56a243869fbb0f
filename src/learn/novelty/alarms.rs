//! Alarms of novelty: at most so many an hour that are false, by calibration.
//!
//! Owned by the lookout. Invariant: windows that overlap, or lie close to each other, raise one alarm together.

/// Decides which windows raise an alarm.
///
/// A window of a stream like that before is as improbable as the limit once in so many windows. Neighbours overlap and exceed it
/// together, so alarms are fewer than windows beyond it, and the number that is asked for is a bound: how windows cluster
/// beyond a threshold that is passed twice an hour cannot be told from what the first hour shows.
#[derive(Clone, Debug)]
pub struct Alarms {
    limit: f64,
    apart: u64,
    hop_s: f64,
    last: Option<u64>,
    raised: u64,
    windows: u64,
    /// Windows that should be one in ten.
    tenth: u64,
}

impl Alarms {
    /// At most so many false ones an hour, of windows every `hop_s`; those that begin up to `apart` frames after one beyond the
    /// limit belong to its alarm.
    #[must_use]
    pub fn new(per_hour: f64, apart: u64, hop_s: f64) -> Self {
        Self { limit: per_hour * hop_s / 3600.0, apart, hop_s, last: None, raised: 0, windows: 0, tenth: 0 }
    }

    /// The probability from which on a window raises an alarm.
    #[must_use]
    pub fn limit(&self) -> f64 {
        self.limit
    }

    /// Takes in the probability of a window that begins with this frame; true if it raises an alarm.
    pub fn hear(&mut self, first: u64, probability: f64) -> bool {
        self.windows += 1;
        self.tenth += u64::from(probability <= 0.1);
        if probability > self.limit {
            return false;
        }
        let is_new = self.last.is_none_or(|last| first.abs_diff(last) > self.apart);
        self.last = Some(first);
        self.raised += u64::from(is_new);
        is_new
    }

    /// Alarms so far.
    #[must_use]
    pub fn raised(&self) -> u64 {
        self.raised
    }

    /// Windows that were heard of.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.windows
    }

    /// Hours that were looked at.
    #[must_use]
    pub fn hours(&self) -> f64 {
        self.windows as f64 * self.hop_s / 3600.0
    }

    /// The share of windows whose probability was a tenth or less: how well the calibration holds on what came after it. None
    /// before the first one.
    #[must_use]
    pub fn tenth(&self) -> Option<f64> {
        (self.windows > 0).then(|| self.tenth as f64 / self.windows as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// False alarms an hour over a hundred hours of windows of 2 s every 0.25 s, whose probabilities are those of the mean of
    /// what they share: eight new pieces of noise make a window.
    fn false_alarms(per_hour: f64) -> f64 {
        let (mut alarms, mut rng) = (Alarms::new(per_hour, 512, 0.25), ChaCha8Rng::seed_from_u64(7));
        let mut pieces: Vec<f64> = (0..8).map(|_| rng.random_range(0.0..1.0)).collect();
        let mut next = |rng: &mut ChaCha8Rng| {
            pieces.rotate_left(1);
            pieces[7] = rng.random_range(0.0..1.0);
            pieces.iter().sum::<f64>()
        };
        // What sums of eight come to, from as many independent windows.
        let mut known: Vec<f64> = (0..200_000).map(|_| (0..8).map(|_| rng.random_range(0.0..1.0)).sum()).collect();
        known.sort_by(f64::total_cmp);
        for i in 0..100 * 14_400u64 {
            let sum = next(&mut rng);
            let above = known.len() - known.partition_point(|other| *other < sum);
            alarms.hear(64 * i, (above + 1) as f64 / (known.len() + 1) as f64);
        }
        assert!((alarms.hours() - 100.0).abs() < 1e-6 && (alarms.tenth().unwrap() - 0.1).abs() < 0.01);
        alarms.raised() as f64 / alarms.hours()
    }

    #[test]
    fn alarms_come_as_often_as_they_may_at_most() {
        for per_hour in [2.0, 20.0] {
            let found = false_alarms(per_hour);
            assert!((0.2..1.1).contains(&(found / per_hour)), "{found} an hour for {per_hour}");
        }
    }

    #[test]
    fn one_long_oddity_is_one_alarm() {
        let mut alarms = Alarms::new(1.0, 100, 0.25);
        let raised: Vec<u64> = (0..400u64)
            .map(|i| 25 * i)
            .filter(|first| alarms.hear(*first, if (2000..5000).contains(first) { 0.0 } else { 0.5 }))
            .collect();
        assert_eq!(raised, [2000]);
    }
}
