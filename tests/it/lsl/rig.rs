//! A network of its own for each test that meets other programs on the Lab Streaming Layer.
//!
//! Owns the namespace, liblsl's settings and the peers; runs in the test's process. Invariant: a test's body runs in a
//! fresh network namespace that has nothing but loopback, so no stream of the lab or of another test is ever seen.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test's own rig: it may fail loudly and speak")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use neurostream::lsl::Library;
use neurostream::signal::{Block, Clock, Event, EventKind, Stamp};
use neurostream::source::lsl::LslSource;
use neurostream::source::{Progress, Source, SourceError};

pub const INSIDE: &str = "NEUROSTREAM_LSL_INSIDE";
/// The host's clock of these tests is LSL's, so much ahead.
pub const AHEAD_S: f64 = 1000.0;

/// What a test's body has: liblsl, a clock, and a Python that runs peers.
pub struct Rig {
    pub library: Library,
    /// A Python that has `pylsl`.
    pub python: PathBuf,
}

impl Clock for Rig {
    fn now(&self) -> Stamp {
        Stamp(self.library.local_clock() + AHEAD_S)
    }
}

/// Runs `body` in a network namespace of its own; `test` is the test function, whose path names it.
pub fn on_loopback<T>(test: &T, body: impl FnOnce(&Rig)) {
    on_loopback_with(test, "pylsl", body);
}

/// The same for a test whose peers need a Python module beside pylsl.
pub fn on_loopback_with<T>(test: &T, module: &str, body: impl FnOnce(&Rig)) {
    let python = match python(module) {
        Ok(python) => python,
        Err(why) => return skip(&why),
    };
    if std::env::var_os(INSIDE).is_some() {
        let library = Library::load(None).expect("the Python environment brings liblsl");
        return body(&Rig::new(library, python));
    }
    let name = std::any::type_name_of_val(test).split_once("::").expect("a path").1;
    let session = name.replace("::", "-");
    let settings = format!(
        "[ports]\nIPv6 = disable\n[multicast]\nResolveScope = machine\nAddressesOverride = {{127.0.0.1}}\n\
         [lab]\nKnownPeers = {{127.0.0.1}}\nSessionID = {session}\n[log]\nlevel = -2\n"
    );
    let flags = match namespace() {
        Ok(flags) => flags,
        Err(why) => return skip(&why),
    };
    let mut command = Command::new("unshare");
    command.args([flags, "--", "sh", "-c", "ip link set lo up && exec timeout -k 5 150 \"$@\"", "_"]);
    run_inside(command, name, &settings, &python);
}

/// Runs one test again by `command`, which makes the namespace that it belongs into, with these settings of liblsl's.
pub fn run_inside(mut command: Command, name: &str, settings: &str, python: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lsl_api.cfg");
    std::fs::write(&file, settings).unwrap();
    let output = command
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .env("LSLAPICFG", &file)
        .env("VIRTUAL_ENV", python.parent().and_then(Path::parent).unwrap_or(Path::new("/")))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{} in its namespace:\n{said}", output.status);
    println!("{said}");
}

/// Says why a test did not run; where continuous integration counts on it, that is a failure.
pub fn skip(why: &str) {
    println!("skipped: {why}");
    assert!(std::env::var_os("CI").is_none(), "skipped in CI: {why}");
}

pub fn python(module: &str) -> Result<PathBuf, String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    let python = std::env::var_os("NEUROSTREAM_PYTHON").map_or(beside, PathBuf::from);
    let import = format!("import pylsl, numpy, {module}");
    let works = Command::new(&python).args(["-c", &import]).output().is_ok_and(|o| o.status.success());
    let hint = format!("pip install pylsl numpy {module}, then name the interpreter in NEUROSTREAM_PYTHON");
    if works { Ok(python) } else { Err(format!("{} cannot {import}; {hint}", python.display())) }
}

