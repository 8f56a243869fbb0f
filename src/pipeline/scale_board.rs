//! What the running scale knows, where the trainer can see it.
//!
//! Written by acquisition after each block, read when a checkpoint is made. Invariant: no lock; each number is whole, and
//! numbers of two neighbouring blocks may stand side by side, which a running estimate forgives.

use crate::dsp::ScaleState;
use std::sync::atomic::{AtomicU64, Ordering};

/// The four rows of a [`ScaleState`], one after the other.
#[derive(Debug)]
pub(super) struct ScaleBoard {
    rows: [Vec<AtomicU64>; 4],
}

impl ScaleBoard {
    pub fn new(channels: usize) -> Self {
        Self { rows: std::array::from_fn(|_| (0..channels).map(|_| AtomicU64::default()).collect()) }
    }

    pub fn write(&self, state: &ScaleState) {
        let rows = [&state.centre, &state.spread, &state.heard, &state.outlying];
        for (row, values) in self.rows.iter().zip(rows) {
            row.iter().zip(values).for_each(|(place, value)| place.store(value.to_bits(), Ordering::Relaxed));
        }
    }

    /// The state; `None` where nothing was heard of any channel.
    pub fn read(&self) -> Option<ScaleState> {
        let row = |row: &Vec<AtomicU64>| row.iter().map(|v| f64::from_bits(v.load(Ordering::Relaxed))).collect();
        let [centre, spread, heard, outlying]: [Vec<f64>; 4] = self.rows.each_ref().map(row);
        heard.iter().any(|&heard| heard > 0.0).then_some(ScaleState { centre, spread, heard, outlying })
    }
}
