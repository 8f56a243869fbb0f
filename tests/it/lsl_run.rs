//! Whole runs between other programs on the Lab Streaming Layer, and without it.
//!
//! Each test with peers runs itself again inside a network namespace of its own; see [`crate::lsl::rig`]. Invariant: what
//! a receiver gets is what the run wrote down, stamped when the last frame of its window was sampled; where liblsl is
//! absent everything else works.

use crate::cli::program::{Desk, PROGRAM, SMALL, Said, bundled, skip};
use crate::lsl::rig::{on_loopback, pause};
use neurostream::signal::electrode::{Electrode, GridShapes, on_sphere};
use neurostream::source::Source;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

const OUTPUTS: [&str; 7] = ["--checkpoint", "checkpoints", "--summary", "s.json", "--headless", "--format", "json"];
/// Windows of a second, ten a second, learnt from after two seconds. What peers send are counters, so that each sample
/// can be told: no brain would pass for that.
const WINDOWS: &str = "--set window.length_s=1 --set window.hop_s=0.1 --set train.batch=8 --set train.steps_per_s=8 \
                       --set train.publish_every=4 --set quality.enabled=false";

pub fn run<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["run"], &SMALL[1..], &OUTPUTS, &WINDOWS.split_whitespace().collect::<Vec<_>>(), more].concat()
}

#[track_caller]
pub fn assert_balances(summary: &Value) {
    let frames = &summary["frames"];
    for name in ["encoder", "trainer", "display"] {
        let count = |key: &str| frames[name][key].as_u64().unwrap();
        assert_eq!(frames["acquired"], count("consumed") + count("lost") + count("left"), "{name}: {frames}");
    }
}

/// So many frames came, with so many gaps, and the ledger balances.
#[track_caller]
pub fn assert_acquired(summary: &Value, acquired: u64, gaps: u64) {
    assert_balances(summary);
    let frames = &summary["frames"];
    assert_eq!((&frames["acquired"], &frames["gaps"]), (&acquired.into(), &gaps.into()), "{summary}");
}

#[test]
fn a_stream_comes_in_and_its_embeddings_go_out() {
    on_loopback(&a_stream_comes_in_and_its_embeddings_go_out, |rig| {
        let labels = "labels=Fp1,Fp2,C3,C4,P3,P4,O1,O2";
        let mut amplifier = rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250", labels]);
        let desk = Desk::new();
        let stream = ["--lsl", "name='amp'", "--publish", "emb", "--duration", "12", "--embeddings", "e.csv"];
        let program = desk.start(&run(&stream));
        let mut receiver = rig.peer("inlet.py", &["name=emb", "samples=60"]);
        for (key, expected) in [
            ("type", "Embedding"),
            ("channels", "17"),
            ("rate", "10.0"),
            ("method", "byol"),
            ("window_s", "1"),
            ("hop_s", "0.1"),
            ("source ", "amp"),
            ("source_rate_hz", "250"),
            ("source_labels", "Fp1,Fp2,C3,C4,P3,P4,O1,O2"),
        ] {
            // The receiver says type, source_id, channels, … in this order.
            if key == "channels" {
                let source_id = receiver.line("source_id");
                assert!(source_id.starts_with("neurostream/") && source_id.ends_with("/emb/amp"), "{source_id}");
            }
            assert_eq!(receiver.line(key), expected, "{key}");
        }
        let labels: Vec<String> = (0..16).map(|i| format!("e{i}")).chain(["generation".to_owned()]).collect();
        assert_eq!(receiver.line("labels"), labels.join(","));
        receiver.line("ready");
        let received: Vec<Vec<f64>> =
            (0..60).map(|_| receiver.line("sample").split(' ').map(|word| word.parse().unwrap()).collect()).collect();
        let t0 = amplifier.number("t0");
        program.wait().ends_with(0);

        let summary = desk.json("s.json");
        assert_balances(&summary);
        assert_eq!((&summary["source"]["kind"], &summary["source"]["name"]), (&"lsl".into(), &"amp".into()));
        assert_eq!((&summary["frames"]["acquired"], &summary["reason"]), (&3000.into(), &"duration reached".into()));
        assert_eq!(summary["frames"]["gaps"], 0, "{summary}");
        assert!(summary["training"]["generations"].as_u64() > Some(2), "{summary}");

        let rows = crate::pipeline::rows(&desk, "e.csv");
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let written: BTreeMap<Vec<u32>, &crate::pipeline::Row> =
            rows.iter().map(|row| (bits(&row.values), row)).collect();
        let mut firsts = Vec::new();
        for sample in &received {
            let (stamp, values) = (sample[0], sample[1..17].iter().map(|value| *value as f32).collect::<Vec<_>>());
            let row = written.get(&bits(&values)).unwrap_or_else(|| panic!("{sample:?} was never written down"));
            assert_eq!(sample[17], row.generation as f64);
            let last = t0 + (row.first + 249) as f64 / 250.0;
            assert!((stamp - last).abs() < 0.004, "stamped {} s after the window's last sample", stamp - last);
            firsts.push(row.first);
        }
        assert!(firsts.windows(2).all(|pair| pair[1] == pair[0] + 25), "none is left out: {firsts:?}");
    });
}

