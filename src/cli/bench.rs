//! `bench train`: how long a training step takes, for the race against the twin in PyTorch.

use super::arguments::{Benchmark, Format, TrainBenchmark};
use neurostream::learn::nn::{Backend, Compute, Kernels, card};
use neurostream::learn::twin::{Shape, Task, twin};
use neurostream::pipeline::{MonotonicClock, own_pool};
use neurostream::signal::Clock;
use serde_json::json;
use std::io::{self, Write};
use std::process::ExitCode;

/// Steps before the clock counts.
const WARM_UP: usize = 3;
/// Steps that are timed at least, and at most.
const STEPS: std::ops::Range<usize> = 3..2000;

/// Runs the benchmark.
pub fn bench(benchmark: &Benchmark) -> anyhow::Result<ExitCode> {
    match benchmark {
        Benchmark::Train(arguments) => train(arguments),
        Benchmark::Online(arguments) => super::bench_online::online(arguments),
        Benchmark::Latency(arguments) => super::bench_latency::latency(arguments),
        Benchmark::Throughput(arguments) => super::bench_throughput::throughput(arguments),
    }
}

fn train(arguments: &TrainBenchmark) -> anyhow::Result<ExitCode> {
    let TrainBenchmark { task, shape: text, seconds, threads, seed, .. } = arguments;
    let word = |words: Vec<&'static str>| words.join(", ");
    let task = Task::ALL.into_iter().find(|known| known.word() == task).ok_or_else(|| {
        super::Unusable(format!("--task {task}: must be one of {}", word(Task::ALL.map(Task::word).to_vec())))
    })?;
    let shape = parse(text).ok_or_else(|| {
        super::Unusable(format!("--shape {text}: must be windows x channels x frames, for instance 64x64x512"))
    })?;
    super::usable((0.0..=3600.0).contains(seconds), || "--seconds must be from 0 to 3600".to_owned())?;
    super::usable((1..=1024).contains(threads), || "--threads must be from 1 to 1024".to_owned())?;
    let backend = Backend::ALL.iter().find(|known| known.word() == arguments.device).ok_or_else(|| {
        let known = word(Backend::ALL.iter().map(|backend| backend.word()).collect());
        super::Unusable(format!("--device {}: must be one of {known}", arguments.device))
    })?;
    let kernels = Kernels::ALL.into_iter().find(|known| known.word() == arguments.kernels).ok_or_else(|| {
        let known = word(Kernels::ALL.map(Kernels::word).to_vec());
        super::Unusable(format!("--kernels {}: must be one of {known}", arguments.kernels))
    })?;

    let _pool = own_pool("bench", *threads, false);
    let compute = Compute::new(*backend, kernels);
    if compute.is_on_card() {
        writeln!(io::stderr(), "neurostream: on {}", card::open()?)?;
    }
    let mut twin =
        twin(task, shape, *seed, compute).map_err(|why| super::Unusable(format!("--shape {text}: {why}")))?;
    let clock = MonotonicClock::new();
    let mut loss = 0.0;
    for _ in 0..WARM_UP {
        loss = twin.step();
    }
    let (start, faults) = (clock.now().0, page_faults());
    let mut times = Vec::new();
    while (clock.now().0 - start < *seconds || times.len() < STEPS.start) && times.len() < STEPS.end {
        let before = clock.now().0;
        loss = twin.step();
        times.push((clock.now().0 - before) * 1e3);
    }
    let faults = faults.zip(page_faults()).map(|(before, after)| (after - before) as f64 / times.len() as f64);
    times.sort_by(f64::total_cmp);
    let (median, min) = (times[times.len() / 2], times[0]);
    let rounded = |ms: f64| (ms * 1e3).round() / 1e3;
    let line = match arguments.format {
        Format::Json => json!({
            "task": task.word(), "shape": text, "threads": threads, "steps": times.len(),
            "median_ms": rounded(median), "min_ms": rounded(min), "loss": loss, "page_faults_per_step": faults,
        })
        .to_string(),
        Format::Text => format!(
            "{} {text}, {threads} threads: median {median:.2} ms, min {min:.2} ms over {} steps, loss {loss:.4}",
            task.word(),
            times.len()
        ),
    };
    writeln!(io::stdout(), "{line}")?;
    Ok(ExitCode::SUCCESS)
}

fn parse(shape: &str) -> Option<Shape> {
    let numbers: Vec<usize> = shape.split('x').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let &[batch, channels, frames] = numbers.as_slice() else { return None };
    // A batch beyond 16 GiB is a slip of the keyboard.
    let values = batch.checked_mul(channels)?.checked_mul(frames)?;
    (values <= 1 << 32).then_some(Shape { batch, channels, frames })
}

/// Pages that the kernel had to fault in so far; known on Linux only.
fn page_faults() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold spaces; the count is the eighth field after it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(7)?.parse().ok()
}
