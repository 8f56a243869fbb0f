//! Disks that are full, folders that cannot be written, files that are there already.

use super::at_full_speed;
use super::program::{Desk, bundled};

/// 64 KiB for what is to be written, in the folder `small`; what is in it at the end goes to `left`.
const SMALL_DISK: &str = "mkdir small && mount -t tmpfs -o size=64k none small && \"$0\" \"$@\"; code=$?; \
                          ls -1R small > left; exit $code";
/// The same full from the beginning.
const FULL_DISK: &str = "mkdir small && mount -t tmpfs -o size=64k none small && cat /dev/zero > small/fill 2> /dev/null; \
                         \"$0\" \"$@\"; code=$?; ls -1R small > left; exit $code";
/// A folder `kept` that can be read only.
const READ_ONLY: &str =
    "mkdir -p kept && mount --bind kept kept && mount -o remount,bind,ro kept && exec \"$0\" \"$@\"";

fn left(desk: &Desk) -> String {
    std::fs::read_to_string(desk.path("left")).unwrap()
}

#[test]
fn embeddings_on_a_full_disk_fail_the_run_but_do_not_end_it() {
    let (desk, recording) = (Desk::new(), bundled());
    for name in ["small/e.csv", "small/e.npy"] {
        let more = [
            "--duration",
            "40",
            "--set",
            "window.hop_s=0.02",
            "--no-train",
            "--embeddings",
            name,
            "--summary",
            "s.json",
        ];
        let Some(said) = desk.run_with_mounts(SMALL_DISK, &at_full_speed(&recording, &more)) else { return };
        let said = said.ends_with(1);
        assert!(said.err.contains(name) && said.err.contains("No space left on device"), "{said:#?}");
        assert_eq!(desk.json("s.json")["frames"]["encoder"]["consumed"], 40 * 256, "the run goes on");
        assert!(!left(&desk).lines().any(|line| line == "e.npy"), "half an array is none: {}", left(&desk));
        std::fs::remove_dir(desk.path("small")).unwrap();
    }
}

#[test]
fn a_checkpoint_on_a_full_disk_fails_the_run_and_leaves_no_stump() {
    let (desk, recording) = (Desk::new(), bundled());
    let mut arguments = at_full_speed(&recording, &["--duration", "20", "--summary", "s.json"]);
    arguments[6] = "small/checkpoints";
    let Some(said) = desk.run_with_mounts(SMALL_DISK, &arguments) else { return };
    let said = said.ends_with(1);
    for part in ["small/checkpoints/run-0001/step-", "the checkpoint cannot be written", "No space left on device"] {
        assert!(said.err.contains(part), "{part}: {said:#?}");
    }
    assert_eq!(desk.json("s.json")["frames"]["trainer"]["lost"], 0);
    assert!(!left(&desk).contains("safetensors"), "{}", left(&desk));
}

#[test]
fn a_summary_and_a_recording_on_a_full_disk_are_told() {
    let (desk, recording) = (Desk::new(), bundled());
    let arguments = at_full_speed(&recording, &["--duration", "10", "--no-train", "--summary", "small/s.json"]);
    let Some(said) = desk.run_with_mounts(FULL_DISK, &arguments) else { return };
    let said = said.ends_with(1);
    for part in ["small/s.json", "the summary cannot be written", "No space left on device"] {
        assert!(said.err.contains(part), "{part}: {said:#?}");
    }
    assert!(said.out.contains("2560 consumed + 0 lost + 0 left"), "it is printed at least: {said:#?}");
    assert_eq!(left(&desk).lines().filter(|line| line.contains("s.json")).count(), 0, "{}", left(&desk));
    std::fs::remove_dir(desk.path("small")).unwrap();
    let said = desk.run_with_mounts(FULL_DISK, &["synth", "small/a.edf"]).unwrap().ends_with(1);
    assert!(said.err.contains("small/a.edf") && said.err.contains("No space left on device"), "{said:#?}");
    assert!(!left(&desk).lines().any(|line| line == "a.edf"), "{}", left(&desk));
}

