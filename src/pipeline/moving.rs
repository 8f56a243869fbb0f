//! Lessons that move to another generation.
//!
//! Owned by the stage of heads. Invariant: what is taught from lies on one generation's axes at any moment; lessons that come
//! while others are being embedded anew are not lost to either.

use crate::learn::Generation;
use crate::learn::heads::{Lesson, Lessons};

/// Lessons as they are taught from, and, while a generation waits to be served, as that one embeds them.
#[derive(Debug)]
pub(super) struct Moves {
    now: Lessons,
    next: Option<Lessons>,
}

/// Residual of the axes up to which embeddings whose windows were not kept go on being used.
const MOST_RESIDUAL: f64 = 0.3;

impl Moves {
    pub fn new(lessons: Lessons) -> Self {
        Self { now: lessons, next: None }
    }

    /// What is taught from.
    pub fn now(&self) -> &Lessons {
        &self.now
    }

    pub fn take(&mut self, lesson: Lesson) {
        if let Some(next) = &mut self.next {
            next.take(lesson.clone());
        }
        self.now.take(lesson);
    }

    /// Puts one in the place of the one with this number in its class.
    pub fn replace(&mut self, number: usize, lesson: Lesson) {
        if let Some(next) = &mut self.next {
            next.replace(number, lesson.clone());
        }
        self.now.replace(number, lesson);
    }

    /// Keeps those for which `keep` is true; true if any went.
    pub fn retain(&mut self, keep: impl Fn(&Lesson) -> bool) -> bool {
        if let Some(next) = &mut self.next {
            next.retain(&keep);
        }
        self.now.retain(keep)
    }

    /// Embeds the next window by a generation that waits; false once all are.
    pub fn embed_next(&mut self, generation: &Generation, channels: usize) -> bool {
        let next = self.next.get_or_insert_with(|| self.now.clone());
        next.embed_next(generation.number, &generation.encoder, channels)
    }

    /// Embeds a window that the generation before made in its last moments; false if there is none.
    pub fn catch_up(&mut self, generation: &Generation, channels: usize) -> bool {
        self.now.embed_next(generation.number, &generation.encoder, channels)
    }

    /// Goes over to a generation: what it embedded takes the place of what there was. Embeddings whose windows were not kept
    /// stay where its axes do; how many are lost otherwise.
    pub fn settle(&mut self, generation: &Generation) -> usize {
        if let Some(next) = self.next.take() {
            self.now = next;
        }
        let number = generation.number;
        if generation.axes.as_ref().is_some_and(|axes| axes.residual <= MOST_RESIDUAL) {
            self.now.adopt(number);
        }
        let before = self.now.len();
        self.now.retain(|lesson| lesson.generation == number || lesson.samples.is_some());
        before - self.now.len()
    }
}
