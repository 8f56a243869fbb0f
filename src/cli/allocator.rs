//! The program's allocator.
//!
//! Owns the choice of mimalloc and its one setting. Invariant: memory that was used once stays with the process, so its
//! size is flat after the first training steps and no step waits for the kernel to fault pages in again.

#![expect(unsafe_code, reason = "mimalloc's settings are reached through its C interface alone")]

/// Training allocates and frees buffers of megabytes at every operation; the system's allocator gives each back to the
/// kernel and faults it in again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc's `mi_option_t`.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
const NEVER: std::ffi::c_long = -1;

/// Tells mimalloc to keep what it has; to be called before there are threads.
pub fn keep_memory() {
    // SAFETY: the option exists in the mimalloc that is linked in, its value is within range, and no other thread runs yet,
    // which is all that the function asks for.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, NEVER) }
}