/// How a namespace is made here: as root, or as a user who may be root inside it.
pub fn namespace() -> Result<&'static str, String> {
    let works = |flags: &&str| {
        let tried = Command::new("unshare").args([flags, "--", "ip", "link", "set", "lo", "up"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    ["-n", "-rn"].into_iter().find(works).ok_or_else(|| "no network namespace can be made here".to_owned())
}

impl Rig {
    pub fn new(library: Library, python: PathBuf) -> Self {
        Self { library, python }
    }

    /// The interpreter that runs peers.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Starts `tests/peers/SCRIPT.py` with key=value arguments.
    pub fn peer(&self, script: &str, arguments: &[&str]) -> Peer {
        self.peer_under(&["env"], script, arguments)
    }

    /// The same under another command, such as `unshare`.
    pub fn peer_under(&self, prefix: &[&str], script: &str, arguments: &[&str]) -> Peer {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script);
        let mut command = Command::new(prefix[0]);
        Peer::start(command.args(&prefix[1..]).arg(&self.python).arg(file).args(arguments))
    }

    /// Starts a peer that publishes, and waits until its stream is visible.
    pub fn outlet(&self, arguments: &[&str]) -> Peer {
        let mut peer = self.peer("outlet.py", arguments);
        peer.line("ready");
        peer
    }

    /// Opens the stream that matches.
    pub fn open(&self, predicate: &str) -> Result<LslSource, SourceError> {
        LslSource::open(&self.library, Some(predicate), 10.0, self)
    }

    /// Steps a source until `enough`, it ends, or a minute has passed.
    pub fn listen(&self, source: &mut impl Source, mut enough: impl FnMut(&Heard) -> bool) -> Heard {
        let mut heard = Heard::default();
        let mut block = Block::default();
        let deadline = self.now() + 60.0;
        while !enough(&heard) {
            assert!(self.now() < deadline, "nothing more after {} frames: {:?}", heard.frames.len(), heard.events);
            block.clear();
            match source.step(self.now(), &mut block, &mut heard.events) {
                Ok(Progress::Frames) => heard.take(&block, self.now()),
                Ok(Progress::Idle) => {}
                Ok(other) => heard.end = Some(format!("{other:?}")),
                Err(error) => heard.end = Some(error.to_string()),
            }
        }
        heard
    }
}

/// What a source gave.
#[derive(Default)]
pub struct Heard {
    /// Frame number and values of each frame.
    pub frames: Vec<(u64, Vec<f32>)>,
    /// Last frame's number and stamp of each block.
    pub stamps: Vec<(u64, Stamp)>,
    pub events: Vec<Event>,
    /// The error or reason with which it ended.
    pub end: Option<String>,
}

impl Heard {
    fn take(&mut self, block: &Block, now: Stamp) {
        for (number, frame) in (block.first..).zip(block.samples.chunks(block.channels)) {
            self.frames.push((number, frame.to_vec()));
        }
        assert!(block.stamp <= now + 0.1, "{:?} lies ahead of {now:?}", block.stamp);
        self.stamps.push((block.first + block.frames() as u64 - 1, block.stamp));
    }

    pub fn told(&self, kind: EventKind, text: &str) -> bool {
        self.events.iter().any(|event| event.kind == kind && event.text.contains(text))
    }
}

/// Another program. It is killed when it is dropped.
pub struct Peer {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a program that speaks in lines.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
    }

    /// Sends it a line.
    pub fn say(&mut self, line: &str) {
        let mut into = self.child.stdin.as_ref().unwrap();
        writeln!(into, "{line}").unwrap();
    }

    /// Reads until a line begins with `key`, and returns what follows it.
    pub fn line(&mut self, key: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the peer ended before it said {key}");
            if let Some(rest) = line.strip_prefix(key) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Reads a line with one number.
    pub fn number(&mut self, key: &str) -> f64 {
        self.line(key).parse().unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets the other side get ready.
pub fn pause(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}
