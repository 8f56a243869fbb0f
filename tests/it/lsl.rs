//! Real liblsl against real peers (pylsl) on loopback.
//!
//! Each test runs itself again inside a network namespace of its own; see [`rig`].

pub mod link;
pub mod rig;

use neurostream::lsl::{
    Inlet, LslError, MarkerInlet, MarkerOutlet, Outlet, SampleFormat, StreamInfo, resolve, resolve_one, visible,
};
use neurostream::serve::outlet::{EmbeddingOutlet, EmbeddingStream, Sent};
use neurostream::signal::{ChannelKind, Clock, Event, EventKind, Montage, SourceKind, StreamFacts};
use neurostream::source::{Source, SourceError};

use rig::{AHEAD_S, on_loopback, pause};

const NUMERIC: [&str; 6] = ["float32", "double64", "int64", "int32", "int16", "int8"];

/// Value `c` of frame `i` as `tests/peers/outlet.py` makes it.
pub fn value(i: u64, c: usize) -> f32 {
    ((7 * i + 13 * c as u64) % 251) as f32 - 125.0
}

pub fn frame(i: u64, channels: usize) -> Vec<f32> {
    (0..channels).map(|c| value(i, c)).collect()
}

#[test]
fn every_numeric_format_arrives_exactly() {
    on_loopback(&every_numeric_format_arrives_exactly, |rig| {
        for format in NUMERIC {
            let mut peer = rig.outlet(&["name=amp", &format!("format={format}"), "frames=400", "channels=3"]);
            let mut source = rig.open("name='amp'").unwrap();
            assert_eq!(source.facts().rate_hz, 500.0);
            let heard = rig.listen(&mut source, |heard| heard.frames.len() >= 400 || heard.end.is_some());
            let t0 = peer.number("t0");
            let expected: Vec<_> = (0..400).map(|i| (i, frame(i, 3))).collect();
            assert!(heard.frames == expected, "{format}: {:?} … {:?}", &heard.frames[..2], heard.end);
            for (number, stamp) in heard.stamps {
                let off_s = stamp.0 - (t0 + number as f64 / 500.0 + AHEAD_S);
                assert!(off_s.abs() < 0.005, "{format}: frame {number} is off by {off_s} s");
            }
        }
    });
}

