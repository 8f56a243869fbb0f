//! Real recordings of other makers.

use super::{at_full_speed, number, run};
use crate::cli::program::{Desk, recordings};

#[test]
fn a_sleep_recording_of_mixed_rates_gives_its_eeg_and_says_what_is_left_out() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("edfio/short_psg.edf").display().to_string();
    let desk = Desk::new();
    let slow = ["--set", "signal.notch_hz=0", "--set", "source.block_ms=100"];
    let summary = at_full_speed(&desk, &recording, &[&slow[..], &["--duration", "30"]].concat());
    assert_eq!((&summary["source"]["channels"], &summary["source"]["rate_hz"]), (&2.into(), &100.0.into()));
    assert_eq!(number(&summary["embeddings"]["count"]), (3000 - 200) / 25 + 1);
    let said = desk.run(&run(&recording, &[&slow[..], &["--speed", "max", "--duration", "3"]].concat())).ends_with(0);
    let told =
        "2 of 7 channels are taken: EEG Fpz-Cz, EEG Pz-Oz; left out: EOG horizontal, Resp oro-nasal, EMG submental";
    assert!(said.out.contains(told), "{said:#?}");
    let mixed = r#"signal.channels=["EEG Fpz-Cz", "EMG submental"]"#;
    let refused = desk.run(&run(&recording, &[&slow[..], &["--set", mixed]].concat()));
    refused.refuses(2, &["several rates", "100 Hz: EEG Fpz-Cz", "1 Hz: EMG submental", "[signal] channels"]);
    let plain = desk.run(&run(&recording, &["--speed", "max", "--duration", "3"])).ends_with(0);
    assert!(plain.out.contains("no notch at 50 Hz"), "the built-in configuration serves slow recordings: {plain:#?}");
    // What the built-in configuration asks for and this rate cannot hold is left out and told.
    let said = desk.run(&run(&recording, &["--speed", "max", "--duration", "3"])).ends_with(0);
    assert!(said.out.contains("no notch at 50 Hz"), "{said:#?}");
    let low = desk.run(&run(&recording, &["--set", "signal.highpass_hz=50"]));
    low.refuses(2, &["signal.highpass_hz = 50", "below half the stream's rate, 50 Hz", "0 switches it off"]);
}

#[test]
fn an_ecog_recording_of_an_odd_rate_runs_with_its_configuration() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("mne-misc-data/sample_ecog.edf").display().to_string();
    let desk = Desk::new();
    let configuration = format!("{}/configs/ecog.toml", crate::cli::program::CRATE);
    let more = ["--duration", "6", "--set", "train.steps_per_s=2", "--embeddings", "e.csv"];
    let mut arguments = run(&recording, &[&["--speed", "max"], &more[..]].concat());
    arguments.insert(1, &configuration);
    desk.run(&arguments).ends_with(0);
    let summary = desk.json("s.json");
    super::assert_balances(&summary, 0);
    let rate_hz = summary["source"]["rate_hz"].as_f64().unwrap();
    assert!((rate_hz - 999.412_110_523).abs() < 1e-6, "{rate_hz}");
    let (acquired, window, hop) = ((6.0 * rate_hz).round() as u64, 999, 250);
    assert_eq!(number(&summary["frames"]["acquired"]), acquired);
    assert_eq!(number(&summary["embeddings"]["count"]), (acquired - window) / hop + 1);
    assert_eq!(summary["training"]["method"], "moco");
    let last = &super::embeddings::rows(&desk, "e.csv")[19];
    assert!(last.first == 19 * hop && (last.start_s - last.first as f64 / rate_hz).abs() < 1e-6, "{last:?}");
}

#[test]
fn a_plain_edf_recording_runs_to_its_end() {
    let Some(root) = recordings("edf") else { return };
    let recording = root.join("eeglab/test.edf").display().to_string();
    let steps = ["--set", "train.steps_per_s=1"];
    let judged = at_full_speed(&Desk::new(), &recording, &steps);
    // One value a second, held: no channel ever moves for half a second, so all is served and nothing learnt.
    let windows = &judged["windows"];
    assert_eq!((&windows["rejected"]["quality"], &windows["trained"]), (&windows["encoded"], &0.into()), "{judged}");
    let all_good = ["--set", "quality.enabled=false"];
    let summary = at_full_speed(&Desk::new(), &recording, &[steps, all_good].concat());
    assert_eq!((number(&summary["frames"]["acquired"]), &summary["reason"]), (60 * 256, &"end of source".into()));
    assert_eq!(number(&summary["embeddings"]["count"]), (60 * 256 - 512) / 64 + 1);
    assert!(number(&summary["training"]["steps"]) > 20, "{summary}");
}