#[test]
fn a_source_that_comes_back_with_other_channels_begins_a_new_session() {
    on_loopback(&a_source_that_comes_back_with_other_channels_begins_a_new_session, |rig| {
        let outlet = |more: &[&str]| rig.outlet(&[&["name=amp", "source_id=sn1", "rate=250"][..], more].concat());
        let first = outlet(&["channels=8", "labels=Fp1,Fp2,C3,C4,P3,P4,O1,O2"]);
        let desk = Desk::new();
        let record = ["--record", "r.edf", "--embeddings", "e.csv", "--duration", "8"];
        let program = desk.start(&run(&[&["--lsl", "amp", "--publish", "emb"][..], &record].concat()));
        let mut receiver = rig.peer("inlet.py", &["name=emb", "samples=5"]);
        (0..5).for_each(|_| drop(receiver.line("sample")));
        drop(first);
        let _second = outlet(&["channels=4", "labels=C3,Cz,C4,P7"]);
        program.wait().ends_with(0);

        let [first, second] = ["s.json", "s-2.json"].map(|name| desk.json(name));
        let reason = first["reason"].as_str().unwrap();
        assert!(reason.contains("came back changed: it had 8 channels and has 4"), "{reason}");
        assert_eq!(second["reason"], "duration reached");
        assert_eq!([&first, &second].map(|s| s["source"]["channels"].as_u64()), [Some(8), Some(4)]);
        let signal_s = [&first, &second].map(|s| s["signal_s"].as_f64().unwrap());
        assert!(signal_s.iter().all(|s| *s > 1.0) && (signal_s[0] + signal_s[1] - 8.0).abs() < 0.01, "{signal_s:?}");
        for (summary, embeddings, recording) in [(&first, "e.csv", "r.edf"), (&second, "e-2.csv", "r-2.edf")] {
            assert_balances(summary);
            assert!(!crate::pipeline::rows(&desk, embeddings).is_empty() && desk.path(recording).exists(), "{summary}");
        }
    });
}

