//! The program as a person starts it: a folder to work in, arguments, what it says, and its exit code.
//!
//! Owns the folder and the processes, which end with it. Invariant: nothing that a test writes lies outside its own
//! folder, and no process outlives its test.

#![expect(clippy::print_stdout, reason = "a test says what it skips")]

use neurostream::pipeline::MonotonicClock;
use neurostream::signal::{Clock, Stamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Where the crate is.
pub const CRATE: &str = env!("CARGO_MANIFEST_DIR");
/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_neurostream");
/// An encoder and a memory that a build without optimisation trains in milliseconds.
pub const SMALL: [&str; 13] = [
    "--headless",
    "--set",
    "model.widths=[8,16]",
    "--set",
    "model.embedding=16",
    "--set",
    "train.batch=16",
    "--set",
    "train.memory.windows=64",
    "--set",
    "compute.threads=1",
    // A recording of seconds has no room for a trial of fifty windows.
    "--set",
    "train.gate.canary=0",
];
/// So long a busy machine may take for anything.
const PATIENCE_S: f64 = 120.0;

/// A folder of third-party recordings, or `None` where they are not at hand; CI has to have them.
pub fn recordings(folder: &str) -> Option<PathBuf> {
    let path = Path::new(CRATE).join("../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    skip("../shared/data is not here");
    None
}

/// The recording that comes with the program: 16 channels at 256 Hz for three minutes.
pub fn bundled() -> String {
    format!("{CRATE}/recordings/synthetic-16ch.edf")
}

/// Says why a test did not run; in CI that is a failure.
pub fn skip(why: &str) {
    println!("skipped: {why}");
    assert!(std::env::var_os("CI").is_none(), "skipped in CI: {why}");
}

/// A folder to work in.
pub struct Desk {
    folder: tempfile::TempDir,
    /// What programs say is kept elsewhere.
    said: tempfile::TempDir,
}

impl Desk {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), said: tempfile::tempdir().unwrap() }
    }

    /// Something in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as an argument.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
        self.text(name)
    }

    /// A JSON file.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }

    /// Every file and folder with a hash of what is in it.
    pub fn listing(&self) -> Vec<(PathBuf, String)> {
        let mut all = Vec::new();
        list(self.folder.path(), &mut all);
        all.sort();
        all
    }

    /// Starts the program in this folder.
    pub fn start(&self, arguments: &[&str]) -> Started {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        self.start_as(command)
    }

    /// Starts a command in this folder.
    pub fn start_as(&self, mut command: Command) -> Started {
        let [out, err] = ["out", "err"].map(|stream| {
            let file = tempfile::Builder::new().prefix(stream).tempfile_in(self.said.path()).unwrap();
            file.into_temp_path().keep().unwrap()
        });
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        // Whoever wants to see backtraces of panics must not get one for a message.
        command.env("RUST_BACKTRACE", "1");
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let clock = MonotonicClock::new();
        Started { child: command.spawn().unwrap(), clock, out, err }
    }

    /// Runs the program in this folder to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.start(arguments).wait()
    }

    /// Runs a shell script in mount namespaces of its own, where it may mount; none where that is not permitted.
    ///
    /// The script finds the program as `$0` and the arguments as `$@`.
    pub fn run_with_mounts(&self, script: &str, arguments: &[&str]) -> Option<Said> {
        let works = |flags: &&str| {
            let tried = Command::new("unshare").args([flags, "--", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
            tried.is_ok_and(|output| output.status.success())
        };
        let Some(flags) = ["-m", "-rm"].into_iter().find(works) else {
            skip("no file system can be mounted here");
            return None;
        };
        let mut command = Command::new("unshare");
        command.args([flags, "--", "sh", "-c", script, PROGRAM]).args(arguments);
        Some(self.start_as(command).wait())
    }
}

fn list(folder: &Path, all: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            all.push((entry.clone(), String::new()));
            list(&entry, all);
        } else {
            all.push((entry.clone(), sha256(&std::fs::read(&entry).unwrap())));
        }
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A program that runs. It is killed when it is dropped.
pub struct Started {
    child: Child,
    clock: MonotonicClock,
    out: PathBuf,
    err: PathBuf,
}

impl Started {
    /// The time on its own clock.
    pub fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory in KiB.
    pub fn resident_kb(&self) -> i64 {
        self.kb("VmRSS:")
    }

    /// Its memory that cannot be swapped out, in KiB.
    pub fn locked_kb(&self) -> i64 {
        self.kb("VmLck:")
    }

    fn kb(&self, what: &str) -> i64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// What it has said on stdout so far.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.out).unwrap()).into_owned()
    }

    /// True once it has ended.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until `done` is true of it.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        while !done(self) {
            let err = || String::from_utf8_lossy(&std::fs::read(&self.err).unwrap()).into_owned();
            assert!(self.now().0 < PATIENCE_S, "it takes too long until {what}: {}\n{}", self.out(), err());
            assert!(self.child.try_wait().unwrap().is_none(), "it ended before {what}: {}\n{}", self.out(), err());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Said {
        let asked = self.now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(self.now() - asked < PATIENCE_S, "it does not end: {}", self.out());
            std::thread::sleep(Duration::from_millis(2));
        };
        let read = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let said = Said { status, out: read(&self.out), err: read(&self.err) };
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!said.err.contains(word) && !said.out.contains(word), "{said:?}");
        }
        said
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Checks the exit code.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }

    /// Checks that it failed with this code and one message that names all of these; returns the message.
    #[track_caller]
    pub fn refuses(self, code: i32, parts: &[&str]) -> String {
        let said = self.ends_with(code);
        for part in parts {
            assert!(said.err.contains(part), "{part:?} is not in {said:#?}");
        }
        assert_eq!(said.err.matches("neurostream: ").count(), 1, "one message: {said:#?}");
        said.err
    }
}
