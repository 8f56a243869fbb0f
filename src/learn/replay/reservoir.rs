//! A reservoir: an even sample of all that was ever offered.
//!
//! Owns two numbers. Invariant: after `t` offers each of them is held with probability `capacity / t`.

/// Algorithm R (Vitter, 1985).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservoir {
    capacity: usize,
    offered: u64,
}

impl Reservoir {
    /// An empty reservoir of so many places.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, offered: 0 }
    }

    /// How many things were offered.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.offered
    }

    /// Goes on after so many offers.
    pub fn resume(&mut self, offered: u64) {
        self.offered = offered;
    }

    /// The place of the next thing offered, whose holder goes, or none if it is not taken in; `u` is drawn evenly from
    /// 0 to 1.
    pub fn place(&mut self, u: f64) -> Option<usize> {
        let number = self.offered;
        self.offered += 1;
        if number < self.capacity as u64 {
            return Some(number as usize);
        }
        let place = ((u * (number + 1) as f64).floor() as u64).min(number);
        (place < self.capacity as u64).then_some(place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn holds_old_and_new_alike() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut halves = [0u32; 2];
        for _ in 0..200 {
            let (mut reservoir, mut held) = (Reservoir::new(8), [0usize; 8]);
            for number in 0..400 {
                if let Some(place) = reservoir.place(rng.random_range(0.0..1.0)) {
                    held[place] = number;
                }
            }
            held.iter().for_each(|&number| halves[number / 200] += 1);
        }
        // 1600 draws with even chances: four deviations are 80.
        assert!(halves[0].abs_diff(800) < 80, "{halves:?}");
    }
}
