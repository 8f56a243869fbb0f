//! Work on a thread of its own while the main thread shows how far it is and listens for signals.
//!
//! Invariant: whoever asks to stop is not kept waiting by it.

use super::progress::Progress;
use anyhow::{Context, bail};
use crossbeam_channel::RecvTimeoutError;
use neurostream::pipeline::{Reason, Shutdown, cores, own_pool, spawn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The longest wait before it is looked whether to stop.
const NAP: Duration = Duration::from_millis(50);

/// Does `work` on all cores, on a thread of this name; it tells how many of all `things` are done. None if somebody would not wait.
pub fn work<T: Send + 'static>(
    name: &'static str,
    progress: &mut Progress,
    shutdown: &Shutdown,
    what: &str,
    things: &str,
    work: impl FnOnce(&(dyn Fn(usize, usize) + Sync)) -> T + Send + 'static,
) -> anyhow::Result<Option<T>> {
    let (send, made) = crossbeam_channel::bounded::<T>(1);
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let told = Arc::clone(&counts);
    let body = move || {
        let _pool = own_pool(name, cores(), false);
        let tell = |done: usize, all: usize| {
            told[0].fetch_max(done, Ordering::Relaxed);
            told[1].store(all, Ordering::Relaxed);
        };
        let _ = send.send(work(&tell));
    };
    spawn(name, false, shutdown, |_, _| (), body).with_context(|| format!("the {what} cannot be made"))?;
    loop {
        match made.recv_timeout(NAP) {
            Ok(made) => return Ok(Some(made)),
            Err(RecvTimeoutError::Disconnected) => match shutdown.reason() {
                Some(Reason::Failed { why, .. }) => bail!("the {what} cannot be made: {why}"),
                _ => bail!("the {what} cannot be made"),
            },
            Err(RecvTimeoutError::Timeout) if shutdown.is_requested() => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                let [done, all] = [0, 1].map(|at: usize| counts[at].load(Ordering::Relaxed));
                progress.show(&[format!("{what}: {done} of {all} {things}")])?;
            }
        }
    }
}