#[test]
fn an_inlet_gives_the_stamps_of_the_source_bit_by_bit() {
    on_loopback(&an_inlet_gives_the_stamps_of_the_source_bit_by_bit, |rig| {
        let mut peer = rig.outlet(&["name=amp", "frames=500", "chunk=7"]);
        let info = resolve_one(&rig.library, Some("amp"), 10.0).unwrap();
        let mut inlet = Inlet::open(&info, 10, 0.25, 10.0).unwrap();
        let (mut samples, mut stamps, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let deadline = rig.now() + 30.0;
        while all.len() < 500 && rig.now() < deadline {
            let frames = inlet.pull(0.1, &mut samples, &mut stamps).unwrap();
            assert_eq!((samples.len(), stamps.len()), (frames * 4, frames));
            all.extend(stamps.iter().copied());
        }
        let t0 = peer.number("t0");
        let expected: Vec<f64> = (0..500).map(|i| t0 + f64::from(i) / 500.0).collect();
        assert!(all == expected, "{:?} {:?}", all.first(), expected.first());
        assert_eq!((inlet.samples_available(), inlet.was_clock_reset()), (0, false));
        assert!(inlet.clock_offset(5.0).unwrap().seconds.abs() < 0.01);
    });
}

#[test]
fn the_description_makes_the_montage() {
    on_loopback(&the_description_makes_the_montage, |rig| {
        let labels = "labels=C3,Cz,C4,P7";
        let _peer = rig.outlet(&["name=my amp", "source_id=sn 12", labels, "unit=mV", "kind=ECoG", "frames=200"]);
        let _bare = rig.outlet(&["name=bare", "frames=100"]);
        let mut source = rig.open("my amp").unwrap();
        let info = source.info();
        let facts = source.facts();
        assert_eq!((facts.kind, facts.name.as_str(), facts.frames), (SourceKind::Lsl, "my amp", None));
        assert_eq!(facts.montage.labels().collect::<Vec<_>>(), ["C3", "Cz", "C4", "P7"]);
        assert!(facts.montage.channels.iter().all(|c| c.kind == ChannelKind::Ecog && c.unit.factor() == 1000.0));
        assert_eq!((info.source_id(), info.content_type()), ("sn 12".to_owned(), "EEG".to_owned()));
        assert_eq!(info.manufacturer().as_deref(), Some("Lab & Söhne"));
        assert_eq!(info.session_id(), "lsl-the_description_makes_the_montage");
        assert!(!info.uid().is_empty() && !info.hostname().is_empty() && info.created_at() > 0.0);
        let heard = rig.listen(&mut source, |heard| heard.frames.len() >= 50);
        assert_eq!(heard.frames[1].1, frame(1, 4).iter().map(|v| v * 1000.0).collect::<Vec<_>>(), "mV become µV");
        assert_eq!(heard.events, []);

        let mut bare = rig.open("bare").unwrap();
        assert_eq!(bare.facts().montage.labels().collect::<Vec<_>>(), ["E1", "E2", "E3", "E4"]);
        let heard = rig.listen(&mut bare, |heard| heard.frames.len() >= 50);
        assert!(heard.told(EventKind::Warning, "4 of 4 channels have no label"), "{:?}", heard.events);
        assert!(heard.told(EventKind::Warning, "taken as microvolts"), "{:?}", heard.events);
    });
}

#[test]
fn missing_frames_and_missing_numbers_are_told_with_counts() {
    on_loopback(&missing_frames_and_missing_numbers_are_told_with_counts, |rig| {
        let _peer = rig.outlet(&["name=amp", "frames=400", "gap_at=205", "gap=120", "nan_at=20"]);
        let mut source = rig.open("amp").unwrap();
        let heard = rig.listen(&mut source, |heard| heard.frames.len() >= 400);
        let numbers: Vec<u64> = heard.frames.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (0..205).chain(325..520).collect::<Vec<_>>());
        assert!(heard.frames[20].1[0].is_nan());
        let (_, values) = &heard.frames[205];
        assert_eq!(*values, frame(325, 4), "number and content agree behind the gap");
        assert!(heard.told(EventKind::Gap, "120 frames (0.240 s)"), "{:?}", heard.events);
        assert!(heard.told(EventKind::Warning, "1 values from 'amp' are no numbers"), "{:?}", heard.events);
    });
}

#[test]
fn several_candidates_are_named_and_none_is_taken() {
    on_loopback(&several_candidates_are_named_and_none_is_taken, |rig| {
        let _peers = [
            rig.outlet(&["name=amp", "source_id=left"]),
            rig.outlet(&["name=amp", "source_id=right", "channels=9"]),
            rig.outlet(&["name=notes", "type=Markers", "format=string", "rate=0", "channels=1"]),
            rig.outlet(&["name=gyro", "type=MoCap"]),
        ];
        let error = rig.open("amp").err().unwrap().to_string();
        for part in ["2 streams match name='amp'", "'left'", "'right'", "9 channels", "500 Hz", "type EEG", "host "] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert_eq!(resolve_one(&rig.library, Some("name='amp' and source_id='right'"), 10.0).unwrap().channels(), 9);
        assert_eq!(visible(&rig.library, 1.0).unwrap().len(), 4);
        let eeg = resolve(&rig.library, None, 1.0).unwrap();
        assert_eq!(eeg.iter().map(StreamInfo::name).collect::<Vec<_>>(), ["amp", "amp"], "EEG goes before others");

        let error = resolve_one(&rig.library, Some("ampp"), 1.0).err().unwrap();
        assert!(matches!(error, LslError::NoStream { .. }) && error.to_string().contains("'gyro'"), "{error}");
        for predicate in ["name='amp", "name==='amp'", "name='amp' and", "nonsense('amp')"] {
            let error = resolve_one(&rig.library, Some(predicate), 1.0).err().unwrap();
            assert!(matches!(error, LslError::Predicate { .. }), "{predicate}: {error}");
        }
    });
}

