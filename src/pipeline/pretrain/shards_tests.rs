//! What prepared windows promise: those of the recordings, in their order, within half a step; the place where work was ended.
//!
//! Owns nothing; the test runner runs it. Invariant: the recording is the one that comes with the program.

use super::manifest::{Manifest, Part};
use super::prepare::{Preparation, PrepareError};
use super::shards::{Footers, Shards};
use super::stretch;
use super::tests::{config, folder};
use super::{Advance, Corpus, Index, Pretraining};
use crate::config::Config;
use crate::format::store::Store;
use crate::pipeline::{MonotonicClock, Shutdown};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const NAMES: [&str; 4] = ["S1/a.edf", "S1/b.edf", "S2.edf", "S3.edf"];
/// Bytes of a shard: two or three stretches.
const FULL: usize = 1_000_000;

fn begin(from: &Path, to: &Path, config: &Config, part: Part) -> Result<Preparation, PrepareError> {
    let store = Store::open(to, true).unwrap();
    Preparation::begin(store, config, &[from.to_owned()], part, FULL, &Shutdown::default(), &|_, _| ())
}

/// Prepares all of a part.
fn prepare(from: &Path, to: &Path, config: &Config, part: Part) -> Manifest {
    let mut preparation = begin(from, to, config, part).unwrap();
    while preparation.step().unwrap() {}
    assert!(preparation.finish().unwrap());
    preparation.manifest().clone()
}

fn opened(to: &Path, config: &Config) -> Corpus {
    let shards = Shards::open(to).unwrap();
    let config = shards.configure(config, |_| true).unwrap();
    Corpus::prepared(&config, shards).unwrap()
}

fn of_files(from: &Path, config: &Config) -> Corpus {
    let index = Index::make(&[from.to_owned()], &from.join("index.json"), config, &|_, _| ()).unwrap();
    Corpus::new(config, &index).unwrap()
}

/// All files of a folder with what is in them.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let listed = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    listed.map(|path| (PathBuf::from(path.file_name().unwrap()), std::fs::read(path).unwrap())).collect()
}

#[test]
fn windows_are_those_of_the_recordings_within_half_a_step() {
    let (from, to) = (folder(&NAMES), tempfile::tempdir().unwrap());
    std::fs::write(from.path().join("broken.edf"), "nothing").unwrap();
    let config = config();
    let manifest = prepare(from.path(), to.path(), &config, Part::WHOLE);
    assert!(manifest.shards.len() > 3 && manifest.broken.is_empty(), "{:?}", manifest.shards);
    let (files, shards) = (of_files(from.path(), &config), opened(to.path(), &config));
    assert_eq!((&files.groups, &files.stretches, files.room), (&shards.groups, &shards.stretches, shards.room));
    assert_eq!(files.left_out, shards.left_out);
    assert!(files.left_out[0].0.ends_with("broken.edf") && files.fingerprint() != shards.fingerprint());
    let mut footers = Footers::default();
    let (mut seen, mut of_shards) = (0, 0);
    for stretch in files.stretches.iter().flatten() {
        let mut known = Vec::new();
        let path = &files.files[stretch.file as usize].path;
        let rejected = stretch::read(path, &files.config, *stretch, |window| {
            known.push((window.origin, window.samples.to_vec()));
            true
        });
        let channels = files.plan.montage.len();
        let mut most = vec![0.0_f32; channels];
        for (at, v) in known.iter().flat_map(|(_, samples)| samples.iter().enumerate()) {
            most[at % channels] = most[at % channels].max(v.abs());
        }
        let mut known_at = known.iter();
        let found = shards.read(&mut footers, *stretch, |origin, samples| {
            let (expected, before) = known_at.next().unwrap();
            assert_eq!((origin, samples.len()), (*expected, before.len()));
            for (at, (a, b)) in samples.iter().zip(before).enumerate() {
                let half = most[at % channels] / f32::from(i16::MAX) / 2.0;
                assert!((a - b).abs() <= half * 1.001 + 1e-6 * b.abs(), "{a} for {b} with half a step of {half}");
                assert!(*b != 0.0 || *a == 0.0, "what is absent stays so");
            }
            of_shards += 1;
            true
        });
        assert_eq!((found.unwrap(), known_at.next()), (rejected.unwrap(), None));
        seen += known.len();
    }
    assert!(seen > 300 && seen == of_shards, "{seen} {of_shards}");
}

