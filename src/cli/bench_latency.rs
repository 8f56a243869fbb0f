//! `bench latency`: where the time from a sample to its embedding goes, with the trainer off and training in turns.

use super::arguments::{Format, LatencyBenchmark};
use super::measure::{self, Load, median, number};
use super::usable;
use neurostream::serve::STAGES;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

/// What stands beside the stages: from the arrival of the last frame to the embedding.
const EMBEDDING: &str = "embedding";

/// Runs the benchmark.
pub fn latency(arguments: &LatencyBenchmark) -> anyhow::Result<ExitCode> {
    let LatencyBenchmark { channels, rate, seconds, rounds, format, .. } = arguments;
    measure::refuse_shape(*channels, *rate)?;
    usable((2.0..=3600.0).contains(seconds), || format!("--seconds {seconds}: must be from 2 to 3600"))?;
    usable((1..=100).contains(rounds), || format!("--rounds {rounds}: must be from 1 to 100"))?;
    let config = measure::configured(arguments.config.as_deref(), &arguments.set)?;
    let load = Load::of(*channels, *rate);
    let mut found: [Vec<Value>; 2] = Default::default();
    for _ in 0..*rounds {
        for (is_training, found) in [false, true].into_iter().zip(&mut found) {
            let mut config = config.clone();
            config.train.enabled = is_training;
            // Both as long, and the one long enough to train.
            found.push(measure::run(&config, &load, seconds + measure::until_trained_s(&config, &load))?);
        }
    }
    let [off, training] = found.each_ref().map(|found| figures(found));
    let mut out = io::stdout().lock();
    if *format == Format::Json {
        let told = json!({
            "channels": channels, "rate_hz": rate, "seconds": seconds, "rounds": rounds, "build": measure::build(),
            "priority": found[1][0]["priority"], "trainer_off": off, "training": training,
        });
        writeln!(out, "{told}")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        out,
        "{channels} channels at {rate} Hz ({} build, priority {}), medians of {rounds} runs of {seconds} s each in turns, ms:\n",
        measure::build(),
        found[1][0]["priority"].as_str().unwrap_or_default()
    )?;
    writeln!(out, "                 trainer off          training")?;
    writeln!(out, "               p50      p99        p50      p99")?;
    for name in STAGES.into_iter().chain([EMBEDDING]) {
        let cell = |side: &Value, q: &str| number(&side["latency_ms"][name][q]);
        let [a, b] = [&off, &training].map(|side| format!("{:8.3} {:8.3}", cell(side, "p50"), cell(side, "p99")));
        writeln!(out, "{name:12}{a}   {b}")?;
    }
    let count = |side: &Value, key: &str| side[key].as_f64().unwrap_or_default();
    writeln!(out, "\n`embedding` is from the arrival of a window's last frame: conditioning to encode.")?;
    writeln!(
        out,
        "frames lost by the encoder: {} and {}; {:.1} training steps a second",
        count(&off, "lost"),
        count(&training, "lost"),
        count(&training, "steps_per_s")
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Medians over the rounds; losses are added up.
fn figures(summaries: &[Value]) -> Value {
    let middle = |of: &dyn Fn(&Value) -> f64| median(&mut summaries.iter().map(of).collect::<Vec<f64>>());
    let mut latency = serde_json::Map::new();
    for name in STAGES.into_iter().chain([EMBEDDING]) {
        let at = |summary: &Value, q: &str| match name {
            EMBEDDING => number(&summary["latency_ms"][q]),
            stage => number(&summary["latency_ms"]["stages"][stage][q]),
        };
        let [p50, p99] = ["p50", "p99"].map(|q| middle(&|summary| at(summary, q)));
        latency.insert(name.to_owned(), json!({"p50": p50, "p99": p99}));
    }
    let lost: u64 = summaries.iter().filter_map(|s| s["frames"]["encoder"]["lost"].as_u64()).sum();
    let steps_per_s = middle(&|summary| summary["training"]["steps_per_s"].as_f64().unwrap_or_default());
    json!({"latency_ms": latency, "lost": lost, "steps_per_s": steps_per_s})
}