#[test]
fn status_and_processed_signal_go_out_beside_the_embeddings() {
    on_loopback(&status_and_processed_signal_go_out_beside_the_embeddings, |rig| {
        let labels = "labels=Fp1,Fp2,C3,C4,P3,P4,O1,O2";
        let _amplifier =
            rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250", labels, "gap_at=1500", "gap=50"]);
        let desk = Desk::new();
        // Nothing is done to the signal, so that each sample can be told.
        let outlet = r#"serve.lsl={name="emb",status=true,signal=true}"#;
        let plain = "--set signal.highpass_hz=0 --set signal.lowpass_hz=0 --set signal.notch_hz=0 --set signal.scale_s=0 \
                     --set signal.reference=none";
        let more: Vec<&str> = plain.split_whitespace().collect();
        let arguments = [&["--lsl", "amp", "--duration", "12", "--set", outlet][..], &more].concat();
        let program = desk.start(&run(&arguments));
        let mut signal = rig.peer("inlet.py", &["name=emb-signal", "samples=1500"]);
        let mut status = rig.peer("inlet.py", &["name=emb-status", "samples=30", "raw=yes"]);
        assert_eq!(["type", "channels", "rate", "source "].map(|key| signal.line(key)), ["EEG", "8", "250.0", "amp"]);
        assert_eq!(signal.line("labels"), "Fp1,Fp2,C3,C4,P3,P4,O1,O2");
        assert_eq!(["type", "channels", "rate"].map(|key| status.line(key)), ["Status", "1", "0.0"]);
        let mut last = None;
        let mut gaps = Vec::new();
        for _ in 0..1500 {
            let line = signal.line("sample");
            let numbers: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
            // Value 0 of frame i is 7 i modulo 251, less 125: the first tells the frame, up to 251 of them.
            let row: Vec<f32> = numbers[1..].iter().map(|value| *value as f32).collect();
            let frame =
                (0..251).find(|i| crate::lsl::frame(*i, 8) == row).unwrap_or_else(|| panic!("{line} was never sent"));
            if let Some((before, stamp)) = last {
                let missing = (frame + 251 - before - 1) % 251;
                let apart_s: f64 = numbers[0] - stamp;
                assert!((apart_s - (missing + 1) as f64 / 250.0).abs() < 0.002, "{missing} missing in {apart_s} s");
                gaps.extend((missing > 0).then_some(missing));
            }
            last = Some((frame, numbers[0]));
        }
        let told: Vec<Value> =
            (0..30).map(|_| serde_json::from_str(status.line("sample").split_once(' ').unwrap().1).unwrap()).collect();
        program.wait().ends_with(0);
        let summary = desk.json("s.json");
        assert_balances(&summary);
        let publisher = &summary["frames"]["publisher"];
        assert_eq!((&publisher["consumed"], &publisher["lost"]), (&3000.into(), &0.into()), "{summary}");
        assert!(gaps.is_empty() || gaps == [50], "{gaps:?}");
        let all = |key: &str| told.iter().filter_map(|one| one.get(key)).collect::<Vec<_>>();
        let states = all("state");
        assert!(
            states.len() > 2
                && states.windows(2).all(|pair| pair[0]["acquired"].as_u64() < pair[1]["acquired"].as_u64())
        );
        for state in states {
            let encoder = &state["frames"]["encoder"];
            let sum: u64 = ["consumed", "lost", "left"].iter().map(|key| encoder[key].as_u64().unwrap()).sum();
            assert!(sum.abs_diff(state["acquired"].as_u64().unwrap()) < 250, "{state}");
        }
        let generations = all("generation");
        assert!(!generations.is_empty(), "{told:?}");
        for generation in generations {
            assert_eq!(generation["sha256"].as_str().map(str::len), Some(64), "{generation}");
        }
        assert!(all("event").iter().any(|event| event["kind"] == "swap"), "{told:?}");
    });
}

#[test]
fn a_stream_that_is_not_there_is_waited_for_and_the_wait_can_be_ended() {
    on_loopback(&a_stream_that_is_not_there_is_waited_for_and_the_wait_can_be_ended, |rig| {
        let _other = rig.outlet(&["name=gyro", "type=MoCap"]);
        let desk = Desk::new();
        let refused = desk.run(&run(&["--lsl", "amp", "--set", "source.wait_s=2"]));
        refused.refuses(1, &["no stream with name='amp' appeared within 2 s", "'gyro'", "Is the source running"]);
        let refused = desk.run(&run(&["--lsl", "name='amp"]));
        refused.refuses(1, &["is not closed", "name='X'"]);
        assert_eq!(desk.listing(), [], "nothing is made before there is a stream");

        let waiting = desk.start(&run(&["--lsl", "amp", "--set", "source.wait_s=600"]));
        pause(1.5);
        let asked = waiting.now();
        waiting.signal("INT");
        let mut waiting = waiting;
        while !waiting.is_over() {
            assert!(waiting.now() - asked < 5.0, "it goes on waiting");
            pause(0.01);
        }
        let said = waiting.wait();
        assert!(said.status.code() == Some(130) && !said.err.contains("neurostream:"), "{said:#?}");

        let waiting = desk.start(&run(&["--lsl", "amp", "--set", "source.wait_s=60", "--duration", "1"]));
        pause(2.0);
        let _late = rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250"]);
        waiting.wait().ends_with(0);
        assert_eq!(desk.json("s.json")["frames"]["acquired"], 250);
    });
}

#[test]
fn a_run_whose_stream_fell_silent_still_ends_when_it_is_asked_to() {
    on_loopback(&a_run_whose_stream_fell_silent_still_ends_when_it_is_asked_to, |rig| {
        let desk = Desk::new();
        let amplifier = rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250"]);
        let mut program = desk.start(&run(&["--lsl", "amp"]));
        program.until("it serves", |run| run.out().contains("\"embeddings\":1"));
        drop(amplifier);
        program.until("the silence is told", |run| run.out().contains("no data from 'amp'"));
        let asked = program.now();
        program.signal("INT");
        while !program.is_over() {
            assert!(program.now() - asked < 5.0, "it goes on: {}", program.out());
            pause(0.01);
        }
        program.wait().ends_with(0);
        let summary = desk.json("s.json");
        assert_balances(&summary);
        assert_eq!(summary["reason"], "asked to stop");
    });
}

