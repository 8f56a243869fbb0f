//! When what a recording holds is due as a stream.
//!
//! Owned by the broadcast. Invariant: every moment is counted from the first sample on, so that lateness never adds up.

use crate::signal::Stamp;

/// The moments of a recording that is played, once or again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// Times real time; none for as fast as it goes.
    times: Option<f64>,
    /// Without `times`: so far ahead of real time at most.
    ahead_s: Option<f64>,
    /// Where playing begins, in seconds of the recording.
    start_s: f64,
    /// What passes before this one took, in seconds of the recording.
    passed_s: f64,
    /// When the first sample was due.
    began: Option<Stamp>,
}

impl Schedule {
    /// Before the first sample.
    pub fn new(times: Option<f64>, ahead_s: Option<f64>, start_s: f64) -> Self {
        Self { times, ahead_s, start_s, passed_s: 0.0, began: None }
    }

    /// Starts the clock; later calls change nothing.
    pub fn begin(&mut self, now: Stamp) {
        self.began.get_or_insert(now);
    }

    /// A pass that took so many seconds of the recording is over.
    pub fn pass(&mut self, length_s: f64) {
        self.passed_s += length_s;
    }

    /// When a piece is due whose last sample lies at `last_s` of the recording; none for at once.
    pub fn due(&self, last_s: f64) -> Option<Stamp> {
        let played_s = last_s - self.start_s + self.passed_s;
        match (self.times, self.ahead_s) {
            (Some(times), _) => Some(self.began? + played_s / times),
            (None, Some(ahead_s)) => Some(self.began? + (played_s - ahead_s)),
            (None, None) => None,
        }
    }

    /// The time of a sample at `at_s` of the recording: at another speed too, samples are as far apart as they were recorded.
    pub fn stamp(&self, at_s: f64) -> Stamp {
        self.began.unwrap_or_default() + (at_s - self.start_s + self.passed_s)
    }

    /// How far a sample at `at_s` is ahead of real time.
    pub fn lead_s(&self, at_s: f64, now: Stamp) -> f64 {
        self.stamp(at_s) - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Plays pieces of 10 ms for `length_s`, each sent as late as `lateness` says after it was due; how late each was.
    fn play(schedule: &mut Schedule, length_s: f64, mut lateness: impl FnMut() -> f64) -> Vec<f64> {
        let mut now = Stamp(1234.5);
        schedule.begin(now);
        let mut late = Vec::new();
        for piece in 1..=(length_s * 100.0) as u64 {
            let at_s = 0.01 * piece as f64;
            let due = schedule.due(at_s).unwrap();
            now = Stamp(now.0.max(due.0)) + lateness();
            late.push(now - due);
        }
        late
    }

    #[test]
    fn an_hour_does_not_drift_however_late_each_sample_goes_out() {
        let mut state = 1_u64;
        let mut schedule = Schedule::new(Some(1.0), None, 0.0);
        // Up to 3 ms late each time, and every minute a pause of half a second: the machine was busy.
        let mut piece = 0_u64;
        let late = play(&mut schedule, 3600.0, || {
            piece += 1;
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1_u64 << 24) as f64 * 0.003 + if piece.is_multiple_of(6000) { 0.5 } else { 0.0 }
        });
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        // As many pauses in each.
        let (first, last) = (mean(&late[3_000..33_000]), mean(&late[327_000..357_000]));
        assert!((last - first).abs() < 1e-4, "{first} s late at first, {last} s in the last minutes");
        // Stamps know nothing of lateness.
        assert!((schedule.stamp(3600.0) - Stamp(1234.5) - 3600.0).abs() < 1e-9);
    }

    #[test]
    fn passes_follow_on_and_speed_moves_due_times_but_not_stamps() {
        let mut schedule = Schedule::new(Some(4.0), None, 10.0);
        schedule.begin(Stamp(100.0));
        schedule.begin(Stamp(200.0));
        assert_eq!((schedule.due(14.0), schedule.stamp(14.0)), (Some(Stamp(101.0)), Stamp(104.0)));
        schedule.pass(50.0);
        assert_eq!((schedule.due(10.0), schedule.stamp(10.0)), (Some(Stamp(112.5)), Stamp(150.0)));
        assert_eq!(schedule.lead_s(10.0, Stamp(112.0)), 38.0);
    }

    #[test]
    fn without_a_speed_it_goes_at_once_or_no_farther_ahead_than_was_said() {
        let mut schedule = Schedule::new(None, None, 0.0);
        schedule.begin(Stamp(100.0));
        assert_eq!(schedule.due(1e6), None);
        let mut schedule = Schedule::new(None, Some(60.0), 0.0);
        schedule.begin(Stamp(100.0));
        assert_eq!((schedule.due(60.0), schedule.due(90.0)), (Some(Stamp(100.0)), Some(Stamp(130.0))));
    }

    proptest! {
        #[test]
        fn what_is_later_in_the_recording_is_due_later(
            times in 0.01..1000.0_f64, start_s in 0.0..1e5_f64, a in 0.0..1e6_f64, b in 0.0..1e6_f64,
        ) {
            let mut schedule = Schedule::new(Some(times), None, start_s);
            schedule.begin(Stamp(5.0));
            prop_assert_eq!(a < b, schedule.due(a) < schedule.due(b));
        }
    }
}
