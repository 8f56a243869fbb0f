//! Runs that are stopped: by ctrl-c, by the system, and by force.
//!
//! Each test starts the program itself and sends it signals. Invariant: a run that is asked to end does so within five
//! seconds with all its files complete, and one that is killed leaves the old checkpoint or the new one, never half.

use crate::cli::program::{Desk, SMALL, Said, Started, bundled};
use neurostream::learn::Checkpoint;
use serde_json::Value;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Duration;

/// So long a run may take to end once it was asked to.
const DEADLINE_S: f64 = 5.0;

/// Arguments of a run without end, which trains from its second second on and writes a checkpoint ten times a second.
fn endless<'a>(recording: &'a str, speed: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["run", "--replay", recording, "--loop", "--checkpoint", "checkpoints", "--summary", "s.json"];
    let often = "--set window.length_s=0.5 --set window.hop_s=0.05 --set train.checkpoint_every_s=0.1 \
                 --set train.steps_per_s=20 --set train.publish_every=5 --format json --speed";
    [&fixed[..], &SMALL, &often.split_whitespace().collect::<Vec<_>>(), &[speed], more].concat()
}

/// True once a status line shows a training step.
fn trains(run: &Started) -> bool {
    let out = run.out();
    let lines = out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.into_iter().any(|line| line["training"]["steps"].as_u64() > Some(0) && line.get("behind_ms").is_some())
}

