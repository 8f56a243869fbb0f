//! Configurations: those in `tests/configs` and those that are shipped.
//!
//! Each test starts the program itself, in the folder of the crate. Invariant: every configuration that is shipped is
//! valid, and each that is not gets all its problems at once, in words that are kept as snapshots.

use crate::cli::program::{CRATE, Desk, PROGRAM, SMALL, Said, bundled};
use neurostream::config::Config;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use toml::{Table, Value};

/// Configurations in a folder of the crate, in order.
fn configurations(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(format!("{CRATE}/{folder}")).unwrap();
    let mut all: Vec<PathBuf> = entries.map(|entry| PathBuf::from(folder).join(entry.unwrap().file_name())).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    all.sort();
    all
}

/// Runs `neurostream check` in the folder of the crate, where the recordings of the configurations are.
fn check(arguments: &[&str]) -> Said {
    let mut command = Command::new("sh");
    command.args(["-c", "cd \"$1\" && shift && exec \"$0\" check \"$@\"", PROGRAM, CRATE]).args(arguments);
    Desk::new().start_as(command).wait()
}

#[test]
fn every_valid_configuration_passes() {
    let all = [configurations("tests/configs/valid"), configurations("configs")].concat();
    assert!(all.len() >= 8, "{all:?}");
    for path in all {
        let path = path.to_str().unwrap();
        let said = check(&[path]).ends_with(0);
        assert!(said.out.starts_with(&format!("{path}: nothing is wrong with it")), "{said:?}");
        assert_eq!((said.out.lines().count(), said.err.as_str()), (1, ""), "{said:?}");
    }
}

/// Paths of all keys with their values.
fn leaves(table: &Table, path: &str, all: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let path = format!("{path}.{key}");
        match value {
            Value::Table(inner) => leaves(inner, &path, all),
            value => drop(all.insert(path, value.clone())),
        }
    }
}

#[test]
fn the_configuration_of_every_key_leaves_none_out() {
    let text = std::fs::read_to_string(format!("{CRATE}/tests/configs/valid/every-key.toml")).unwrap();
    let table: Table = text.parse().unwrap();
    let config: Config = table.clone().try_into().unwrap();
    let [mut written, mut known, mut default] = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
    leaves(&table, "", &mut written);
    leaves(&Table::try_from(config).unwrap(), "", &mut known);
    leaves(&Table::try_from(Config::default()).unwrap(), "", &mut default);
    assert_eq!(written.keys().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
    let same: Vec<&String> =
        known.iter().filter(|(key, value)| default.get(*key) == Some(value)).map(|(key, _)| key).collect();
    // For these there is one choice so far.
    assert_eq!(same, [".compute.device", ".source.synthetic", ".train.memory.policy"]);
}

#[test]
fn every_invalid_configuration_gets_all_its_problems_at_once() {
    let all = configurations("tests/configs/invalid");
    assert!(all.len() >= 15, "{all:?}");
    for path in all {
        let said = check(&[path.to_str().unwrap()]).ends_with(2);
        assert_eq!(said.err, "", "{said:?}");
        insta::with_settings!({ description => path.display().to_string(), omit_expression => true, prepend_module_to_snapshot => true }, {
            insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), said.out);
        });
    }
}

#[test]
fn one_bad_configuration_among_good_ones_is_told_for_scripts_too() {
    let files = ["configs/default.toml", "tests/configs/invalid/several-at-once.toml", "tests/configs/valid/live.toml"];
    let said = check(&[&files[..], &["--format", "json"]].concat()).ends_with(2);
    let lines: Vec<Json> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["config"].as_str().unwrap()).collect::<Vec<_>>(), files);
    assert_eq!(lines.iter().map(|line| line["ok"].as_bool().unwrap()).collect::<Vec<_>>(), [true, false, true]);
    let problems = lines[1]["problems"].as_array().unwrap();
    let with = |key: &str| problems.iter().find(|problem| problem["key"] == key).unwrap_or_else(|| panic!("{key}"));
    assert_eq!(with("signal.higpass_hz")["hint"], "did you mean `highpass_hz`?");
    assert_eq!(with("windw")["hint"], "did you mean `window`?");
    assert_eq!(with("train.method")["value"], "\"byoll\"");
    assert_eq!(with("train.queue")["allowed"], "must be from 1 to 1048576");
    assert_eq!(lines[0]["problems"], Json::Array(Vec::new()));
}

/// What a short run did, with the arguments after the configuration.
fn summary(desk: &Desk, configuration: &[&str], more: &[&str]) -> Json {
    let fixed = ["--speed", "max", "--duration", "8", "--checkpoint", "checkpoints", "--summary", "summary.json"];
    desk.run(&[&["run"], configuration, &SMALL[..], &fixed, more].concat()).ends_with(0);
    desk.json("summary.json")
}

#[test]
fn settings_lie_over_the_file_and_flags_over_settings() {
    let desk = Desk::new();
    let file =
        format!("seed = 11\n[source]\nreplay = \"{}\"\n[window]\nhop_s = 0.5\n[train]\nmethod = \"moco\"\n", bundled());
    let file = desk.write("config.toml", file);
    let facts = |more: &[&str]| {
        let summary = summary(&desk, &[&file], more);
        let method = summary.get("training").map_or("none", |training| training["method"].as_str().unwrap()).to_owned();
        (summary["seed"].as_u64().unwrap(), summary["embeddings"]["count"].as_u64().unwrap(), method)
    };
    // Windows of 2 s in 8 s.
    let told = |seed, count, method: &str| (seed, count, method.to_owned());
    assert_eq!(facts(&[]), told(11, 13, "moco"));
    assert_eq!(
        facts(&["--set", "seed=12", "--set", "window.hop_s=1", "--set", "train.method=cpc"]),
        told(12, 7, "cpc")
    );
    assert_eq!(
        facts(&["--set", "seed=12", "--seed", "13", "--set", "train.method=cpc", "--method", "byol"]),
        told(13, 13, "byol")
    );
    assert_eq!(facts(&["--no-train", "--set", "train.enabled=true"]), told(11, 13, "none"));
    // A source on the command line takes the place of the file's.
    desk.run(&["synth", "other.edf", "--seconds", "20", "--channels", "9"]).ends_with(0);
    let other = summary(&desk, &[&file], &["--replay", "other.edf"]);
    assert_eq!((&other["source"]["name"], &other["source"]["channels"]), (&"other.edf".into(), &9.into()));
}

#[test]
fn without_a_file_the_built_in_default_applies() {
    let desk = Desk::new();
    let recording = bundled();
    let built_in = summary(&desk, &["--replay", &recording], &[]);
    let file = format!("{CRATE}/configs/default.toml");
    let from_file = summary(&desk, &[&file, "--replay", &recording], &[]);
    assert_eq!(built_in["embeddings"], from_file["embeddings"]);
    assert_eq!((&built_in["seed"], &built_in["training"]["method"]), (&1.into(), &"byol".into()));
    let refused = desk.run(&["run", "--set", "window.hopp=1"]).ends_with(2);
    assert!(refused.err.contains("configs/default.toml (built in): one problem"), "{refused:?}");
}
