//! The only place that makes threads.
//!
//! Invariant: every thread has a name, and a panic in one becomes a failed stage, never a silent loss.

use super::priority;
use super::shutdown::{Reason, Shutdown};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` on a thread of this name; at its end `done` is called there with its name and, after a panic, why.
///
/// A panic asks for the end of the run and is told as its reason, unless `survivable` (the run goes on without it).
///
/// # Errors
/// If the system gives no more threads.
pub fn spawn(
    name: &'static str,
    survivable: bool,
    shutdown: &Shutdown,
    done: impl FnOnce(&'static str, Option<String>) + Send + 'static,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let shutdown = shutdown.clone();
    let body = move || {
        let panicked = caught(work).err();
        if let Some(why) = &panicked
            && !survivable
        {
            shutdown.request(Reason::Failed { stage: name, why: why.clone() });
        }
        done(name, panicked);
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map(|_| ())
}

/// Does something that may panic; why it did, where it did. What it was in the midst of is not to be used again.
///
/// # Errors
/// The panic's message.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(payload.as_ref()))
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a message"))
}

/// Cores that this program may use; one where the system does not say.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Makes the calling thread the first of a pool of `threads`, so that what it computes in parallel stays in there.
///
/// The pool lives as long as the returned value; a pool of one never leaves the calling thread.
#[must_use]
pub fn own_pool(name: &'static str, threads: usize, lowered: bool) -> Option<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .use_current_thread()
        .thread_name(move |i| format!("{name}-{i}"))
        .start_handler(move |_| {
            if lowered {
                priority::lower();
            }
        })
        .build()
        .ok()
}
