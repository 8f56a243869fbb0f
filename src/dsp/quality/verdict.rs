//! Verdicts with hysteresis.
//!
//! Owns the present reasons of each channel and how long evidence has spoken for or against each. Invariant: a reason is
//! set only after enough bad evidence in a row, and goes only after enough good evidence in a row.

use super::{Reason, Reasons};

/// What one measure says of one channel in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// It cannot be measured now; nothing changes.
    Unknown,
    /// On the good side.
    Good,
    /// Between the thresholds: whatever is, stays.
    Between,
    /// On the bad side.
    Bad,
}

impl Evidence {
    /// Bad if it is so, else good.
    pub fn bad_if(bad: bool) -> Self {
        if bad { Self::Bad } else { Self::Good }
    }
}

/// How many intervals in a row have spoken for one reason, and against it.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    bad: u32,
    good: u32,
}

/// The verdicts of all channels.
#[derive(Clone, Debug)]
pub(super) struct Verdicts {
    reasons: Vec<Reasons>,
    runs: Vec<[Run; Reason::ALL.len()]>,
    /// Good intervals after which a reason goes.
    hold: u32,
}

impl Verdicts {
    pub fn new(channels: usize, hold: u32) -> Self {
        Self { reasons: vec![Reasons::NONE; channels], runs: vec![Default::default(); channels], hold: hold.max(1) }
    }

    /// The reasons of each channel.
    pub fn reasons(&self) -> &[Reasons] {
        &self.reasons
    }

    /// Takes in one piece of evidence; `needed` in a row set the reason.
    pub fn hear(&mut self, channel: usize, reason: Reason, evidence: Evidence, needed: u32) {
        let run = &mut self.runs[channel][reason as usize];
        match evidence {
            Evidence::Unknown => return,
            Evidence::Good => *run = Run { bad: 0, good: run.good.saturating_add(1) },
            Evidence::Between => *run = Run::default(),
            Evidence::Bad => *run = Run { bad: run.bad.saturating_add(1), good: 0 },
        }
        let reasons = &mut self.reasons[channel];
        if run.bad >= needed {
            *reasons = reasons.with(reason);
        } else if run.good >= self.hold {
            *reasons = reasons.without(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Evidence::{Bad, Between, Good, Unknown};

    fn course(hold: u32, needed: u32, evidence: &[Evidence]) -> Vec<bool> {
        let mut verdicts = Verdicts::new(2, hold);
        let mut is_bad = |&e| {
            verdicts.hear(1, Reason::Muscle, e, needed);
            assert!(verdicts.reasons()[0].is_empty());
            verdicts.reasons()[1].has(Reason::Muscle)
        };
        evidence.iter().map(&mut is_bad).collect()
    }

    #[test]
    fn a_channel_becomes_bad_and_good_with_hysteresis() {
        let (t, f) = (true, false);
        assert_eq!(course(1, 1, &[Good, Bad, Between, Unknown, Good]), [f, t, t, t, f]);
        assert_eq!(course(2, 2, &[Bad, Between, Bad, Bad, Good, Between, Good, Good]), [f, f, f, t, t, t, t, f]);
        assert_eq!(course(2, 2, &[Bad, Unknown, Bad, Good, Unknown, Good, Bad]), [f, f, t, t, t, f, f]);
    }
}
