//! The stage of heads: what is told of embeddings is made here, from the windows that went out.
//!
//! Owned by the thread `heads`, which loops over [`HeadStage::step`]. Invariant: heads are exchanged as a whole, and those of a
//! new generation before that generation is served.

use super::course::Course;
use super::lookout::Lookout;
use super::serving::{Handed, Serving};
use crate::learn::heads::{Heads, Lessons, save_classes};
use crate::learn::{Generation, Learnt};
use crate::ring::MarkerReader;
use crate::serve::copies::{CopyReader, WindowCopy};
use crate::signal::{Event, EventKind, Stamp};
use arc_swap::ArcSwapOption;
use crossbeam_channel::Receiver;
use std::sync::Arc;

/// What heads were made of, for checkpoints.
#[derive(Clone, Debug)]
pub(super) struct Taught {
    pub classes: Vec<String>,
    pub lessons: Option<Lessons>,
    /// Windows that stand for all that came, and how many they were chosen from.
    pub standing: Option<(Lessons, [u64; 2])>,
}

impl Taught {
    /// Adds all of it to what a checkpoint holds; `with_signal` windows too.
    pub fn save(&self, learnt: &mut Learnt, with_signal: bool) {
        if let Some(lessons) = &self.lessons {
            lessons.save("teach", learnt, with_signal);
            save_classes(&self.classes, learnt);
        }
        if let Some((windows, seen)) = &self.standing {
            windows.save("novelty", learnt, with_signal);
            let counters = seen.iter().enumerate().map(|(half, seen)| (format!("novelty.seen.{half}"), *seen));
            learnt.counters.extend(counters);
        }
    }
}

/// What the stage is made of.
pub(super) struct HeadParts {
    pub course: Option<Course>,
    pub lookout: Option<Lookout>,
    pub markers: MarkerReader,
    pub windows: CopyReader,
    pub heads: Arc<ArcSwapOption<Heads>>,
    pub board: Arc<ArcSwapOption<Taught>>,
    pub serving: Serving,
    /// Generations that are to be served once there are heads for them.
    pub handed: Receiver<Handed>,
    /// Channels of a window.
    pub channels: usize,
}

/// Makes heads.
pub(super) struct HeadStage {
    parts: HeadParts,
    generation: Arc<Generation>,
    moving: Option<Handed>,
}

impl HeadStage {
    pub fn new(parts: HeadParts) -> Self {
        let generation = parts.serving.served.load_full();
        let mut stage = Self { parts, generation, moving: None };
        // What a checkpoint holds is there from the first window on.
        stage.settle(Stamp::default(), &mut Vec::new());
        stage
    }

    /// True once no window comes any more.
    pub fn is_over(&self) -> bool {
        self.parts.windows.is_abandoned()
    }

    /// Does one thing; false if there is nothing to do.
    pub fn step(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        // A window's markers were there before it, so they are looked at after it.
        let window = self.parts.windows.pop();
        let mut worked = false;
        while let Some(marker) = self.parts.markers.pop() {
            if let Some(course) = &mut self.parts.course {
                course.hear(&marker, self.generation.number);
            }
            worked = true;
        }
        if let Some(window) = window {
            self.meet(&window, now, events);
            self.parts.windows.give_back(window);
            worked = true;
        }
        worked |= self.move_on(now, events);
        if self.moving.is_none() {
            let (generation, channels) = (&self.generation, self.parts.channels);
            let HeadParts { course, lookout, .. } = &mut self.parts;
            if course.as_mut().is_some_and(|course| course.lessons().catch_up(generation, channels)) {
                course.iter_mut().for_each(|course| course.changed(1));
                worked = true;
            } else if lookout.as_mut().is_some_and(|lookout| lookout.windows().catch_up(generation, channels)) {
                worked = true;
            } else {
                self.make_what_is_due(now, events);
            }
        }
        worked
    }

    fn meet(&mut self, window: &WindowCopy, now: Stamp, events: &mut Vec<Event>) {
        if let Some(course) = &mut self.parts.course {
            course.meet(window, self.generation.number, now, events);
        }
        if let Some(lookout) = &mut self.parts.lookout {
            lookout.meet(window, now, events);
        }
    }

    /// Gets on with the heads of a generation that waits to be served, and serves it once they are made.
    fn move_on(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        if self.moving.is_none() {
            self.moving = self.parts.handed.try_recv().ok();
        }
        let Some(handed) = &self.moving else { return false };
        let (generation, channels) = (Arc::clone(&handed.generation), self.parts.channels);
        let HeadParts { course, lookout, .. } = &mut self.parts;
        let embedded = course.as_mut().is_some_and(|course| course.lessons().embed_next(&generation, channels))
            || lookout.as_mut().is_some_and(|lookout| lookout.windows().embed_next(&generation, channels));
        if embedded {
            return true;
        }
        self.generation = generation;
        self.settle(now, events);
        if let Some(handed) = self.moving.take() {
            self.parts.serving.serve(handed, now);
        }
        true
    }

    /// Goes over to the generation, and makes all heads for it.
    fn settle(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let generation = &self.generation;
        let HeadParts { course, lookout, .. } = &mut self.parts;
        let lost = course.as_mut().map_or(0, |course| course.lessons().settle(generation));
        if let Some(lookout) = lookout {
            lookout.windows().settle(generation);
        }
        if lost > 0 {
            let text =
                format!("{lost} labelled windows are forgotten: generation {} lies on other axes", generation.number);
            events.push(Event { at: now, kind: EventKind::Warning, text });
        }
        let number = generation.number;
        let classifier = course.as_mut().and_then(|course| course.make(number, now, events));
        let novelty = lookout.as_mut().and_then(|lookout| lookout.make(number, now, events)).map(Arc::new);
        let classes = course.as_ref().map(|course| course.classes().to_vec()).unwrap_or_default();
        self.exchange(Heads { generation: number, classes, classifier, novelty });
    }

    /// Makes those heads anew for which that is worth it.
    fn make_what_is_due(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let HeadParts { course, lookout, heads, .. } = &mut self.parts;
        let Some(before) = heads.load_full() else { return };
        let mut made = (*before).clone();
        let mut is_new = false;
        if let Some(course) = course.as_mut().filter(|course| course.is_due()) {
            made.classifier = course.make(self.generation.number, now, events);
            made.classes = course.classes().to_vec();
            is_new = true;
        }
        if let Some(lookout) = lookout.as_mut().filter(|lookout| lookout.is_due()) {
            made.novelty = lookout.make(self.generation.number, now, events).map(Arc::new);
            is_new = true;
        }
        if is_new {
            self.exchange(made);
        }
    }

    fn exchange(&mut self, heads: Heads) {
        let HeadParts { course, lookout, board, .. } = &mut self.parts;
        let taught = Taught {
            classes: heads.classes.clone(),
            lessons: course.as_mut().map(|course| course.lessons().now().clone()),
            standing: lookout.as_mut().map(|lookout| (lookout.windows().now().clone(), lookout.seen())),
        };
        board.store(Some(Arc::new(taught)));
        self.parts.heads.store(Some(Arc::new(heads)));
    }

    /// Ends the stage once the encoder is gone: takes in what is left, and serves what waits.
    pub fn finish(&mut self, now: Stamp, events: &mut Vec<Event>) {
        while self.step(now, events) {}
        if let Some(course) = &mut self.parts.course {
            course.close(now, events);
        }
        // What came since the heads were made goes into the last checkpoint too.
        self.settle(now, events);
    }
}
