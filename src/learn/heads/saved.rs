//! Lessons in a checkpoint.
//!
//! On the thread that makes or reads it. Invariant: what is written comes back bit for bit; windows are raw signal and are
//! written only where that is allowed.

use super::{Lesson, Lessons};
use crate::learn::Learnt;
use crate::learn::numbers::{numbers, of_numbers, of_rows, values};
use std::sync::Arc;

/// Before the names of classes, whose values are their places.
const CLASS: &str = "teach.class.";

/// Adds the names of classes to what a checkpoint holds.
pub fn save_classes(classes: &[String], learnt: &mut Learnt) {
    learnt.counters.extend(classes.iter().zip(0..).map(|(name, place)| (format!("{CLASS}{name}"), place)));
}

/// The classes of a checkpoint in their order.
#[must_use]
pub fn saved_classes(learnt: &Learnt) -> Vec<String> {
    let place = |(name, place): &(String, u64)| Some((*place, name.strip_prefix(CLASS)?.to_owned()));
    let mut classes: Vec<(u64, String)> = learnt.counters.iter().filter_map(place).collect();
    classes.sort_unstable();
    classes.into_iter().map(|(_, name)| name).collect()
}

/// Takes out of a checkpoint all whose names begin with `what` and a point.
pub fn forget(what: &str, learnt: &mut Learnt) {
    let is_other = |name: &str| name.strip_prefix(what).is_none_or(|rest| !rest.starts_with('.'));
    learnt.tensors.retain(|named| is_other(&named.name));
    learnt.counters.retain(|(name, _)| is_other(name));
}

impl Lessons {
    /// Adds them to what a checkpoint holds, under names that begin with `what`; `with_signal` their windows too.
    pub fn save(&self, what: &str, learnt: &mut Learnt, with_signal: bool) {
        let Some(first) = self.iter().next() else { return };
        let has_samples = |lesson: &Lesson| with_signal && lesson.samples.is_some();
        let embeddings = self.iter().flat_map(|lesson| lesson.embedding.iter().copied()).collect();
        learnt.tensors.push(of_rows(format!("{what}.embeddings"), embeddings, first.embedding.len()));
        let of_lesson = |l: &Lesson| [l.class as u64, l.span, l.first, l.generation, u64::from(has_samples(l))];
        learnt.tensors.push(of_numbers(format!("{what}.numbers"), self.iter().flat_map(of_lesson)));
        let windows: Vec<&Arc<[f32]>> =
            self.iter().filter(|lesson| has_samples(lesson)).filter_map(|lesson| lesson.samples.as_ref()).collect();
        if let Some(window) = windows.first().map(|window| window.len()) {
            let values = windows.iter().flat_map(|window| window.iter().copied()).collect();
            learnt.tensors.push(of_rows(format!("{what}.windows"), values, window));
        }
    }

    /// Those of a checkpoint; none where there are none of `dimension` numbers each and of classes below `classes`. Windows
    /// of another length than `window` samples are left out.
    #[must_use]
    pub fn saved(what: &str, learnt: &Learnt, [dimension, window]: [usize; 2], classes: usize) -> Option<Vec<Lesson>> {
        let named = |part: &str| format!("{what}.{part}");
        let embeddings = values(&learnt.tensors, &named("embeddings"))?.chunks_exact(dimension.max(1));
        let numbers = numbers(&learnt.tensors, &named("numbers"))?;
        let windows = values(&learnt.tensors, &named("windows")).unwrap_or_default();
        let mut windows = windows.chunks_exact(window.max(1));
        let (told, rest) = numbers.as_chunks::<5>();
        if embeddings.len() != told.len() || !rest.is_empty() {
            return None;
        }
        let lesson = |(&[class, span, first, generation, has_samples], embedding): (&[u64; 5], &[f32])| {
            let samples = if has_samples == 1 { windows.next().map(Arc::from) } else { None };
            Lesson { class: class as usize, span, first, generation, embedding: embedding.to_vec(), samples }
        };
        let lessons: Vec<Lesson> = told.iter().zip(embeddings).map(lesson).collect();
        lessons.iter().all(|lesson| lesson.class < classes).then_some(lessons)
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
            lessons.save("teach", &mut learnt, with_signal);
            save_classes(&classes, &mut learnt);
            let mut without = learnt.clone();
            forget("teach", &mut without);
            assert_eq!(without, Learnt::default());
            let read = Lessons::saved("teach", &learnt, [2, 3], 2).unwrap();
            assert_eq!(saved_classes(&learnt), classes);
            for (written, read) in lessons.iter().zip(&read) {
                let samples = written.samples.clone().filter(|_| with_signal);
                assert_eq!(&Lesson { samples, ..written.clone() }, read);
            }
            assert!(Lessons::saved("teach", &learnt, [3, 3], 2).is_none(), "embeddings of another dimension");
            assert!(Lessons::saved("teach", &learnt, [2, 3], 1).is_none(), "a class without a name");
        }
        assert!(Lessons::saved("teach", &Learnt::default(), [2, 3], 2).is_none());
    }
}
