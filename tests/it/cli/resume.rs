//! `--resume` from what is no checkpoint of this run.

use super::at_full_speed;
use super::program::{Desk, SMALL, bundled};
use std::path::PathBuf;

/// The files below a folder of checkpoints, in order.
fn checkpoints(desk: &Desk, folder: &str) -> Vec<PathBuf> {
    let below = desk.path(folder);
    let files = desk.listing().into_iter().map(|(path, _)| path);
    files.filter(|path| path.starts_with(&below) && path.is_file()).collect()
}

#[test]
fn what_is_no_checkpoint_of_this_run_is_refused_and_nothing_changes() {
    let (desk, recording) = (Desk::new(), bundled());
    // An encoder whose weights belong to its channels.
    let short = ["--duration", "8", "--set", "model.encoder=conv"];
    desk.run(&at_full_speed(&recording, &short)).ends_with(0);
    let made = checkpoints(&desk, "checkpoints");
    assert_eq!(made.len(), 1, "{made:?}");
    let good = std::fs::read(&made[0]).unwrap();
    let place = |folder: &str| format!("{folder}/run-0001/step-00000001.safetensors");
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    desk.write(&place("garbage"), "this is no checkpoint");
    desk.write(&place("nothing"), "");
    desk.write(&place("cut"), &good[..good.len() - 1]);
    desk.write(&place("cut in its header"), &good[..100]);
    desk.write(&place("flipped"), flipped(good.len() / 2));
    desk.write(&place("flipped at its end"), flipped(good.len() - 1));
    std::fs::create_dir(desk.path("empty")).unwrap();
    std::fs::create_dir_all(desk.path("unused/run-0001")).unwrap();
    desk.write("a file", "x");
    let before = desk.listing();

    let resume = |folder: &str, more: &[&str], parts: &[&str]| {
        let outputs = ["--resume", "--embeddings", "e.csv", "--summary", "s.json", "--checkpoint", folder];
        let arguments = at_full_speed(&recording, &[&short[..], &outputs, more].concat());
        // The last --checkpoint is the one that counts.
        let arguments: Vec<&str> = [&arguments[..5], &arguments[7..]].concat();
        desk.run(&arguments).refuses(1, parts);
        assert_eq!(desk.listing(), before, "{folder}");
    };
    let older = "move the file away";
    resume("garbage", &[], &["garbage/run-0001/step-00000001.safetensors", "no checkpoint", older]);
    resume("nothing", &[], &["step-00000001.safetensors", "no checkpoint", older]);
    resume("cut", &[], &["step-00000001.safetensors", "damaged", older]);
    resume("cut in its header", &[], &["step-00000001.safetensors", "damaged", older]);
    resume("flipped", &[], &["step-00000001.safetensors", "its hash does not fit", older]);
    resume("flipped at its end", &[], &["step-00000001.safetensors", "its hash does not fit", older]);
    for folder in ["empty", "unused", "not there"] {
        resume(folder, &[], &[folder, "there is no checkpoint in this folder", "leave out --resume"]);
    }
    resume("a file", &[], &["a file", "cannot be listed"]);
    let other = "name another folder or change the configuration";
    resume("checkpoints", &["--method", "cpc"], &["the method byol", "the method cpc", other]);
    let few = r#"signal.channels=["Fp1", "Fp2", "F3", "F4", "C3", "C4", "Cz"]"#;
    let conv = ["--set", "model.encoder=conv", "--set", few, "--set", "signal.reference=none"];
    resume("checkpoints", &conv, &["the channels Fp1", other]);
    resume(
        "checkpoints",
        &["--set", "signal.reference=median"],
        &["the reference average", "the reference median", other],
    );
    resume("checkpoints", &["--set", "window.length_s=1"], &["windows of 512 frames", "256 frames", other]);
    resume("checkpoints", &["--set", "model.embedding=8"], &["the encoder", other]);
}

#[test]
fn a_run_goes_on_only_with_the_settings_of_its_method() {
    let desk = Desk::new();
    let recording = bundled();
    let run = |method: &str, setting: &str, more: &[&str]| {
        let fixed = ["run", "--replay", &recording, "--speed", "max", "--duration", "12", "--method", method];
        let setting = ["--checkpoint", method, "--set", setting];
        desk.run(&[&fixed[..], &SMALL, &setting, more].concat())
    };
    for (method, key, made, other) in [
        ("mae", "train.mae.hidden", "0.5", "0.75"),
        ("cpc", "train.negatives", "all-times", "same-time"),
        ("moco", "train.queue", "64", "32"),
    ] {
        let of = |value: &str| format!("{key}={value}");
        run(method, &of(made), &[]).ends_with(0);
        let before = desk.listing();
        let parts = [format!("made with {key} {made}"), format!("this run has {key} {other}")];
        run(method, &of(other), &["--resume"]).refuses(1, &[&parts[0], &parts[1], "change the configuration"]);
        assert_eq!(desk.listing(), before, "{method}");
        run(method, &of(made), &["--resume"]).ends_with(0);
    }
}
