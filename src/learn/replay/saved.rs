//! The replay memory in a checkpoint, where the configuration lets raw signal onto the disk.
//!
//! On the trainer's thread. Invariant: a memory that was taken up draws and makes room as the one that was saved.

use super::memory::{Keeping, ReplayMemory};
use crate::learn::numbers::{numbers, of_numbers, of_origins, of_rng, of_rows, origins, put_rng, values};
use crate::learn::parameters::Named;

impl ReplayMemory {
    /// All that it holds, under names that begin with `prefix`.
    #[must_use]
    pub fn saved(&self, prefix: &str) -> Vec<Named> {
        let name = |what: &str| format!("{prefix}{what}");
        let places = |all: &mut dyn Iterator<Item = usize>| all.map(|place| place as u64).collect::<Vec<u64>>();
        let held = self.len();
        let codes = self.packed.codes[..held * self.packed.window()].iter().map(|&code| f32::from(code)).collect();
        let spans = self.packed.spans[..held * self.packed.channels()].concat();
        let mut saved = vec![
            // Whole numbers up to 65,535 are exact in single precision.
            of_rows(name("codes"), codes, self.packed.window()),
            of_rows(name("spans"), spans, 2 * self.packed.channels()),
            of_origins(name("origins"), self.origins.iter().copied()),
            of_numbers(name("recent"), places(&mut self.recent.iter().copied())),
            of_numbers(name("kept"), places(&mut self.kept.iter().copied())),
            of_numbers(name("uses"), self.uses[..held].iter().map(|&uses| u64::from(uses))),
            of_numbers(name("shape"), [self.capacity as u64, self.most_recent as u64]),
        ];
        match &self.keeping {
            Keeping::Nothing => {}
            Keeping::Sample(sample) => {
                let (reservoir, rng) = &**sample;
                let [stream, low, high] = of_rng(rng);
                saved.push(of_numbers(name("sample"), [reservoir.offered(), stream, low, high]));
            }
            Keeping::Different(features) => saved.extend(features.saved(prefix, held)),
        }
        saved
    }

    /// Takes up what a memory of the same settings has saved; false, and nothing changes, where there is none or it is of
    /// other settings.
    pub fn take_up(&mut self, prefix: &str, tensors: &[Named]) -> bool {
        let name = |what: &str| format!("{prefix}{what}");
        let all = |what: &str| numbers(tensors, &name(what));
        let (Some(codes), Some(spans)) = (values(tensors, &name("codes")), values(tensors, &name("spans"))) else {
            return false;
        };
        let Some(origins) = origins(tensors, &name("origins")) else { return false };
        let places = |what: &str| {
            let places: Vec<usize> = all(what)?.into_iter().map(|place| place as usize).collect();
            places.iter().all(|&place| place < origins.len()).then_some(places)
        };
        let (Some(recent), Some(kept)) = (places("recent"), places("kept")) else { return false };
        let Some(uses) = all("uses").filter(|uses| uses.len() == origins.len()) else { return false };
        let shape = [self.capacity as u64, self.most_recent as u64];
        if all("shape").as_deref() != Some(&shape)
            || codes.len() != origins.len() * self.packed.window()
            || spans.len() != origins.len() * 2 * self.packed.channels()
            || recent.len() + kept.len() != origins.len()
            || origins.len() > self.capacity
        {
            return false;
        }
        let is_taken = match &mut self.keeping {
            Keeping::Nothing => true,
            Keeping::Sample(sample) => match all("sample").as_deref() {
                Some(&[offered, stream, low, high]) => {
                    sample.0.resume(offered);
                    put_rng(&mut sample.1, [stream, low, high]);
                    true
                }
                _ => false,
            },
            Keeping::Different(features) => features.take_up(prefix, tensors, origins.len()),
        };
        if is_taken {
            self.packed.codes.iter_mut().zip(codes).for_each(|(place, &code)| *place = code as u16);
            self.packed.spans.iter_mut().zip(spans.as_chunks().0).for_each(|(place, &span)| *place = span);
            self.uses.iter_mut().zip(uses).for_each(|(place, uses)| *place = u32::try_from(uses).unwrap_or(u32::MAX));
            (self.origins, self.recent, self.kept) = (origins, recent.into(), kept);
        }
        is_taken
    }
}
