//! Learning, shown: what eleven methods learn from unlabelled EEG, judged by neighbours among subjects who were not seen.
//!
//!     cargo run --release --example learning_table [-- DATA [SET|METHOD…]]
//!
//! `DATA` is the folder with `eegmat` and `ssvep-exo`, `../shared/data/labelled` where none is named; by default both sets
//! and all methods. docs/learning.md holds
//! the protocol and the table. Everything runs on one thread and with fixed seeds: the same machine gives the same figures.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a table is what it is run for")]

use anyhow::bail;
use neurostream::evaluate::{EEGMAT, Features, Interval, Labelled, SSVEP, accuracy, group_of, log_band_power, recipe};
use neurostream::learn::{Architecture, Batch, Encoder, Method, Origin, Trainer};
use neurostream::pipeline::{MonotonicClock, own_pool};
use neurostream::signal::{Clock, Stamp};
use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Recipes were chosen with others.
const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];
/// Each seed deals the subjects out to so many groups; each group is judged by what the others taught.
const GROUPS: usize = 2;

/// Accuracies of a seed: features as they are, and standardised by subject.
type Accuracies = [f64; 2];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "../shared/data/labelled".to_owned()));
    let (mut methods, mut sets) = (Vec::new(), Vec::new());
    for word in arguments {
        match Method::ALL.into_iter().find(|method| method.word() == word) {
            Some(method) => methods.push(method),
            None if [EEGMAT, SSVEP].contains(&word.as_str()) => sets.push(word),
            None => bail!("{word}: there are {EEGMAT} and {SSVEP}, and {:?}", Method::ALL.map(Method::word)),
        }
    }
    if methods.is_empty() {
        methods = Method::ALL.to_vec();
    }
    let clock = MonotonicClock::new();
    let _pool = own_pool("learning", 1, false);
    let architecture = Architecture::SpatialConv { virtual_channels: 8 };
    for name in [EEGMAT, SSVEP].into_iter().filter(|name| sets.is_empty() || sets.iter().any(|set| set == name)) {
        let set = if name == EEGMAT { Labelled::eegmat(&folder)? } else { Labelled::ssvep(&folder)? };
        print_heading(&set);
        let power = log_power(&set);
        print_row("log band power", &over_seeds(&set, |_, _| power.clone()), None);
        let word = architecture.word();
        let learnt = |seed: u64, group: usize, method: Option<Method>| {
            embedded(&set, &encoder(&set, &architecture, seed, group, method))
        };
        let random = over_seeds(&set, |seed, group| learnt(seed, group, None));
        print_row(&format!("random `{word}`"), &random, None);
        for &method in &methods {
            let taught = over_seeds(&set, |seed, group| learnt(seed, group, Some(method)));
            print_row(&format!("{} `{word}`", method.word()), &taught, Some(&random));
            // Rows come minutes apart.
            eprintln!("{:.0} s", clock.now() - Stamp::default());
        }
        println!();
    }
    println!("{:.1} minutes on one thread", (clock.now() - Stamp::default()) / 60.0);
    Ok(())
}

/// The accuracies of each seed, over all subjects.
fn over_seeds(set: &Labelled, features: impl Fn(u64, usize) -> Features) -> Vec<Accuracies> {
    let of_seed = |&seed: &u64| {
        let mut told = [Vec::new(), Vec::new()];
        for group in 0..GROUPS {
            let features = features(seed, group);
            let all = 0..set.trials.len();
            let (asked, known): (Vec<usize>, Vec<usize>) =
                all.partition(|&i| group_of(set.subjects, GROUPS, seed)[features.subjects[i]] == group);
            told[0].extend(features.told(&known, &asked));
            told[1].extend(features.by_subject().told(&known, &asked));
        }
        told.map(|told| accuracy(&told))
    };
    SEEDS.iter().map(of_seed).collect()
}

