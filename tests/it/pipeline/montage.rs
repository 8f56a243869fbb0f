//! What the model sees of real recordings, and a model that meets other channels than its own.

use super::{at_full_speed, number, run};
use crate::cli::program::{Desk, bundled, recordings};

/// What `check` says of a recording with these lines of `[signal]`.
fn checked(recording: &str, signal: &str) -> String {
    let desk = Desk::new();
    let text = format!("[source]\nreplay = \"{recording}\"\n[window]\nlength_s = 1.0\n[signal]\n{signal}\n");
    let file = desk.write("config.toml", text);
    desk.run(&["check", &file]).ends_with(0).out
}

#[test]
fn electrodes_of_real_recordings_are_found() {
    let (Some(root), Some(labelled)) = (recordings("edf"), recordings("labelled")) else { return };
    let of = |file: &str| root.join(file).display().to_string();
    let physionet = of("eegmmidb-S001/S001R04.edf");
    assert!(checked(&physionet, "").contains("64 channels at 160 Hz, 64 with positions, windows"));
    let said = checked(&physionet, "channels = [\"/^C[0-9z]$/\", \"FCz\", \"CPz\"]\nreference = \"small-laplacian\"");
    assert!(
        said.contains(
            "9 channels at 160 Hz, 9 with positions, of which the model sees 5: C3.., C1.., Cz.., C2.., C4.."
        ),
        "{said}"
    );
    assert!(
        said.contains("4 of 9 channels are left out, since their neighbours are not there: Fcz., C5.., C6.., Cpz."),
        "{said}"
    );

    let grid = of("mne-misc-data/sample_ecog.edf");
    assert!(checked(&grid, "").contains(" 0 with positions"), "C1 to C64 are no scalp");
    let said = checked(
        &grid,
        "channels = [\"C1..C64\"]\nkinds = { ecog = [\"/^C[0-9]+$/\"] }\nreference = \"large-laplacian\"",
    );
    assert!(said.contains("64 channels at") && said.contains("64 with positions"), "{said}");

    let biosemi = of("mne-python/test.bdf");
    let said = checked(&biosemi, "reference = \"double-banana\"\nhighpass_hz = 0");
    assert!(said.contains("the model sees 18: Fp1-F7, F7-T7, T7-P7, P7-O1, Fp2-F8"), "{said}");
    let old = of("eeglab/test.edf");
    let said = checked(&old, "reference = \"double-banana\"");
    assert!(
        said.contains("16 channels at 256 Hz, 16 with positions, of which the model sees 16"),
        "T3 to T6 are T7 to P8: {said}"
    );
    let eegmat = labelled.join("eegmat/Subject00_1.edf").display().to_string();
    assert!(
        checked(&eegmat, "reference = \"Pz\"").contains("8 with positions, of which the model sees 7: EEG F3, EEG Fz")
    );
}

#[test]
fn inspect_tells_kinds_and_places() {
    let desk = Desk::new();
    let said = desk.run(&["inspect", "--format", "json", &bundled()]).ends_with(0);
    let facts: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(facts["positions"], 16);
    let c3 = facts["channels"].as_array().unwrap().iter().find(|c| c["label"] == "C3").unwrap();
    assert_eq!((&c3["kind"], &c3["electrode"]), (&"eeg".into(), &"C3".into()));
    assert!(c3["position"][0].as_f64().unwrap() < -0.3, "{c3}");
    let said = desk.run(&["inspect", &bundled()]).ends_with(0);
    assert!(said.out.contains("16 channels, 16 with positions"), "{said:?}");
}

#[test]
fn pairs_are_trained_on_and_served() {
    let desk = Desk::new();
    let summary = at_full_speed(&desk, &bundled(), &["--duration", "15", "--set", "signal.reference=double-banana"]);
    assert_eq!(summary["source"]["channels"], 16, "the source is told as it is");
    assert!(number(&summary["training"]["steps"]) > 0, "{summary}");
    assert_eq!(number(&summary["embeddings"]["count"]), (15 * 256 - 512) / 64 + 1);
}

#[test]
fn a_model_meets_other_channels_than_its_own() {
    let (desk, recording) = (Desk::new(), bundled());
    // An encoder whose weights belong to channels.
    let conv = ["--set", "model.encoder=conv"];
    let with = |more: &[&str]| at_full_speed(&desk, &recording, &[&["--duration", "10"], &conv[..], more].concat());
    let trained = with(&[]);
    let same = with(&["--resume", "--no-train"]);
    // The last two are missing, and the model knows nothing of it but zeros.
    let fewer = ["--resume", "--no-train", "--set", r#"signal.exclude=["O1", "O2"]"#];
    let served = with(&fewer);
    assert_eq!(served["embeddings"]["count"], same["embeddings"]["count"]);
    assert_ne!(served["embeddings"]["sha256"], same["embeddings"]["sha256"]);
    let short = ["--speed", "max", "--duration", "3"];
    let said = desk.run(&run(&recording, &[&short[..], &conv, &fewer].concat())).ends_with(0);
    assert!(
        said.out.contains("2 of the model's 16 channels are not in this stream and stay zero: O1, O2"),
        "{said:#?}"
    );

    // A recording with one channel more and in another order gives the same as the model's own channels alone.
    let few = r#"model.montage=["C4", "Cz", "C3", "Fz"]"#;
    let none = ["--no-train", "--set", "signal.reference=none", "--set", few];
    let all = with(&none);
    let picked = with(&[&none[..], &["--set", r#"signal.channels=["C3", "C4", "Cz", "Fz"]"#]].concat());
    assert_eq!(all["embeddings"], picked["embeddings"]);
    assert!(number(&trained["training"]["steps"]) > 0);
}

#[test]
fn a_model_of_any_montage_goes_on_with_other_channels() {
    let (desk, recording) = (Desk::new(), bundled());
    let spatial = ["--duration", "10", "--set", "model.encoder=spatial-conv"];
    at_full_speed(&desk, &recording, &spatial);
    let fewer = ["--resume", "--set", r#"signal.exclude=["O1", "O2"]"#];
    let resumed = at_full_speed(&desk, &recording, &[&spatial[..], &fewer].concat());
    assert!(number(&resumed["training"]["steps"]) > 0, "{resumed}");
}
