//! `examples/pretrain.rs` and `examples/embed.rs` as a person starts them, on real recordings.
//!
//! `cargo test` builds them beside the program. Invariant: what the one writes the other and the command `embed` read, and
//! neither replaces anything.

use super::program::{Desk, PROGRAM, Said, recordings, skip};
use std::path::Path;
use std::process::Command;

/// Runs an example in this folder; none if it has not been built.
fn run(desk: &Desk, name: &str, arguments: &[&str]) -> Option<Said> {
    let example = Path::new(PROGRAM).with_file_name("examples").join(name);
    if !example.is_file() {
        skip("the examples are not built: cargo build --examples");
        return None;
    }
    let mut command = Command::new(example);
    command.args(arguments);
    Some(desk.start_as(command).wait())
}

#[test]
fn an_encoder_is_pretrained_on_a_folder_and_embeds_another_recording() {
    let Some(folder) = recordings("labelled/eegmat") else { return };
    let desk = Desk::new();
    for name in ["Subject00_1.edf", "Subject00_2.edf"] {
        desk.write(&format!("recordings/{name}"), std::fs::read(folder.join(name)).unwrap());
    }
    desk.write("recordings/notes.txt", "no recording");
    let Some(said) = run(&desk, "pretrain", &["recordings", "model", "3"]) else { return };
    let said = said.ends_with(0);
    assert!(said.out.contains("step 3: loss") && said.out.contains("model: written"), "{said:?}");
    let card = std::fs::read_to_string(desk.path("model/card.toml")).unwrap();
    assert!(card.contains("steps = 3") && card.contains("rate_hz = 500"), "{card}");

    let other = folder.join("Subject01_2.edf").display().to_string();
    desk.run(&["embed", &other, "--model", "model", "--out", "e.csv"]).ends_with(0);
    // 62 s, windows of 2 s every quarter of one.
    assert_eq!(desk.json("e.json")["windows"], (62 - 2) * 4 + 1);
    let said = run(&desk, "embed", &["model", &other]).unwrap().ends_with(0);
    let written = std::fs::read_to_string(desk.path("e.csv")).unwrap();
    let numbers = |text: &str, from: usize| -> Vec<Vec<String>> {
        text.lines().skip(1).map(|line| line.split(',').skip(from).take(128).map(str::to_owned).collect()).collect()
    };
    assert_eq!(numbers(&said.out, 2), numbers(&written, 4), "the library gives what the command writes");
    let said = run(&desk, "embed", &["recordings", &other]).unwrap().ends_with(1);
    assert!(said.err.contains("card.toml"), "{said:#?}");

    let before = desk.listing();
    let said = run(&desk, "pretrain", &["recordings", "model", "3"]).unwrap().ends_with(1);
    assert!(said.err.contains("model") && said.err.contains("name another"), "{said:#?}");
    assert_eq!(desk.listing(), before);
}
