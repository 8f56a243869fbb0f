//! In which order stretches are read, and how many of them are mixed at once.
//!
//! Pure. Invariant: each pass through the recordings reads every stretch once, in an order that follows from the seed and
//! the number of the pass.

use super::stretch::Stretch;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Batches that the first load holds; those after it hold twice as many each, up to all that there is room for, so that
/// training need not wait for a full memory.
const FIRST_BATCHES: usize = 8;

/// Streams of draws: the first numbers are those of weights and batches.
const ORDERS: u64 = 1 << 32;
const DEALS: u64 = 1 << 33;

/// Where reading is: a pass, and a load of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub epoch: u64,
    pub load: u64,
}

/// Goes through loads, pass after pass.
#[derive(Clone, Debug)]
pub(super) struct Order {
    stretches: Vec<Stretch>,
    room: usize,
    batch: usize,
    seed: u64,
    epochs: u64,
    place: Place,
    /// The order of this pass, by loads.
    loads: Vec<Vec<u32>>,
}

impl Order {
    /// From the beginning of `place` on; `epochs` is 0 for no end.
    pub fn new(stretches: Vec<Stretch>, room: usize, batch: usize, seed: u64, epochs: u64, place: Place) -> Self {
        let mut order = Self { stretches, room, batch, seed, epochs, place, loads: Vec::new() };
        order.loads = order.loads_of(place.epoch);
        order
    }

    /// The next load, and the windows that lie before it in its pass; none at the end.
    pub fn next(&mut self) -> Option<(Place, u64, Vec<Stretch>)> {
        if self.place.load as usize >= self.loads.len() {
            self.place = Place { epoch: self.place.epoch + 1, load: 0 };
            self.loads = self.loads_of(self.place.epoch);
        }
        if self.epochs > 0 && self.place.epoch >= self.epochs {
            return None;
        }
        let at = self.place;
        let (before, load) = (self.loads.get(..at.load as usize)?, self.loads.get(at.load as usize)?);
        let before = before.iter().flatten().map(|&i| u64::from(self.stretches[i as usize].windows)).sum();
        self.place.load += 1;
        Some((at, before, load.iter().map(|&i| self.stretches[i as usize]).collect()))
    }

    fn loads_of(&self, epoch: u64) -> Vec<Vec<u32>> {
        let mut order: Vec<u32> = (0..self.stretches.len() as u32).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(ORDERS + epoch);
        order.shuffle(&mut rng);
        let (mut loads, mut windows) = (Vec::<Vec<u32>>::new(), usize::MAX);
        for at in order {
            let more = self.stretches[at as usize].windows as usize;
            let grown = (FIRST_BATCHES * self.batch).checked_shl(loads.len().saturating_sub(1) as u32);
            let most = if epoch > 0 { self.room } else { grown.unwrap_or(self.room).min(self.room) };
            match loads.last_mut().filter(|_| windows.saturating_add(more) <= most) {
                Some(load) => {
                    load.push(at);
                    windows += more;
                }
                None => {
                    loads.push(vec![at]);
                    windows = more;
                }
            }
        }
        loads
    }
}

/// The order in which the windows of a load are dealt.
pub(super) fn dealt(windows: usize, seed: u64, at: Place) -> Vec<u32> {
    let mut order: Vec<u32> = (0..windows as u32).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ at.load.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    rng.set_stream(DEALS + at.epoch);
    order.shuffle(&mut rng);
    order
}
