//! Powers of one channel in the bands that quality looks at.
//!
//! Plain values. Invariant: those of several seconds add up.

/// Lines that are watched at most.
pub(super) const LINES: usize = 2;

/// Powers of one channel, of one second or added up over several.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Powers {
    /// Variance in µV².
    pub all: f64,
    /// At 1–30 Hz in µV².
    pub brain: f64,
    /// Of each line above its surroundings in µV², and the densities at its peak and around it.
    pub lines: [LinePower; LINES],
    /// Expected densities at 4–20 Hz and above 30 Hz, times the number of the bin, which makes 1/f level.
    pub low: f64,
    pub high: f64,
    /// Above 30 Hz in µV².
    pub fast: f64,
}

/// Power of one line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LinePower {
    pub above: f64,
    pub peak: f64,
    pub around: f64,
}

impl std::ops::Add for Powers {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let mut lines = self.lines;
        for (line, more) in lines.iter_mut().zip(other.lines) {
            line.above += more.above;
            line.peak += more.peak;
            line.around += more.around;
        }
        Self {
            all: self.all + other.all,
            brain: self.brain + other.brain,
            lines,
            low: self.low + other.low,
            high: self.high + other.high,
            fast: self.fast + other.fast,
        }
    }
}
