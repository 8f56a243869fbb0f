//! Whatever bytes a file holds, its reader neither panics nor hangs nor takes more memory than the file is worth.
//!
//! The twin of the targets in `fuzz/`, bounded in time: a minute where CI is set, else a few seconds. Owns the files that it
//! damages, real ones among them. Invariant: a failure prints the smallest damage that brings it about.

#![expect(clippy::print_stdout, reason = "a test says what it skips and how far it came")]

use super::reading;
use neurostream::format::edf::{Annotation, EdfHeader, EdfSignal, EdfWriter, Existing, Gap, Resolution};
use neurostream::pipeline::MonotonicClock;
use neurostream::signal::Clock;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// Memory that a reader may have at once, in bytes, for files of less than [`LARGEST`].
const MOST: u64 = 64 << 20;
const LARGEST: usize = 4 << 20;
/// No file of that size may keep a reader busy for longer, however slow the machine; reading a sound one takes a moment.
const HANG: Duration = Duration::from_secs(60);

/// How a file is damaged.
#[derive(Clone, Debug)]
enum Damage {
    /// Other bytes at a place, which is a share of the file or, for the first half of shares, of its first 4 KB.
    Put(f64, Vec<u8>),
    /// Bytes go.
    Cut(f64, usize),
    /// Bytes come again.
    Repeat(f64, usize),
    /// What follows is not there.
    End(f64),
}

fn place(share: f64, len: usize) -> usize {
    let (share, within) = if share < 0.5 { (2.0 * share, len.min(4096)) } else { (2.0 * share - 1.0, len) };
    (share * within as f64) as usize
}

fn damaged(sound: &[u8], all: &[Damage]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for damage in all {
        let len = bytes.len();
        match damage {
            Damage::Put(at, new) => {
                bytes.iter_mut().skip(place(*at, len)).zip(new).for_each(|(old, new)| *old = *new);
            }
            Damage::Cut(at, count) => drop(bytes.drain(place(*at, len)..(place(*at, len) + count).min(len))),
            Damage::Repeat(at, count) => {
                let at = place(*at, len);
                let again = bytes[at..(at + count).min(len)].to_vec();
                bytes.splice(at..at, again);
            }
            Damage::End(at) => bytes.truncate(place(*at, len)),
        }
    }
    bytes.truncate(LARGEST - 1);
    bytes
}

fn damage() -> impl Strategy<Value = Damage> {
    let telling = prop::sample::select(vec![
        "-1      ",
        "0       ",
        "9999    ",
        "99999999",
        "1e308   ",
        "-1e308  ",
        "nan     ",
        "inf     ",
        "1e-320  ",
        "65535   ",
        "1.5     ",
        "        ",
        "+0\u{14}\u{14}\0",
        "+9e9\u{14}\u{14}x\u{14}\0",
        "-1\u{15}-1\u{14}a\u{14}\0",
        "\u{15}\u{14}\0",
        "EDF+D",
        "EDF+C",
        "BDF+D",
        "EDF Annotations ",
        "BDF Annotations ",
        "99.99.99",
        "<info>",
        "</info>",
        "<channel_count>",
        "4294967295",
        "<nominal_srate>",
        "string",
        "int64",
        "double64",
    ]);
    let telling = telling.prop_map(|text| text.as_bytes().to_vec());
    let lengths = prop::sample::select(vec![
        vec![1, 0],
        vec![1, 0xff],
        vec![4, 0xff, 0xff, 0xff, 0xff],
        vec![8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ]);
    let bytes = prop::collection::vec(any::<u8>(), 1..12);
    let put = prop_oneof![3 => telling, 1 => lengths, 2 => bytes];
    prop_oneof![
        8 => (0.0..1.0, put).prop_map(|(at, new)| Damage::Put(at, new)),
        1 => (0.0..1.0, 1..5_000_usize).prop_map(|(at, count)| Damage::Cut(at, count)),
        1 => (0.0..1.0, 1..5_000_usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
        1 => (0.0..1.0).prop_map(Damage::End),
    ]
}

/// Small recordings of every kind that is written here, with annotations and a gap.
fn generated() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (name, resolution, gap) in [
        ("a.edf", Resolution::Bits16, None),
        ("b.bdf", Resolution::Bits24, None),
        ("c.edf", Resolution::Bits16, Some(Gap::Leave)),
        ("d.bdf", Resolution::Bits24, Some(Gap::Leave)),
    ] {
        let path = folder.path().join(name);
        let header = EdfHeader { resolution, ..EdfHeader::new(1.0) };
        let signals = ["C3", "C4"].map(|label| EdfSignal::microvolts(label, 50, 500.0));
        let mut writer = EdfWriter::create(&path, &header, &signals, Existing::Refuse).unwrap();
        let frames: Vec<f32> = (0..1_000).map(|n| (n % 97) as f32).collect();
        for (onset_s, text) in [(0.25, "blink"), (1.5, "Zähler"), (3.0, "eyes closed")] {
            writer.annotate(&Annotation { onset_s, duration_s: Some(0.5), text: text.to_owned() });
        }
        writer.write_frames(&frames).unwrap();
        if let Some(gap) = gap {
            writer.gap(120, gap).unwrap();
            writer.write_frames(&frames).unwrap();
        }
        writer.finish().unwrap();
        all.push(std::fs::read(path).unwrap());
    }
    all
}

/// Files below a folder that are smaller than [`LARGEST`].
fn files_below(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let is_recording =
            entry.extension().is_some_and(|e| ["edf", "bdf", "xdf", "rec"].iter().any(|r| e.eq_ignore_ascii_case(r)));
        if entry.is_dir() {
            files_below(&entry, all);
        } else if is_recording && entry.metadata().unwrap().len() < LARGEST as u64 {
            all.push(entry);
        }
    }
}

