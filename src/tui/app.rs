//! The loop between pipeline, keyboard and terminal.
//!
//! Owns nothing but the time of the last frame; runs on the main thread until the run ends. Invariant: it draws only
//! after a View or an input arrived and never more often than [`FRAMES_PER_S`]; it waits for nobody but the terminal,
//! so a slow or dead terminal costs the pipeline nothing.

use super::keyboard::Keyboard;
use super::keys::{Action, action, typed};
use super::save::save;
use super::screen::render;
use super::state::{Role, State};
use super::terminal;
use super::terminal::{Screen, Taken, TerminalError};
use super::theme::Theme;
use crate::pipeline::caught;
use crate::pipeline::command::Command;
use crate::pipeline::view::View;
use crate::signal::{Clock, Stamp};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use ratatui::backend::Backend;
use ratatui::crossterm::event::Event;
use ratatui::layout::Size;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Frames a second at most.
const FRAMES_PER_S: f64 = 20.0;
/// Frames a second while the terminal does not have the focus.
const UNFOCUSED_FRAMES_PER_S: f64 = 5.0;
/// The longest wait for a View before keyboard and size are looked at again.
const KEY_PATIENCE: Duration = Duration::from_millis(15);

/// Why the dashboard ended. The terminal is as it was before.
#[derive(Debug)]
pub enum Ended {
    /// The pipeline sends no more Views: the run is over.
    RunOver,
    /// A person interrupted twice and does not want to wait for the end of the run.
    AtOnce,
    /// The terminal went away or failed; the run can go on headless.
    TerminalLost(io::Error),
    /// The dashboard itself failed, and says how; the run can go on headless.
    Failed(String),
}

/// Takes the terminal and shows Views until the pipeline drops its end of `views`, the terminal goes away or a person
/// does not want to wait. A panic while it draws is its own end and nobody else's.
///
/// Commands go into `commands` in the order they were asked for; while it is full they wait and the screen goes on.
///
/// # Errors
/// [`TerminalError`] where there is no terminal to take.
pub fn run(
    theme: Theme,
    role: Role,
    views: &Receiver<Arc<View>>,
    commands: &Sender<Command>,
    clock: &dyn Clock,
) -> Result<Ended, TerminalError> {
    let mut taken = Taken::enter()?;
    let size = taken.screen.size().map_err(TerminalError::Enter)?;
    let mut keyboard = Keyboard::open().map_err(TerminalError::Enter)?;
    let turns = Turns::new(State::new(theme, size.width, size.height).in_role(role), size, clock);
    let ended = caught(|| turns.run(&mut taken.screen, views, commands, &mut || keyboard.next(), &mut suspend));
    Ok(ended.unwrap_or_else(Ended::Failed))
}

/// Leaves the terminal to the shell, stops this program until it is called back, and takes the terminal again.
fn suspend(screen: &mut Screen) -> io::Result<()> {
    terminal::restore();
    // The whole job stops, as the terminal itself would have done it; the call returns once it goes on.
    rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
    terminal::retake()?;
    screen.clear()
}

/// The turns of the loop, with whatever terminal and keyboard they are given.
pub(super) struct Turns<'a> {
    state: State,
    size: Size,
    clock: &'a dyn Clock,
    drawn: Option<Stamp>,
    focused: bool,
    changed: bool,
    unsent: VecDeque<Command>,
}

impl<'a> Turns<'a> {
    pub(super) fn new(state: State, size: Size, clock: &'a dyn Clock) -> Self {
        Self { state, size, clock, drawn: None, focused: true, changed: true, unsent: VecDeque::new() }
    }

