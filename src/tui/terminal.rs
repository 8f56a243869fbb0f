//! The terminal: taken over, and given back whatever happens.
//!
//! Owns raw mode and the alternate screen, on the main thread; [`restore`] may be called from any thread. Invariant:
//! the terminal is given back exactly once, by the guard, by a panic of the thread that took it or by [`restore`],
//! and a terminal that has gone away is no error then.

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{DisableFocusChange, DisableMouseCapture, EnableFocusChange, EnableMouseCapture};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use std::io::{self, IsTerminal, Stdout, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};

/// Why there is no dashboard.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Standard output is a file or a pipe.
    #[error(
        "standard output is not a terminal, so there is no dashboard; run with --headless for status lines instead"
    )]
    NotATerminal,
    /// The terminal refused raw mode or the alternate screen.
    #[error("the terminal cannot show a dashboard ({0}); run with --headless for status lines instead")]
    Enter(#[source] io::Error),
}

/// A terminal that draws on standard output while it is taken.
pub(super) type Screen = ratatui::Terminal<CrosstermBackend<Output>>;

/// Standard output while the terminal is taken, nowhere afterwards: what a screen draws or clears up late, while a
/// panic unwinds or another thread ends the process, must not reach the shell, and must not fail on a terminal that
/// has gone away.
pub(super) struct Output(Stdout);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if TAKEN.load(Ordering::SeqCst) { self.0.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) { self.0.flush() } else { Ok(()) }
    }
}

/// Cells in a line of the terminal, where there is one.
#[must_use]
pub fn width() -> Option<u16> {
    ratatui::crossterm::terminal::size().ok().map(|(columns, _)| columns).filter(|columns| *columns > 0)
}

/// True while the terminal is taken.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// The thread that draws: its panics end the dashboard, those of others do not.
static OWNER: Mutex<Option<ThreadId>> = Mutex::new(None);
/// Messages of panics on other threads, kept until they would not spoil the screen.
static HELD: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// As many of them as are worth reading.
const MOST_HELD: usize = 16;

static HOOK: Once = Once::new();

/// A terminal taken over; dropping it gives it back.
pub(super) struct Taken {
    /// What to draw on.
    pub(super) screen: Screen,
}

impl Taken {
    /// Takes the terminal on standard output: raw mode, alternate screen, no cursor.
    ///
    /// # Errors
    /// [`TerminalError`] where standard output is no terminal or refuses; it is left as it was.
    pub(super) fn enter() -> Result<Self, TerminalError> {
        if !io::stdout().is_terminal() {
            return Err(TerminalError::NotATerminal);
        }
        HOOK.call_once(install_hook);
        *OWNER.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
        let screen = retake().and_then(|()| Screen::new(CrosstermBackend::new(Output(io::stdout()))));
        match screen {
            Ok(screen) => Ok(Self { screen }),
            Err(problem) => {
                restore();
                Err(TerminalError::Enter(problem))
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        restore();
    }
}

/// Takes the terminal, or takes it again after [`restore`].
///
/// # Errors
/// Those of the terminal.
pub(super) fn retake() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableFocusChange, EnableMouseCapture, Hide)
}

/// Gives the terminal back, where it is taken. Any thread may call it before it ends the process; nothing is drawn
/// afterwards.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Nobody is left to tell where the terminal has gone away, and the run has to end in good order all the same.
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), DisableMouseCapture, DisableFocusChange, LeaveAlternateScreen, Show);
    for message in HELD.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = writeln!(io::stderr(), "{message}");
    }
}

/// Puts the terminal right before a panic prints its message. While the screen is taken, panics of other threads are
/// held back: whoever runs those threads reports what failed, and the message would be drawn over.
fn install_hook() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let owner = *OWNER.lock().unwrap_or_else(PoisonError::into_inner);
        if TAKEN.load(Ordering::SeqCst) && owner != Some(thread::current().id()) {
            let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
            if held.len() < MOST_HELD {
                let thread = thread::current();
                held.push(format!("thread '{}' {panic}", thread.name().unwrap_or("without a name")));
            }
        } else {
            restore();
            previous(panic);
        }
    }));
}
