//! Priorities: which threads of a live run go first, as the system tells it, and what is said where it refuses.
//!
//! Each test starts the program itself. Invariant: the data path is ahead of the trainer, whatever is granted.

use crate::cli::program::{Desk, PROGRAM, SMALL, Started, bundled};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Policy (0 ordinary, 2 `SCHED_RR`), real-time priority and nice value of each thread by its name.
fn threads(process: u32) -> BTreeMap<String, [i64; 3]> {
    let tasks = Path::new("/proc").join(process.to_string()).join("task");
    let stat = |entry: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        let (head, tail) = stat.rsplit_once(')')?;
        let fields: Vec<i64> = tail.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
        let name = head.split_once('(')?.1.to_owned();
        // The first field behind the name is the third of proc(5).
        Some((name, [fields[41 - 3], fields[40 - 3], fields[19 - 3]]))
    };
    std::fs::read_dir(tasks).unwrap().filter_map(stat).collect()
}

/// Whether a command runs here.
fn can(command: &[&str]) -> bool {
    Command::new(command[0]).args(&command[1..]).arg("true").output().is_ok_and(|output| output.status.success())
}

fn live<'a>(recording: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["run", "--replay", recording, "--loop", "--checkpoint", "", "--summary", "s.json"];
    [&fixed[..], &SMALL, more].concat()
}

/// The threads once all have begun.
fn settled(run: &mut Started) -> BTreeMap<String, [i64; 3]> {
    let mut found = BTreeMap::new();
    run.until("all threads have begun", |run| {
        found = threads(run.id());
        let has_trainer = found.get("train").is_some_and(|[_, _, nice]| *nice == 10);
        has_trainer && found.contains_key("acquire") && run.out().contains("embeddings")
    });
    found
}

#[test]
fn the_data_path_is_ahead_of_the_trainer() {
    let (desk, recording) = (Desk::new(), bundled());
    let cores = std::thread::available_parallelism().unwrap().get();
    let (wanted, word) = if cores > 1 && can(&["chrt", "-r", "20"]) {
        ([[2, 20, 0], [2, 10, 0]], "real-time")
    } else if can(&["nice", "-n", "-5"]) {
        ([[0, 0, -5]; 2], "ahead")
    } else {
        ([[0, 0, 0]; 2], "ordinary")
    };
    // Root may lock memory, whatever the limit; others have a test of what they are told.
    let locked = ["--set", "compute.lock_memory=true"];
    let more = if can(&["setpriv", "--reuid", "0"]) { &locked[..] } else { &[] };
    let mut run = desk.start(&live(&recording, more));
    if !more.is_empty() {
        run.until("memory is locked", |run| run.locked_kb() > 0);
    }
    let found = settled(&mut run);
    assert_eq!([found["acquire"], found["encode"]], wanted, "{found:?}");
    assert_eq!([found["train"][0], found["train"][2]], [0, 10], "{found:?}");
    assert_eq!(found["telemetry"], [0, 0, 0], "{found:?}");
    run.signal("INT");
    let said = run.wait().ends_with(0);
    assert_eq!(desk.json("s.json")["priority"], word);
    assert_eq!(said.out.contains("no priority over other programs"), word == "ordinary", "{said:?}");

    let mut run = desk.start(&live(&recording, &["--set", "compute.priority=off"]));
    let found = settled(&mut run);
    assert_eq!([found["acquire"], found["encode"]], [[0, 0, 0]; 2], "{found:?}");
    run.signal("INT");
    run.wait().ends_with(0);
    assert_eq!(desk.json("s.json")["priority"], "off");
}

#[test]
fn a_refusal_is_told_once_and_the_run_goes_on() {
    let (desk, recording) = (Desk::new(), bundled());
    let mut command = Command::new("sh");
    // Nobody may raise a priority or lock memory; root loses its right to.
    let script = "ulimit -r 0 2>/dev/null; ulimit -e 0 2>/dev/null; ulimit -l 64; \
                  if [ \"$(id -u)\" = 0 ]; then exec setpriv --bounding-set=-sys_nice,-ipc_lock -- \"$0\" \"$@\"; fi; \
                  exec \"$0\" \"$@\"";
    command.args(["-c", script, PROGRAM]).args(live(&recording, &["--duration", "8", "--speed", "4"]));
    let said = desk.start_as(command).wait().ends_with(0);
    assert_eq!(said.out.matches("no priority over other programs").count(), 1, "{said:?}");
    assert_eq!(desk.json("s.json")["priority"], "ordinary");

    let mut command = Command::new("sh");
    let locked = live(&recording, &["--set", "compute.lock_memory=true", "--embeddings", "e.csv"]);
    command.args(["-c", script, PROGRAM]).args(locked);
    std::fs::remove_file(desk.path("s.json")).unwrap();
    desk.start_as(command).wait().refuses(1, &["compute.lock_memory = true", "64 kB", "ulimit -l"]);
    assert_eq!(desk.listing(), [], "nothing is left behind");
}
