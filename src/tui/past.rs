//! What a screen keeps of what went by: spectra for the waterfall, and traces to scroll back to while it is frozen.
//!
//! Owned by [`State`], on the main thread. Invariant: as many as are worth it and as many bytes as are bearable, however long a
//! run lasts.

use super::state::State;
use crate::pipeline::view::View;
use std::sync::Arc;

/// Segments that the waterfall keeps, and bytes of them.
const SEGMENTS: usize = 120;
const SEGMENT_BYTES: usize = 16 << 20;
/// Stretches of ten seconds that a frozen screen can scroll back, and bytes of them.
const PAST: usize = 30;
const PAST_BYTES: usize = 64 << 20;

impl State {
    /// Keeps the View on screen before the next one no longer joins on to what is kept.
    pub(super) fn keep(&mut self, next: &View) {
        let Some(shown) = &self.view else { return };
        let end = |view: &View| view.traces.first.saturating_add(i64::try_from(view.traces.bins).unwrap_or(i64::MAX));
        let kept = self.past.back().map_or(0, |view| end(view));
        // Another stream, or other bins: what is kept is of no use.
        if next.traces.first < shown.traces.first || next.traces.bin_s != shown.traces.bin_s {
            self.past.clear();
        } else if next.traces.first > kept {
            self.past.push_back(Arc::clone(shown));
            let bytes = size_of::<(f32, f32)>() * shown.traces.envelope.len();
            let most = (PAST_BYTES / bytes.max(1)).clamp(1, PAST);
            while self.past.len() > most {
                self.past.pop_front();
            }
        }
    }

    /// Scrolls so many seconds back, as far as there is something.
    pub(super) fn scroll(&mut self, back_s: f64) {
        let Some(view) = self.view.as_deref() else { return };
        let oldest = self.past.front().map_or(view.traces.first, |view| view.traces.first).max(0);
        let behind = view.traces.first.saturating_sub(oldest).max(0) as f64 * view.traces.bin_s;
        // Ten seconds of the View itself, less what a screen of it shows.
        let own = view.traces.bins as f64 * view.traces.bin_s - self.shown_s();
        let most = behind + own.max(0.0);
        self.back_s = if most.is_finite() { back_s.clamp(0.0, most.max(0.0)) } else { 0.0 };
    }

    /// Keeps what spectra say that no View before has said.
    pub(super) fn remember(&mut self, view: &View) {
        let Some(spectra) = &view.spectra else { return };
        let newest = &spectra.newest;
        if self.segments.back().is_none_or(|last| !Arc::ptr_eq(last, newest) && last.end_s < newest.end_s) {
            self.segments.push_back(Arc::clone(newest));
            let most = (SEGMENT_BYTES / newest.levels.len().max(1)).clamp(8, SEGMENTS);
            while self.segments.len() > most {
                self.segments.pop_front();
            }
        }
    }
}