#[test]
fn streams_that_are_no_signal_are_refused() {
    on_loopback(&streams_that_are_no_signal_are_refused, |rig| {
        let _peers = [
            rig.outlet(&["name=texts", "format=string", "rate=0", "channels=1", "frames=3"]),
            rig.outlet(&["name=irregular", "rate=0"]),
            rig.outlet(&["name=huge", "channels=5000", "format=int8", "rate=10"]),
        ];
        for (name, why) in
            [("texts", "it carries texts"), ("irregular", "its rate is irregular"), ("huge", "1 to 4096")]
        {
            let error = rig.open(name).err().unwrap();
            assert!(matches!(error, SourceError::Lsl(LslError::WrongKind { .. })), "{error}");
            assert!(error.to_string().contains(why) && error.to_string().contains(name), "{error}");
        }
        let info = resolve_one(&rig.library, Some("texts"), 10.0).unwrap();
        let mut markers = MarkerInlet::open(&info, 10.0).unwrap();
        for i in 0..3 {
            assert_eq!(markers.pull(10.0).unwrap().unwrap().texts, [format!("marker {i}")]);
        }
        assert_eq!(markers.pull(0.1).unwrap(), None);
        let info = resolve_one(&rig.library, Some("irregular"), 10.0).unwrap();
        assert!(matches!(MarkerInlet::open(&info, 10.0), Err(LslError::WrongKind { .. })));
    });
}

#[test]
fn a_source_that_restarts_is_found_again_behind_a_gap() {
    on_loopback(&a_source_that_restarts_is_found_again_behind_a_gap, |rig| {
        let peer = rig.outlet(&["name=amp", "source_id=sn1"]);
        let mut source = rig.open("amp").unwrap();
        let before = rig.listen(&mut source, |heard| heard.frames.len() >= 200);
        drop(peer);
        let silent = rig.listen(&mut source, |heard| heard.told(EventKind::Source, "no data from 'amp' for 2."));
        assert_eq!(silent.end, None);
        let _peer = rig.outlet(&["name=amp", "source_id=sn1"]);
        let after = rig.listen(&mut source, |heard| heard.frames.len() >= 1500);
        let again = |event: &&Event| event.text.contains("data from 'amp' again after ");
        assert_eq!(after.events.iter().filter(again).count(), 1, "{:?}", after.events);
        assert!(after.told(EventKind::Gap, "frames ("), "{:?}", after.events);
        let last = silent.frames.last().or(before.frames.last()).unwrap().0;
        let first = after.frames[0].0;
        assert!(first > last + 1000, "more than two seconds are missing: {last} {first}");
        let joined = after.frames.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1);
        assert!(joined, "there is one gap: {:?}", after.events);
    });
}

#[test]
fn a_source_that_comes_back_changed_is_an_error() {
    on_loopback(&a_source_that_comes_back_changed_is_an_error, |rig| {
        let labels = "labels=C3,Cz,C4,P7";
        for (change, what) in [
            ("channels=5", "it had 4 channels and has 5"),
            ("rate=250", "it ran at 500 Hz and runs at 250 Hz"),
            ("format=int16", "its samples were float32 and are int16"),
            ("labels=C3,C4,Cz,P7", "channel 2 was Cz [microvolts] and is C4 [microvolts]"),
        ] {
            let peer = rig.outlet(&["name=amp", "source_id=sn1", labels]);
            let mut source = rig.open("amp").unwrap();
            rig.listen(&mut source, |heard| heard.frames.len() >= 100);
            drop(peer);
            let _peer = rig.outlet(&["name=amp", "source_id=sn1", labels, change]);
            let end = rig.listen(&mut source, |heard| heard.end.is_some()).end.unwrap();
            assert!(end.contains(what) && end.contains("came back changed"), "{change}: {end}");
        }
    });
}

