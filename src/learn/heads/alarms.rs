//! Alarms of novelty: so many an hour that are false, by calibration.
//!
//! Owned by whoever looks out for novelty. Invariant: windows that overlap raise one alarm together.

/// Decides from which probability on a window raises an alarm.
#[derive(Clone, Debug)]
pub struct Alarms {
    /// Probability for a window by which alarms would come as often as they may, if none came in clusters.
    share: f64,
    frames: u64,
    /// Windows in the tail that were seen, and the clusters that they came in.
    tail: [u64; 2],
    last_in_tail: Option<u64>,
    last_alarm: Option<u64>,
    raised: u64,
    windows: u64,
    hop_s: f64,
}

/// Probability below which a window is in the tail: those tell how windows cluster.
const TAIL: f64 = 0.1;
/// Windows in the tail from which on it is known how they cluster.
const KNOWN: u64 = 50;
/// The largest probability that raises an alarm.
const MOST: f64 = 0.1;

impl Alarms {
    /// At most so many false ones an hour, of windows of so many frames, one every `hop_s`.
    #[must_use]
    pub fn new(per_hour: f64, frames: u64, hop_s: f64) -> Self {
        let share = per_hour * hop_s / 3600.0;
        Self { share, frames, tail: [0; 2], last_in_tail: None, last_alarm: None, raised: 0, windows: 0, hop_s }
    }

    /// The probability from which on a window raises an alarm.
    ///
    /// Neighbours exceed a threshold together, so the windows beyond it come in fewer clusters: their ratio is the extremal
    /// index, estimated by runs in the tail (Smith and Weissman, 1994).
    #[must_use]
    pub fn limit(&self) -> f64 {
        let [windows, clusters] = self.tail;
        let index = if windows < KNOWN { 1.0 } else { clusters as f64 / windows as f64 };
        (self.share / index.max(1e-3)).min(MOST)
    }

    /// Takes in the probability of a window that begins with this frame; true if it raises an alarm.
    pub fn hear(&mut self, first: u64, probability: f64) -> bool {
        self.windows += 1;
        let is_near = |last: Option<u64>| last.is_some_and(|last| first.abs_diff(last) <= self.frames);
        let is_alarm = probability <= self.limit();
        let is_new = is_alarm && !is_near(self.last_alarm);
        if probability <= TAIL {
            self.tail[1] += u64::from(!is_near(self.last_in_tail));
            self.tail[0] += 1;
            self.last_in_tail = Some(first);
        }
        if is_alarm {
            self.last_alarm = Some(first);
        }
        self.raised += u64::from(is_new);
        is_new
    }

    /// Alarms so far, and hours that were looked at.
    #[must_use]
    pub fn so_far(&self) -> (u64, f64) {
        (self.raised, self.windows as f64 * self.hop_s / 3600.0)
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
        let (raised, hours) = alarms.so_far();
        assert!((hours - 100.0).abs() < 1e-6);
        raised as f64 / hours
    }

    #[test]
    fn alarms_come_about_as_often_as_they_may() {
        for per_hour in [2.0, 20.0] {
            let found = false_alarms(per_hour);
            assert!((0.4..2.5).contains(&(found / per_hour)), "{found} an hour for {per_hour}");
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
