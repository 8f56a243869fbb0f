//! Windows unlike everything before.
//!
//! Owns nothing. Invariant: windows are compared with others of the same stream that came before them, or that a checkpoint
//! kept.

use super::{at_full_speed, number};
use crate::cli::program::{Desk, SMALL, bundled, recordings};

#[test]
fn a_burst_that_never_was_before_raises_an_alarm() {
    let (desk, recording) = (Desk::new(), bundled());
    let summary = at_full_speed(&desk, &recording, &["--no-train"]);
    let novelty = &summary["novelty"];
    assert_eq!(summary["frames"]["lookout"]["consumed"], 180 * 256, "{summary}");
    assert!((1..=4).contains(&number(&novelty["alarms"])), "{novelty}");
    // The burst lasts from 140 s to 146 s, so up to there nothing is unlike all before, but for the first eyes closed.
    let before = at_full_speed(&desk, &recording, &["--no-train", "--duration", "139"]);
    let with = at_full_speed(&desk, &recording, &["--no-train", "--duration", "146"]);
    let alarms = [&before, &with].map(|summary| number(&summary["novelty"]["alarms"]));
    assert!(alarms[1] == alarms[0] + 1, "{alarms:?}");
    // It changes nothing else, and does nothing where it is off.
    let off = at_full_speed(&desk, &recording, &["--no-train", "--set", "novelty.enabled=false"]);
    assert_eq!((off.get("novelty"), off["frames"].get("lookout")), (None, None));
    assert_eq!(off["embeddings"], summary["embeddings"]);
}

/// Which share of the first minute of a recording is called one in ten by a run that knows two minutes of another.
fn one_in_ten(desk: &Desk, known: &str, asked: &str) -> f64 {
    let run = |replay: &str, more: &[&str]| {
        let fixed = ["run", "--replay", replay, "--speed", "max", "--checkpoint", "known", "--summary", "s.json"];
        let settings = ["--set", "train.steps_per_s=0.05", "--set", "window.hop_s=0.5"];
        desk.run(&[&fixed[..], &SMALL, &settings, more].concat()).ends_with(0);
    };
    run(known, &["--duration", "120"]);
    // Less than half of what is known, so that it stays unknown.
    run(asked, &["--duration", "55", "--resume", "--no-train"]);
    std::fs::remove_dir_all(desk.path("known")).unwrap();
    desk.json("s.json")["novelty"]["one_in_ten"].as_f64().unwrap()
}

#[test]
fn another_person_is_new_and_the_next_minute_of_the_same_is_not() {
    let Some(root) = recordings("labelled/eegmat") else { return };
    let desk = Desk::new();
    let rest = |subject: u32| root.join(format!("Subject{subject:02}_1.edf")).display().to_string();
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for subject in [2, 5, 9, 13] {
        let (known, next) = (rest(subject), format!("next-{subject}.edf"));
        desk.run(&["convert", &known, &next, "--start", "120", "--end", "178"]).ends_with(0);
        same.push(one_in_ten(&desk, &known, &next));
        other.push(one_in_ten(&desk, &known, &rest(subject + 1)));
    }
    let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
    assert!(mean(&same) < 0.3 && mean(&other) > 0.6, "{same:?} of the same, {other:?} of others");
}
