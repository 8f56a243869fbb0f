//! `bench online`: what replay memories are worth on a stream that is sorted by state (docs/online.md).

use super::arguments::OnlineBenchmark;
use neurostream::evaluate::online::{Course, Teacher, sorted_by_class, taught};
use neurostream::evaluate::{EEGMAT, Features, Interval, Labelled, SSVEP, accuracy, group_of};
use neurostream::learn::{Architecture, Encoder, Method};
use neurostream::pipeline::{MonotonicClock, own_pool};
use neurostream::signal::{Clock, Stamp};
use std::io::{self, Write};
use std::process::ExitCode;

/// Each seed deals the subjects out to so many groups; each group is judged by what the stream of the others taught.
const GROUPS: usize = 2;
/// Seconds from one window of the stream to the next, by set: recordings of minutes, or lamps of five seconds.
const HOPS_S: [(&str, f64); 2] = [(EEGMAT, 1.0), (SSVEP, 0.25)];

/// Accuracies by seed: as embeddings are, and standardised by subject.
type Accuracies = Vec<[f64; 2]>;

/// Runs the benchmark.
pub fn online(arguments: &OnlineBenchmark) -> anyhow::Result<ExitCode> {
    let OnlineBenchmark { data, set, method, steps, seeds } = arguments;
    let known = || Method::ALL.map(Method::word).join(", ");
    let method = Method::ALL.into_iter().find(|one| one.word() == method);
    let method =
        method.ok_or_else(|| super::Unusable(format!("--method {}: must be one of {}", arguments.method, known())))?;
    super::usable((2..=10).contains(seeds), || "--seeds must be from 2 to 10".to_owned())?;
    super::usable((1..=100_000).contains(steps), || "--steps must be from 1 to 100000".to_owned())?;
    let (_, hop_s) = HOPS_S.into_iter().find(|(name, _)| name == set).ok_or_else(|| {
        super::Unusable(format!("--set {set}: must be one of {}", HOPS_S.map(|(name, _)| name).join(", ")))
    })?;
    let labelled = if set == EEGMAT { Labelled::eegmat(data)? } else { Labelled::ssvep(data)? };
    let architecture = Architecture::SpatialConv { virtual_channels: 8 };
    let course = Course { method, architecture, steps: *steps };
    let _pool = own_pool("bench", 1, false);
    let clock = MonotonicClock::new();
    let mut out = io::stdout();
    writeln!(out, "### {set}: {} in one pass, {steps} steps, {seeds} seeds\n", method.word())?;
    writeln!(out, "| replay | kNN-20 | less none | kNN-20, by subject | less none | recovered gain, by subject |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    let mut rows: Vec<(Teacher, Accuracies)> = Vec::new();
    for teacher in Teacher::ALL {
        let of_seed = |seed: u64| judged(&labelled, &course, hop_s, teacher, seed);
        rows.push((teacher, (1..=*seeds).map(of_seed).collect()));
        // Rows come minutes apart.
        writeln!(io::stderr(), "{}: {:.0} s", teacher.word(), clock.now() - Stamp::default())?;
    }
    for (teacher, accuracies) in &rows {
        writeln!(out, "{}", row(*teacher, accuracies, &rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The accuracies of one seed over all subjects.
fn judged(set: &Labelled, course: &Course, hop_s: f64, teacher: Teacher, seed: u64) -> [f64; 2] {
    let groups = group_of(set.subjects, GROUPS, seed);
    let mut told = [Vec::new(), Vec::new()];
    for group in 0..GROUPS {
        let stream = sorted_by_class(set, hop_s, |subject| groups[subject] != group);
        let features = embedded(set, &taught(set, &stream, course, teacher, seed));
        let (asked, known): (Vec<usize>, Vec<usize>) =
            (0..set.trials.len()).partition(|&i| groups[features.subjects[i]] == group);
        told[0].extend(features.told(&known, &asked));
        told[1].extend(features.by_subject().told(&known, &asked));
    }
    told.map(|told| accuracy(&told))
}

/// Embeddings of all trials.
fn embedded(set: &Labelled, encoder: &Encoder) -> Features {
    let mut all = Features::default();
    for trial in &set.trials {
        all.rows.push(encoder.embed(set.samples(trial.recording, trial.first).to_vec(), set.channels));
        all.classes.push(trial.class);
        all.subjects.push(set.subject(trial));
    }
    all
}

/// A line of the table. Differences are of the same seed; the gain is that of the means.
fn row(teacher: Teacher, accuracies: &Accuracies, rows: &[(Teacher, Accuracies)]) -> String {
    let of = |all: &Accuracies, which: usize| all.iter().map(|a| a[which]).collect::<Vec<f64>>();
    let named = |wanted: Teacher| rows.iter().find(|(teacher, _)| *teacher == wanted).map(|(_, all)| all);
    let less = |which: usize| {
        let none = named(Teacher::Forgetful).filter(|_| !matches!(teacher, Teacher::Forgetful | Teacher::Nobody))?;
        let differences: Vec<f64> = accuracies.iter().zip(none).map(|(a, b)| a[which] - b[which]).collect();
        Some(format!("{:+}", Interval::of(&differences)))
    };
    let gain = || {
        let mean = |all: &Accuracies| Interval::of(&of(all, 1)).mean;
        let (random, offline) = (mean(named(Teacher::Nobody)?), mean(named(Teacher::Offline)?));
        // What offline training did not gain cannot be recovered.
        (teacher != Teacher::Nobody && offline > random)
            .then(|| format!("{:.0} %", 100.0 * (mean(accuracies) - random) / (offline - random)))
    };
    let [one, two] = [0, 1].map(|which| Interval::of(&of(accuracies, which)));
    let [less_one, less_two] = [0, 1].map(|which| less(which).unwrap_or_default());
    format!("| {} | {one} | {less_one} | {two} | {less_two} | {} |", teacher.word(), gain().unwrap_or_default())
}
