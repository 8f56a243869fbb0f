//! The dashboard on real terminals: keys go in, the screen is read.
//!
//! Each test has a tmux server of its own. Invariant: a terminal is given back as it was, however the program ends, and a run
//! does not care who looks on.

#[path = "dashboard/terminal.rs"]
mod terminal;

use crate::cli::program::{Desk, SMALL, Started, bundled};
use neurostream::pipeline::MonotonicClock;
use neurostream::signal::{Clock, Stamp};
use neurostream::tui;
use serde_json::Value;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use terminal::{Terminal, process_in};

const SIZE: (u16, u16) = (130, 42);

/// Arguments of a run without end that trains from its second second on.
fn endless() -> String {
    let small = SMALL.iter().filter(|word| **word != "--headless").copied().collect::<Vec<_>>().join(" ");
    format!(
        "run --replay {} --loop --socket off --checkpoint '' --summary s.json {small} --set window.length_s=0.5 --set \
         window.hop_s=0.1 --set train.steps_per_s=20 --set train.publish_every=5",
        bundled()
    )
}

/// Waits until a file is there and whole.
fn summary(desk: &Desk) -> Value {
    for _ in 0..600 {
        let text = std::fs::read_to_string(desk.path("s.json")).unwrap_or_default();
        if let Ok(summary) = serde_json::from_str(&text) {
            return summary;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no summary was written");
}

/// Starts a run in a terminal whose process is noted in the file `pid`; says its exit code afterwards.
fn start(terminal: &Terminal) {
    start_with(terminal, "");
}

/// The same with more arguments.
fn start_with(terminal: &Terminal, more: &str) {
    let arguments = endless().replace('\'', "\"");
    terminal.run(&format!("bash -c 'echo $$ >pid; exec $P {arguments} {more}'; echo \"code $?\""));
    terminal.shows("REPLAY");
    terminal.shows("#");
}

fn signal(desk: &Desk, signal: &str) {
    let process = process_in(&desk.path("pid")).unwrap();
    assert!(Command::new("kill").args([&format!("-{signal}"), &process]).status().unwrap().success());
}

#[test]
fn a_person_freezes_labels_rolls_back_looks_round_and_quits() {
    let desk = Desk::new();
    let Some(terminal) = Terminal::open(&desk, "person", SIZE) else { return };
    start(&terminal);
    terminal.shows("Trainer");
    terminal.keys(&["Space"]);
    let frozen = terminal.shows("FROZEN");
    terminal.keys(&["Space"]);
    terminal.until("a screen that goes on", |screen| screen.contains("REPLAY") && !screen.contains("FROZEN"));
    assert!(frozen.contains("Traces") && frozen.contains("Fp1"), "{frozen}");
    terminal.keys(&["l"]);
    terminal.shows("Enter labels this moment");
    terminal.type_in("eyes q closed");
    terminal.keys(&["Enter"]);
    terminal.until("the label among the events", |s| s.contains("marker") && s.contains("eyes q closed"));
    terminal.until("a second generation", |screen| !screen.contains("model #0,") && !screen.contains("model #1,"));
    terminal.keys(&["b"]);
    terminal.shows("Roll back?");
    terminal.keys(&["b"]);
    terminal.until("no question", |screen| !screen.contains("Roll back?"));
    terminal.shows("rolled back");
    terminal.keys(&["3"]);
    let spectrum =
        terminal.until("a spectrum", |s| s.contains("Waterfall") && s.contains("Welch") && s.contains("▸Fp1"));
    assert!(spectrum.contains("α 8-13"), "{spectrum}");
    terminal.keys(&["5"]);
    terminal.until("a map", |screen| screen.contains("Legend") && screen.contains("◆"));
    terminal.keys(&["4"]);
    terminal.shows("Health");
    terminal.keys(&[":"]);
    terminal.type_in("view tr");
    terminal.keys(&["Enter"]);
    terminal.until("traces alone", |screen| screen.contains("Traces") && !screen.contains("Health"));
    // A click on the third row of the traces, as a terminal reports it, selects a channel.
    terminal.type_in("\u{1b}[<0;60;9M");
    terminal.until("another channel", |screen| screen.contains('▸') && !screen.contains("▸Fp1"));
    terminal.resize((80, 24));
    terminal.until("a small screen", |screen| screen.lines().all(|line| line.chars().count() <= 80));
    terminal.keys(&["p"]);
    terminal.shows("neurostream-screen-0001.txt");
    terminal.keys(&["Escape"]);
    terminal.until("no note", |screen| !screen.contains("neurostream-screen"));
    terminal.keys(&["q"]);
    terminal.shows("code 0");
    terminal.is_given_back(&desk);
    let summary = summary(&desk);
    assert_eq!(summary["reason"], "asked to stop");
    assert_eq!(summary["frames"]["encoder"]["lost"], 0);
    assert_eq!(summary["training"]["rollbacks"], 1, "{summary}");
    let saved = std::fs::read_to_string(desk.path("neurostream-screen-0001.txt")).unwrap();
    assert!(saved.contains("Traces") && saved.lines().count() == 24, "{saved}");
}

#[test]
fn a_person_records_marks_moments_and_leaves_a_channel_out() {
    let desk = Desk::new();
    let Some(terminal) = Terminal::open(&desk, "recording", SIZE) else { return };
    // Without generations that are swapped, events stay in sight.
    start_with(&terminal, "--no-train");
    terminal.shows("not recording");
    terminal.keys(&["r"]);
    terminal.shows("● REC neurostream.edf");
    terminal.keys(&["m"]);
    terminal.until("a marker", |screen| screen.contains("marker  mark"));
    terminal.keys(&["M"]);
    terminal.shows("Enter marks this moment");
    terminal.type_in("cough");
    terminal.keys(&["Enter"]);
    terminal.until("the other marker", |screen| screen.contains("marker  cough"));
    terminal.keys(&["Down", "x"]);
    let marked = terminal.until("a mark", |screen| screen.contains("Fp2✗") && screen.contains("Fp2 is marked as"));
    assert!(marked.contains("marked"), "{marked}");
    terminal.keys(&["x"]);
    terminal.until("no mark", |screen| !screen.contains("Fp2✗") && screen.contains("Fp2 is no longer"));
    terminal.keys(&["r"]);
    terminal.shows("End the recording?");
    terminal.keys(&["Space"]);
    let goes_on = terminal.until("no question", |screen| !screen.contains("End the recording?"));
    assert!(goes_on.contains("● REC") && !goes_on.contains("FROZEN"), "{goes_on}");
    terminal.keys(&["r", "r"]);
    terminal.until("its end", |screen| screen.contains("not recording") && screen.contains("recorded neurostream"));
    terminal.keys(&["r"]);
    terminal.shows("● REC neurostream_run-02");
    terminal.keys(&["q"]);
    terminal.shows("Quit?");
    terminal.keys(&["q"]);
    terminal.shows("code 0");
    terminal.is_given_back(&desk);
    let recordings = &summary(&desk)["recordings"];
    assert_eq!(recordings.as_array().map(Vec::len), Some(2), "{recordings}");
    for name in ["neurostream.edf", "neurostream_run-02.edf"] {
        desk.run(&["inspect", "--stats", name]).ends_with(0);
    }
    let texts = desk.run(&["inspect", "neurostream.edf", "--format", "json"]).ends_with(0).out;
    for text in ["\"mark\"", "\"cough\"", "Fp2 is marked as bad by hand", "Fp2 is no longer marked as bad"] {
        assert!(texts.contains(text), "{text} is not in {texts}");
    }
}

/// A clock that panics in the middle of drawing.
struct Broken(MonotonicClock, AtomicU32);

impl Clock for Broken {
    fn now(&self) -> Stamp {
        assert!(self.1.fetch_add(1, Ordering::Relaxed) < 20, "a bug of the dashboard");
        self.0.now()
    }
}

/// What the test below starts in a terminal: a dashboard whose thread panics.
#[test]
fn a_dashboard_breaks() {
    if std::env::var_os("NEUROSTREAM_BREAKS").is_none() {
        return;
    }
    let clock = Broken(MonotonicClock::new(), AtomicU32::new(0));
    let ((_views_in, views), (commands, _commands)) = (crossbeam_channel::bounded(1), crossbeam_channel::bounded(1));
    let ended = tui::run(tui::Theme::plain(false), tui::Role::Run, &views, &commands, &clock);
    match ended {
        Ok(tui::Ended::Failed(why)) => println!("ended: {why}"),
        other => println!("ended otherwise: {other:?}"),
    }
}

#[test]
fn the_terminal_is_given_back_when_the_dashboard_panics() {
    let desk = Desk::new();
    let Some(terminal) = Terminal::open(&desk, "panic", SIZE) else { return };
    let program = std::env::current_exe().unwrap();
    let name = "--exact dashboard::a_dashboard_breaks --nocapture";
    terminal.run(&format!("NEUROSTREAM_BREAKS=1 {} {name}; echo \"code $?\"", program.display()));
    let screen = terminal.until("its end", |screen| screen.contains("code 0"));
    assert!(screen.contains("ended: it panicked: a bug of the dashboard"), "{screen}");
    terminal.is_given_back(&desk);
}

#[test]
fn the_terminal_is_given_back_after_signals() {
    for name in ["TERM", "HUP", "INT"] {
        let desk = Desk::new();
        let Some(terminal) = Terminal::open(&desk, &format!("signal-{name}"), SIZE) else { return };
        start(&terminal);
        assert_eq!(terminal.modes(), "101");
        signal(&desk, name);
        terminal.shows("code 0");
        terminal.is_given_back(&desk);
        assert_eq!(summary(&desk)["reason"], "asked to stop");
    }
}

#[test]
fn a_run_ends_in_good_order_when_its_terminal_is_closed() {
    let desk = Desk::new();
    let Some(terminal) = Terminal::open(&desk, "closed", SIZE) else { return };
    start(&terminal);
    terminal.hang_up();
    let summary = summary(&desk);
    assert_eq!(summary["reason"], "asked to stop");
    assert!(summary["embeddings"]["sha256"].is_string(), "{summary}");
}

#[test]
fn leaving_to_the_shell_and_coming_back() {
    let desk = Desk::new();
    let Some(terminal) = Terminal::open(&desk, "suspend", SIZE) else { return };
    start(&terminal);
    terminal.keys(&["C-z"]);
    terminal.shows("Suspend?");
    terminal.keys(&["C-z"]);
    terminal.shows("Stopped");
    terminal.is_given_back(&desk);
    terminal.run("fg");
    terminal.until("the dashboard again", |screen| screen.contains("Traces") && screen.contains("REPLAY"));
    assert_eq!(terminal.modes(), "101");
    terminal.keys(&["q"]);
    terminal.until("a prompt", |screen| screen.trim_end().ends_with("ready>"));
    terminal.is_given_back(&desk);
}

/// A headless run with a socket in the desk's folder.
fn headless(desk: &Desk) -> Started {
    let recording = bundled();
    let fixed =
        ["run", "--replay", &recording, "--loop", "--checkpoint", "", "--summary", "s.json", "--socket", "s.sock"];
    let often = "--set window.length_s=0.5 --set window.hop_s=0.1 --set train.steps_per_s=5 --format json";
    let mut run = desk.start(&[&fixed[..], &SMALL, &often.split_whitespace().collect::<Vec<_>>()].concat());
    run.until("a socket", |_| desk.path("s.sock").exists());
    run
}

/// The number of embeddings that the last status line tells.
fn embeddings(run: &Started) -> u64 {
    let out = run.out();
    let lines = out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| line["embeddings"].as_u64()).next_back().unwrap_or(0)
}

#[test]
fn viewers_come_and_go_and_a_stopped_one_costs_the_run_nothing() {
    let desk = Desk::new();
    let Some(first) = Terminal::open(&desk, "viewer", SIZE) else { return };
    let mut run = headless(&desk);
    // Without job control, so that the shell does not take the terminal when its child is stopped.
    first.run("set +m; bash -c 'echo $$ >pid; exec $P attach s.sock'; echo \"code $?\"");
    first.shows("looking on");
    first.keys(&["t"]);
    first.shows("attach --control");
    first.keys(&["Escape"]);
    first.until("no note", |screen| !screen.contains("attach --control"));
    let Some(second) = Terminal::open(&desk, "control", SIZE) else { return };
    second.run("$P attach --control s.sock");
    second.shows("attached");
    second.keys(&["t"]);
    second.until("a trainer that rests", |screen| screen.contains("trainer paused"));
    first.until("the same for the other one", |screen| screen.contains("trainer paused"));
    first.shows("2 attached");

    signal(&desk, "STOP");
    second.until("missed Views of the stopped viewer", |screen| {
        let missed = screen.split_once("attached, ").and_then(|(_, rest)| rest.split_once(" Views missed"));
        missed.is_some_and(|(count, _)| count.replace(' ', "").parse::<u64>().is_ok_and(|count| count > 20))
    });
    let before = embeddings(&run);
    run.until("embeddings all the same", |run| embeddings(run) > before + 20);
    signal(&desk, "CONT");
    let stopped = first.screen();
    first.until("a viewer that is back", |screen| screen != stopped && screen.contains("2 attached"));

    second.keys(&["q"]);
    second.shows("the run goes on");
    second.is_given_back(&desk);
    assert!(!run.is_over(), "leaving ends no run");
    run.signal("TERM");
    first.shows("the run is over");
    first.shows("code 0");
    first.is_given_back(&desk);
    run.wait().ends_with(0);
    let frames = &desk.json("s.json")["frames"];
    assert_eq!((&frames["encoder"]["lost"], &frames["display"]["lost"]), (&0.into(), &0.into()), "{frames}");
    assert!(!desk.path("s.sock").exists(), "a socket goes with its run");
}

#[test]
fn what_cannot_be_attached_to_is_named() {
    let desk = Desk::new();
    let notes = desk.write("notes.txt", "no socket");
    let missing = desk.text("missing.sock");
    let Some(terminal) = Terminal::open(&desk, "named", SIZE) else { return };
    terminal.run(&format!("$P attach {missing}; echo \"code $?\""));
    terminal.until("a message", |screen| screen.contains("no run is shown here") && screen.contains("code 1"));
    desk.run(&["attach", &missing]).refuses(1, &["standard output is not a terminal"]);
    let run = ["run", "--replay", &bundled(), "--duration", "1", "--checkpoint", "", "--socket", &notes];
    desk.run(&[&run[..], &SMALL].concat()).refuses(1, &["notes.txt", "is no socket", "--socket"]);
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "no socket");
}
