//! Envelope: minimum and maximum of each channel in equal bins of time, for drawing.
//!
//! Owned by the display stage. Invariant: a ring of `bins` bins, the newest last; bins inside a gap hold NaN.

/// Minimum and maximum a channel and bin.
#[derive(Clone, Debug)]
pub struct Envelope {
    channels: usize,
    bins: usize,
    frames_a_bin: f64,
    /// `[bin][channel]`, a ring.
    ranges: Vec<(f32, f32)>,
    /// Sum of squares and count of the same bins.
    squares: Vec<f32>,
    counts: Vec<u32>,
    /// Number of the newest bin since the start of the stream.
    newest: u64,
    sums: Vec<f64>,
}

const EMPTY: (f32, f32) = (f32::NAN, f32::NAN);

impl Envelope {
    /// An empty envelope of `bins` bins of `bin_s` seconds.
    #[must_use]
    pub fn new(channels: usize, bins: usize, bin_s: f64, rate_hz: f64) -> Self {
        Self {
            channels,
            bins,
            frames_a_bin: (bin_s * rate_hz).max(1.0),
            ranges: vec![EMPTY; bins * channels],
            squares: vec![0.0; bins * channels],
            counts: vec![0; bins],
            newest: 0,
            sums: vec![0.0; channels],
        }
    }

    /// The bin of a frame, counted from the start of the stream.
    fn bin_of(&self, frame: u64) -> u64 {
        (frame as f64 / self.frames_a_bin) as u64
    }

    /// Takes in frames `[T, C]` that begin with frame `first`. Non-finite samples are passed over.
    pub fn push(&mut self, samples: &[f32], first: u64) {
        for (offset, frame) in samples.chunks_exact(self.channels).enumerate() {
            let bin = self.bin_of(first + offset as u64);
            if bin < self.newest {
                continue;
            }
            for fresh in (self.newest + 1).max((bin + 1).saturating_sub(self.bins as u64))..=bin {
                let at = (fresh % self.bins as u64) as usize;
                self.ranges[at * self.channels..(at + 1) * self.channels].fill(EMPTY);
                self.squares[at * self.channels..(at + 1) * self.channels].fill(0.0);
                self.counts[at] = 0;
            }
            self.newest = bin;
            let at = (bin % self.bins as u64) as usize;
            let ranges = &mut self.ranges[at * self.channels..(at + 1) * self.channels];
            let squares = &mut self.squares[at * self.channels..(at + 1) * self.channels];
            for ((range, square), &x) in ranges.iter_mut().zip(squares).zip(frame) {
                if x.is_finite() {
                    // `min` and `max` prefer the number where the other is NaN.
                    *range = (range.0.min(x), range.1.max(x));
                    *square += x * x;
                }
            }
            self.counts[at] += 1;
        }
    }

    /// Writes the ranges as `[C, bins]`, the newest bin last.
    pub fn ranges_to(&self, out: &mut Vec<(f32, f32)>) {
        out.clear();
        for channel in 0..self.channels {
            out.extend(self.order().map(|at| self.ranges[at * self.channels + channel]));
        }
    }

    /// Writes the root mean square of each channel over all bins.
    pub fn rms_to(&mut self, out: &mut Vec<f32>) {
        self.sums.fill(0.0);
        let frames: u64 = self.counts.iter().map(|&n| u64::from(n)).sum();
        for bin in self.squares.chunks_exact(self.channels) {
            self.sums.iter_mut().zip(bin).for_each(|(sum, &s)| *sum += f64::from(s));
        }
        out.clear();
        out.extend(self.sums.iter().map(|&s| (s / frames.max(1) as f64).sqrt() as f32));
    }

    /// Number of the oldest bin since the start of the stream; below 0 while there are fewer.
    #[must_use]
    pub fn first_bin(&self) -> i64 {
        self.newest.saturating_add(1) as i64 - self.bins as i64
    }

    /// How many bins before the newest a frame lies; `None` if it is out of sight.
    #[must_use]
    pub fn column_of(&self, frame: u64) -> Option<usize> {
        let oldest = (self.newest + 1).saturating_sub(self.bins as u64);
        let bin = self.bin_of(frame);
        let missing = (self.bins as u64).saturating_sub(self.newest + 1);
        (oldest..=self.newest).contains(&bin).then(|| (bin - oldest + missing) as usize)
    }

    /// Places in the ring, oldest first; before the ring has filled once the oldest are empty.
    fn order(&self) -> impl Iterator<Item = usize> {
        let bins = self.bins as u64;
        (1..=bins).map(move |i| ((self.newest + i) % bins) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_extremes_and_leaves_gaps_blank() {
        let mut envelope = Envelope::new(1, 4, 0.1, 100.0);
        let ramp: Vec<f32> = (0..20).map(|i| i as f32).collect();
        envelope.push(&ramp, 0);
        envelope.push(&[5.0, f32::NAN, -5.0], 40);
        let mut ranges = Vec::new();
        envelope.ranges_to(&mut ranges);
        assert_eq!(ranges.len(), 4);
        assert_eq!(ranges[0], (10.0, 19.0));
        assert!(ranges[1].0.is_nan() && ranges[2].1.is_nan());
        assert_eq!((ranges[3], envelope.first_bin()), ((-5.0, 5.0), 1));
        assert_eq!(envelope.column_of(12), Some(0));
        assert_eq!(envelope.column_of(45), Some(3));
        assert_eq!(envelope.column_of(5), None);
    }
}
