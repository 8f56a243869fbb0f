//! The program: arguments in, an exit code out.

use std::process::ExitCode;

mod cli;

/// Training allocates and frees buffers of megabytes at every operation; the system's allocator gives each back to the
/// kernel and faults it in again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
