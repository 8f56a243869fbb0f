//! `streams` and `doctor` among real streams.
//!
//! Each test runs itself again inside a network namespace of its own; see [`crate::lsl::rig`]. Invariant: the streams are
//! pylsl's.

use crate::cli::program::Desk;
use crate::lsl::rig::on_loopback;
use serde_json::Value;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn streams_are_listed_with_the_age_of_their_last_sample() {
    on_loopback(&streams_are_listed_with_the_age_of_their_last_sample, |rig| {
        let desk = Desk::new();
        let said = desk.run(&["streams", "--wait", "0.5"]).ends_with(0);
        assert!(said.out.contains("no stream answers") && said.out.contains("neurostream doctor"), "{said:?}");

        let _amplifier = rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250"]);
        let rows = lines(&desk.run(&["streams", "--format", "json"]).ends_with(0).out);
        assert_eq!(rows.len(), 1, "{rows:?}");
        let facts = ["name", "type", "source_id"].map(|key| rows[0][key].as_str().unwrap());
        assert_eq!(facts, ["amp", "EEG", "sn1"]);
        assert_eq!((rows[0]["channels"].as_u64(), rows[0]["rate_hz"].as_f64()), (Some(8), Some(250.0)));
        assert!(
            rows[0]["samples"].as_u64().unwrap() > 100 && rows[0]["last_sample_s"].as_f64().unwrap() < 0.5,
            "{rows:?}"
        );

        let _twin = rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250"]);
        let said = desk.run(&["streams", "name='amp'"]).ends_with(0);
        assert!(said.out.starts_with("name  type  channels  rate"), "{said:?}");
        assert!(said.out.contains("2 streams are called amp and have the source_id sn1"), "{said:?}");
        assert_eq!(desk.run(&["streams", "other"]).ends_with(0).out.lines().count(), 1);
        desk.run(&["streams", "name='amp"]).refuses(1, &["is not closed"]);
    });
}

#[test]
fn doctor_finds_what_is_there_and_says_what_to_do_about_what_is_not() {
    on_loopback(&doctor_finds_what_is_there_and_says_what_to_do_about_what_is_not, |rig| {
        let _amplifier = rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250"]);
        let desk = Desk::new();
        let findings = lines(&desk.run(&["doctor", "--format", "json"]).out);
        let state = |part: &str| {
            let found: Vec<&Value> = findings.iter().filter(|f| f["seen"].as_str().unwrap().contains(part)).collect();
            assert_eq!(found.len(), 1, "{part}: {findings:?}");
            found[0]["state"].as_str().unwrap().to_owned()
        };
        assert_eq!(state("liblsl 1."), "good");
        assert_eq!(state("a stream that is published here"), "good");
        assert_eq!(state("SessionID is "), "note");
        assert_eq!(state("ResolveScope is machine"), "note");
        assert_eq!(state("KnownPeers has 127.0.0.1"), "good");
        assert_eq!(state("no interface leads out"), "note");
        assert_eq!(state("'amp' (type EEG"), "good");
        assert!(findings.iter().all(|f| (f["state"] == "good") == f["advice"].is_null()), "{findings:?}");

        let said = desk.run(&["doctor", "ampp"]).ends_with(1);
        assert!(said.out.contains("bad  no stream matches ampp") && said.out.contains("KnownPeers"), "{said:?}");
    });
}
