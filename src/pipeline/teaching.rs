//! The ends that teaching has in the rest of a run: markers and windows in, heads and generations out.
//!
//! Runs before the first frame, on the main thread. Invariant: what a checkpoint taught is there before the first window,
//! as far as it fits.

use super::plan::Plan;
use super::serving::Serving;
use super::teach::{TeachParts, TeachStage};
use super::train::Teacher;
use super::wiring::MARKERS;
use crate::learn::Learnt;
use crate::learn::heads::{Lesson, Lessons};
use crate::ring::{Doorbell, MarkerWriter, markers};
use crate::serve::Reading;
use crate::serve::copies::{CopyWriter, copies};
use crate::window::Labels;
use std::sync::Arc;

/// A teacher, and what others hold of it.
pub(super) struct Teaching {
    pub stage: TeachStage,
    /// The trainer's end.
    pub teacher: Teacher,
    /// The encoder's ends.
    pub reading: Reading,
    pub copies: CopyWriter,
    /// Acquisition's end.
    pub markers: MarkerWriter,
}

/// Seconds of windows that may pile up while the teacher is busy.
const BUSY_S: f64 = 2.0;
/// Slots at least, and bytes of all slots at most beyond these.
const LEAST_SLOTS: usize = 8;
const MOST_BYTES: usize = 64 << 20;

impl Teaching {
    /// Makes one where the plan has one; `late` frames may pass until a marker comes.
    pub fn wire(
        plan: &Plan,
        taught: Option<&Learnt>,
        serving: &Serving,
        bell: &Arc<Doorbell>,
        late: usize,
        notes: &mut Vec<String>,
    ) -> Option<Self> {
        let config = &plan.config.teach;
        let (channels, dimension) = (plan.montage.len(), plan.config.model.embedding);
        let samples = plan.window * channels;
        let saved = taught.and_then(|learnt| Lessons::saved(learnt, dimension, samples));
        let Some(teach) = &plan.teach else {
            if let Some((_, lessons)) = saved {
                let count = lessons.len();
                notes
                    .push(format!("the checkpoint has {count} labelled windows: `teach.enabled = true` takes them up"));
            }
            return None;
        };
        let mut labels = Labels::new(teach.classes.clone(), teach.room, config.hold_s, plan.rate_hz);
        // Windows that overlap by more than half say nearly the same.
        let mut lessons = Lessons::new(config.windows, plan.window as u64 / 2);
        if let Some((classes, saved)) = saved {
            take_up(&classes, saved, &mut labels, &mut lessons, notes);
        }
        // Without training the generation never changes, and no window is needed again.
        let is_kept = plan.config.train.enabled;
        let hop = plan.hop.max(1);
        let waiting = late.saturating_sub(plan.window / 2).div_ceil(hop);
        let busy = if plan.at_full_speed { 0 } else { (BUSY_S * plan.rate_hz / hop as f64).ceil() as usize };
        let bytes = 4 * if is_kept { samples + dimension } else { dimension };
        let slots = (waiting + busy).min(MOST_BYTES / bytes.max(1)) + LEAST_SLOTS;
        let (writer, reader) = copies(slots, if is_kept { samples } else { 0 }, dimension, Arc::clone(bell));
        let (says, hears) = markers(MARKERS);
        let (generations, handed) = crossbeam_channel::unbounded();
        let (heads, board) = (Arc::default(), Arc::default());
        let reading = Reading::new(Arc::clone(&heads), teach.room);
        let teacher = Teacher { generations, board: Arc::clone(&board) };
        let stage = TeachStage::new(TeachParts {
            labels,
            markers: hears,
            missed: writer.missed(),
            windows: reader,
            lessons,
            heads,
            board,
            serving: serving.clone(),
            handed,
            shape: [plan.window, channels],
            late: late as u64,
            most_waiting: slots / 2,
            linear_from: config.linear_from,
        });
        Some(Self { stage, teacher, reading, copies: writer, markers: says })
    }
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
