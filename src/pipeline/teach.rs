//! Teaching: markers say what windows are, and heads are made of them.
//!
//! Owned by the teacher's thread, which loops over [`TeachStage::step`]. Invariant: each labelled window is asked about
//! before it is learnt from; heads are exchanged as a whole, and those of a new generation before that generation is served.

use super::serving::{Handed, Serving};
use crate::learn::Generation;
use crate::learn::heads::{Exam, ExamFigures, HeadKind, Heads, Lesson, Lessons};
use crate::ring::MarkerReader;
use crate::serve::copies::{CopyReader, WindowCopy};
use crate::signal::{Event, EventKind, Stamp};
use crate::window::{Labelled, Labels};
use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_channel::Receiver;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What was taught so far, for checkpoints.
#[derive(Clone, Debug)]
pub(super) struct Taught {
    pub classes: Vec<String>,
    pub lessons: Lessons,
}

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

/// What others read of it.
#[derive(Debug)]
pub(super) struct TeachCounts {
    status: ArcSwap<TeachStatus>,
    /// Windows that came while it was busy: they teach nothing.
    pub missed: Arc<AtomicU64>,
}

impl TeachCounts {
    pub fn status(&self) -> Arc<TeachStatus> {
        self.status.load_full()
    }
}

/// What the stage is made of.
pub(super) struct TeachParts {
    pub labels: Labels,
    pub markers: MarkerReader,
    pub windows: CopyReader,
    pub missed: Arc<AtomicU64>,
    /// What a checkpoint has taught.
    pub lessons: Lessons,
    pub heads: Arc<ArcSwapOption<Heads>>,
    pub board: Arc<ArcSwapOption<Taught>>,
    pub serving: Serving,
    /// Generations that are to be served once there are heads for them.
    pub handed: Receiver<Handed>,
    /// Frames and channels of a window.
    pub shape: [usize; 2],
    /// Frames by which a marker may come later than its own.
    pub late: u64,
    /// Windows that may wait for late markers.
    pub most_waiting: usize,
    /// Windows of each class from which on the head is linear.
    pub linear_from: usize,
}

/// A generation for which heads are being made.
struct Moving {
    handed: Handed,
    lessons: Lessons,
}

/// Learns the classes of windows from markers.
pub(super) struct TeachStage {
    parts: TeachParts,
    counts: Arc<TeachCounts>,
    generation: Arc<Generation>,
    moving: Option<Moving>,
    exam: Exam,
    /// Good windows without a label, for markers that come late.
    waiting: VecDeque<Box<WindowCopy>>,
    newest: u64,
    labelled: Vec<u64>,
    /// The stretch that is being taught.
    of_now: Option<Labelled>,
    /// Lessons that came or went since the heads were made.
    changes: usize,
    head: Option<HeadKind>,
}

/// Residual of the axes up to which embeddings whose windows were not kept go on being taught from.
const MOST_RESIDUAL: f64 = 0.3;
/// A linear head is fitted anew once so many percent of its lessons are new.
const NEW_PERCENT: usize = 5;

impl TeachStage {
    pub fn new(parts: TeachParts) -> Self {
        let counts = TeachCounts { status: ArcSwap::default(), missed: Arc::clone(&parts.missed) };
        let mut stage = Self {
            generation: parts.serving.served.load_full(),
            counts: Arc::new(counts),
            moving: None,
            exam: Exam::default(),
            waiting: VecDeque::with_capacity(parts.most_waiting + 1),
            newest: 0,
            labelled: Vec::new(),
            of_now: None,
            changes: 0,
            head: None,
            parts,
        };
        if !stage.parts.lessons.is_empty() {
            stage.leave_behind(Stamp::default(), &mut Vec::new());
            stage.make_heads(Stamp::default(), &mut Vec::new());
        }
        stage.note();
        stage
    }

    pub fn counts(&self) -> Arc<TeachCounts> {
        Arc::clone(&self.counts)
    }

    /// True once no window comes any more.
    pub fn is_over(&self) -> bool {
        self.parts.windows.is_abandoned()
    }

