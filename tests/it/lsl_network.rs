//! Two computers on a network with and without multicast.
//!
//! Each test runs itself again on one of two computers that are network namespaces; see [`crate::lsl::link`]. Invariant:
//! what passes between them has gone over the cable.

use crate::cli::program::{Desk, PROGRAM, Said};
use crate::lsl::frame;
use crate::lsl::link::{Between, on_link};
use crate::lsl::rig::{Rig, pause};
use crate::lsl_run::{assert_acquired, run};
use neurostream::lsl::{Outlet, SampleFormat, StreamInfo, visible};
use neurostream::signal::EventKind;
use std::process::Command;

#[test]
fn on_one_cable_streams_find_each_other_both_ways() {
    on_link(&on_one_cable_streams_find_each_other_both_ways, Between::Cable, |rig, link| {
        let mut peers = ["amp", "gyro", "eye"].map(|name| link.outlet(&[&format!("name={name}"), "frames=1000"]));
        let mut names: Vec<String> = visible(&rig.library, 2.0).unwrap().iter().map(StreamInfo::name).collect();
        names.sort();
        assert_eq!(names, ["amp", "eye", "gyro"]);
        let mut source = rig.open("amp").unwrap();
        let heard = rig.listen(&mut source, |heard| heard.frames.len() >= 1000);
        assert!(heard.frames == (0..1000).map(|i| (i, frame(i, 4))).collect::<Vec<_>>(), "{:?}", heard.events);
        let t0 = peers[0].number("t0");
        for (number, stamp) in heard.stamps {
            let off_s = stamp.0 - (t0 + number as f64 / 500.0 + crate::lsl::rig::AHEAD_S);
            assert!(off_s.abs() < 0.005, "frame {number} is off by {off_s} s");
        }
        let info = StreamInfo::create(&rig.library, ("out", "EEG", "o1"), 2, 100.0, SampleFormat::Double64).unwrap();
        let mut outlet = Outlet::create(&info, 10).unwrap();
        let mut receiver = link.peer("inlet.py", &["name=out", "samples=2"]);
        receiver.line("ready");
        assert!(outlet.wait_for_consumers(10.0));
        pause(0.3);
        outlet.push_chunk(&[1.5, -2.5, 1e300, 0.1], &[12.5, 12.75]).unwrap();
        assert_eq!(receiver.line("sample"), "12.5 1.5 -2.5");
        assert_eq!(receiver.line("sample"), "12.75 1e+300 0.1");
    });
}

/// Runs the program with settings of its own.
fn with_settings(desk: &Desk, rig: &Rig, settings: &str, arguments: &[&str]) -> Said {
    let file = desk.write("lsl_api.cfg", settings);
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--library", &rig.library.path().display().to_string()]).env("LSLAPICFG", file);
    desk.start_as(command).wait()
}

#[test]
fn behind_a_router_known_peers_find_what_multicast_does_not() {
    on_link(&behind_a_router_known_peers_find_what_multicast_does_not, Between::Router, |rig, link| {
        let _peer = link.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250"]);
        let desk = Desk::new();
        let ours = std::fs::read_to_string(std::env::var("LSLAPICFG").unwrap()).unwrap();
        let (peers, rest): (Vec<&str>, Vec<&str>) = ours.lines().partition(|line| line.starts_with("KnownPeers"));
        assert_eq!(peers, ["KnownPeers = {10.77.2.2}"]);
        let without = rest.join("\n");
        let said = with_settings(&desk, rig, &without, &["streams", "--wait", "3"]).ends_with(0);
        assert!(said.out.contains("no stream answers"), "multicast does not pass a router: {said:?}");
        let said = with_settings(&desk, rig, &without, &["doctor", "amp"]).ends_with(1);
        for part in ["bad  no stream matches amp", "KnownPeers", "SessionID", "16571"] {
            assert!(said.out.contains(part), "{part}: {said:?}");
        }
        let other = ours.replace("SessionID = ", "SessionID = not-");
        let said = with_settings(&desk, rig, &other, &["streams", "--wait", "2"]).ends_with(0);
        assert!(said.out.contains("no stream answers"), "another session is another lab: {said:?}");

        let said = with_settings(&desk, rig, &ours, &["streams", "--wait", "3"]).ends_with(0);
        assert!(said.out.lines().nth(1).is_some_and(|line| line.starts_with("amp ")), "{said:?}");
        let said = with_settings(&desk, rig, &ours, &["doctor", "amp"]);
        for part in ["good KnownPeers has 10.77.2.2", "'amp' (type EEG", "known to "] {
            assert!(said.out.contains(part), "{part}: {said:?}");
        }
        desk.run(&run(&["--lsl", "amp", "--duration", "4"])).ends_with(0);
        let summary = desk.json("s.json");
        assert_acquired(&summary, 1000, 0);
    });
}

#[test]
fn behind_a_router_a_source_that_restarts_is_found_again() {
    on_link(&behind_a_router_a_source_that_restarts_is_found_again, Between::Router, |rig, link| {
        let peer = link.outlet(&["name=amp", "source_id=sn1"]);
        let mut source = rig.open("amp").unwrap();
        rig.listen(&mut source, |heard| heard.frames.len() >= 200);
        drop(peer);
        rig.listen(&mut source, |heard| heard.told(EventKind::Source, "no data from 'amp' for 2."));
        let _peer = link.outlet(&["name=amp", "source_id=sn1"]);
        let after = rig.listen(&mut source, |heard| heard.frames.len() >= 500);
        assert!(after.told(EventKind::Source, "'amp' comes from another source than before"), "{:?}", after.events);
        assert!(after.told(EventKind::Source, "data from 'amp' again after "), "{:?}", after.events);
        let joined = after.frames.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1);
        assert!(joined && after.told(EventKind::Gap, "frames ("), "there is one gap: {:?}", after.events);
    });
}
