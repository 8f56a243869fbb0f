//! The lookout: windows that are unlike everything before raise alarms.
//!
//! Owned by the stage of heads, on its thread. Invariant: what it compares with was there when weights were last accepted, or
//! when there was half as much again as before; so what is new stays new until it is learnt.

use super::moving::Moves;
use crate::learn::Novelty;
use crate::learn::heads::{Alarms, Lessons, Place, Standing};
use crate::serve::copies::WindowCopy;
use crate::signal::{Event, EventKind, Stamp};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// How the lookout does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LookoutStatus {
    /// Alarms, and hours that were looked at.
    pub alarms: u64,
    pub hours: f64,
    /// Windows that it compares with, and those that it was calibrated on.
    pub sizes: [usize; 2],
    /// The probability from which on a window raises an alarm.
    pub limit: f64,
}

/// Looks out for novelty.
pub(super) struct Lookout {
    standing: Standing,
    windows: Moves,
    alarms: Alarms,
    rate_hz: f64,
    /// Windows that there were to choose from when it was made last.
    made_of: u64,
    is_made: bool,
    sizes: [usize; 2],
    status: Arc<ArcSwap<LookoutStatus>>,
}

/// Windows of each half with which it begins.
const LEAST: usize = 16;

impl Lookout {
    /// With windows of an earlier run.
    pub fn new(standing: Standing, windows: Lessons, alarms: Alarms, rate_hz: f64) -> Self {
        Self {
            standing,
            windows: Moves::new(windows),
            alarms,
            rate_hz,
            made_of: 0,
            is_made: false,
            sizes: [0; 2],
            status: Arc::default(),
        }
    }

    pub fn status(&self) -> Arc<ArcSwap<LookoutStatus>> {
        Arc::clone(&self.status)
    }

    pub fn windows(&mut self) -> &mut Moves {
        &mut self.windows
    }

    /// Windows that those of each half were chosen from.
    pub fn seen(&self) -> [u64; 2] {
        self.standing.seen_of()
    }

    /// Takes a window in, with how probable it was by what went out with it.
    pub fn meet(&mut self, window: &WindowCopy, now: Stamp, events: &mut Vec<Event>) {
        if !window.is_good {
            return;
        }
        if let Some(probability) = window.probability {
            if self.alarms.hear(window.first, probability) {
                let at_s = window.first as f64 / self.rate_hz;
                let text = format!(
                    "the window from {at_s:.2} s on is unlike the {} before (p {probability:.1e})",
                    self.sizes[0]
                );
                events.push(Event { at: now, kind: EventKind::Novel, text });
            }
            self.note();
        }
        if let Some((half, place)) = self.standing.place(window.first) {
            let lesson = window.lesson(half, 0);
            match place {
                Place::New => self.windows.take(lesson),
                Place::Of(number) => self.windows.replace(number, lesson),
            }
        }
    }

    /// True if there is enough more than before to compare with.
    pub fn is_due(&self) -> bool {
        let seen = self.standing.seen();
        let is_enough = [0, 1].iter().all(|half| self.windows.now().of(*half) >= LEAST);
        is_enough && (!self.is_made || 2 * seen >= 3 * self.made_of.max(1))
    }

    /// Makes anew what tells novelty, on embeddings of a generation; none while there are too few.
    pub fn make(&mut self, generation: u64, now: Stamp, events: &mut Vec<Event>) -> Option<Novelty> {
        if [0, 1].iter().any(|half| self.windows.now().of(*half) < LEAST) {
            self.is_made = false;
            return None;
        }
        let novelty = self.windows.now().novelty(generation)?;
        if !self.is_made {
            let [reference, held] = novelty.sizes();
            let text = format!("novelty is looked out for: {reference} windows to compare with, calibrated on {held}");
            events.push(Event { at: now, kind: EventKind::Ready, text });
        }
        (self.made_of, self.is_made, self.sizes) = (self.standing.seen(), true, novelty.sizes());
        self.note();
        Some(novelty)
    }

    fn note(&self) {
        let (alarms, hours) = self.alarms.so_far();
        let (sizes, limit) = (self.sizes, self.alarms.limit());
        self.status.store(Arc::new(LookoutStatus { alarms, hours, sizes, limit }));
    }
}
