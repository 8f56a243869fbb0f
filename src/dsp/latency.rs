//! A histogram of latencies with even relative resolution.
//!
//! Written by one thread, read by any. Invariant: a fixed array of counters, so counting takes no lock and allocates
//! nothing; quantiles are exact to 3 %.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bins a factor of ten.
const PER_DECADE: usize = 80;
/// Factors of ten from one microsecond on: up to 1000 s.
const DECADES: usize = 9;
const SMALLEST_MS: f64 = 1e-3;

/// Counts latencies from 1 µs to 1000 s.
#[derive(Debug)]
pub struct LatencyHistogram {
    bins: Vec<AtomicU64>,
    max_ms: AtomicU64,
    sum_ns: AtomicU64,
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        let bins = std::iter::repeat_with(AtomicU64::default).take(PER_DECADE * DECADES).collect();
        Self { bins, max_ms: AtomicU64::default(), sum_ns: AtomicU64::default() }
    }
}

impl LatencyHistogram {
    /// Counts one latency in milliseconds.
    pub fn add(&self, ms: f64) {
        let bin = ((ms / SMALLEST_MS).max(1.0).log10() * PER_DECADE as f64) as usize;
        self.bins[bin.min(PER_DECADE * DECADES - 1)].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add((ms.max(0.0) * 1e6) as u64, Ordering::Relaxed);
        if ms > self.max_ms() {
            self.max_ms.store(ms.to_bits(), Ordering::Relaxed);
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.bins.iter().map(|n| n.load(Ordering::Relaxed)).sum()
    }

    /// The slowest, in milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> f64 {
        f64::from_bits(self.max_ms.load(Ordering::Relaxed))
    }

    /// All of them together, in seconds.
    #[must_use]
    pub fn sum_s(&self) -> f64 {
        self.sum_ns.load(Ordering::Relaxed) as f64 / 1e9
    }

    /// How many stay below each of the bounds 10 µs · 10^(k/4) up to 10 s, and after these how many there are in all.
    #[must_use]
    pub fn cumulative(&self) -> Vec<u64> {
        const FROM: usize = PER_DECADE;
        const STEP: usize = PER_DECADE / 4;
        let mut below = 0;
        let mut counts = Vec::with_capacity(DECADES * 4);
        for (bin, n) in self.bins.iter().enumerate() {
            if (FROM..=7 * PER_DECADE).contains(&bin) && (bin - FROM).is_multiple_of(STEP) {
                counts.push(below);
            }
            below += n.load(Ordering::Relaxed);
        }
        counts.push(below);
        counts
    }

    /// The latency that a share `q` of all stay below, in milliseconds; 0 when there are none.
    #[must_use]
    pub fn quantile_ms(&self, q: f64) -> f64 {
        let rank = (q * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bin, n) in self.bins.iter().enumerate() {
            let n = n.load(Ordering::Relaxed);
            seen += n;
            if n > 0 && seen >= rank {
                let upper = SMALLEST_MS * 10f64.powf((bin + 1) as f64 / PER_DECADE as f64);
                return upper.min(self.max_ms());
            }
        }
        0.0
    }

    /// Counts in eight bins a factor of ten from 0.01 ms to 10 s, for drawing.
    pub fn coarse_to(&self, out: &mut Vec<u32>) {
        let sum = |bins: &[AtomicU64]| bins.iter().map(|n| n.load(Ordering::Relaxed)).sum::<u64>();
        out.clear();
        let bins = self.bins[PER_DECADE..PER_DECADE * 7].chunks_exact(PER_DECADE / 8);
        out.extend(bins.map(|bins| u32::try_from(sum(bins)).unwrap_or(u32::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact_to_three_percent() {
        let histogram = LatencyHistogram::default();
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

    #[test]
    fn cumulative_counts_stand_at_quarters_of_decades() {
        let histogram = LatencyHistogram::default();
        // Just below and above 1 ms, and outside the bounds at both ends.
        for ms in [0.001, 0.99, 1.01, 99_000.0] {
            histogram.add(ms);
        }
        let counts = histogram.cumulative();
        // 10 µs to 10 s in quarters, and all.
        assert_eq!((counts.len(), counts[0], counts[25]), (26, 1, 4));
        assert_eq!(counts[7..=10], [1, 2, 3, 3], "562 µs, 1 ms, 1.8 ms, 3.2 ms");
        assert_eq!(counts[24], 3);
        assert!((histogram.sum_s() - 99.002_001).abs() < 1e-6, "{}", histogram.sum_s());
    }
}