#[test]
fn a_lost_stream_without_a_source_id_ends_the_source() {
    on_loopback(&a_lost_stream_without_a_source_id_ends_the_source, |rig| {
        // Of another process: liblsl now and then keeps the connection between two ends of one that drops its outlet.
        let peer = rig.outlet(&["name=amp", "source_id=", "channels=2", "rate=100"]);
        let mut source = rig.open("amp").unwrap();
        let heard = rig.listen(&mut source, |heard| heard.frames.len() >= 10);
        assert!(heard.told(EventKind::Warning, "has no source_id"), "{:?}", heard.events);
        drop(peer);
        let end = rig.listen(&mut source, |heard| heard.end.is_some()).end.unwrap();
        assert!(end.starts_with("End(") && end.contains("'amp'") && end.contains("no source_id"), "{end}");
    });
}

#[test]
fn embeddings_arrive_at_a_receiver_as_they_were_made() {
    on_loopback(&embeddings_arrive_at_a_receiver_as_they_were_made, |rig| {
        let montage = Montage::of_labels(&["C3", "C4"]);
        let facts = StreamFacts {
            kind: SourceKind::Lsl,
            name: "amp".to_owned(),
            montage,
            rate_hz: 250.0,
            frames: None,
            markers: None,
        };
        let stream = EmbeddingStream {
            name: "emb",
            dimension: 3,
            rate_hz: 4.0,
            facts: &facts,
            montage: &facts.montage,
            method: "byol",
            window_s: 2.0,
            hop_s: 0.25,
            model_hz: 125.0,
            first: (7, "ab12"),
            with_quality: true,
            with_amplitudes: true,
        };
        let mut outlet = EmbeddingOutlet::open(&rig.library, &stream, rig.library.clock_offset(rig)).unwrap();
        assert!(!outlet.listened_to());
        let mut peer = rig.peer("inlet.py", &["name=emb", "samples=5"]);
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        for (key, expected) in [
            ("type", "Embedding"),
            ("source_id", &format!("neurostream/{}/emb/amp", hostname.trim())),
            ("channels", "7"),
            ("rate", "4.0"),
            ("format", "1"),
            ("method", "byol"),
            ("window_s", "2"),
            ("hop_s", "0.25"),
            ("model_rate_hz", "125"),
            ("source ", "amp"),
            ("source_rate_hz", "250"),
            ("source_labels", "C3,C4"),
            ("generation", "7"),
            ("model_sha256", "ab12"),
            ("labels", "e0,e1,e2,log_uv_C3,log_uv_C4,quality,generation"),
        ] {
            assert_eq!(peer.line(key), expected, "{key}");
        }
        peer.line("ready");
        let deadline = rig.now() + 20.0;
        while !outlet.listened_to() {
            assert!(rig.now() < deadline, "the receiver does not show");
            pause(0.01);
        }
        pause(0.3);
        let start = rig.now();
        for n in 0..5u8 {
            let n_f = f32::from(n);
            let (values, generation) = ([n_f / 3.0, -n_f, f32::NAN], 70_000 + u64::from(n));
            let sent = Sent { values: &values, amplitudes: &[1.5, -2.0], quality: 0.75, generation };
            outlet.push(sent, start + f64::from(n) * 0.25).unwrap();
        }
        for n in 0..5u8 {
            let sample = peer.line("sample");
            let numbers: Vec<f64> = sample.split(' ').map(|word| word.parse().unwrap()).collect();
            let stamp = start.0 - AHEAD_S + f64::from(n) * 0.25;
            assert!((numbers[0] - stamp).abs() < 1e-4, "{sample}: stamped {stamp}");
            assert_eq!(numbers[1..3], [f64::from(f32::from(n) / 3.0), -f64::from(n)]);
            assert!(numbers[3].is_nan());
            assert_eq!(numbers[4..], [1.5, -2.0, 0.75, 70_000.0 + f64::from(n)]);
        }
        let short = Sent { values: &[0.0], amplitudes: &[1.5, -2.0], quality: 1.0, generation: 0 };
        let error = outlet.push(short, start).err().unwrap();
        assert!(matches!(error, LslError::Length { expected: 3, got: 1, .. }), "{error}");
    });
}

