//! Which threads go first: those of the data path ahead of everything else, those that learn behind it.
//!
//! Each thread asks for itself as it begins. Invariant: where the system refuses, a thread runs as any other does, and that
//! is told once.

use super::report::Report;
use crate::signal::{Event, EventKind, Stamp};
use crossbeam_channel::Sender;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

/// Real-time priorities, low among those that there are: ahead of all ordinary programs, behind the system's own. Nothing
/// may keep acquisition from what has arrived, not even the encoder.
pub(super) const ACQUIRING: u8 = 20;
pub(super) const SERVING: u8 = 10;
/// The next best thing: a larger share than ordinary threads have.
const NICE_AHEAD: i32 = -5;
const NICE_BEHIND: i32 = 10;

/// What the data path was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granted {
    /// Not asked for.
    Off,
    /// `SCHED_RR`.
    RealTime,
    /// A nice value below zero.
    Ahead,
    /// Nothing.
    Ordinary,
}

impl Granted {
    const ALL: [Self; 4] = [Self::Off, Self::RealTime, Self::Ahead, Self::Ordinary];

    /// The word in the summary.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::RealTime => "real-time",
            Self::Ahead => "ahead",
            Self::Ordinary => "ordinary",
        }
    }
}

/// Asks for the data path's threads and remembers what was granted, for others to read.
#[derive(Clone, Debug)]
pub(super) struct Priority {
    granted: Arc<AtomicU8>,
    is_wanted: bool,
}

impl Priority {
    pub fn new(is_wanted: bool) -> Self {
        Self { granted: Arc::new(AtomicU8::new(Granted::Off as u8)), is_wanted }
    }

    /// What was granted last.
    pub fn granted(&self) -> Granted {
        let place = usize::from(self.granted.load(Ordering::Relaxed));
        Granted::ALL.get(place).copied().unwrap_or(Granted::Off)
    }

    /// Puts the calling thread ahead of others, as far as the system lets it; a refusal is told by the first thread that
    /// meets it.
    pub fn raise(&self, real_time: u8, reports: &Sender<Report>, now: Stamp) {
        if !self.is_wanted {
            return;
        }
        let granted = raise(real_time);
        let before = self.granted.swap(granted as u8, Ordering::Relaxed);
        if granted == Granted::Ordinary && before != Granted::Ordinary as u8 {
            let text = "the data path has no priority over other programs: the system grants neither real-time priority \
                        (limit `rtprio`) nor a nice value of -5 (limit `nice`); docs/performance.md says how to allow it, \
                        compute.priority = \"off\" stops asking";
            let event = Event { at: now, kind: EventKind::Warning, text: text.to_owned() };
            let _ = reports.try_send(Report::Event(event));
        }
    }
}

fn raise(real_time: u8) -> Granted {
    // A real-time thread that falls behind would leave a single core to nobody else.
    let has_cores = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    let set =
        |priority| set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(priority), policy);
    if has_cores && real_time.try_into().is_ok_and(|priority| set(priority).is_ok()) {
        Granted::RealTime
    } else if nice(NICE_AHEAD) {
        Granted::Ahead
    } else {
        Granted::Ordinary
    }
}

/// Gives the calling thread less of the processor than the data path gets; where the system refuses, nothing changes.
pub(super) fn lower() {
    nice(NICE_BEHIND);
}

/// On Linux a nice value belongs to a thread; none names the calling one.
fn nice(value: i32) -> bool {
    rustix::process::setpriority_process(None, value).is_ok()
}
