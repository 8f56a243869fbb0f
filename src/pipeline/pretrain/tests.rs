//! What dealing out recordings promises: every window once, groups apart, the signal of a run, the place of a checkpoint.
//!
//! Owns nothing; the test runner runs it. Invariant: the recording is the one that comes with the program.

use super::order::{Order, Place, dealt};
use super::stretch::{self, Stretch, open};
use super::{Advance, Corpus, Found, Index, Pretraining};
use crate::config::Config;
use crate::pipeline::{MonotonicClock, Plan, Shutdown, Windows};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(super) fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/synthetic-16ch.edf")
}

/// A folder with links to the recording, by these names.
pub(super) fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(bundled(), path).unwrap();
    }
    folder
}

pub(super) fn config() -> Config {
    let mut config = Config::default();
    config.model.widths = Some(vec![8, 16]);
    config.model.embedding = 16;
    config.train.method = "simclr".to_owned();
    config.train.batch = 16;
    config.window.hop_s = Some(1.0);
    config.pretrain.mb = 5;
    // Names of temporary folders may hold an S and a number too.
    config.pretrain.group = r"/(S\d+)[./]".to_owned();
    config.pretrain.stretch_s = 30.0;
    config
}

fn corpus(config: &Config, names: &[&str]) -> Corpus {
    let folder = folder(names);
    let index =
        Index::make(&[folder.path().to_owned()], &folder.path().join("index.json"), config, &|_, _| ()).unwrap();
    // Opened later, when the folder is gone.
    let mut corpus = Corpus::new(config, &index).unwrap();
    corpus.files.iter_mut().for_each(|file| file.path = bundled());
    corpus
}

#[test]
fn every_stretch_comes_once_in_a_pass_and_orders_go_on_from_any_place() {
    let all: Vec<Stretch> =
        (0..50).map(|i| Stretch { file: i % 7, first: u64::from(i) * 100, windows: 20 + i }).collect();
    let order = |place| Order::new(all.clone(), 300, 4, 7, 3, place);
    let (mut whole, mut passes) = (order(Place::default()), vec![Vec::new(); 3]);
    let mut loads = Vec::new();
    while let Some((at, before, load)) = whole.next() {
        let of = |stretches: &[Stretch]| stretches.iter().map(|stretch| u64::from(stretch.windows)).sum::<u64>();
        assert!(of(&load) <= 300, "{at:?}");
        assert_eq!(before, of(&passes[at.epoch as usize]));
        passes[at.epoch as usize].extend(&load);
        loads.push((at, load));
    }
    assert!(loads[0].1.len() < 5 && loads[0].0 == Place::default(), "the first load is soon read");
    assert!(passes[0] != passes[1] && passes[1] != passes[2]);
    for pass in &passes {
        let firsts: BTreeSet<u64> = pass.iter().map(|stretch| stretch.first).collect();
        assert!(pass.len() == 50 && firsts.len() == 50);
    }
    for (i, (at, _)) in loads.iter().enumerate() {
        let mut resumed = order(*at);
        let rest: Vec<_> = std::iter::from_fn(|| resumed.next()).map(|(at, _, load)| (at, load)).collect();
        assert_eq!(rest, loads[i..], "{at:?}");
    }
    let deal = dealt(100, 7, Place { epoch: 1, load: 2 });
    assert_eq!(deal.iter().copied().collect::<BTreeSet<u32>>(), (0..100).collect());
    assert!(deal != dealt(100, 7, Place { epoch: 1, load: 3 }) && deal != dealt(100, 7, Place { epoch: 2, load: 2 }));
}

#[test]
fn windows_are_those_of_a_run_and_in_the_middle_of_a_recording_nearly_so() {
    let config = config();
    let source = open(&bundled(), &config).unwrap();
    let plan = Plan::new(&config, source.facts()).unwrap();
    let (mut windows, mut whole) = (Windows::new(&plan, source, 0), Vec::new());
    while let Some(window) = windows.step().unwrap() {
        whole.push((window.origin.first, window.is_learnable, window.samples.to_vec()));
    }
    let of = |first: u64, count: u32| {
        let (mut found, stretch) = (Vec::new(), Stretch { file: 3, first, windows: count });
        let rejected = stretch::read(&bundled(), &config, stretch, |window| {
            assert_eq!(window.origin.source, 3);
            found.push((window.origin.first, window.samples.to_vec()));
            true
        });
        assert_eq!(found.len() as u64 + rejected.unwrap(), u64::from(count));
        found
    };
    let known = |first: u64| &whole.iter().find(|(at, good, _)| *at == first && *good).unwrap().2;
    let start = of(0, 30);
    assert!(start.len() > 20 && start.iter().all(|(first, window)| known(*first) == window));
    // A minute in: filters, scale and verdicts have gone through the twenty seconds before.
    let middle = of(60 * 256, 30);
    assert!(middle.len() > 20 && middle[0].0 == 60 * 256);
    for (first, window) in &middle {
        let (mut error, mut power) = (0.0, 0.0);
        for (a, b) in window.iter().zip(known(*first)) {
            (error, power) = (error + f64::from(a - b).powi(2), power + f64::from(*b).powi(2));
        }
        assert!(error < 0.05 * power && power > 0.0, "{first}: {error} of {power}");
    }
}

