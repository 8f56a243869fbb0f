//! Several amplifiers as one source.
//!
//! Each test runs itself again inside a network namespace of its own; see [`crate::lsl::rig`]. Invariant: what two
//! amplifiers measured at one moment lies in one frame, whatever their clocks and starts.

use crate::cli::program::Desk;
use crate::lsl::rig::{Rig, on_loopback, on_loopback_with};
use crate::lsl_run::{assert_balances, run};
use neurostream::signal::EventKind;
use neurostream::source::{JoinedSource, Source, SourceError};

fn joined(rig: &Rig, predicates: &[&str]) -> Result<JoinedSource, SourceError> {
    JoinedSource::of(predicates.iter().map(|predicate| rig.open(predicate)).collect::<Result<Vec<_>, _>>()?)
}

#[test]
fn two_amplifiers_of_two_clocks_show_one_signal() {
    on_loopback(&two_amplifiers_of_two_clocks_show_one_signal, |rig| {
        let sine = ["sine=9", "channels=2", "rate=500", "labels=C3,C4"];
        // The second runs a thousandth fast, stamps late by chance, and sends in other chunks.
        let other = ["true_rate=500.5", "jitter=0.002", "chunk=16", "ahead=0.0007"];
        let _left = rig.outlet(&[&["name=left"][..], &sine].concat());
        let _right = rig.outlet(&[&["name=right"][..], &sine, &other].concat());
        let mut source = joined(rig, &["left", "right"]).unwrap();
        let facts = source.facts();
        assert_eq!((facts.name.as_str(), facts.rate_hz), ("left + right", 500.0));
        assert_eq!(facts.montage.labels().collect::<Vec<_>>(), ["C3", "C4", "C3@right", "C4@right"]);
        let heard = rig.listen(&mut source, |heard| heard.frames.len() >= 6000);
        let numbers: Vec<u64> = heard.frames.iter().map(|(number, _)| *number).collect();
        assert!(numbers == (0..numbers.len() as u64).collect::<Vec<_>>(), "{:?}", heard.events);
        // 100 µV at 9 Hz move by 5.7 µV in a millisecond. The filter of the stamps has settled after some seconds.
        let (mut most, mut sum) = (0.0_f32, 0.0_f64);
        for (number, values) in &heard.frames[3000..] {
            let apart = (values[0] - values[2]).abs();
            assert_eq!((values[0], values[2]), (values[1], values[3]), "frame {number}");
            most = most.max(apart);
            sum += f64::from(apart);
        }
        assert!(most < 6.0 && sum / (heard.frames.len() - 3000) as f64 <= 2.0, "{most} µV at most, {sum} in all");
    });
}

#[test]
fn what_one_of_them_lacks_is_a_gap_of_all_and_counted_once() {
    on_loopback(&what_one_of_them_lacks_is_a_gap_of_all_and_counted_once, |rig| {
        let _left = rig.outlet(&["name=left", "sine=9"]);
        let right = rig.outlet(&["name=right", "source_id=r1", "sine=9", "gap_at=1500", "gap=200"]);
        let mut source = joined(rig, &["left", "right"]).unwrap();
        let heard =
            rig.listen(&mut source, |heard| heard.told(EventKind::Gap, "frames of 'left' are left out, for 'right'"));
        let gaps = |events: &[neurostream::signal::Event]| events.iter().filter(|e| e.kind == EventKind::Gap).count();
        assert_eq!(gaps(&heard.events), 1, "{:?}", heard.events);
        assert!(heard.told(EventKind::Source, "200 frames (0.400 s) of 'right' are missing"), "{:?}", heard.events);
        let jumps: Vec<u64> =
            heard.frames.windows(2).map(|pair| pair[1].0 - pair[0].0 - 1).filter(|jump| *jump > 0).collect();
        assert!(jumps.len() == 1 && (200..=202).contains(&jumps[0]), "{jumps:?}");

        drop(right);
        let alone = rig.listen(&mut source, |heard| heard.told(EventKind::Source, "no data from 'right'"));
        let _right = rig.outlet(&["name=right", "source_id=r1", "sine=9"]);
        let again = rig.listen(&mut source, |heard| heard.frames.len() >= 500 && gaps(&heard.events) > 0);
        assert!(again.told(EventKind::Source, "data from 'right' again"), "{:?}", again.events);
        assert_eq!((gaps(&alone.events), gaps(&again.events)), (0, 1), "{:?}", again.events);
        let all = [&heard, &alone, &again];
        let numbers: Vec<u64> = all.iter().flat_map(|heard| &heard.frames).map(|(number, _)| *number).collect();
        let most = numbers.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(most > Some(1000), "more than two seconds are missing: {most:?}");
    });
}