/// Losses of so many steps, and the weights; stopped and resumed before some of them.
fn trained(corpus: &dyn Fn() -> Corpus, steps: u64, stops: &[u64]) -> (Vec<f32>, String) {
    let (clock, shutdown) = (MonotonicClock::new(), Shutdown::default());
    let (mut training, mut losses) = (Pretraining::new(corpus(), None, &shutdown).unwrap(), Vec::new());
    for step in 0..steps {
        if stops.contains(&step) {
            let written = tempfile::tempdir().unwrap();
            let path = training.checkpoint().save(written.path(), 1, false).unwrap();
            let read = crate::learn::Checkpoint::load(&path).unwrap();
            training = Pretraining::new(corpus(), Some((&path, &read)), &shutdown).unwrap();
        }
        let Advance::Stepped(report) = training.step(&clock).unwrap() else { panic!("it ended") };
        losses.push(report.loss);
    }
    (losses, training.trainer().weights_sha256())
}

#[test]
fn training_is_that_on_the_recordings_and_goes_on_bit_for_bit() {
    let (from, to) = (folder(&NAMES), tempfile::tempdir().unwrap());
    let config = config();
    prepare(from.path(), to.path(), &config, Part::WHOLE);
    let of_shards = || opened(to.path(), &config);
    let (files, _) = trained(&|| of_files(from.path(), &config), 40, &[]);
    let (shards, weights) = trained(&of_shards, 40, &[]);
    // The same windows in the same batches: what differs is half a step of 16 bits.
    for (a, b) in files.iter().zip(&shards) {
        assert!((a - b).abs() < 0.02 * a.abs(), "{files:?}\n{shards:?}");
    }
    assert_ne!(files, shards);
    assert_eq!(trained(&of_shards, 40, &[1, 17, 30]), (shards, weights));
}

#[test]
fn what_was_ended_goes_on_and_writes_the_same_bytes() {
    let from = folder(&NAMES);
    let [whole, ended] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let config = config();
    prepare(from.path(), whole.path(), &config, Part::WHOLE);
    let mut calls = 0;
    loop {
        // A process that is killed drops what it did not write; one shard and a bit each time.
        let mut preparation = begin(from.path(), ended.path(), &config, Part::WHOLE).unwrap();
        let shards = preparation.manifest().shards.len();
        calls += 1;
        let mut goes_on = true;
        while goes_on && preparation.manifest().shards.len() == shards {
            goes_on = preparation.step().unwrap();
        }
        std::fs::write(ended.path().join("part-1-of-1-00002.parquet#1"), "half").unwrap();
        if !goes_on {
            preparation.finish().unwrap();
            break;
        }
        let refused = Shards::open(ended.path()).unwrap_err().to_string();
        assert!(refused.contains("part 1 of 1 is not done; `neurostream prepare …` goes on with it"), "{refused}");
        drop(preparation);
    }
    assert!(calls > 3, "{calls}");
    Store::open(ended.path(), false).unwrap().sweep("part-1-of-1");
    assert!(bytes(whole.path()) == bytes(ended.path()), "{:?}", bytes(ended.path()).keys());

    // Nothing is left to do, until there is one more.
    let before = bytes(ended.path());
    prepare(from.path(), ended.path(), &config, Part::WHOLE);
    assert!(before == bytes(ended.path()));
    std::os::unix::fs::symlink(super::tests::bundled(), from.path().join("A.edf")).unwrap();
    let grown = prepare(from.path(), ended.path(), &config, Part::WHOLE);
    assert!(grown.recordings.len() == NAMES.len() + 1 && grown.lead.name.ends_with("S1/a.edf"));
    let after = bytes(ended.path());
    assert!(before.iter().all(|(name, held)| name.ends_with("part-1-of-1.json") || after[name] == *held));
    assert_eq!(opened(ended.path(), &config).files.len(), NAMES.len() + 1);
}