/// Sound and unsound recordings to be damaged further.
fn corpus() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["recordings", "src/format/xdf/golden", "fuzz/corpus"] {
        files_below(&root.join(folder), &mut paths);
    }
    let shared = root.join("../shared/data");
    if shared.is_dir() {
        files_below(&shared, &mut paths);
    } else {
        println!("skipped: ../shared/data is not here");
        assert!(std::env::var_os("CI").is_none(), "skipped in CI: {} is not here", shared.display());
    }
    paths.sort();
    let mut all = generated();
    all.extend(paths.iter().map(|path| std::fs::read(path).unwrap()));
    all
}

/// What a reader said of some bytes: memory at once, or how it panicked.
type Verdict = Result<u64, String>;

/// A thread that reads what it is given, so that a hang can be told.
fn reader() -> (mpsc::Sender<Vec<u8>>, mpsc::Receiver<Verdict>) {
    let (give, given) = mpsc::channel::<Vec<u8>>();
    let (say, said) = mpsc::channel();
    let work = move || {
        for bytes in given {
            let both = || {
                reading::edf(&bytes);
                reading::xdf(&bytes);
            };
            let read = || allocation_counter::measure(both).bytes_max;
            let verdict = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
                .map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panicked".to_owned()));
            if say.send(verdict).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("reader".to_owned()).spawn(work).unwrap();
    (give, said)
}

#[test]
fn whatever_a_file_holds_its_reader_stays_within_bounds() {
    let corpus = corpus();
    let seconds = if std::env::var_os("CI").is_some() { 60.0 } else { 6.0 };
    let clock = MonotonicClock::new();
    let (give, said) = reader();
    let check = |bytes: Vec<u8>| -> Result<(), TestCaseError> {
        give.send(bytes).unwrap();
        match said.recv_timeout(HANG) {
            Ok(Ok(most)) if most < MOST => Ok(()),
            Ok(Ok(most)) => Err(TestCaseError::fail(format!("{} MB at once", most >> 20))),
            Ok(Err(panic)) => Err(TestCaseError::fail(panic)),
            Err(_) => panic!("it hangs"),
        }
    };
    for (number, sound) in corpus.iter().enumerate() {
        check(sound.clone()).unwrap_or_else(|error| panic!("file {number} as it is: {error}"));
    }
    let case =
        (any::<prop::sample::Index>(), prop::collection::vec(damage(), 1..8), prop::option::of(300..100_000_usize));
    let (until, mut cases) = (clock.now() + seconds, 0_u32);
    while clock.now() < until {
        let mut runner = TestRunner::new(Config { cases: 50, failure_persistence: None, ..Config::default() });
        let run = runner.run(&case, |(file, all, kept)| {
            // Most of what can go wrong lies in the first records, and small files leave time for more of them.
            let sound = &corpus[file.index(corpus.len())];
            check(damaged(&sound[..kept.unwrap_or(sound.len()).min(sound.len())], &all))
        });
        run.unwrap_or_else(|failure| panic!("{failure}\n(files are counted in the order of `corpus()`)"));
        cases += 50;
    }
    println!("{cases} damaged files in {seconds} s, of {} recordings", corpus.len());
    assert!(cases >= 50);
}