#[test]
fn streams_that_cannot_be_one_are_refused() {
    on_loopback(&streams_that_cannot_be_one_are_refused, |rig| {
        let _peers = [rig.outlet(&["name=left"]), rig.outlet(&["name=slow", "rate=250"])];
        for (predicates, why) in [
            (["left", "name='left'"], "is chosen twice"),
            (["left", "slow"], "'left' runs at 500 Hz and 'slow' at 250 Hz"),
        ] {
            let error = joined(rig, &predicates).err().unwrap();
            assert!(matches!(error, SourceError::NotJoined { .. }) && error.to_string().contains(why), "{error}");
        }
        let desk = Desk::new();
        let said = desk.run(&run(&["--lsl", "left", "--lsl", "slow"]));
        said.refuses(2, &["the streams left + slow cannot be joined", "set both amplifiers"]);
        assert_eq!(desk.listing(), []);
    });
}

#[test]
fn a_run_takes_several_amplifiers_as_one() {
    on_loopback(&a_run_takes_several_amplifiers_as_one, |rig| {
        let sine = ["sine=9", "channels=4", "rate=250"];
        let _left = rig.outlet(&[&["name=left", "labels=Fp1,C3,P3,O1"][..], &sine].concat());
        let desk = Desk::new();
        let program = desk.start(&run(&[
            "--lsl",
            "left",
            "--lsl",
            "name='right'",
            "--set",
            "source.wait_s=30",
            "--duration",
            "5",
            "--embeddings",
            "e.csv",
            "--record",
            "both.xdf",
        ]));
        crate::lsl::rig::pause(2.0);
        let _right = rig.outlet(&[&["name=right", "labels=Fp2,C4,P4,O2"][..], &sine].concat());
        program.wait().ends_with(0);
        let summary = desk.json("s.json");
        assert_balances(&summary);
        assert_eq!((&summary["source"]["name"], &summary["source"]["channels"]), (&"left + right".into(), &8.into()));
        assert_eq!(
            (&summary["frames"]["acquired"], &summary["frames"]["gaps"]),
            (&1250.into(), &0.into()),
            "{summary}"
        );
        assert!(crate::pipeline::rows(&desk, "e.csv").len() >= 40);
        let said = desk.run(&["inspect", "--format", "json", "both.xdf"]).ends_with(0);
        assert!(["Fp1", "O1", "Fp2", "O2"].iter().all(|label| said.out.contains(label)), "{said:?}");
    });
}

#[test]
fn a_recording_of_several_keeps_the_stamps_and_the_clock_of_the_first() {
    on_loopback_with(&a_recording_of_several_keeps_the_stamps_and_the_clock_of_the_first, "pyxdf", |rig| {
        // Its stamps jitter; those of the other are a second away from them.
        let rate = ["rate=250", "channels=2"];
        let mut left = rig.outlet(&[&["name=left", "jitter=0.001", "sine=9"][..], &rate].concat());
        let _right = rig.outlet(&[&["name=right", "sine=9", "chunk=16"][..], &rate].concat());
        let desk = Desk::new();
        let program = desk.start(&["record", "both.xdf", "--lsl", "left", "--lsl", "right", "--duration", "12"]);
        let t0 = left.number("t0");
        program.wait().ends_with(0);
        let file = desk.text("both.xdf");
        let read = crate::lsl_markers::said_by(rig.python(), "xdf_read.py", &[&file]);
        let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<f64>().unwrap();
        let (raw, values) = (read[0]["raw"].as_array().unwrap(), read[0]["values"].as_array().unwrap());
        assert_eq!((&read[0]["name"], raw.len()), (&"left + right".into(), 3000));
        let steps: Vec<f64> = raw.windows(2).map(|pair| number(&pair[1]) - number(&pair[0])).collect();
        assert!(steps.iter().any(|step| (step - 0.004).abs() > 0.0005), "they are stamps as they were sent");
        for (at, row) in values.iter().enumerate() {
            // The sine tells when it was sampled; how far that is from its stamp is the jitter.
            let turn = std::f64::consts::TAU * 9.0;
            let frame = ((number(&raw[at]) - t0) * 250.0).round();
            let sampled = 100.0 * (turn * (t0 + frame / 250.0)).sin();
            assert!((number(&row[0]) - sampled).abs() < 1e-3, "frame {at}: {row} and {sampled}");
            let here = read[0]["synchronised"][at].as_f64().unwrap();
            assert!((here - number(&raw[at])).abs() < 0.005, "one host, one clock");
        }
    });
}
