//! What happens to streams in a lab: they stall, jump, overflow, and are taken for one another.
//!
//! Each test runs itself again inside a network namespace of its own; see [`crate::lsl::rig`]. Invariant: of every frame
//! that a peer sent it is known whether it arrived, since its number says what it has to hold.

use crate::cli::program::Desk;
use crate::lsl::link::{Between, on_link};
use crate::lsl::rig::{Heard, on_loopback, pause};
use crate::lsl::{frame, value};
use crate::lsl_run::{assert_acquired, assert_balances, run};
use neurostream::lsl::{Inlet, resolve_one};
use neurostream::signal::{Clock, EventKind};

/// Asserts that every frame holds what its number says, and that numbers rise; how many numbers are left out.
#[track_caller]
fn left_out(heard: &[Heard]) -> u64 {
    let frames: Vec<&(u64, Vec<f32>)> = heard.iter().flat_map(|heard| &heard.frames).collect();
    for (number, values) in &frames {
        assert_eq!(*values, frame(*number, values.len()), "frame {number}");
    }
    let jumps = frames.windows(2).map(|pair| pair[1].0.checked_sub(pair[0].0 + 1).expect("numbers rise"));
    jumps.sum()
}

fn gaps(heard: &[Heard]) -> Vec<String> {
    let events = heard.iter().flat_map(|heard| &heard.events);
    events.filter(|event| event.kind == EventKind::Gap).map(|event| event.text.clone()).collect()
}

#[test]
fn a_source_that_stands_still_for_six_seconds_loses_nothing() {
    on_loopback(&a_source_that_stands_still_for_six_seconds_loses_nothing, |rig| {
        let peer = rig.outlet(&["name=amp", "source_id=sn1"]);
        let mut source = rig.open("amp").unwrap();
        let before = rig.listen(&mut source, |heard| heard.frames.len() >= 500);
        peer.signal("STOP");
        let stopped = rig.now();
        let silent = rig.listen(&mut source, |_| rig.now() - stopped > 6.0);
        assert!(silent.told(EventKind::Source, "no data from 'amp' for 2."), "{:?}", silent.events);
        peer.signal("CONT");
        let after = rig.listen(&mut source, |heard| heard.frames.len() >= 4000);
        assert!(after.told(EventKind::Source, "data from 'amp' again after "), "{:?}", after.events);
        let all = [before, silent, after];
        assert_eq!((left_out(&all), gaps(&all)), (0, vec![]));
    });
}

#[test]
fn a_cable_that_is_out_for_ten_seconds_costs_nothing_that_is_not_counted() {
    on_link(&a_cable_that_is_out_for_ten_seconds_costs_nothing_that_is_not_counted, Between::Cable, |rig, link| {
        let _peer = link.outlet(&["name=amp", "source_id=sn1"]);
        let mut source = rig.open("amp").unwrap();
        let before = rig.listen(&mut source, |heard| heard.frames.len() >= 500);
        link.plug(false);
        let out = rig.now();
        let silent = rig.listen(&mut source, |_| rig.now() - out > 10.0);
        assert!(silent.told(EventKind::Source, "no data from 'amp' for 2."), "{:?}", silent.events);
        assert!(silent.frames.len() < 1500, "nothing comes over a cable that is out: {}", silent.frames.len());
        link.plug(true);
        let after = rig.listen(&mut source, |heard| heard.frames.len() >= 6000);
        assert!(after.told(EventKind::Source, "data from 'amp' again after "), "{:?}", after.events);
        let all = [before, silent, after];
        let told = gaps(&all);
        let counted: u64 =
            told.iter().map(|text| text.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(1)).sum();
        assert_eq!(left_out(&all), counted, "{told:?}");
    });
}

#[test]
fn what_overflows_while_nobody_listens_is_counted() {
    on_loopback(&what_overflows_while_nobody_listens_is_counted, |rig| {
        // Three hundred seconds of signal at once, where sender and receiver hold sixty each.
        let mut peer =
            rig.outlet(&["name=amp", "frames=151000", "chunk=100", "first=1000", "speed=10000", "ahead=400"]);
        let mut source = rig.open("amp").unwrap();
        let before = rig.listen(&mut source, |heard| heard.frames.len() >= 1000);
        peer.say("go");
        peer.line("done");
        pause(1.0);
        let after = rig.listen(&mut source, |heard| heard.frames.last().is_some_and(|last| last.0 == 150_999));
        let received = (before.frames.len() + after.frames.len()) as u64;
        let all = [before, after];
        let missing = left_out(&all);
        assert!(missing > 30_000 && received + missing == 151_000, "{received} and {missing}");
        let told = gaps(&all);
        assert!(told.iter().any(|text| text.starts_with(&format!("{missing} frames ("))), "{missing}: {told:?}");
    });
}

#[test]
fn twins_are_told_before_and_after_one_takes_over() {
    on_loopback(&twins_are_told_before_and_after_one_takes_over, |rig| {
        let first = rig.outlet(&["name=amp", "source_id=sn1"]);
        let mut source = rig.open("amp").unwrap();
        let _second = rig.outlet(&["name=amp", "source_id=sn1"]);
        let warned = rig.listen(&mut source, |h| h.told(EventKind::Warning, "2 streams are called 'amp'"));
        assert_eq!(
            warned.events.iter().filter(|e| e.kind == EventKind::Warning && e.text.contains("2 streams")).count(),
            1
        );
        drop(first);
        let after =
            rig.listen(&mut source, |h| h.told(EventKind::Source, "'amp' comes from another source than before"));
        let more = rig.listen(&mut source, |heard| heard.frames.len() >= 100);
        let all = [warned, after, more];
        let numbers: Vec<u64> = all.iter().flat_map(|heard| &heard.frames).map(|(number, _)| *number).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "no number comes twice");
        assert!(!gaps(&all).is_empty(), "what lies between the two is a gap");
        assert!(rig.open("amp").is_ok(), "one alone is no twin");
    });
}

