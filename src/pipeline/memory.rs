//! The machine's memory: whether there is room for a replay memory, and keeping what is there from being swapped out.
//!
//! On the main thread, before the first frame. Invariant: what is locked cannot make later allocations fail: those to come are
//! locked too only where the system sets no limit.

use super::wiring::WiringError;
use crate::learn::TrainerSettings;
use rustix::process::{Resource, getrlimit};
use std::io;

/// Why memory cannot be locked.
#[derive(Debug, thiserror::Error)]
#[error(
    "compute.lock_memory = true: the system does not let this program lock its memory ({error}{}); raise the limit \
     (`ulimit -l unlimited`, `memlock` in /etc/security/limits.conf, LimitMEMLOCK= of a service), or leave the key out",
    .limit.map_or_else(String::new, |bytes| format!("; it may lock {} kB", bytes / 1024))
)]
pub struct LockError {
    limit: Option<u64>,
    error: io::Error,
}

/// Locks what is mapped, page by page as it is touched, so that memory that is only reserved costs none.
///
/// # Errors
/// Where the system forbids it.
pub(super) fn lock() -> Result<(), LockError> {
    let limit = getrlimit(Resource::Memlock).current;
    let future = if limit.is_none() { libc::MCL_FUTURE } else { 0 };
    lock_all(libc::MCL_CURRENT | future | ON_FAULT).map_err(|error| LockError { limit, error })
}

/// Refuses a replay memory for which the system would end the program later.
pub(super) fn has_room(settings: &TrainerSettings) -> Result<(), WiringError> {
    let windows = settings.memory_windows;
    let samples = windows as u64 * (settings.frames * settings.objective.encoder.channels) as u64;
    let needed_mb = samples.saturating_mul(4) / 1_000_000;
    // Where the system does not say, it is taken at its word.
    let available_mb = meminfo_kib("MemAvailable").map_or(u64::MAX, |kib| kib * 1024 / 1_000_000);
    if needed_mb < available_mb { Ok(()) } else { Err(WiringError::Memory { windows, needed_mb, available_mb }) }
}

/// What the system says of its memory under a key such as `MemTotal`, in kibibytes; none where it does not.
#[must_use]
pub fn meminfo_kib(key: &str) -> Option<u64> {
    let said = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let value = |line: &str| line.strip_prefix(key)?.strip_prefix(':')?.trim().strip_suffix("kB")?.trim().parse().ok();
    said.lines().find_map(value)
}

#[cfg(target_os = "linux")]
const ON_FAULT: libc::c_int = libc::MCL_ONFAULT;
#[cfg(not(target_os = "linux"))]
const ON_FAULT: libc::c_int = 0;

#[expect(unsafe_code, reason = "no safe binding of it comes without rebuilding burn's dependencies")]
fn lock_all(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: it takes no pointer and changes no memory, only whether pages may be swapped out.
    if unsafe { libc::mlockall(flags) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
