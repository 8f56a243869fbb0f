//! `examples/pretrain.rs` and `examples/embed.rs` as a person starts them, on real recordings.
//!
//! `cargo test` builds them beside the program. Invariant: what the one writes the other reads, and neither replaces anything.

use super::program::{Desk, PROGRAM, Said, bundled, recordings, skip};
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
    let said = run(&desk, "embed", &["model", &other]).unwrap().ends_with(0);
    let lines: Vec<&str> = said.out.lines().collect();
    // 62 s, windows of 2 s every quarter of one.
    assert_eq!(lines.len(), 1 + (62 - 2) * 4 + 1, "a header and a line a window");
    let rows: Vec<Vec<f32>> =
        lines[1..].iter().map(|line| line.split(',').map(|value| value.parse().unwrap()).collect()).collect();
    assert!(rows.iter().all(|row| row.len() == lines[0].split(',').count() && row.iter().all(|v| v.is_finite())));
    assert_eq!((rows[1][0], rows.last().unwrap()[0]), (0.25, 60.0));
    assert_ne!(rows[0][1..], rows[100][1..], "another window, another embedding");

    let before = desk.listing();
    for (example, arguments, parts) in [
        ("pretrain", ["recordings", "model", "3"].as_slice(), ["model", "name another"]),
        ("embed", &["model", &bundled()], ["256 Hz", "the model knows 500 Hz"]),
        ("embed", &["recordings", &other], ["card.toml", "cannot be read"]),
    ] {
        let said = run(&desk, example, arguments).unwrap().ends_with(1);
        assert!(parts.iter().all(|part| said.err.contains(part)), "{parts:?} is not in {said:#?}");
    }
    assert_eq!(desk.listing(), before);
}
