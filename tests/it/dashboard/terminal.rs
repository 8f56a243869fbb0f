//! A real terminal: tmux, with a server of its own.
//!
//! Owns the server, which ends with it. Invariant: nobody's settings or sessions take part.

use crate::cli::program::{Desk, PROGRAM, skip};
use neurostream::pipeline::MonotonicClock;
use neurostream::signal::Clock;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

/// So long a busy machine may take for anything.
const PATIENCE_S: f64 = 90.0;

/// A terminal with an interactive shell in a desk's folder.
pub struct Terminal {
    server: String,
    clock: MonotonicClock,
}

impl Terminal {
    /// Opens one of this size; none where there is no tmux.
    pub fn open(desk: &Desk, name: &str, (width, height): (u16, u16)) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            skip("tmux is not here");
            return None;
        }
        let terminal =
            Self { server: format!("neurostream-{name}-{}", std::process::id()), clock: MonotonicClock::new() };
        let (width, height) = (width.to_string(), height.to_string());
        let folder = desk.text("");
        // A shell with job control, a prompt that says when it is ready, and no start-up files.
        let shell = "exec env -u NO_COLOR PS1='ready> ' bash --norc --noprofile -i";
        terminal.ask(&["new-session", "-d", "-s", "t", "-x", &width, "-y", &height, "-c", &folder, shell]);
        terminal.until("a prompt", |screen| screen.contains("ready>"));
        Some(terminal)
    }

    /// Types a command line into the shell; `$P` in it is the program.
    pub fn run(&self, line: &str) {
        self.keys(&["-l", &line.replace("$P", PROGRAM)]);
        self.keys(&["Enter"]);
    }

    /// Presses keys, by the names that tmux has for them.
    pub fn keys(&self, keys: &[&str]) {
        self.ask(&[&["send-keys", "-t", "t"][..], keys].concat());
    }

    /// Sends characters as they are, such as the reports of a mouse.
    pub fn type_in(&self, text: &str) {
        self.keys(&["-l", text]);
    }

    /// Changes its size.
    pub fn resize(&self, (width, height): (u16, u16)) {
        self.ask(&["resize-window", "-t", "t", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    /// What is on it.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.ask(&["capture-pane", "-p", "-t", "t"]).stdout).into_owned()
    }

    /// Whether the alternate screen, the cursor and the mouse are on, as digits.
    pub fn modes(&self) -> String {
        let asked = self.ask(&["display-message", "-p", "-t", "t", "#{alternate_on}#{cursor_flag}#{mouse_any_flag}"]);
        String::from_utf8_lossy(&asked.stdout).trim().to_owned()
    }

    /// Waits until the screen is as wanted, and returns it.
    #[track_caller]
    pub fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let asked = self.clock.now();
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(self.clock.now() - asked < PATIENCE_S, "{what} does not come:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Checks that the terminal is as a shell wants it: lines and echo on, no alternate screen, a cursor, no mouse.
    #[track_caller]
    pub fn is_given_back(&self, desk: &Desk) {
        self.run("stty -a >modes.txt; echo 'asked' >asked.txt");
        self.until("an answer", |_| desk.path("asked.txt").exists());
        let modes = std::fs::read_to_string(desk.path("modes.txt")).unwrap();
        let words: Vec<&str> = modes.split([' ', ';', '\n']).collect();
        for mode in ["icanon", "echo", "isig", "opost"] {
            assert!(words.contains(&mode), "{mode} is off: {modes}");
        }
        assert_eq!(self.modes(), "010", "{}", self.screen());
        for file in ["asked.txt", "modes.txt"] {
            std::fs::remove_file(desk.path(file)).unwrap();
        }
    }

    /// Hangs up, as a closed connection does.
    pub fn hang_up(self) {
        drop(self);
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        let output =
            Command::new("tmux").args(["-f", "/dev/null", "-L", &self.server]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.server, "kill-server"]).output();
    }
}

/// The number that a file holds, once it is there.
pub fn process_in(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