#[test]
fn groups_are_apart_and_what_does_not_fit_is_left_out() {
    let folder = folder(&["S1/a.edf", "S1/b.EDF", "S2/a.edf", "sub/S3/a.edf", "x.txt", "S4.edf"]);
    std::fs::write(folder.path().join("broken.edf"), "nothing").unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("sub/loop")).unwrap();
    let kept = folder.path().join("index.json");
    let config = config();
    let make = || Index::make(&[folder.path().to_owned()], &kept, &config, &|_, _| ()).unwrap();
    let index = make();
    assert_eq!((index.files.len(), index.read), (6, 6));
    assert!(index.files.iter().any(|file| matches!(file.found, Found::Unreadable(_))));
    assert_eq!(make(), Index { read: 0, ..index.clone() }, "nothing has changed");
    std::fs::write(folder.path().join("broken.edf"), "nothing else").unwrap();
    assert_eq!(make().read, 1);

    let corpus = Corpus::new(&config, &index).unwrap();
    assert_eq!(corpus.left_out.len(), 1);
    assert!(corpus.left_out[0].0.ends_with("broken.edf"), "{:?}", corpus.left_out);
    let [learnt, judged] = &corpus.groups;
    assert_eq!((learnt.len(), judged.len()), (3, 1));
    assert!(!learnt.contains(&judged[0]));
    for (side, groups) in [learnt, judged].into_iter().enumerate() {
        for stretch in &corpus.stretches[side] {
            assert!(groups.contains(&corpus.files[stretch.file as usize].group));
        }
    }
    let other = Config { seed: 1, ..config.clone() };
    assert_ne!(Corpus::new(&other, &index).unwrap().fingerprint(), corpus.fingerprint());
    let few = Config { pretrain: crate::config::PretrainConfig { mb: 1, ..config.pretrain.clone() }, ..config };
    let refused = Corpus::new(&few, &index).unwrap_err().to_string();
    assert!(refused.contains("pretrain.mb") && refused.contains("at least"), "{refused}");
}

/// The weights after so many steps, stopped and resumed after each of `stops`.
fn trained(config: &Config, steps: u64, stops: &[u64]) -> (String, f64) {
    let names = ["S1.edf", "S2.edf", "S3.edf"];
    let (clock, shutdown) = (MonotonicClock::new(), Shutdown::default());
    let mut training = Pretraining::new(corpus(config, &names), None, &shutdown).unwrap();
    while training.trainer().status().steps < steps {
        if stops.contains(&training.trainer().status().steps) {
            let written = tempfile::tempdir().unwrap();
            let path = training.checkpoint().save(written.path(), 1, false).unwrap();
            let read = crate::learn::Checkpoint::load(&path).unwrap();
            training = Pretraining::new(corpus(config, &names), Some((&path, &read)), &shutdown).unwrap();
        }
        assert!(matches!(training.step(&clock).unwrap(), Advance::Stepped(_)));
    }
    (training.trainer().weights_sha256(), training.validate().unwrap().loss)
}

#[test]
fn training_that_was_stopped_goes_on_bit_for_bit() {
    for method in ["simclr", "moco", "forecast", "order"] {
        let mut config = config();
        config.train.method = method.to_owned();
        (config.train.order.near_s, config.train.order.far_s) = (8.0, 12.0);
        let whole = trained(&config, 60, &[]);
        assert_eq!(trained(&config, 60, &[0, 1, 17, 40]), whole, "{method}");
        assert_ne!(trained(&config, 59, &[]).0, whole.0, "{method}");
    }
}

#[test]
fn a_pass_deals_each_window_once_and_too_few_are_told() {
    let config = Config { pretrain: crate::config::PretrainConfig { epochs: 2, ..config().pretrain }, ..config() };
    let mut training =
        Pretraining::new(corpus(&config, &["S1.edf", "S2.edf", "S3.edf"]), None, &Shutdown::default()).unwrap();
    let clock = MonotonicClock::new();
    while let Advance::Stepped(_) = training.step(&clock).unwrap() {}
    let tally = training.tally();
    let all = 2 * training.corpus().windows();
    assert_eq!(tally.windows + tally.rejected + tally.left, all, "{tally:?}");
    assert!(tally.left < all / 4 && tally.broken.is_empty() && tally.files.len() == 2, "{tally:?}");
    assert!((training.epochs() - 2.0).abs() < 1e-9, "{}", training.epochs());

    let mut strict = config.clone();
    strict.train.batch = 128;
    strict.pretrain.mb = 40;
    strict.quality.flat_uv = 1e5;
    let mut training = Pretraining::new(corpus(&strict, &["S1.edf", "S2.edf"]), None, &Shutdown::default()).unwrap();
    let told = training.step(&clock).unwrap_err().to_string();
    assert!(told.contains("no batch of 128 windows"), "{told}");
}
