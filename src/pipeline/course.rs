//! A course: markers say what windows are, and a classifier is made of them.
//!
//! Owned by the stage of heads, on its thread. Invariant: each labelled window is asked about before it is learnt from.

use super::moving::Moves;
use crate::learn::heads::{Classifier, Exam, ExamFigures, HeadKind, Lesson, Lessons};
use crate::serve::copies::WindowCopy;
use crate::signal::{Event, EventKind, Marker, Stamp};
use crate::window::{Labelled, Labels};
use arc_swap::ArcSwap;
use std::collections::VecDeque;
use std::sync::Arc;

/// A class as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ClassStatus {
    pub name: String,
    /// Windows that are remembered, and that were labelled in this run.
    pub remembered: usize,
    pub labelled: u64,
}

/// How the teaching goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TeachStatus {
    pub classes: Vec<ClassStatus>,
    pub head: Option<HeadKind>,
    pub exam: ExamFigures,
    /// Markers that name no class.
    pub unknown: u64,
}

/// Teaches a classifier.
pub(super) struct Course {
    labels: Labels,
    lessons: Moves,
    exam: Exam,
    /// Good windows without a label, for markers that come late.
    waiting: VecDeque<WindowCopy>,
    /// Frames of a window, and frames by which a marker may come later than its own.
    frames: u64,
    late: u64,
    /// Windows of each class from which on the head is linear.
    linear_from: usize,
    labelled: Vec<u64>,
    /// The stretch that is being taught.
    of_now: Option<Labelled>,
    /// Lessons that came or went since the classifier was made.
    changes: usize,
    head: Option<HeadKind>,
    status: Arc<ArcSwap<TeachStatus>>,
}

/// A linear head is fitted anew once so many percent of its lessons are new.
const NEW_PERCENT: usize = 5;
/// Windows that may wait for late markers.
const WAITING: usize = 256;

impl Course {
    /// With what a checkpoint has taught; windows of so many frames, to which markers come so late.
    pub fn new(labels: Labels, lessons: Lessons, [frames, late]: [u64; 2], linear_from: usize) -> Self {
        let course = Self {
            changes: lessons.len(),
            labels,
            lessons: Moves::new(lessons),
            exam: Exam::default(),
            waiting: VecDeque::new(),
            frames,
            late,
            linear_from,
            labelled: Vec::new(),
            of_now: None,
            head: None,
            status: Arc::default(),
        };
        course.note();
        course
    }

    pub fn status(&self) -> Arc<ArcSwap<TeachStatus>> {
        Arc::clone(&self.status)
    }

    pub fn classes(&self) -> &[String] {
        self.labels.classes()
    }

    pub fn lessons(&mut self) -> &mut Moves {
        &mut self.lessons
    }

    /// True if the classifier is worth making anew.
    pub fn is_due(&self) -> bool {
        match self.head {
            Some(HeadKind::Linear) => 100 * self.changes >= NEW_PERCENT * self.lessons.now().len().max(1),
            _ => self.changes > 0,
        }
    }

    /// Takes note of lessons that came or went elsewhere.
    pub fn changed(&mut self, lessons: usize) {
        self.changes += lessons;
    }

    /// Takes a marker in, and looks once more at windows that waited for it; `generation` is the one that is served.
    pub fn hear(&mut self, marker: &Marker, generation: u64) {
        if let Some(cut) = self.labels.hear(marker) {
            self.unlearn(cut);
        }
        for window in std::mem::take(&mut self.waiting) {
            match self.label_of(&window) {
                Some(labelled) => self.learn(&window, labelled, generation),
                None => self.waiting.push_back(window),
            }
        }
        self.note();
    }

    fn label_of(&self, window: &WindowCopy) -> Option<Labelled> {
        self.labels.of(window.first, self.frames)
    }

    /// A stretch was cut short by a marker that came late: what lies beyond is none of it.
    fn unlearn(&mut self, span: u64) {
        let (labels, frames) = (&self.labels, self.frames);
        let stays = |lesson: &Lesson| {
            lesson.span != span || labels.of(lesson.first, frames).is_some_and(|labelled| labelled.span == span)
        };
        self.changes += usize::from(self.lessons.retain(stays));
    }

