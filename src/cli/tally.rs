//! Figures of a channel in one pass: mean, deviation, first and last values.
//!
//! Owns [`Tally`]; runs on the main thread. Invariant: memory does not grow with the samples.

use serde_json::{Value, json};
use std::collections::VecDeque;

/// Mean and deviation in one pass (Welford, 1962), and the ends.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    count: f64,
    mean: f64,
    squares: f64,
    first: Vec<f64>,
    last: VecDeque<f64>,
}

impl Tally {
    /// Counts a sample.
    pub fn add(&mut self, x: f64) {
        self.count += 1.0;
        let off = x - self.mean;
        self.mean += off / self.count;
        self.squares += off * (x - self.mean);
        if self.first.len() < 8 {
            self.first.push(x);
        }
        if self.last.len() == 8 {
            self.last.pop_front();
        }
        self.last.push_back(x);
    }

    /// Adds the figures to what is said of a channel.
    pub fn tell(&self, channel: &mut Value) {
        channel["mean"] = json!(self.mean);
        channel["std"] = json!((self.squares / self.count.max(1.0)).sqrt());
        channel["first8"] = json!(self.first);
        channel["last8"] = json!(self.last);
    }
}
