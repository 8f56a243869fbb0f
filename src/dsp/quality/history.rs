//! Masks of the past: which channels were bad when.
//!
//! Owns a ring of rows, one byte a channel, each for a run of frames. Invariant: allocates nothing after it was made; the
//! oldest row makes room for the newest.

use super::Reasons;

/// The reasons of each channel for runs of frames.
///
/// [`Quality`](super::Quality) keeps one; a consumer on another thread that is handed the rows can keep its own.
#[derive(Clone, Debug)]
pub struct History {
    channels: usize,
    /// First frame and end of each run.
    spans: Vec<(u64, u64)>,
    rows: Vec<Reasons>,
    /// Where the next row goes.
    at: usize,
}

impl History {
    /// Room for this many rows, at least one.
    #[must_use]
    pub fn new(channels: usize, rows: usize) -> Self {
        let rows = rows.max(1);
        Self { channels, spans: vec![(0, 0); rows], rows: vec![Reasons::NONE; rows * channels], at: 0 }
    }

    /// Adds the row of frames `first..end`; an empty run is left out.
    pub fn push(&mut self, first: u64, end: u64, row: impl Iterator<Item = Reasons>) {
        if first >= end {
            return;
        }
        self.spans[self.at] = (first, end);
        let from = self.at * self.channels;
        self.rows[from..from + self.channels].iter_mut().zip(row).for_each(|(to, reasons)| *to = reasons);
        self.at = (self.at + 1) % self.spans.len();
    }

    /// Adds to `out` the reasons of every run that touches frames `first..end`.
    pub fn between(&self, first: u64, end: u64, out: &mut [Reasons]) {
        for (i, span) in self.spans.iter().enumerate() {
            if first < end && span.0 < end && first < span.1 {
                let row = &self.rows[i * self.channels..(i + 1) * self.channels];
                out.iter_mut().zip(row).for_each(|(out, &reasons)| *out |= reasons);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::quality::Reason;

    #[test]
    fn a_window_sees_the_rows_it_touches_and_no_other() {
        let (flat, line) = (Reasons::NONE.with(Reason::Flat), Reasons::NONE.with(Reason::LineNoise));
        let mut history = History::new(2, 3);
        history.push(0, 10, [flat, flat].into_iter());
        history.push(10, 20, [flat, Reasons::NONE].into_iter());
        history.push(30, 40, [Reasons::NONE, line].into_iter());
        history.push(40, 50, [Reasons::NONE; 2].into_iter());
        let seen = |first, end| {
            let mut out = [Reasons::NONE; 2];
            history.between(first, end, &mut out);
            out
        };
        assert_eq!(seen(0, 10), [Reasons::NONE; 2], "the oldest row is gone");
        assert_eq!(seen(19, 30), [flat, Reasons::NONE]);
        assert_eq!(seen(20, 30), [Reasons::NONE; 2], "nothing is known of a gap");
        assert_eq!(seen(19, 31), [flat, line]);
        assert_eq!(seen(40, 99), [Reasons::NONE; 2]);
        assert_eq!(seen(35, 35), [Reasons::NONE; 2], "an empty window holds nothing");
    }
}
