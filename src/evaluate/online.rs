//! One pass over a stream that is sorted by state: what a replay memory is worth.
//!
//! Pure but for the work. Invariant: whatever remembers, the same number of windows and of steps lies behind an encoder, and
//! no window comes twice.

use super::{Labelled, recipe};
use crate::learn::{Architecture, Batch, Encoder, Method, Origin, Policy, Trainer};
use crate::signal::Stamp;

/// Share of a stream's windows that a replay memory may hold.
pub const REMEMBERED: f64 = 0.11;

/// Where an encoder comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teacher {
    /// First weights.
    Nobody,
    /// All windows at once, drawn in any order.
    Offline,
    /// The stream, of which only the newest batch is ever known.
    Forgetful,
    /// The stream, with a memory of its newest windows.
    Fifo,
    /// The stream, with a memory that is an even sample of all that came.
    Reservoir,
    /// The stream, with a memory of windows that differ most (Purushwalkam et al., 2022).
    Minred,
    /// The stream, with the memory that a run has where nothing is configured.
    Usual,
}

impl Teacher {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Nobody, Self::Offline, Self::Forgetful, Self::Fifo, Self::Reservoir, Self::Minred, Self::Usual];

    /// The word in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Nobody => "random",
            Self::Offline => "offline",
            Self::Forgetful => "none",
            Self::Fifo => "fifo",
            Self::Reservoir => "reservoir",
            Self::Minred => "minred",
            Self::Usual => "default",
        }
    }
}

/// What is taught, and how long.
#[derive(Clone, Debug)]
pub struct Course {
    /// The method.
    pub method: Method,
    /// The encoder's architecture.
    pub architecture: Architecture,
    /// Steps, each of [`recipe::BATCH`] windows.
    pub steps: u64,
}

/// The windows of these subjects in order of class, recording and time: recording and first frame.
#[must_use]
pub fn sorted_by_class(set: &Labelled, hop_s: f64, learns: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let hop = ((hop_s * set.rate_hz).round() as usize).max(1);
    let mut stretches: Vec<_> = set.stretches.iter().filter(|s| learns(set.recordings[s.recording].subject)).collect();
    // A stable sort: within a class they stay in order.
    stretches.sort_by_key(|stretch| stretch.class);
    let of_stretch = |stretch: &&super::Stretch| {
        let (recording, window) = (stretch.recording, set.window());
        let firsts = (stretch.frames.start..(stretch.frames.end + 1).saturating_sub(window)).step_by(hop);
        firsts.map(move |first| (recording, first)).collect::<Vec<_>>()
    };
    stretches.iter().flat_map(of_stretch).collect()
}

/// The encoder that a teacher leaves after one pass over a stream of windows.
#[must_use]
pub fn taught(set: &Labelled, stream: &[(usize, usize)], course: &Course, teacher: Teacher, seed: u64) -> Encoder {
    let shape = recipe::encoder(set, course.architecture.clone());
    let share = ((stream.len() as f64 * REMEMBERED) as usize).max(recipe::BATCH);
    let (memory, policy, recent) = match teacher {
        Teacher::Nobody | Teacher::Forgetful => (recipe::BATCH, Policy::Fifo, 1.0),
        Teacher::Offline => (stream.len().max(1), Policy::Fifo, 0.0),
        Teacher::Fifo => (share, Policy::Fifo, 0.0),
        Teacher::Reservoir => (share, Policy::Reservoir, 0.0),
        Teacher::Minred => (share, Policy::Minred, 0.0),
        Teacher::Usual => {
            let usual = crate::config::MemoryConfig::default();
            let known = Policy::ALL.into_iter().find(|policy| policy.word() == usual.policy);
            (share, known.unwrap_or(Policy::Fifo), usual.recent_fraction)
        }
    };
    let settings = recipe::trainer(set, course.method, shape, seed, memory);
    let settings = crate::learn::TrainerSettings { policy, recent_fraction: recent, ..settings };
    let mut trainer = Trainer::new(settings);
    let begin = if teacher == Teacher::Offline { stream.len() } else { recipe::BATCH.min(stream.len()) };
    let steps = if teacher == Teacher::Nobody { 0 } else { course.steps };
    let (mut batch, mut taken) = (Batch::default(), 0);
    for (come, &(recording, first)) in stream.iter().enumerate().map(|(i, window)| (i + 1, window)) {
        let origin = Origin { source: recording as u32, first: first as u64 };
        trainer.admit(origin, set.samples(recording, first));
        // Steps are spread evenly over what comes once there is a batch.
        let owed = if come < begin {
            0
        } else if stream.len() == begin {
            steps
        } else {
            steps * (come - begin) as u64 / (stream.len() - begin) as u64
        };
        while taken < owed && trainer.is_ready() {
            trainer.draw(&mut batch);
            trainer.step(&batch);
            taken += 1;
        }
    }
    trainer.first_generation(Stamp::default()).encoder
}
