//! A histogram of latencies with even relative resolution.
//!
//! Owned by the encode stage. Invariant: a fixed array, so counting allocates nothing; quantiles are exact to 3 %.

/// Bins a factor of ten.
const PER_DECADE: usize = 80;
/// Factors of ten from one microsecond on: up to 1000 s.
const DECADES: usize = 9;
const SMALLEST_MS: f64 = 1e-3;

/// Counts latencies from 1 µs to 1000 s.
#[derive(Clone, Debug)]
pub struct LatencyHistogram {
    bins: Vec<u64>,
    count: u64,
    max_ms: f64,
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self { bins: vec![0; PER_DECADE * DECADES], count: 0, max_ms: 0.0 }
    }
}

impl LatencyHistogram {
    /// Counts one latency in milliseconds.
    pub fn add(&mut self, ms: f64) {
        let bin = ((ms / SMALLEST_MS).max(1.0).log10() * PER_DECADE as f64) as usize;
        let last = self.bins.len() - 1;
        self.bins[bin.min(last)] += 1;
        self.count += 1;
        self.max_ms = self.max_ms.max(ms);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The slowest, in milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> f64 {
        self.max_ms
    }

    /// The latency that a share `q` of all stay below, in milliseconds; 0 when there are none.
    #[must_use]
    pub fn quantile_ms(&self, q: f64) -> f64 {
        let rank = (q * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bin, &n) in self.bins.iter().enumerate() {
            seen += n;
            if n > 0 && seen >= rank {
                let upper = SMALLEST_MS * 10f64.powf((bin + 1) as f64 / PER_DECADE as f64);
                return upper.min(self.max_ms);
            }
        }
        0.0
    }

    /// Counts in eight bins a factor of ten from 0.01 ms to 10 s, for drawing.
    pub fn coarse_to(&self, out: &mut Vec<u32>) {
        out.clear();
        let bins = self.bins[PER_DECADE..PER_DECADE * 7].chunks_exact(PER_DECADE / 8);
        out.extend(bins.map(|c| u32::try_from(c.iter().sum::<u64>()).unwrap_or(u32::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact_to_three_percent() {
        let mut histogram = LatencyHistogram::default();
        for i in 1..=10_000 {
            histogram.add(f64::from(i) * 0.01);
        }
        for (q, want) in [(0.5, 50.0), (0.99, 99.0), (0.999, 99.9)] {
            let got = histogram.quantile_ms(q);
            assert!((got / want - 1.0).abs() < 0.03, "{q}: {got} is not {want}");
        }
        assert!((histogram.max_ms() - 100.0).abs() < 1e-9);
        let mut coarse = Vec::new();
        histogram.coarse_to(&mut coarse);
        assert_eq!(coarse.iter().map(|&n| u64::from(n)).sum::<u64>(), 10_000);
    }
}
