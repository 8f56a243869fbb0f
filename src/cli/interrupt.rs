//! Ctrl-c, SIGTERM and SIGHUP.
//!
//! Owns a thread that waits for signals. Invariant: the first asks the run to end in good order; a second ends the program
//! at once, with the terminal restored.

use neurostream::pipeline::{Reason, Shutdown, spawn};
use neurostream::tui::terminal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Exit code of a program that was interrupted and did not wait.
pub const AT_ONCE: u8 = 130;

/// Starts to listen.
pub fn listen(shutdown: &Shutdown) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let token = shutdown.clone();
    spawn(
        "signals",
        true,
        shutdown,
        |_, _| (),
        move || {
            let mut asked = false;
            for signal in signals.forever() {
                // A hang-up may be followed by a termination; only a person's second ctrl-c means "now".
                if asked && signal == SIGINT {
                    terminal::restore();
                    std::process::exit(i32::from(AT_ONCE));
                }
                asked = true;
                token.request(Reason::User);
            }
        },
    )
}