#[test]
fn chunks_and_markers_go_round() {
    on_loopback(&chunks_and_markers_go_round, |rig| {
        let mut info = StreamInfo::create(&rig.library, ("sig", "EEG", "s1"), 2, 100.0, SampleFormat::Float32).unwrap();
        info.describe("note", "a < b & \"c\"").unwrap();
        assert!(info.describe("no key", "x").is_err() && info.describe("", "x").is_err());
        assert!(StreamInfo::create(&rig.library, ("it's", "EEG", ""), 2, 100.0, SampleFormat::Float32).is_err());
        assert!(StreamInfo::create(&rig.library, ("x", "EEG", ""), 0, 100.0, SampleFormat::Float32).is_err());
        let mut outlet = Outlet::create(&info, 10).unwrap();
        let mut markers = MarkerOutlet::create(&rig.library, "notes", "n1").unwrap();
        let found = resolve_one(&rig.library, Some("sig"), 10.0).unwrap();
        let mut inlet = Inlet::open(&found, 10, 0.25, 10.0).unwrap();
        let mut texts = MarkerInlet::open(&resolve_one(&rig.library, Some("notes"), 10.0).unwrap(), 10.0).unwrap();
        assert_eq!(inlet.info().value("note").as_deref(), Some("a < b & \"c\""));
        assert!(outlet.wait_for_consumers(10.0) && markers.wait_for_consumers(10.0) && outlet.have_consumers());
        pause(0.3);
        outlet.push(&[1.0, 2.0], 10.0).unwrap();
        outlet.push_chunk(&[3.0, 4.0, 5.0, 6.0], &[10.01, 10.5]).unwrap();
        outlet.push_chunk(&[], &[]).unwrap();
        assert!(outlet.push(&[1.0], 0.0).is_err() && outlet.push_chunk(&[1.0, 2.0], &[1.0, 2.0]).is_err());
        markers.push("grün", 12.5).unwrap();
        assert!(markers.push("a\0b", 1.0).is_err());
        let (mut samples, mut stamps, mut all) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
        let deadline = rig.now() + 10.0;
        while all.1.len() < 3 && rig.now() < deadline {
            inlet.pull(0.1, &mut samples, &mut stamps).unwrap();
            all.0.append(&mut samples);
            all.1.append(&mut stamps);
        }
        assert_eq!(all, (vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![10.0, 10.01, 10.5]));
        let marker = texts.pull(10.0).unwrap().unwrap();
        assert_eq!((marker.texts, marker.stamp), (vec!["grün".to_owned()], 12.5));
    });
}

#[test]
fn settings_can_come_from_the_program() {
    on_loopback(&settings_can_come_from_the_program, |rig| {
        let content = "[multicast]\nResolveScope = machine\nAddressesOverride = {127.0.0.1}\n\
                       [lab]\nKnownPeers = {127.0.0.1}\nSessionID = ours\n";
        rig.library.configure(content).unwrap();
        let info = StreamInfo::create(&rig.library, ("sig", "EEG", "s1"), 2, 100.0, SampleFormat::Float32).unwrap();
        let _outlet = Outlet::create(&info, 10).unwrap();
        assert_eq!(resolve_one(&rig.library, Some("sig"), 10.0).unwrap().session_id(), "ours");
    });
}