/// Sends signals one after the other and waits for the end, which has to come in time.
#[track_caller]
fn stop(mut run: Started, signals: &[&str]) -> Said {
    let asked = run.now();
    for signal in signals {
        if !run.is_over() {
            run.signal(signal);
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    while !run.is_over() {
        assert!(run.now() - asked < DEADLINE_S, "{signals:?}: it goes on: {}", run.out());
        std::thread::sleep(Duration::from_millis(10));
    }
    run.wait()
}

#[track_caller]
fn assert_ledgers_balance(summary: &Value) {
    let frames = &summary["frames"];
    for name in ["encoder", "trainer", "display"] {
        let count = |key: &str| frames[name][key].as_u64().unwrap();
        let acquired = frames["acquired"].as_u64().unwrap();
        assert_eq!(acquired, count("consumed") + count("lost") + count("left"), "{name}: {frames}");
    }
}

/// Checks that a stopped run left a summary that balances and a checkpoint that the next run resumes from.
#[track_caller]
fn assert_complete(desk: &Desk, recording: &str) {
    let summary = desk.json("s.json");
    assert_eq!(summary["reason"], "asked to stop");
    assert_ledgers_balance(&summary);
    let steps = summary["training"]["steps"].as_u64().unwrap();
    assert!(steps > 0 && summary["training"]["weights_sha256"].is_string(), "{summary}");
    assert!(
        summary["embeddings"]["sha256"].is_string() && summary["embeddings"]["count"].as_u64() > Some(0),
        "{summary}"
    );

    let resumed = endless(recording, "max", &["--resume", "--duration", "1", "--set", "train.steps_per_s=0"]);
    desk.run(&resumed).ends_with(0);
    let next = desk.json("s.json");
    assert_eq!((&next["training"]["steps"], &next["reason"]), (&steps.into(), &"duration reached".into()));
    assert_eq!(
        next["training"]["weights_sha256"], summary["training"]["weights_sha256"],
        "all that was learnt is kept"
    );
}

#[test]
fn a_live_run_that_is_asked_to_end_completes_everything_in_time() {
    let recording = bundled();
    for signal in ["INT", "TERM", "HUP"] {
        let desk = Desk::new();
        let mut run = desk.start(&endless(&recording, "1", &["--embeddings", "e.csv"]));
        run.until("it trains", trains);
        let said = stop(run, &[signal]).ends_with(0);
        assert_eq!(said.err, "", "{signal}: {said:#?}");
        let lines = std::fs::read_to_string(desk.path("e.csv")).unwrap().lines().count() as u64;
        assert_eq!(desk.json("s.json")["embeddings"]["count"], lines - 1, "{signal}");
        assert_complete(&desk, &recording);
    }
}

#[test]
fn a_run_at_full_speed_ends_in_time_too() {
    let (desk, recording) = (Desk::new(), bundled());
    let mut run = desk.start(&endless(&recording, "max", &["--embeddings", "e.npy"]));
    run.until("it trains", trains);
    let said = stop(run, &["INT"]).ends_with(0);
    assert_eq!(said.err, "", "{said:#?}");
    assert!(desk.path("e.npy").is_file() && desk.path("e.windows.csv").is_file(), "{:?}", desk.listing());
    assert_complete(&desk, &recording);
}

#[test]
fn a_second_interrupt_ends_a_run_at_once() {
    let (desk, recording) = (Desk::new(), bundled());
    for speed in ["1", "max"] {
        let mut run = desk.start(&endless(&recording, speed, &[]));
        run.until("it trains", trains);
        let said = stop(run, &["INT", "INT"]);
        // The first may have ended it before the second came.
        assert!([Some(0), Some(130)].contains(&said.status.code()), "{said:#?}");
    }
    // A hang-up that is followed by a termination, as when a terminal is closed, does not cut the end short.
    let mut run = desk.start(&endless(&recording, "1", &[]));
    run.until("it trains", trains);
    stop(run, &["HUP", "TERM"]).ends_with(0);
}

#[test]
fn a_run_that_was_suspended_goes_on_and_counts_what_it_lost() {
    let (desk, recording) = (Desk::new(), bundled());
    // Two seconds asleep are twenty of signal, more than any ring holds.
    let mut run = desk.start(&endless(&recording, "10", &["--duration", "60", "--embeddings", "e.csv"]));
    run.until("it trains", trains);
    run.signal("STOP");
    std::thread::sleep(Duration::from_secs(2));
    run.signal("CONT");
    let said = run.wait().ends_with(0);
    let summary = desk.json("s.json");
    assert_eq!((&summary["frames"]["acquired"], &summary["reason"]), (&(60 * 256).into(), &"duration reached".into()));
    assert_ledgers_balance(&summary);
    let lost = |name: &str| summary["frames"][name]["lost"].as_u64().unwrap();
    for name in ["encoder", "trainer", "display"].into_iter().filter(|name| lost(name) > 0) {
        assert!(said.out.contains(&format!("the {name} has lost ")), "{name} lost {} frames: {said:#?}", lost(name));
    }
    println!("lost: {:?}", ["encoder", "trainer", "display"].map(lost));
    let windows = std::fs::read_to_string(desk.path("e.csv")).unwrap().lines().count() as u64 - 1;
    assert_eq!(summary["embeddings"]["count"], windows);
}

#[test]
fn an_interrupt_while_a_run_starts_does_no_harm() {
    let (desk, recording) = (Desk::new(), bundled());
    for wait_ms in [0, 2, 4, 8, 12, 16, 24, 32, 64, 128] {
        let run = desk.start(&endless(&recording, "1", &[]));
        std::thread::sleep(Duration::from_millis(wait_ms));
        let said = stop(run, &["INT"]);
        // Before it listens for signals, the system ends it.
        let good = said.status.code() == Some(0) || said.status.signal() == Some(2);
        assert!(good && said.err.is_empty(), "after {wait_ms} ms: {said:#?}");
    }
    for path in checkpoints(&desk) {
        assert!(Checkpoint::load(&path).is_ok(), "{}", path.display());
    }
}

/// Checkpoints under their final names.
fn checkpoints(desk: &Desk) -> Vec<PathBuf> {
    let files = desk.listing().into_iter().map(|(path, _)| path);
    files.filter(|path| path.extension().is_some_and(|ending| ending == "safetensors")).collect()
}

/// True while a checkpoint is being written.
fn is_writing(desk: &Desk) -> bool {
    let runs = std::fs::read_dir(desk.path("checkpoints")).into_iter().flatten().flatten();
    let files = runs.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten().flatten());
    files.into_iter().any(|file| file.path().extension().is_some_and(|ending| ending == "partial"))
}

#[test]
fn whenever_a_run_is_killed_the_next_one_goes_on_from_a_whole_checkpoint() {
    let (desk, recording) = (Desk::new(), bundled());
    let (mut steps, mut in_writing) = (0, 0);
    for attempt in 0..10u64 {
        let resume: &[&str] = if checkpoints(&desk).is_empty() { &[] } else { &["--resume"] };
        let known = checkpoints(&desk).len();
        let mut run = desk.start(&endless(&recording, "max", resume));
        // Kills fall anywhere; every second one as soon as a checkpoint is seen being written.
        std::thread::sleep(Duration::from_millis(200 + attempt * 137 % 400));
        if attempt % 2 == 1 {
            let asked = run.now();
            while !is_writing(&desk) && run.now() - asked < 10.0 {
                assert!(!run.is_over(), "it ended by itself: {:#?}", run.wait());
            }
        }
        run.signal("KILL");
        assert_eq!(run.wait().status.signal(), Some(9));
        in_writing += usize::from(is_writing(&desk));

        let all = checkpoints(&desk);
        for path in &all {
            let loaded = Checkpoint::load(path);
            assert!(loaded.is_ok(), "kill {attempt}: {:?}", loaded.err());
        }
        let newest = Checkpoint::newest(&desk.path("checkpoints"));
        if all.is_empty() {
            let refused = desk.run(&endless(&recording, "max", &["--resume", "--duration", "1"]));
            refused.refuses(1, &["there is no checkpoint in this folder"]);
            continue;
        }
        let counters = newest.unwrap().1.learnt.counters;
        let (_, now) = counters.iter().find(|(name, _)| name == "steps").unwrap();
        assert!(*now >= steps, "kill {attempt}: {now} steps after {steps}, with {known} checkpoints before");
        steps = *now;
    }
    println!(
        "{in_writing} of 10 kills left a checkpoint half written under its temporary name; {steps} steps were kept"
    );
    assert!(steps > 0, "no run came to a checkpoint");
    desk.run(&endless(&recording, "max", &["--resume", "--no-train", "--duration", "1"])).ends_with(0);
}