    /// Does one thing; false if there is nothing to do.
    pub fn step(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        // A window's markers were there before it, so they are looked at after it.
        let window = self.parts.windows.pop();
        let mut worked = self.listen();
        if let Some(window) = window {
            self.meet(window, now, events);
            worked = true;
        }
        worked |= self.move_on(now, events);
        if self.moving.is_none() {
            let (generation, channels) = (&self.generation, self.parts.shape[1]);
            if self.parts.lessons.embed_next(generation.number, &generation.encoder, channels) {
                // Made by the generation before in its last moments.
                self.changes += 1;
                worked = true;
            } else if self.is_due() {
                self.make_heads(now, events);
            }
        }
        worked
    }

    /// True if the heads are worth making anew.
    fn is_due(&self) -> bool {
        match self.head {
            Some(HeadKind::Linear) => 100 * self.changes >= NEW_PERCENT * self.parts.lessons.len().max(1),
            _ => self.changes > 0,
        }
    }

    /// Takes markers in, and looks once more at windows that waited for them.
    fn listen(&mut self) -> bool {
        let mut heard = false;
        while let Some(marker) = self.parts.markers.pop() {
            heard = true;
            if let Some(cut) = self.parts.labels.hear(&marker) {
                self.unlearn(cut);
            }
        }
        if heard {
            self.note();
            for window in std::mem::take(&mut self.waiting) {
                match self.label_of(&window) {
                    Some(labelled) => self.learn(window, labelled),
                    None => self.waiting.push_back(window),
                }
            }
        }
        heard
    }

    fn label_of(&self, window: &WindowCopy) -> Option<Labelled> {
        self.parts.labels.of(window.told.first, self.parts.shape[0] as u64)
    }

    /// A stretch was cut short by a marker that came late: what lies beyond is none of it.
    fn unlearn(&mut self, span: u64) {
        let (labels, frames) = (&self.parts.labels, self.parts.shape[0] as u64);
        let stays = |lesson: &Lesson| {
            lesson.span != span || labels.of(lesson.first, frames).is_some_and(|labelled| labelled.span == span)
        };
        if let Some(moving) = &mut self.moving {
            moving.lessons.retain(stays);
        }
        self.changes += usize::from(self.parts.lessons.retain(stays));
    }

    fn meet(&mut self, window: Box<WindowCopy>, now: Stamp, events: &mut Vec<Event>) {
        self.newest = self.newest.max(window.told.first);
        let labelled = self.label_of(&window);
        if labelled.map(|l| l.span) != self.of_now.map(|l| l.span) {
            self.close(now, events);
        }
        match labelled {
            Some(labelled) if window.told.is_good => {
                self.of_now = Some(labelled);
                self.learn(window, labelled);
            }
            None if window.told.is_good => self.waiting.push_back(window),
            _ => self.parts.windows.give_back(window),
        }
        // A marker on the middle of a window labels it, at the latest so long after.
        let waits = self.parts.late.saturating_sub(self.parts.shape[0] as u64 / 2);
        while self.waiting.len() > self.parts.most_waiting
            || self.waiting.front().is_some_and(|oldest| oldest.told.first + waits <= self.newest)
        {
            if let Some(oldest) = self.waiting.pop_front() {
                self.parts.windows.give_back(oldest);
            }
        }
    }

    /// Asks about a window, and learns from it.
    fn learn(&mut self, window: Box<WindowCopy>, labelled: Labelled) {
        let Labelled { class, span, .. } = labelled;
        self.labelled.resize(self.parts.labels.classes().len(), 0);
        self.labelled[class] += 1;
        if window.told.generation == self.generation.number {
            let asked = (class, span, window.told.generation);
            self.exam.ask(&self.parts.lessons, self.parts.linear_from, asked, &window.embedding);
        }
        if self.parts.lessons.wants(span, window.told.first) {
            let samples = (!window.samples.is_empty()).then(|| Arc::from(window.samples.as_slice()));
            let (first, generation) = (window.told.first, window.told.generation);
            let lesson = Lesson { class, span, first, generation, embedding: window.embedding.clone(), samples };
            if let Some(moving) = &mut self.moving {
                moving.lessons.take(lesson.clone());
            }
            self.parts.lessons.take(lesson);
            self.changes += 1;
        }
        self.parts.windows.give_back(window);
        self.note();
    }

