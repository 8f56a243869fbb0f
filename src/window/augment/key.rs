//! Random numbers by their place: the n-th number of a key costs the same as the first.
//!
//! Owns nothing. Invariant: a number depends on key and place alone, and every loop over places vectorises: whole numbers
//! of 32 bits, multiplications and shifts, no table and no branch.

/// Where numbers come from. Both halves have to be drawn themselves: keys that differ in one bit give numbers that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub [u32; 2]);

impl Key {
    /// 32 mixed bits (the hash `lowbias32` of Wellons, 2018, with half of the key between its rounds).
    #[inline(always)]
    fn bits(self, place: u32) -> u32 {
        let bits = place.wrapping_add(self.0[0]);
        let bits = (bits ^ (bits >> 16)).wrapping_mul(0x7feb_352d) ^ self.0[1];
        let bits = (bits ^ (bits >> 15)).wrapping_mul(0x846c_a68b);
        bits ^ (bits >> 16)
    }

    /// A number from 0 up to but not including 1, in steps of 2^-24.
    #[must_use]
    #[inline(always)]
    pub fn uniform(self, place: u32) -> f32 {
        (self.bits(place) >> 8) as f32 / 16_777_216.0
    }

    /// A number from 0 up to but not including `below`, which is at least 1.
    #[must_use]
    pub fn index(self, place: u32, below: usize) -> usize {
        ((u64::from(self.bits(place)) * below as u64) >> 32) as usize
    }

    /// A normal number, near enough for noise: a sum of four bytes, stretched by a cubic so that mean, variance, skewness
    /// and kurtosis are those of the normal distribution.
    ///
    /// The distribution function is off by at most 0.0021 anywhere, the sixth moment is 14.46 instead of 15, and nothing
    /// lies beyond ±4.04, where a normal number lies once in 19 000 draws.
    #[must_use]
    #[inline(always)]
    pub fn normal(self, place: u32) -> f32 {
        let bits = self.bits(place);
        let pairs = (bits & 0x00ff_00ff) + ((bits >> 8) & 0x00ff_00ff);
        let sum = (pairs & 0xffff) + (pairs >> 16);
        let x = sum as i32 as f32 - 510.0;
        x * (6.421_040_7e-3 + 5.773_954e-9 * x * x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn normal_numbers_have_the_moments_and_tails_that_are_promised() {
        let key = Key([11, 22]);
        let count = 1 << 20;
        let numbers: Vec<f64> = (0..count).map(|i| f64::from(key.normal(i))).collect();
        let moment = |power: i32| numbers.iter().map(|x| x.powi(power)).sum::<f64>() / f64::from(count);
        // Five standard errors of each moment.
        for (power, expected, spread) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0f64.sqrt()), (3, 0.0, 15.0f64.sqrt()), (4, 3.0, 9.8)]
        {
            let allowed = 5.0 * spread / f64::from(count).sqrt();
            assert!((moment(power) - expected).abs() < allowed, "moment {power}: {}", moment(power));
        }
        let beyond = |edge: f64| numbers.iter().filter(|x| x.abs() > edge).count() as f64 / f64::from(count);
        for (edge, share) in [(1.0, 0.3173), (2.0, 0.0455), (3.0, 0.0027)] {
            assert!((beyond(edge) - share).abs() < 0.0042, "beyond {edge}: {}", beyond(edge));
        }
        assert_eq!(beyond(4.05), 0.0);
    }

    #[test]
    fn neither_neighbours_nor_keys_are_correlated() {
        let count = 1 << 16;
        let correlation = |a: Key, b: Key, lag: u32| {
            (0..count).map(|i| f64::from(a.normal(i) * b.normal(i + lag))).sum::<f64>() / f64::from(count)
        };
        let allowed = 5.0 / f64::from(count).sqrt();
        for lag in [1, 2, 3, 16, 64, 256] {
            assert!(correlation(Key([7, 8]), Key([7, 8]), lag).abs() < allowed, "lag {lag}");
        }
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut drawn = || Key([rng.random(), rng.random()]);
        for _ in 0..20 {
            assert!(correlation(drawn(), drawn(), 0).abs() < allowed);
        }
    }

    #[test]
    fn uniform_numbers_and_indices_fill_their_ranges() {
        let key = Key([1, 2]);
        let mut counts = [0u32; 10];
        for place in 0..100_000 {
            assert!((0.0..1.0).contains(&key.uniform(place)));
            counts[key.index(place, 10)] += 1;
        }
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 500), "{counts:?}");
    }
}