/// The encoder of this seed: with first weights, or as a method leaves it that sees the windows of all other groups.
fn encoder(set: &Labelled, architecture: &Architecture, seed: u64, group: usize, method: Option<Method>) -> Encoder {
    let groups = group_of(set.subjects, GROUPS, seed);
    let learns = |&recording: &usize| groups[set.recordings[recording].subject] != group;
    let windows: Vec<(usize, usize)> = (0..set.recordings.len())
        .filter(learns)
        .flat_map(|recording| set.unlabelled(recording).map(move |first| (recording, first)))
        .collect();
    let shape = recipe::encoder(set, architecture.clone());
    let settings = recipe::trainer(set, method.unwrap_or(Method::Simclr), shape, seed, windows.len());
    let mut trainer = Trainer::new(settings);
    if method.is_some() {
        for (recording, first) in windows {
            let origin = Origin { source: recording as u32, first: first as u64 };
            trainer.admit(origin, set.samples(recording, first));
        }
        let mut batch = Batch::default();
        for _ in 0..recipe::STEPS {
            trainer.draw(&mut batch);
            trainer.step(&batch);
        }
    }
    trainer.first_generation(Stamp::default()).encoder
}

fn of_trials(set: &Labelled, mut features: impl FnMut(&[f32]) -> Vec<f32>) -> Features {
    let mut all = Features::default();
    for trial in &set.trials {
        all.rows.push(features(set.samples(trial.recording, trial.first)));
        all.classes.push(trial.class);
        all.subjects.push(set.subject(trial));
    }
    all
}

/// Embeddings before any projector.
fn embedded(set: &Labelled, encoder: &Encoder) -> Features {
    of_trials(set, |window| encoder.embed(window.to_vec(), set.channels))
}

/// The features of the classical baselines: five bands, or the frequencies of the lamps and twice these less their mean.
fn log_power(set: &Labelled) -> Features {
    if set.classes == 2 {
        let bands = [[1.0, 4.0], [4.0, 8.0], [8.0, 13.0], [13.0, 30.0], [30.0, 40.0]];
        return of_trials(set, |window| log_band_power(window, set.channels, set.rate_hz, &bands));
    }
    let bands = [13.0, 17.0, 21.0, 26.0, 34.0].map(|hz| [hz - 0.25, hz + 0.5]);
    of_trials(set, |window| {
        let mut powers = log_band_power(window, set.channels, set.rate_hz, &bands);
        for of_channel in powers.chunks_exact_mut(bands.len()) {
            let mean = of_channel.iter().sum::<f32>() / bands.len() as f32;
            of_channel.iter_mut().for_each(|power| *power -= mean);
        }
        powers
    })
}

fn print_heading(set: &Labelled) {
    let mut counts = vec![0; set.classes];
    set.trials.iter().for_each(|trial| counts[trial.class] += 1);
    let most = counts.iter().max().map_or(0.0, |&most| f64::from(most)) / set.trials.len() as f64;
    println!("### {}: {} windows of {} subjects\n", set.name, set.trials.len(), set.subjects);
    println!("| features | kNN-20 | less random | kNN-20, by subject | less random | beats random |");
    println!("|---|---|---|---|---|---|");
    println!("| majority | {most:.3} | | {most:.3} | | |");
}

fn print_row(name: &str, accuracies: &[Accuracies], random: Option<&Vec<Accuracies>>) {
    let of = |which: usize| accuracies.iter().map(|a| a[which]).collect::<Vec<f64>>();
    let less = |which: usize| {
        let pairs = accuracies.iter().zip(random?);
        Some(Interval::of(&pairs.map(|(a, r)| a[which] - r[which]).collect::<Vec<f64>>()))
    };
    let (less, means) = ([less(0), less(1)], [Interval::of(&of(0)), Interval::of(&of(1))]);
    let word = |less: Option<Interval>| less.map_or_else(String::new, |less| format!("{less:+}"));
    let verdict = match less {
        [Some(a), Some(b)] => match (a.mean > a.half, b.mean > b.half) {
            (true, true) => "yes",
            (true, false) => "as it is",
            (false, true) => "by subject",
            (false, false) => "no",
        },
        _ => "",
    };
    println!("| {name} | {} | {} | {} | {} | {verdict} |", means[0], word(less[0]), means[1], word(less[1]));
}