    pub(super) fn run<B>(
        mut self,
        screen: &mut ratatui::Terminal<B>,
        views: &Receiver<Arc<View>>,
        commands: &Sender<Command>,
        inputs: &mut dyn FnMut() -> io::Result<Option<Event>>,
        suspend: &mut dyn FnMut(&mut ratatui::Terminal<B>) -> io::Result<()>,
    ) -> Ended
    where
        B: Backend<Error: Send + Sync + 'static>,
    {
        loop {
            match views.recv_timeout(KEY_PATIENCE) {
                Ok(view) => self.show(view),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ended::RunOver,
            }
            // Only the newest counts; the end of the run is noticed in the next turn, after it was shown.
            while let Ok(view) = views.try_recv() {
                self.show(view);
            }
            loop {
                match inputs() {
                    Ok(Some(input)) => self.take(&input),
                    Ok(None) => break,
                    Err(problem) => return Ended::TerminalLost(problem),
                }
            }
            if self.state.leaves_at_once() {
                return Ended::AtOnce;
            }
            self.send(commands);
            if std::mem::take(&mut self.state.suspends) {
                if let Err(problem) = suspend(screen) {
                    return Ended::TerminalLost(problem);
                }
                (self.changed, self.drawn) = (true, None);
            }
            if let Err(problem) = self.fit(screen).and_then(|()| self.draw(screen)) {
                return Ended::TerminalLost(io::Error::other(problem));
            }
        }
    }

    fn show(&mut self, view: Arc<View>) {
        self.state.update(view);
        self.changed = true;
    }

    fn take(&mut self, input: &Event) {
        match input {
            Event::Key(key) => {
                let meant = action(*key);
                let command = if self.state.is_writing() && meant != Some(Action::Interrupt) {
                    let Some(typed) = typed(*key) else { return };
                    self.state.write(typed)
                } else {
                    let Some(action) = meant else { return };
                    self.state.on(action)
                };
                self.unsent.extend(command);
            }
            Event::FocusGained => self.focused = true,
            Event::FocusLost => self.focused = false,
            Event::Mouse(mouse) => self.state.point(*mouse),
            Event::Paste(_) | Event::Resize(..) => return,
        }
        self.changed = true;
    }

    /// Sends what was asked for. Commands that nobody will take any more are dropped: the run is ending.
    fn send(&mut self, commands: &Sender<Command>) {
        while let Some(command) = self.unsent.pop_front() {
            if let Err(TrySendError::Full(command)) = commands.try_send(command) {
                self.unsent.push_front(command);
                return;
            }
        }
    }

    /// Looks whether the terminal has another size: asking is cheaper than waiting for a signal in this loop.
    fn fit<B: Backend>(&mut self, screen: &ratatui::Terminal<B>) -> Result<(), B::Error> {
        let size = screen.size()?;
        if size != self.size {
            self.size = size;
            self.state.resized(size.width, size.height);
            self.changed = true;
        }
        Ok(())
    }

    fn draw<B: Backend>(&mut self, screen: &mut ratatui::Terminal<B>) -> Result<(), B::Error> {
        let now = self.clock.now();
        let period_s = 1.0 / if self.focused { FRAMES_PER_S } else { UNFOCUSED_FRAMES_PER_S };
        if !self.changed || self.drawn.is_some_and(|drawn| now - drawn < period_s) {
            return Ok(());
        }
        let drawn = screen.draw(|frame| render(&self.state, frame))?;
        if std::mem::take(&mut self.state.saves) {
            self.state.told = Some(match save(drawn.buffer, Path::new(".")) {
                Ok(path) => format!("The screen is saved as {}.", path.file_name().unwrap_or_default().display()),
                Err(problem) => format!("The screen cannot be saved here: {problem}"),
            });
            self.drawn = Some(now);
            return Ok(());
        }
        self.drawn = Some(now);
        self.changed = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::ManualClock;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    #[test]
    fn a_new_size_calls_for_a_frame_once() {
        let clock = ManualClock::default();
        let state = State::new(Theme::plain(false), 80, 24);
        let mut turns = Turns::new(state, Size::new(80, 24), &clock);
        let mut fitted = |width, height| {
            turns.changed = false;
            turns.fit(&Terminal::new(TestBackend::new(width, height)).unwrap()).unwrap();
            turns.changed
        };
        assert_eq!([(80, 24), (100, 30), (100, 30), (0, 0)].map(|(w, h)| fitted(w, h)), [false, true, false, true]);
    }
}
