//! From a source's stamps to the host's clock.
//!
//! Owns [`HostTime`], pure arithmetic on the acquisition thread. Invariant: what it returns is near the present, even
//! where a source's stamps are on no clock that anybody knows.

use crate::signal::Stamp;

/// How long the first measurement of a source's clock may take, in seconds; it usually takes 0.65 s.
pub(super) const FIRST_CLOCK_S: f64 = 3.0;
/// How often the latest measurement is fetched, in seconds; liblsl makes one every 2 s.
pub(super) const CLOCK_EVERY_S: f64 = 2.0;
/// Frames older than this cannot be waiting anywhere: sender and receiver buffer less, in seconds.
const OLDEST_S: f64 = 600.0;
/// How far ahead of the host a stamp may be, in seconds: a device may stamp the end of what it sends.
const AHEAD_S: f64 = 1.0;
/// A new clock measurement this far from the last is another clock, in seconds.
const OTHER_CLOCK_S: f64 = 1.0;
/// Beyond this a stamp has no microseconds left, in seconds.
const LARGEST_S: f64 = 1e10;

/// Places stamps on the host's clock.
#[derive(Clone, Debug)]
pub(super) struct HostTime {
    /// From LSL's clock of this host to the host's clock.
    offset_s: f64,
    /// From the source's clock to LSL's clock of this host.
    correction_s: f64,
    /// What makes up for stamps on an unknown clock; decided anew at each anchor.
    skew_s: Option<f64>,
}

impl HostTime {
    pub(super) fn new(offset_s: f64) -> Self {
        Self { offset_s, correction_s: 0.0, skew_s: None }
    }

    /// Takes a measurement of the source's clock.
    pub(super) fn correct(&mut self, correction_s: f64) {
        if (correction_s - self.correction_s).abs() > OTHER_CLOCK_S {
            self.skew_s = None;
        }
        self.correction_s = correction_s;
    }

    /// What leads from the source's clock to LSL's clock of this host: as measured, and what is made up for.
    pub(super) fn own_clock_s(&self) -> f64 {
        self.correction_s + self.skew_s.unwrap_or(0.0)
    }

    /// Forgets what was made up for, because the stamps leapt.
    pub(super) fn anchor_anew(&mut self) {
        self.skew_s = None;
    }

    /// When the frame with this stamp was sampled. The second value is given when stamps turn out to be on an unknown
    /// clock: how far they are from the present, which is then taken for the time of this frame.
    pub(super) fn place(&mut self, stamp: f64, now: Stamp) -> (Stamp, Option<f64>) {
        let there = Stamp(stamp + self.correction_s + self.offset_s);
        if there.0.is_nan() || there.0.abs() > LARGEST_S {
            return (now, None);
        }
        let age_s = now - there;
        let mut told = None;
        let skew_s = *self.skew_s.get_or_insert_with(|| {
            let known = (-AHEAD_S..=OLDEST_S).contains(&age_s);
            told = (!known).then_some(-age_s);
            if known { 0.0 } else { age_s }
        });
        (there + skew_s, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_go_through_both_offsets() {
        let mut time = HostTime::new(100.0);
        time.correct(-7.0);
        assert_eq!(time.place(50.0, Stamp(143.01)), (Stamp(143.0), None));
        time.correct(-7.001);
        assert_eq!(time.place(51.0, Stamp(144.01)), (Stamp(143.999), None), "a new measurement holds at once");
    }

    #[test]
    fn stamps_on_an_unknown_clock_are_placed_by_their_arrival_and_told_once() {
        let mut time = HostTime::new(0.0);
        assert_eq!(time.place(200_000.0, Stamp(10.0)), (Stamp(10.0), Some(199_990.0)));
        assert_eq!(time.place(200_000.5, Stamp(10.6)), (Stamp(10.5), None));
        assert_eq!(time.own_clock_s(), -199_990.0);
        time.anchor_anew();
        assert_eq!(time.place(11.0, Stamp(11.0)), (Stamp(11.0), None), "the leap is over");
        time.correct(-50.0);
        assert_eq!(time.place(70.0, Stamp(20.1)), (Stamp(20.0), None), "another computer took over");
    }

    #[test]
    fn absurd_stamps_are_now() {
        for stamp in [f64::NAN, f64::INFINITY, -1e300, 1e12] {
            assert_eq!(HostTime::new(0.0).place(stamp, Stamp(5.0)), (Stamp(5.0), None));
        }
    }
}