#[test]
fn parts_make_a_whole_and_what_does_not_go_together_is_told() {
    let (from, to) = (folder(&NAMES), tempfile::tempdir().unwrap());
    let config = config();
    let part = |part| Part { part, of: 3 };
    prepare(from.path(), to.path(), &config, part(3));
    let told = Shards::open(to.path()).unwrap_err().to_string();
    for missing in ["part 1 of 3 is missing", "part 2 of 3 is missing", "--shard 2/3` makes it"] {
        assert!(told.contains(missing), "{told}");
    }
    prepare(from.path(), to.path(), &config, part(1));
    prepare(from.path(), to.path(), &config, part(2));
    let (files, shards) = (of_files(from.path(), &config), opened(to.path(), &config));
    assert_eq!((&files.groups, &files.stretches), (&shards.groups, &shards.stretches));

    let refused = |config: &Config, part: Part| begin(from.path(), to.path(), config, part).err().unwrap().to_string();
    let told = refused(&config, Part::WHOLE);
    assert!(told.contains("this would be one part of 1; name another folder"), "{told}");
    let mut other = config.clone();
    (other.signal.lowpass_hz, other.window.hop_s) = (30.0, Some(0.5));
    let told = refused(&other, part(2));
    let lines = ["\n  signal.lowpass_hz is 0.0 there and 30.0 here", "\n  window.hop_s is 1.0 there and 0.5 here"];
    assert!(lines.iter().all(|line| told.contains(line)), "{told}");
    let shards = Shards::open(to.path()).unwrap();
    let told = shards.configure(&other, |key| key == "signal.lowpass_hz").unwrap_err().to_string();
    assert!(told.contains("signal.lowpass_hz is 0.0 there and 30.0 here") && !told.contains("hop_s"), "{told}");
    assert_eq!(shards.configure(&other, |_| false).unwrap().signal, config.signal);

    let few = Config { pretrain: crate::config::PretrainConfig { mb: 3, ..config.pretrain.clone() }, ..config.clone() };
    let told = Corpus::prepared(&few, Shards::open(to.path()).unwrap()).unwrap_err().to_string();
    assert!(told.contains("pretrain.mb = 3"), "{told}");
    std::os::unix::fs::symlink(super::tests::bundled(), from.path().join("A.edf")).unwrap();
    let told = refused(&config, part(2));
    assert!(told.contains("made of 4 recordings, and there are 5 now"), "{told}");
}

#[test]
fn what_is_damaged_costs_its_own_windows_and_is_told() {
    let (from, to) = (folder(&NAMES), tempfile::tempdir().unwrap());
    let config = config();
    let manifest = prepare(from.path(), to.path(), &config, Part::WHOLE);
    let path = to.path().join(&manifest.shards[0].file);
    let mut held = std::fs::read(&path).unwrap();
    held[1000] ^= 1;
    std::fs::write(&path, &held).unwrap();
    std::fs::remove_file(to.path().join(&manifest.shards[1].file)).unwrap();
    let corpus = opened(to.path(), &config);
    let mut footers = Footers::default();
    let stretches = corpus.stretches.iter().flatten();
    let told: Vec<String> = stretches
        .filter_map(|stretch| corpus.read(&mut footers, *stretch, |_, _| true).err())
        .map(|error| error.to_string())
        .collect();
    let count = |part: &str| told.iter().filter(|error| error.contains(part)).count();
    assert_eq!(count("00001.parquet is damaged: a group has not the SHA-256"), 1, "{told:?}");
    assert!(count("00002.parquet: it is not there") > 0 && told.len() < 9, "{told:?}");
    // A recording that has changed is no longer what was prepared.
    let other = from.path().join("S2.edf");
    std::fs::remove_file(&other).unwrap();
    std::fs::write(&other, std::fs::read(from.path().join("S3.edf")).unwrap()).unwrap();
    let told = begin(from.path(), to.path(), &config, Part::WHOLE).err().unwrap().to_string();
    assert!(told.contains("have changed since they were prepared") && told.contains("S2.edf"), "{told}");
    std::fs::write(to.path().join("part-1-of-1.json"), "{}").unwrap();
    let told = Shards::open(to.path()).unwrap_err().to_string();
    assert!(told.contains("part-1-of-1.json: is a manifest of version null"), "{told}");
}
