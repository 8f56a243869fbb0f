//! Learning, shown: what eleven methods learn from unlabelled EEG, judged by neighbours among subjects who were not seen.
//!
//!     cargo run --release --example learning_table [-- DATA [SET|METHOD…]]
//!
//! `DATA` is the folder with `eegmat` and `ssvep-exo`, `../shared/data/labelled` where none is named; by default both sets
//! and all methods. docs/learning.md holds
//! the protocol and the table. Everything runs on one thread and with fixed seeds: the same machine gives the same figures.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a table is what it is run for")]

use anyhow::bail;
use neurostream::dsp::BandPower;
use neurostream::evaluate::online::{Course, Teacher, taught};
use neurostream::evaluate::{Accuracy, EEGMAT, Features, Interval, Labelled, SSVEP, accuracies, recipe};
use neurostream::learn::{Architecture, Encoder, Method};
use neurostream::pipeline::{MonotonicClock, own_pool};
use neurostream::signal::{Clock, Stamp};
use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Recipes were chosen with others.
const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// Accuracies of a seed: features as they are, and standardised by subject.
type Accuracies = [Accuracy; 2];

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
        let learnt = |seed: u64, teaches: &[bool], method: Option<Method>| {
            set.embedded(&encoder(&set, &architecture, seed, teaches, method))
        };
        let random = over_seeds(&set, |seed, teaches| learnt(seed, teaches, None));
        print_row(&format!("random `{word}`"), &random, None);
        for &method in &methods {
            let taught = over_seeds(&set, |seed, teaches| learnt(seed, teaches, Some(method)));
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
fn over_seeds(set: &Labelled, mut features: impl FnMut(u64, &[bool]) -> Features) -> Vec<Accuracies> {
    SEEDS.iter().map(|&seed| accuracies(set, seed, |teaches| features(seed, teaches))).collect()
}

/// The encoder of this seed: with first weights, or as a method leaves it that sees the windows of all other groups.
fn encoder(
    set: &Labelled,
    architecture: &Architecture,
    seed: u64,
    teaches: &[bool],
    method: Option<Method>,
) -> Encoder {
    let windows: Vec<(usize, usize)> = (0..set.recordings.len())
        .filter(|&recording| teaches[set.recordings[recording].subject])
        .flat_map(|recording| set.unlabelled(recording).map(move |first| (recording, first)))
        .collect();
    let (architecture, steps) = (architecture.clone(), recipe::STEPS);
    let course = Course { method: method.unwrap_or(Method::Simclr), architecture, steps };
    let teacher = if method.is_some() { Teacher::Offline } else { Teacher::Nobody };
    taught(set, &windows, &course, teacher, seed)
}

/// The features of the classical baselines: five bands, or the frequencies of the lamps and twice these less their mean.
fn log_power(set: &Labelled) -> Features {
    if set.classes == 2 {
        let bands = [[1.0, 4.0], [4.0, 8.0], [8.0, 13.0], [13.0, 30.0], [30.0, 40.0]];
        let mut powers = BandPower::new(set.window(), set.rate_hz, &bands);
        return set.features(|window| powers.of_all(window, set.channels));
    }
    let bands = [13.0, 17.0, 21.0, 26.0, 34.0].map(|hz| [hz - 0.25, hz + 0.5]);
    let mut measure = BandPower::new(set.window(), set.rate_hz, &bands);
    set.features(|window| {
        let mut powers = measure.of_all(window, set.channels);
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
    let of = |which: usize| accuracies.iter().map(|a| a[which].neighbours).collect::<Vec<f64>>();
    let less = |which: usize| {
        let pairs = accuracies.iter().zip(random?);
        Some(Interval::of(&pairs.map(|(a, r)| a[which].neighbours - r[which].neighbours).collect::<Vec<f64>>()))
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
