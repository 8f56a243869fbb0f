//! `bench online`: what replay memories are worth on a stream that is sorted by state (docs/online.md).

use super::arguments::OnlineBenchmark;
use neurostream::evaluate::online::{Course, Teacher, sorted_by_class, taught};
use neurostream::evaluate::{Accuracy, EEGMAT, FEW, Interval, Labelled, SSVEP, accuracies};
use neurostream::learn::{Architecture, Method};
use neurostream::pipeline::{MonotonicClock, own_pool};
use neurostream::signal::{Clock, Stamp};
use std::io::{self, Write};
use std::process::ExitCode;

/// Seconds from one window of the stream to the next, by set: recordings of minutes, or lamps of five seconds.
const HOPS_S: [(&str, f64); 2] = [(EEGMAT, 1.0), (SSVEP, 0.25)];

/// Accuracies by seed: as embeddings are, and standardised by subject.
type Accuracies = Vec<[Accuracy; 2]>;

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
    let mut rows: Vec<(Teacher, Accuracies)> = Vec::new();
    for teacher in Teacher::ALL {
        let of_seed = |seed: u64| judged(&labelled, &course, hop_s, teacher, seed);
        rows.push((teacher, (1..=*seeds).map(of_seed).collect()));
        // Rows come minutes apart.
        writeln!(io::stderr(), "{}: {:.0} s", teacher.word(), clock.now() - Stamp::default())?;
    }
    let mut out = io::stdout();
    writeln!(out, "### {set}: {} in one pass, {steps} steps, {seeds} seeds", method.word())?;
    for (which, how) in ["as embeddings are", "standardised by subject"].into_iter().enumerate() {
        writeln!(
            out,
            "\n| {how} | kNN-20 | less none | recovered gain | {:.0} % labels | less none | recovered gain |",
            100.0 * FEW
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|")?;
        for (teacher, accuracies) in &rows {
            let near = cells(*teacher, accuracies, &rows, |a| a[which].neighbours);
            let few = cells(*teacher, accuracies, &rows, |a| a[which].few);
            writeln!(out, "| {} | {near} | {few} |", teacher.word())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The accuracies of one seed.
fn judged(set: &Labelled, course: &Course, hop_s: f64, teacher: Teacher, seed: u64) -> [Accuracy; 2] {
    accuracies(set, seed, |teaches| {
        let stream = sorted_by_class(set, hop_s, |subject| teaches[subject]);
        set.embedded(&taught(set, &stream, course, teacher, seed))
    })
}

/// One figure of a row: itself, how it differs from no replay, and the recovered gain. Differences are of the same seed; the
/// gain is that of the means.
fn cells(
    teacher: Teacher,
    accuracies: &Accuracies,
    rows: &[(Teacher, Accuracies)],
    which: impl Fn(&[Accuracy; 2]) -> f64,
) -> String {
    let of = |all: &Accuracies| all.iter().map(&which).collect::<Vec<f64>>();
    let named = |wanted: Teacher| rows.iter().find(|(teacher, _)| *teacher == wanted).map(|(_, all)| of(all));
    let own = of(accuracies);
    let less = || {
        let none = named(Teacher::Forgetful).filter(|_| !matches!(teacher, Teacher::Forgetful | Teacher::Nobody))?;
        let differences: Vec<f64> = own.iter().zip(none).map(|(a, b)| a - b).collect();
        Some(format!("{:+}", Interval::of(&differences)))
    };
    let gain = || {
        let mean = |values: &[f64]| Interval::of(values).mean;
        let (random, offline) = (mean(&named(Teacher::Nobody)?), mean(&named(Teacher::Offline)?));
        // What offline training did not gain cannot be recovered.
        (teacher != Teacher::Nobody && offline > random)
            .then(|| format!("{:.0} %", 100.0 * (mean(&own) - random) / (offline - random)))
    };
    format!("{} | {} | {}", Interval::of(&own), less().unwrap_or_default(), gain().unwrap_or_default())
}
