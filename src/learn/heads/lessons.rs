//! Lessons: windows whose class is known, as embeddings and, where they may be needed again, as signal.
//!
//! Owned by whoever teaches; copies of the list share what is in it. Invariant: bounded for each class, the oldest making
//! room; windows of one stretch lie apart, so that one moment does not count many times.

use super::{Classifier, Novelty};
use crate::learn::Encoder;
use std::sync::Arc;

/// One window whose class is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Its class.
    pub class: usize,
    /// The labelled stretch that it lies in.
    pub span: u64,
    /// Its first frame.
    pub first: u64,
    /// The generation that made the embedding.
    pub generation: u64,
    /// The embedding.
    pub embedding: Vec<f32>,
    /// Its samples `[T, C]`, where they were kept.
    pub samples: Option<Arc<[f32]>>,
}

/// Lessons of all classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Lessons {
    all: Vec<Arc<Lesson>>,
    /// Of one class.
    most: usize,
    /// Frames from one to the next in one stretch, at least.
    apart: u64,
}

impl Lessons {
    /// None yet; up to `most` of a class, `apart` frames apart.
    #[must_use]
    pub fn new(most: usize, apart: u64) -> Self {
        Self { all: Vec::new(), most: most.max(1), apart }
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Lesson> + Clone {
        self.all.iter().map(Arc::as_ref)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// True before the first.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many of a class.
    #[must_use]
    pub fn of(&self, class: usize) -> usize {
        self.iter().filter(|lesson| lesson.class == class).count()
    }

    /// True if a window is far enough from those that are there already.
    #[must_use]
    pub fn wants(&self, span: u64, first: u64) -> bool {
        self.iter().filter(|lesson| lesson.span == span).all(|lesson| lesson.first.abs_diff(first) >= self.apart)
    }

    /// Takes one in; where a class has its fill its oldest goes.
    pub fn take(&mut self, lesson: Lesson) {
        if self.of(lesson.class) >= self.most
            && let Some(oldest) = self.all.iter().position(|other| other.class == lesson.class)
        {
            self.all.remove(oldest);
        }
        self.all.push(Arc::new(lesson));
    }

    /// Puts one in the place of the one with this number in its class.
    pub fn replace(&mut self, number: usize, lesson: Lesson) {
        let place = self.all.iter().enumerate().filter(|(_, other)| other.class == lesson.class).nth(number);
        if let Some((place, _)) = place {
            self.all[place] = Arc::new(lesson);
        }
    }

    /// Keeps those for which `keep` is true; true if any went.
    pub fn retain(&mut self, keep: impl Fn(&Lesson) -> bool) -> bool {
        let before = self.len();
        self.all.retain(|lesson| keep(lesson));
        self.len() < before
    }

    /// Embeds the next window whose embedding is not of generation `number`; false if there is none whose samples were kept.
    pub fn embed_next(&mut self, number: u64, encoder: &Encoder, channels: usize) -> bool {
        let Some(place) = self.iter().position(|l| l.generation != number && l.samples.is_some()) else { return false };
        if let Some(samples) = &self.all[place].samples {
            let embedding = encoder.embed(samples.to_vec(), channels);
            let lesson = Lesson { embedding, generation: number, ..(*self.all[place]).clone() };
            self.all[place] = Arc::new(lesson);
        }
        true
    }

    /// Calls embeddings whose samples were not kept those of generation `number`: axes stay from one to the next.
    pub fn adopt(&mut self, number: u64) {
        for lesson in self.all.iter_mut().filter(|lesson| lesson.generation != number && lesson.samples.is_none()) {
            *lesson = Arc::new(Lesson { generation: number, ..(**lesson).clone() });
        }
    }

    /// What tells novelty by those of generation `number`: compared with those of class 0, calibrated on those of class 1.
    #[must_use]
    pub fn novelty(&self, number: u64) -> Option<Novelty> {
        let of = |class: usize| {
            let rows = self.iter().filter(|lesson| lesson.class == class && lesson.generation == number);
            rows.flat_map(|lesson| lesson.embedding.iter().copied()).collect::<Vec<f32>>()
        };
        Novelty::of(&of(0), &of(1), self.all.first()?.embedding.len())
    }

    /// A classifier of those of generation `number` that are not of the stretch `without`.
    #[must_use]
    pub fn classifier(&self, number: u64, without: Option<u64>, linear_from: usize) -> Option<Classifier> {
        let examples: Vec<(usize, &[f32])> = self
            .iter()
            .filter(|lesson| lesson.generation == number && Some(lesson.span) != without)
            .filter(|lesson| lesson.embedding.iter().all(|v| v.is_finite()))
            .map(|lesson| (lesson.class, lesson.embedding.as_slice()))
            .collect();
        Classifier::teach(&examples, examples.first().map_or(0, |(_, row)| row.len()), linear_from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(class: usize, span: u64, first: u64) -> Lesson {
        Lesson { class, span, first, generation: 1, embedding: vec![class as f32, 1.0], samples: None }
    }

    #[test]
    fn each_class_is_bounded_and_windows_of_a_stretch_lie_apart() {
        let mut lessons = Lessons::new(3, 10);
        for first in 0..100 {
            if lessons.wants(first / 50, first) {
                lessons.take(lesson(0, first / 50, first));
            }
        }
        lessons.take(lesson(1, 7, 95));
        let held: Vec<u64> = lessons.iter().map(|lesson| lesson.first).collect();
        assert_eq!(held, [70, 80, 90, 95]);
        assert!(lessons.wants(8, 95) && !lessons.wants(7, 104) && lessons.wants(7, 85));
    }

    #[test]
    fn only_embeddings_of_one_generation_are_taught_from() {
        let mut lessons = Lessons::new(9, 1);
        (0..4).for_each(|i| lessons.take(lesson(i as usize % 2, i, i)));
        assert!(lessons.classifier(1, None, 9).is_some() && lessons.classifier(2, None, 9).is_none());
        lessons.adopt(2);
        assert!(lessons.classifier(2, None, 9).is_some());
        let without = lessons.retain(|lesson| lesson.span != 1);
        assert!(without && lessons.classifier(2, Some(3), 9).is_none(), "nothing is left of the second class");
    }
}
