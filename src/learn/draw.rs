//! Drawing a batch: which windows of the replay memory its rows hold.
//!
//! Owned by the trainer. Invariant: as long as [`possible`] says so, every row is filled as the method asks.

use super::ReplayMemory;
use super::objective::{Asks, Origin, VIEWS};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Windows of a batch by their place in memory, one list a view; lists beyond what is asked for stay empty.
pub(super) type Drawn = [Vec<usize>; VIEWS];

/// How batches are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawing {
    /// What a row is to hold.
    pub asks: Asks,
    /// Frames of a window.
    pub frames: u64,
    /// Rows.
    pub count: usize,
    /// Share of the rows from the newest windows.
    pub recent: f64,
}

impl Drawing {
    /// True if the memory holds what a row asks for.
    pub fn possible(&self, memory: &ReplayMemory) -> bool {
        !memory.is_empty()
            && (self.asks.is_of_one_window() || (0..memory.len()).any(|i| self.row(memory, i, None).is_some()))
    }

    /// Draws the windows of a batch.
    pub fn draw(&self, memory: &ReplayMemory, rng: &mut ChaCha8Rng, drawn: &mut Drawn) {
        memory.draw(rng, self.count, self.recent, self.frames, &mut drawn[0]);
        self.join(memory, rng, drawn);
    }

    /// Draws what rows hold beside their first windows, which are there.
    pub fn join(&self, memory: &ReplayMemory, rng: &mut ChaCha8Rng, drawn: &mut Drawn) {
        let [first, others @ ..] = drawn;
        others.iter_mut().for_each(Vec::clear);
        if self.asks.is_of_one_window() {
            return;
        }
        for first in first.iter_mut() {
            // A window without the neighbours that it takes gives way to the next one that has them.
            let mut anchors = (0..memory.len()).map(|i| (*first + i) % memory.len());
            let found = anchors.find_map(|anchor| Some((anchor, self.row(memory, anchor, Some(rng))?)));
            let Some((anchor, neighbours)) = found else { break };
            *first = anchor;
            others.iter_mut().zip(neighbours).for_each(|(view, at)| view.extend(at));
        }
        let rows = if self.asks.views() > 1 { others[0].len() } else { first.len() };
        first.truncate(rows);
    }

    /// The other windows of a row that begins with `anchor`: some of those that fit, or the first that do without `rng`.
    fn row(
        &self,
        memory: &ReplayMemory,
        anchor: usize,
        mut rng: Option<&mut ChaCha8Rng>,
    ) -> Option<[Option<usize>; 2]> {
        let (origins, at, frames) = (memory.origins(), memory.origin(anchor), self.frames);
        let mut choose = |fits: &dyn Fn(Origin) -> bool| match rng.as_deref_mut() {
            None => origins.iter().position(|&origin| fits(origin)),
            Some(rng) => {
                let all: Vec<usize> = (0..origins.len()).filter(|&i| fits(origins[i])).collect();
                (!all.is_empty()).then(|| all[rng.random_range(0..all.len())])
            }
        };
        let after = |origin: Origin, from: Origin, least: u64, most: u64| {
            let range = from.first + least..=from.first + most.max(least);
            origin.source == from.source && range.contains(&origin.first)
        };
        match self.asks {
            Asks::Window | Asks::Views(_) => Some([None; 2]),
            Asks::Following => {
                let next = origins.iter().enumerate().filter(|(_, o)| after(**o, at, frames, 2 * frames));
                Some([Some(next.min_by_key(|(_, o)| o.first)?.0), None])
            }
            Asks::Triplet { near, far } => {
                // Room for a third one between the two, which overlaps neither.
                let last = choose(&|o| after(o, at, 2 * frames, near))?;
                let to = memory.origin(last);
                let between = choose(&|o| after(o, at, frames, to.first - at.first - frames))?;
                let away = choose(&|o| !o.near(at, far) && !o.near(to, far))?;
                let in_order = rng.is_none_or(|rng| rng.random_bool(0.5));
                Some([Some(if in_order { between } else { away }), Some(last)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn memory(windows: u64) -> ReplayMemory {
        let mut memory = ReplayMemory::new(64, [1, 1]);
        (0..windows).for_each(|i| memory.push(Origin { source: u32::from(i >= 40), first: i * 5 }, &[0.0]));
        memory
    }

    fn drawn(memory: &ReplayMemory, asks: Asks) -> Vec<[Origin; VIEWS]> {
        let drawing = Drawing { asks, frames: 10, count: 16, recent: 0.25 };
        assert!(drawing.possible(memory));
        let (mut rng, mut drawn, mut all) = (ChaCha8Rng::seed_from_u64(1), Drawn::default(), Vec::new());
        for _ in 0..20 {
            drawing.draw(memory, &mut rng, &mut drawn);
            assert!(drawn[..asks.views()].iter().all(|view| view.len() == 16));
            let origin =
                |view: usize, row: usize| drawn[view].get(row).map_or(Origin::default(), |&i| memory.origin(i));
            all.extend((0..16).map(|row| [0, 1, 2].map(|view| origin(view, row))));
        }
        all
    }

    #[test]
    fn the_next_window_follows_without_an_overlap_or_a_gap() {
        for [now, next, _] in drawn(&memory(64), Asks::Following) {
            assert_eq!((next.source, next.first), (now.source, now.first + 10));
        }
    }

    #[test]
    fn a_third_window_lies_between_or_far_away() {
        let mut between = 0;
        for [from, third, to] in drawn(&memory(64), Asks::Triplet { near: 40, far: 60 }) {
            assert!(to.source == from.source && (20..=40).contains(&(to.first - from.first)));
            if third.source == from.source && third.first > from.first && third.first < to.first {
                assert!(third.first >= from.first + 10 && third.first + 10 <= to.first);
                between += 1;
            } else {
                assert!(!third.near(from, 60) && !third.near(to, 60));
            }
        }
        assert!((100..220).contains(&between), "{between} of 320");
    }

    #[test]
    fn what_is_not_there_yet_is_not_drawn() {
        let drawing = |asks| Drawing { asks, frames: 10, count: 4, recent: 0.0 };
        assert!(!drawing(Asks::Views(2)).possible(&memory(0)));
        assert!(!drawing(Asks::Following).possible(&memory(2)) && drawing(Asks::Following).possible(&memory(3)));
        let triplet = drawing(Asks::Triplet { near: 40, far: 60 });
        assert!(!triplet.possible(&memory(10)) && triplet.possible(&memory(30)));
    }
}
