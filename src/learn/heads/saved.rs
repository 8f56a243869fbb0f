//! Lessons in a checkpoint.
//!
//! On the thread that makes or reads it. Invariant: what is written comes back bit for bit; windows are raw signal and are
//! written only where that is allowed.

use super::{Lesson, Lessons};
use crate::learn::Learnt;
use crate::learn::numbers::{numbers, of_numbers, of_rows, values};
use std::sync::Arc;

/// Before all names.
const TEACH: &str = "teach.";
/// Before the names of classes, whose values are their places.
const CLASS: &str = "teach.class.";
const EMBEDDINGS: &str = "teach.embeddings";
const NUMBERS: &str = "teach.numbers";
const WINDOWS: &str = "teach.windows";

/// Takes lessons out of what a checkpoint holds.
pub fn forget(learnt: &mut Learnt) {
    learnt.tensors.retain(|named| !named.name.starts_with(TEACH));
    learnt.counters.retain(|(name, _)| !name.starts_with(TEACH));
}

impl Lessons {
    /// Adds them to what a checkpoint holds; `with_signal` their windows too.
    pub fn save(&self, classes: &[String], learnt: &mut Learnt, with_signal: bool) {
        let Some(first) = self.iter().next() else { return };
        let has_samples = |lesson: &Lesson| with_signal && lesson.samples.is_some();
        learnt.counters.extend(classes.iter().zip(0..).map(|(name, place)| (format!("{CLASS}{name}"), place)));
        let embeddings = self.iter().flat_map(|lesson| lesson.embedding.iter().copied()).collect();
        learnt.tensors.push(of_rows(EMBEDDINGS.into(), embeddings, first.embedding.len()));
        let of_lesson = |l: &Lesson| [l.class as u64, l.span, l.first, l.generation, u64::from(has_samples(l))];
        learnt.tensors.push(of_numbers(NUMBERS.into(), self.iter().flat_map(of_lesson)));
        let windows: Vec<&Arc<[f32]>> =
            self.iter().filter(|lesson| has_samples(lesson)).filter_map(|lesson| lesson.samples.as_ref()).collect();
        if let Some(window) = windows.first().map(|window| window.len()) {
            let values = windows.iter().flat_map(|window| window.iter().copied()).collect();
            learnt.tensors.push(of_rows(WINDOWS.into(), values, window));
        }
    }

    /// The classes of a checkpoint in their order, and its lessons; none where there are none of `dimension` numbers each.
    /// Windows of another length than `window` samples are left out.
    #[must_use]
    pub fn saved(learnt: &Learnt, dimension: usize, window: usize) -> Option<(Vec<String>, Vec<Lesson>)> {
        let mut classes: Vec<(u64, &str)> =
            learnt.counters.iter().filter_map(|(name, place)| Some((*place, name.strip_prefix(CLASS)?))).collect();
        classes.sort_unstable();
        let embeddings = values(&learnt.tensors, EMBEDDINGS)?.chunks_exact(dimension.max(1));
        let numbers = numbers(&learnt.tensors, NUMBERS)?;
        let mut windows = values(&learnt.tensors, WINDOWS).unwrap_or_default().chunks_exact(window.max(1));
        let (told, rest) = numbers.as_chunks::<5>();
        if embeddings.len() != told.len() || !rest.is_empty() {
            return None;
        }
        let lesson = |(&[class, span, first, generation, has_samples], embedding): (&[u64; 5], &[f32])| {
            let samples = if has_samples == 1 { windows.next().map(Arc::from) } else { None };
            Lesson { class: class as usize, span, first, generation, embedding: embedding.to_vec(), samples }
        };
        let lessons: Vec<Lesson> = told.iter().zip(embeddings).map(lesson).collect();
        let is_whole = lessons.iter().all(|lesson| lesson.class < classes.len());
        is_whole.then(|| (classes.into_iter().map(|(_, name)| name.to_owned()).collect(), lessons))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lessons_come_back_with_their_windows_only_where_that_is_allowed() {
        let mut lessons = Lessons::new(9, 1);
        for i in 0..5u64 {
            let samples = (i != 2).then(|| Arc::from([i as f32, 0.5, -1.0]));
            let embedding = vec![0.1 * i as f32, f32::MIN_POSITIVE];
            lessons.take(Lesson {
                class: (i % 2) as usize,
                span: i << 40,
                first: 7 * i,
                generation: 3,
                embedding,
                samples,
            });
        }
        let classes = ["rest, eyes open".to_owned(), "täsk".to_owned()];
        for with_signal in [true, false] {
            let mut learnt = Learnt::default();
            lessons.save(&classes, &mut learnt, with_signal);
            let mut without = learnt.clone();
            forget(&mut without);
            assert_eq!(without, Learnt::default());
            let (names, read) = Lessons::saved(&learnt, 2, 3).unwrap();
            assert_eq!(names, classes);
            for (written, read) in lessons.iter().zip(&read) {
                let samples = written.samples.clone().filter(|_| with_signal);
                assert_eq!(&Lesson { samples, ..written.clone() }, read);
            }
            assert!(Lessons::saved(&learnt, 3, 3).is_none(), "embeddings of another dimension");
        }
        assert!(Lessons::saved(&Learnt::default(), 2, 3).is_none());
    }
}