/// Runs the program where no search for liblsl finds anything; none where the system itself has one.
fn without_liblsl(desk: &Desk, arguments: &[&str]) -> Option<Said> {
    let start = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("PATH", desk.path("")).env("HOME", desk.path("")).env("LSL_LIB", "/nowhere/liblsl.so");
        command.args(arguments);
        desk.start_as(command).wait()
    };
    let probe = start(&["run", "--lsl", "none", "--set", "source.wait_s=0", "--headless"]);
    if !probe.err.contains("liblsl was not found") {
        skip("the system's own loader finds a liblsl");
        return None;
    }
    Some(start(arguments))
}

#[test]
fn without_liblsl_everything_else_works_and_the_message_says_how_to_get_it() {
    let (desk, recording) = (Desk::new(), bundled());
    let configuration =
        format!("[source]\nreplay = \"{recording}\"\nspeed = \"max\"\n[serve]\nlsl = {{ name = \"emb\" }}\n");
    let configuration = desk.write("config.toml", configuration);
    let advice = ["liblsl was not found", "pip install pylsl", "`[lsl] library`", "LSL_LIB", "/nowhere/liblsl.so"];

    let Some(said) = without_liblsl(&desk, &run(&["--duration", "8", &configuration])) else { return };
    let said = said.ends_with(0);
    assert!(said.err.contains("embeddings are not published"), "{said:#?}");
    advice.iter().for_each(|part| assert!(said.err.contains(part), "{part:?} is not in {said:#?}"));
    let summary = desk.json("s.json");
    assert_balances(&summary);
    assert_eq!(summary["embeddings"]["count"], (8 * 256 - 256) / 26 + 1);

    let before = desk.listing();
    without_liblsl(&desk, &run(&["--lsl", "name='amp'"])).unwrap().refuses(1, &advice);
    without_liblsl(&desk, &run(&["--publish", "emb", &configuration])).unwrap().refuses(1, &advice);
    let named = ["--lsl", "amp", "--set", "lsl.library=/nowhere/else.so"];
    without_liblsl(&desk, &run(&named)).unwrap().refuses(1, &["/nowhere/else.so", "Correct `[lsl] library`"]);
    assert_eq!(desk.listing(), before);
}

#[test]
fn where_a_stream_says_that_its_channels_lie_is_where_the_model_has_them() {
    on_loopback(&where_a_stream_says_that_its_channels_lie_is_where_the_model_has_them, |rig| {
        // Names of no system, and places of the 10-5 system in metres; the last has a name, which wins, and a wrong place.
        let at = |name: &str| on_sphere(Electrode::of(name).unwrap().position).map(|side| f64::from(side) * 0.0925);
        let written = |[x, y, z]: [f64; 3]| format!("{x},{y},{z}");
        let places = ["C3", "Cz", "Oz", "Fz"].map(at);
        let text = places.map(written).join(";");
        let (places_said, labels) = (format!("places={text}"), "labels=ch7,ch8,ch9,P4");
        let _peer = rig.outlet(&["name=amp", "source_id=sn1", "channels=4", "rate=250", labels, &places_said]);
        let source = rig.open("amp").unwrap();
        let montage = &source.facts().montage;
        let stated: Vec<_> = montage.channels.iter().map(|channel| channel.location_mm).collect();
        assert_eq!(stated, places.map(Some), "as the stream says it");
        let found = montage.located(&GridShapes::new()).positions();
        for (found, name) in found.iter().zip(["C3", "Cz", "Oz", "P4"]) {
            let (found, expected) = (found.unwrap(), Electrode::of(name).unwrap().position);
            assert!((found[0] - expected[0]).hypot(found[1] - expected[1]) < 1e-5, "{name}: {found:?}");
        }
        drop(source);

        let desk = Desk::new();
        desk.run(&run(&["--lsl", "amp", "--duration", "3", "--record", "a.xdf"])).ends_with(0);
        // What was recorded says it too.
        desk.write("c.toml", "[source]\nreplay = \"a.xdf\"\n");
        let said = desk.run(&["check", "c.toml"]).ends_with(0);
        assert!(said.out.contains("4 channels at 250 Hz, 4 with positions"), "{said:?}");
    });
}
