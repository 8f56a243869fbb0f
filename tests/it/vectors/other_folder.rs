//! Another folder of reference values runs the same tests, and one wrong number in it fails them.
//!
//! Owns copies of the folder. Invariant: every family is read from the folder that was named, and not one test passes
//! whatever it reads.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The families, each with a test of its own.
const FAMILIES: [&str; 12] =
    ["buffers", "byol", "conv", "cpc", "ema", "gru", "mae", "metrics", "mixup", "moco", "ntxent", "optim"];

/// Makes the first number in it another one; false if there is none.
fn spoil(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => {
            let spoilt = number.as_i64().map_or_else(|| json!(number.as_f64().unwrap() * 1.1 + 0.1), |n| json!(n + 1));
            *value = spoilt;
            true
        }
        Value::Array(all) => all.iter_mut().any(spoil),
        // Not the shape of a tensor, which tells how to read it.
        Value::Object(all) => all.iter_mut().filter(|(name, _)| *name != "shape").any(|(_, value)| spoil(value)),
        _ => false,
    }
}

/// Runs the tests of all families on a folder and returns what they say.
fn run_on(folder: &Path) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["vectors::", "--skip", "other_folder", "--skip", "encoders_equal"]);
    let output = command.env("NEUROSTREAM_VECTORS", folder).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_folder_that_is_named_is_tested_and_one_wrong_number_a_family_is_noticed() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/ssl");
    if !here.is_dir() {
        // What is missing has been said, or has failed, in every family.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |family: &str| folder.path().join(format!("{family}.json"));
    for family in FAMILIES {
        std::fs::write(path(family), std::fs::read(here.join(format!("{family}.json"))).unwrap()).unwrap();
    }
    let (passed, said) = run_on(folder.path());
    assert!(passed, "{said}");
    for family in FAMILIES {
        let mut file: Value = serde_json::from_slice(&std::fs::read(path(family)).unwrap()).unwrap();
        let expected = &mut file["cases"][0]["expected"];
        // What a method is judged by comes first where there are several figures.
        let spoilt = match ["loss", "y"].iter().find(|figure| expected.get(figure).is_some()) {
            Some(figure) => spoil(&mut expected[*figure]),
            None => spoil(expected),
        };
        assert!(spoilt, "{family} expects no number in its first case");
        std::fs::write(path(family), file.to_string()).unwrap();
    }
    let (_, said) = run_on(folder.path());
    for family in FAMILIES {
        let failed =
            said.lines().any(|line| line.contains(&format!("vectors::{family}::")) && line.ends_with("FAILED"));
        assert!(failed, "{family}: a wrong number is not noticed\n{said}");
    }
    std::fs::remove_file(path("ema")).unwrap();
    assert!(run_on(folder.path()).1.contains("ema.json is missing"), "a file that is not there is no success");
}