    /// Takes a window in, which the generation that is served has encoded, or the one before in its last moments.
    pub fn meet(&mut self, window: &WindowCopy, generation: u64, now: Stamp, events: &mut Vec<Event>) {
        let labelled = self.label_of(window);
        if labelled.map(|l| l.span) != self.of_now.map(|l| l.span) {
            self.close(now, events);
        }
        // A marker on the middle of a window labels it, at the latest so long after.
        let waits = self.late.saturating_sub(self.frames / 2);
        match labelled {
            Some(labelled) if window.is_good => {
                self.of_now = Some(labelled);
                self.learn(window, labelled, generation);
            }
            None if window.is_good && waits > 0 => self.waiting.push_back(window.clone()),
            _ => {}
        }
        while self.waiting.len() > WAITING
            || self.waiting.front().is_some_and(|oldest| oldest.first + waits <= window.first)
        {
            self.waiting.pop_front();
        }
    }

    /// Asks about a window, and learns from it.
    fn learn(&mut self, window: &WindowCopy, labelled: Labelled, generation: u64) {
        let Labelled { class, span, .. } = labelled;
        self.labelled.resize(self.labels.classes().len(), 0);
        self.labelled[class] += 1;
        if window.generation == generation {
            let asked = (class, span, generation);
            self.exam.ask(self.lessons.now(), self.linear_from, asked, &window.embedding);
        }
        if self.lessons.now().wants(span, window.first) {
            self.lessons.take(window.lesson(class, span));
            self.changes += 1;
        }
        self.note();
    }

    /// The stretch that was taught is over: tells how it went.
    pub fn close(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let Some(Labelled { class, span, .. }) = self.of_now.take() else { return };
        let name = self.labels.classes().get(class).cloned().unwrap_or_default();
        let remembered = self.lessons.now().of(class);
        let mut text = format!("{name}: {remembered} windows remembered");
        if let Some([right, asked]) = self.exam.of_span(span) {
            let ExamFigures { accuracy, chance, .. } = self.exam.figures();
            let [accuracy, chance] = [accuracy, chance].map(|share| 100.0 * share);
            text =
                format!("{text}; {right} of {asked} told right before, {accuracy:.0} % so far (chance {chance:.0} %)");
        }
        events.push(Event { at: now, kind: EventKind::Taught, text });
    }

    /// Makes the classifier anew, on embeddings of a generation.
    pub fn make(&mut self, generation: u64, now: Stamp, events: &mut Vec<Event>) -> Option<Classifier> {
        let lessons = self.lessons.now();
        let classifier = lessons.classifier(generation, None, self.linear_from);
        let head = classifier.as_ref().map(Classifier::kind);
        if head != self.head
            && let (Some(kind), Some(classifier)) = (head, &classifier)
        {
            let names = self.labels.classes();
            let names: Vec<&str> = classifier.classes().iter().map(|&class| names[class].as_str()).collect();
            let what = match kind {
                HeadKind::Prototype => "the nearest prototype",
                HeadKind::Linear => "a linear head",
            };
            let text = format!("{what} tells {} apart, from {} windows", names.join(", "), lessons.len());
            events.push(Event { at: now, kind: EventKind::Taught, text });
        }
        self.head = head;
        self.changes = 0;
        self.note();
        classifier
    }

    /// Lets others see how it goes.
    fn note(&self) {
        let of_class = |(class, name): (usize, &String)| ClassStatus {
            name: name.clone(),
            remembered: self.lessons.now().of(class),
            labelled: self.labelled.get(class).copied().unwrap_or(0),
        };
        self.status.store(Arc::new(TeachStatus {
            classes: self.labels.classes().iter().enumerate().map(of_class).collect(),
            head: self.head,
            exam: self.exam.figures(),
            unknown: self.labels.unknown(),
        }));
    }
}