#[test]
fn stamps_that_jump_are_gaps_both_ways() {
    on_loopback(&stamps_that_jump_are_gaps_both_ways, |rig| {
        for (jump, told) in
            [("-0.5", "went back by 0.500 s"), ("200000", "leapt ahead by 200000 s"), ("-99999", "went back by 99999")]
        {
            let _peer = rig.outlet(&["name=amp", "frames=600", "jump_at=300", &format!("jump={jump}")]);
            let mut source = rig.open("amp").unwrap();
            let heard = rig.listen(&mut source, |heard| heard.frames.len() >= 600);
            let numbers: Vec<u64> = heard.frames.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, (0..300).chain(301..601).collect::<Vec<_>>(), "{jump}");
            assert_eq!(heard.frames[300].1[0], value(300, 0));
            assert!(heard.told(EventKind::Gap, told), "{jump}: {:?}", heard.events);
            assert_eq!(gaps(std::slice::from_ref(&heard)).len(), 1, "{jump}: {:?}", heard.events);
        }
    });
}

#[test]
fn no_window_of_a_run_spans_what_is_missing() {
    on_loopback(&no_window_of_a_run_spans_what_is_missing, |rig| {
        let amplifier = ["name=amp", "source_id=sn1", "channels=8", "rate=250"];
        let _peer = rig
            .outlet(&[&amplifier[..], &["gap_at=1040", "gap=130", "nan_at=600", "jump_at=2060", "jump=-3"]].concat());
        let desk = Desk::new();
        let program = desk.start(&run(&["--lsl", "amp", "--duration", "12", "--embeddings", "e.csv"]));
        program.wait().ends_with(0);
        let summary = desk.json("s.json");
        assert_acquired(&summary, 3000, 2);
        let rows = crate::pipeline::rows(&desk, "e.csv");
        // Frames 0 to 1039, 1170 to 2059, and behind the jump from 2061 on.
        let whole = |first: u64| {
            [(0, 1040), (1170, 2060), (2061, 3131)].iter().any(|&(from, to)| first >= from && first + 250 <= to)
        };
        let across: Vec<u64> = rows.iter().map(|row| row.first).filter(|first| !whole(*first)).collect();
        assert!(across.is_empty() && rows.len() > 80, "{} windows, of these across a gap: {across:?}", rows.len());
        assert_eq!(summary["windows"]["encoded"], rows.len());
    });
}

#[test]
fn a_run_that_stood_still_itself_catches_up_and_counts_what_it_cannot() {
    on_loopback(&a_run_that_stood_still_itself_catches_up_and_counts_what_it_cannot, |rig| {
        let _peer = rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250"]);
        let desk = Desk::new();
        let mut program = desk.start(&run(&["--lsl", "amp", "--duration", "14"]));
        program.until("it serves", |run| run.out().contains("\"embeddings\":1"));
        program.signal("STOP");
        pause(6.0);
        program.signal("CONT");
        let said = program.wait().ends_with(0);
        let summary = desk.json("s.json");
        assert_acquired(&summary, 3500, 0);
        let lost = summary["frames"]["encoder"]["lost"].as_u64().unwrap();
        let windows = summary["windows"]["encoded"].as_u64().unwrap();
        assert!(windows > 40, "{summary}");
        assert!(lost == 0 || said.out.contains("the encoder fell behind and skipped"), "{said:?}");
    });
}

#[test]
fn receivers_that_do_not_read_hold_nothing_up() {
    on_loopback(&receivers_that_do_not_read_hold_nothing_up, |rig| {
        let _peer = rig.outlet(&["name=amp", "source_id=sn1", "channels=8", "rate=250"]);
        let desk = Desk::new();
        let program =
            desk.start(&run(&["--lsl", "amp", "--duration", "12", "--publish", "emb", "--embeddings", "e.csv"]));
        let mut asleep = rig.peer("inlet.py", &["name=emb", "samples=1000"]);
        let mut gone = rig.peer("inlet.py", &["name=emb", "samples=1000"]);
        asleep.line("sample");
        gone.line("sample");
        asleep.signal("STOP");
        gone.signal("KILL");
        // And one that connects, and never takes a sample out.
        let mut idle = Inlet::open(&resolve_one(&rig.library, Some("emb"), 10.0).unwrap(), 1, 0.25, 10.0).unwrap();
        program.wait().ends_with(0);
        let summary = desk.json("s.json");
        assert_balances(&summary);
        assert_eq!(summary["frames"]["acquired"], 3000);
        let windows = summary["windows"]["encoded"].as_u64().unwrap();
        assert!(windows > 100 && crate::pipeline::rows(&desk, "e.csv").len() as u64 == windows, "{summary}");
        let (mut samples, mut stamps) = (Vec::new(), Vec::new());
        assert!(
            idle.pull(1.0, &mut samples, &mut stamps).unwrap() > 0,
            "what it did not take was kept as long as it asked"
        );
    });
}
