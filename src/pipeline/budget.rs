//! How much the trainer does: steps that are owed to the signal, and rests that leave others their share of the machine.
//!
//! Owned by the trainer's stage. Invariant: what is owed depends on frames alone; what was not taken in time is counted.

use crate::signal::Stamp;

/// How many steps are owed: so many a second of signal since the memory held a batch.
#[derive(Debug)]
pub(super) struct Budget {
    pub steps_per_frame: f64,
    /// Frames consumed at the moment from which steps are owed, and steps taken since.
    pub from: Option<u64>,
    pub taken: u64,
    /// Steps that may pile up before they are forgone; none at full speed, where all are taken.
    pub backlog: Option<f64>,
    /// Steps that a slow machine, or the trainer's share of it, made it forgo.
    pub forgone: f64,
}

impl Budget {
    /// Steps that were forgone, whole ones.
    pub fn forgone(&self) -> u64 {
        self.forgone.max(0.0).round() as u64
    }

    /// True if a step is to be taken, once so many frames were consumed.
    pub fn owes(&mut self, consumed: u64, running: bool) -> bool {
        let from = *self.from.get_or_insert(consumed);
        let owed = (consumed - from) as f64 * self.steps_per_frame - self.taken as f64;
        if !running || self.backlog.is_some_and(|most| owed > most + 1.0) {
            // What a slow machine or a pause missed is not made up for.
            let keep = if running { self.backlog.unwrap_or_default() } else { 0.0 };
            self.forgone += if running { owed - keep } else { 0.0 };
            self.from = Some(consumed - (keep / self.steps_per_frame.max(1e-12)).min((consumed - from) as f64) as u64);
            self.taken = 0;
            return running;
        }
        owed >= 1.0
    }
}

/// Rests after work, so that work has its share of the time and no more.
#[derive(Debug)]
pub(super) struct Rest {
    /// How long, as a multiple of the work before it.
    multiple: f64,
    until: Stamp,
}

impl Rest {
    pub fn new(multiple: f64) -> Self {
        Self { multiple, until: Stamp::default() }
    }

    /// True while it rests.
    pub fn rests(&self, now: Stamp) -> bool {
        self.multiple > 0.0 && now < self.until
    }

    /// Takes note of work.
    pub fn worked(&mut self, from: Stamp, to: Stamp) {
        self.until = to + (to - from) * self.multiple;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(budget: &mut Budget, consumed: u64, running: bool) -> u64 {
        let mut steps = 0;
        while budget.owes(consumed, running) && steps < 1000 {
            budget.taken += 1;
            steps += 1;
        }
        steps
    }

    #[test]
    fn owes_so_many_steps_a_frame() {
        let mut budget = Budget { steps_per_frame: 0.1, from: None, taken: 0, backlog: None, forgone: 0.0 };
        assert_eq!(steps(&mut budget, 500, true), 0);
        assert_eq!(steps(&mut budget, 600, true), 10);
        assert_eq!(steps(&mut budget, 100_500, true).min(1000), 1000);
    }

    #[test]
    fn forgoes_what_a_slow_machine_or_a_pause_missed() {
        let mut budget = Budget { steps_per_frame: 0.1, from: None, taken: 0, backlog: Some(4.0), forgone: 0.0 };
        assert_eq!(steps(&mut budget, 0, true), 0);
        let caught_up = steps(&mut budget, 10_000, true);
        assert!((4..=6).contains(&caught_up), "{caught_up}");
        assert!((990.0..=1000.0).contains(&budget.forgone), "{}", budget.forgone);
        budget.owes(50_000, false);
        assert_eq!(steps(&mut budget, 50_000, true), 0);
        assert_eq!(steps(&mut budget, 50_020, true), 2);
    }

    #[test]
    fn rests_so_long_that_its_share_of_the_time_is_kept() {
        // A step takes 30 ms; a quarter of the time is its.
        let (mut rest, mut now, mut worked) = (Rest::new(3.0), Stamp(0.0), 0.0_f64);
        while now < Stamp(60.0) {
            if rest.rests(now) {
                now = now + 0.001;
                continue;
            }
            rest.worked(now, now + 0.03);
            (now, worked) = (now + 0.03, worked + 0.03);
        }
        assert!((worked - 15.0).abs() < 0.5, "{worked} of 60 s");
        let mut never = Rest::new(0.0);
        never.worked(Stamp(1.0), Stamp(2.0));
        assert!(!never.rests(Stamp(2.0)));
    }
}