    /// The stretch that was taught is over: tells how it went.
    fn close(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let Some(Labelled { class, span, .. }) = self.of_now.take() else { return };
        let name = self.parts.labels.classes().get(class).cloned().unwrap_or_default();
        let remembered = self.parts.lessons.of(class);
        let mut text = format!("{name}: {remembered} windows remembered");
        if let Some([right, asked]) = self.exam.of_span(span) {
            let ExamFigures { accuracy, chance, .. } = self.exam.figures();
            let [accuracy, chance] = [accuracy, chance].map(|share| 100.0 * share);
            text =
                format!("{text}; {right} of {asked} told right before, {accuracy:.0} % so far (chance {chance:.0} %)");
        }
        events.push(Event { at: now, kind: EventKind::Taught, text });
    }

    /// Gets on with the heads of a generation that waits to be served, and serves it once they are made.
    fn move_on(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        if self.moving.is_none() {
            let handed = self.parts.handed.try_recv().ok();
            self.moving = handed.map(|handed| Moving { handed, lessons: self.parts.lessons.clone() });
        }
        let Some(moving) = &mut self.moving else { return false };
        let generation = Arc::clone(&moving.handed.generation);
        if moving.lessons.embed_next(generation.number, &generation.encoder, self.parts.shape[1]) {
            return true;
        }
        if let Some(Moving { handed, lessons }) = self.moving.take() {
            (self.parts.lessons, self.generation) = (lessons, generation);
            self.leave_behind(now, events);
            self.make_heads(now, events);
            self.parts.serving.serve(handed, now);
        }
        true
    }

    /// Embeddings whose windows were not kept stay where the axes do, and go where they do not.
    fn leave_behind(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let Generation { number, axes, .. } = &*self.generation;
        if axes.as_ref().is_some_and(|axes| axes.residual <= MOST_RESIDUAL) {
            self.parts.lessons.adopt(*number);
            return;
        }
        let before = self.parts.lessons.len();
        if self.parts.lessons.retain(|lesson| lesson.generation == *number || lesson.samples.is_some()) {
            let gone = before - self.parts.lessons.len();
            let text = format!("{gone} labelled windows are forgotten: generation {number} lies on other axes");
            events.push(Event { at: now, kind: EventKind::Warning, text });
            self.changes += gone;
        }
    }

    /// Makes the heads anew.
    fn make_heads(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let TeachParts { lessons, labels, heads, board, linear_from, .. } = &self.parts;
        let generation = self.generation.number;
        let classifier = lessons.classifier(generation, None, *linear_from);
        let head = classifier.as_ref().map(crate::learn::Classifier::kind);
        if head != self.head
            && let (Some(kind), Some(classifier)) = (head, &classifier)
        {
            let names: Vec<&str> = classifier.classes().iter().map(|&class| labels.classes()[class].as_str()).collect();
            let what = match kind {
                HeadKind::Prototype => "the nearest prototype",
                HeadKind::Linear => "a linear head",
            };
            let text = format!("{what} tells {} apart, from {} windows", names.join(", "), lessons.len());
            events.push(Event { at: now, kind: EventKind::Taught, text });
        }
        self.head = head;
        self.changes = 0;
        let classes = labels.classes().to_vec();
        board.store(Some(Arc::new(Taught { classes: classes.clone(), lessons: lessons.clone() })));
        heads.store(Some(Arc::new(Heads { generation, classes, classifier })));
        self.note();
    }

    /// Lets others see how it goes.
    fn note(&self) {
        let TeachParts { labels, lessons, .. } = &self.parts;
        let of_class = |(class, name): (usize, &String)| ClassStatus {
            name: name.clone(),
            remembered: lessons.of(class),
            labelled: self.labelled.get(class).copied().unwrap_or(0),
        };
        self.counts.status.store(Arc::new(TeachStatus {
            classes: labels.classes().iter().enumerate().map(of_class).collect(),
            head: self.head,
            exam: self.exam.figures(),
            unknown: labels.unknown(),
        }));
    }

    /// Ends the stage once the encoder is gone: takes in what is left, and serves what waits.
    pub fn finish(&mut self, now: Stamp, events: &mut Vec<Event>) {
        while self.step(now, events) {}
        self.close(now, events);
        if self.changes > 0 {
            self.make_heads(now, events);
        }
    }
}