#[test]
fn places_that_cannot_be_written_are_named_before_anything_moves() {
    let (desk, recording) = (Desk::new(), bundled());
    desk.write("a file", "x");
    let before = desk.listing();
    for (more, parts) in [
        (["--embeddings", "a file/e.csv"], ["a file/e.csv", "embeddings cannot be written"]),
        (["--embeddings", "/proc/e.npy"], ["/proc/e.", "embeddings cannot be written"]),
        (["--embeddings", "none/e.csv"], ["none/e.csv", "embeddings cannot be written"]),
    ] {
        desk.run(&at_full_speed(&recording, &[&more[..], &["--duration", "8"]].concat())).refuses(1, &parts);
        assert_eq!(desk.listing(), before, "{more:?}");
    }
    for folder in ["a file/checkpoints", "/proc/checkpoints"] {
        let mut arguments = at_full_speed(&recording, &["--duration", "8", "--embeddings", "e.csv"]);
        arguments[6] = folder;
        desk.run(&arguments).refuses(1, &[folder, "the folder for checkpoints cannot be made"]);
        assert_eq!(desk.listing(), before, "{folder}: nothing is left behind");
    }
}

#[test]
fn a_folder_that_can_be_read_only_is_named() {
    let (desk, recording) = (Desk::new(), bundled());
    let run = |more: &[&str], checkpoints: &str| {
        let mut arguments = at_full_speed(&recording, &[&["--duration", "8"], more].concat());
        arguments[6] = checkpoints;
        desk.run_with_mounts(READ_ONLY, &arguments)
    };
    let Some(said) = run(&["--no-train", "--embeddings", "kept/e.csv"], "c") else { return };
    said.refuses(1, &["kept/e.csv", "Read-only file system"]);
    run(&[], "kept/c").unwrap().refuses(1, &["kept/c", "the folder for checkpoints cannot be made", "Read-only"]);
    run(&["--no-train", "--summary", "kept/s.json"], "c").unwrap().refuses(1, &["kept/s.json", "Read-only"]);
    let said = desk.run_with_mounts(READ_ONLY, &["synth", "kept/a.edf"]).unwrap();
    said.refuses(1, &["kept/a.edf", "Read-only"]);
}

#[test]
fn embeddings_never_replace_a_file() {
    let (desk, recording) = (Desk::new(), bundled());
    for name in ["e.csv", "e.npy"] {
        desk.write(name, "years of work");
    }
    desk.write("f.windows.csv", "years of work");
    let before = desk.listing();
    for (name, taken) in [("e.csv", "e.csv"), ("e.npy", "e.npy"), ("f.npy", "f.windows.csv")] {
        let more = ["--duration", "8", "--embeddings", name];
        desk.run(&at_full_speed(&recording, &more)).refuses(1, &[taken, "there is such a file already"]);
        assert_eq!(desk.listing(), before, "{name}");
    }
}

#[test]
fn a_summary_replaces_nothing_but_a_summary() {
    let desk = Desk::new();
    let recording = desk.write("recording.edf", std::fs::read(bundled()).unwrap());
    desk.write("years.json", "{\"of\": \"work\"}");
    let before = desk.listing();
    let run =
        |more: &[&str]| desk.run(&at_full_speed(&recording, &[&["--duration", "3", "--no-train"], more].concat()));
    for taken in ["recording.edf", "years.json", "/dev/null"] {
        run(&["--summary", taken]).refuses(2, &[taken, "is no summary of a run", "name another file"]);
    }
    run(&["--summary", "e.csv", "--embeddings", "e.csv"]).refuses(2, &["e.csv", "the embeddings go into this file"]);
    assert_eq!(desk.listing(), before);
    desk.write("s.json", "");
    run(&["--summary", "s.json"]).ends_with(0);
    run(&["--summary", "s.json", "--seed", "5"]).ends_with(0);
    assert_eq!(desk.json("s.json")["seed"], 5);
}
