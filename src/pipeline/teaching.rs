//! The ends that the stage of heads has in the rest of a run: markers and windows in, heads and generations out.
//!
//! Runs before the first frame, on the main thread. Invariant: what a checkpoint holds is there before the first window,
//! as far as it fits.

use super::course::Course;
use super::heads::{HeadParts, HeadStage};
use super::lookout::Lookout;
use super::plan::{Plan, TeachPlan};
use super::serving::Serving;
use super::taught::HeadCounts;
use super::train::Teacher;
use super::wiring::MARKERS;
use crate::learn::Learnt;
use crate::learn::heads::{Alarms, Lesson, Lessons, Standing, saved_classes};
use crate::ring::{Doorbell, MarkerWriter, markers};
use crate::serve::Reading;
use crate::serve::copies::{CopyWriter, copies};
use crate::window::Labels;
use std::sync::Arc;

/// A stage of heads, and what others hold of it.
pub(super) struct Teaching {
    pub stage: HeadStage,
    /// The trainer's end.
    pub teacher: Teacher,
    /// The encoder's ends.
    pub reading: Reading,
    pub copies: CopyWriter,
    /// Acquisition's end.
    pub markers: MarkerWriter,
    /// Telemetry's end.
    pub counts: HeadCounts,
}

/// Seconds of windows that may pile up while the stage is busy.
const BUSY_S: f64 = 2.0;
/// Slots at least, and bytes of all slots at most beyond these.
const LEAST_SLOTS: usize = 8;
const MOST_BYTES: usize = 64 << 20;

impl Teaching {
    /// Makes one where the plan asks for heads; `late` frames may pass until a marker comes.
    pub fn wire(
        plan: &Plan,
        learnt: Option<&Learnt>,
        serving: &Serving,
        bell: &Arc<Doorbell>,
        late: usize,
        notes: &mut Vec<String>,
    ) -> Option<Self> {
        let (channels, dimension) = (plan.montage.len(), plan.config.model.embedding);
        let samples = plan.window * channels;
        let course = course(plan, learnt, [dimension, samples], late, notes);
        let lookout = plan.config.novelty.enabled.then(|| lookout(plan, learnt, [dimension, samples]));
        if course.is_none() && lookout.is_none() {
            return None;
        }
        // Without training the generation never changes, and no window is needed again.
        let is_kept = plan.config.train.enabled;
        let busy = if plan.at_full_speed { 0 } else { (BUSY_S * plan.rate_hz / plan.hop as f64).ceil() as usize };
        let bytes = 4 * if is_kept { samples + dimension } else { dimension };
        let slots = busy.min(MOST_BYTES / bytes.max(1)) + LEAST_SLOTS;
        let (writer, reader) = copies(slots, if is_kept { samples } else { 0 }, dimension, Arc::clone(bell));
        let (says, hears) = markers(MARKERS);
        let (generations, handed) = crossbeam_channel::unbounded();
        let (heads, board) = (Arc::default(), Arc::default());
        let classes = plan.teach.as_ref().map_or(0, |teach| teach.room);
        let reading = Reading::new(Arc::clone(&heads), [classes, dimension]);
        let teacher = Teacher { generations, board: Arc::clone(&board) };
        let counts = HeadCounts {
            course: course.as_ref().map(Course::status),
            lookout: lookout.as_ref().map(Lookout::status),
            reading: reading.counts(),
            missed: writer.missed(),
        };
        let stage = HeadStage::new(HeadParts {
            course,
            lookout,
            markers: hears,
            windows: reader,
            heads,
            board,
            serving: serving.clone(),
            handed,
            channels,
        });
        Some(Self { stage, teacher, reading, copies: writer, markers: says, counts })
    }
}

/// What markers teach, with what a checkpoint has taught.
fn course(
    plan: &Plan,
    learnt: Option<&Learnt>,
    shape: [usize; 2],
    late: usize,
    notes: &mut Vec<String>,
) -> Option<Course> {
    let config = &plan.config.teach;
    let classes = learnt.map(saved_classes).unwrap_or_default();
    let saved = learnt.and_then(|learnt| Lessons::saved("teach", learnt, shape, classes.len()));
    let Some(TeachPlan { classes: known, room }) = plan.teach.clone() else {
        if let Some(lessons) = saved {
            let count = lessons.len();
            notes.push(format!("the checkpoint has {count} labelled windows: `teach.enabled = true` takes them up"));
        }
        return None;
    };
    let mut labels = Labels::new(known, room, config.hold_s, plan.rate_hz);
    // Windows that overlap by more than half say nearly the same.
    let mut lessons = Lessons::new(config.windows, plan.window as u64 / 2);
    if let Some(saved) = saved {
        take_up(&classes, saved, &mut labels, &mut lessons, notes);
    }
    Some(Course::new(labels, lessons, [plan.window as u64, late as u64], config.linear_from))
}

/// Takes up what a checkpoint taught of classes that there are.
fn take_up(
    classes: &[String],
    saved: Vec<Lesson>,
    labels: &mut Labels,
    lessons: &mut Lessons,
    notes: &mut Vec<String>,
) {
    let places: Vec<Option<usize>> = classes.iter().map(|name| labels.class_of(name)).collect();
    let all = saved.len();
    for lesson in saved {
        if let Some(class) = places[lesson.class] {
            labels.count_from(lesson.span + 1);
            lessons.take(Lesson { class, ..lesson });
        }
    }
    let gone = all - lessons.len();
    let left = if gone == 0 { String::new() } else { format!("; {gone} of other classes or beyond teach.windows not") };
    notes.push(format!("{} labelled windows of the checkpoint are taught from again{left}", lessons.len()));
}

/// What looks out for novelty, with the windows of a checkpoint.
fn lookout(plan: &Plan, learnt: Option<&Learnt>, shape: [usize; 2]) -> Lookout {
    let (config, frames) = (&plan.config.novelty, plan.window as u64);
    let mut windows = Lessons::new(usize::MAX, 0);
    let saved = learnt.and_then(|learnt| Lessons::saved("novelty", learnt, shape, 2)).unwrap_or_default();
    // A sample of fewer is an even sample of those that are kept.
    for half in [0, 1] {
        let of_half = saved.iter().filter(|window| window.class == half).take(config.windows);
        of_half.for_each(|window| windows.take(window.clone()));
    }
    let seen = |half: usize| {
        let name = format!("novelty.seen.{half}");
        let counters = learnt.map(|learnt| learnt.counters.iter()).into_iter().flatten();
        let said = counters.filter(|(counter, _)| *counter == name).map(|(_, seen)| *seen).next().unwrap_or(0);
        said.max(windows.of(half) as u64)
    };
    let standing = Standing::new(config.windows, frames, plan.config.seed).resumed([seen(0), seen(1)]);
    let alarms = Alarms::new(config.alarms_per_hour, frames, plan.hop as f64 / plan.rate_hz);
    Lookout::new(standing, windows, alarms, plan.rate_hz)
}
