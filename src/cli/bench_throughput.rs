//! `bench throughput`: what a second of signal costs by channels and rate, and how much of it goes live without loss.
//!
//! Runs on the main thread. Invariant: a cost is that of one core, for at full speed all stages take turns on one thread and an
//! encoder computes on that alone.

use super::arguments::{Format, ThroughputBenchmark};
use super::measure::{self, LATE_MS, Load, Went, number};
use super::{usable, written};
use neurostream::config::Config;
use neurostream::format::atomic;
use neurostream::plot::{LogCurve, LogPlot};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

/// What a second of signal costs.
struct Cost {
    channels: usize,
    rate_hz: f64,
    /// Milliseconds of one core.
    ms: f64,
}

/// What went live, of how many channels.
type Live = (usize, Went);

/// Runs the benchmark.
pub fn throughput(arguments: &ThroughputBenchmark) -> anyhow::Result<ExitCode> {
    let ThroughputBenchmark { channels, rate, rates, of, seconds, png, format, .. } = arguments;
    let all_rates = || rates.iter().chain([rate]);
    usable(channels.iter().chain([of]).all(|c| (1..=4096).contains(c)), || "--channels: from 1 to 4096".to_owned())?;
    usable(all_rates().all(|hz| (16.0..=100_000.0).contains(hz)), || "--rates: from 16 to 100000 Hz".to_owned())?;
    usable((1.0..=3600.0).contains(seconds), || format!("--seconds {seconds}: must be from 1 to 3600"))?;
    if let Some(path) = png {
        written::refuse_no_place("--png", path)?;
    }
    let config = measure::configured(arguments.config.as_deref(), &arguments.set)?;

    let by_channels: Vec<Cost> =
        channels.iter().map(|c| cost(&config, *c, *rate, *seconds)).collect::<Result<_, _>>()?;
    let by_rate: Vec<Cost> = rates.iter().map(|hz| cost(&config, *of, *hz, *seconds)).collect::<Result<_, _>>()?;
    let mut live = Vec::new();
    for channels in channels {
        let went = measure::while_training(&config, &Load::of(*channels, *rate), *seconds)?;
        live.push((*channels, went));
        if !went.is_sustained {
            break;
        }
    }
    if let Some(path) = png {
        let picture = picture(&by_channels, &by_rate, *rate, *of)?;
        atomic::write(path, &picture)?;
    }
    tell(*format, &by_channels, &by_rate, *rate, &live)?;
    Ok(ExitCode::SUCCESS)
}

/// At full speed, the encoder alone.
fn cost(config: &Config, channels: usize, rate_hz: f64, seconds: f64) -> anyhow::Result<Cost> {
    let mut config = config.clone();
    config.train.enabled = false;
    let load = Load { times: None, ..Load::of(channels, rate_hz) };
    // As much signal as takes about so long, by what a little of it takes; a second at least is a few windows.
    let of = |signal_s: f64| -> anyhow::Result<f64> {
        let summary = measure::run(&config, &load, signal_s)?;
        Ok(number(&summary["wall_s"]) * 1e3 / signal_s)
    };
    let window_s = config.window.length_frames(rate_hz) as f64 / rate_hz;
    let rough_ms = of(2.0 * window_s)?;
    let signal_s = (seconds * 1e3 / rough_ms).clamp(2.0 * window_s, 3600.0);
    Ok(Cost { channels, rate_hz, ms: of(signal_s)? })
}

fn tell(format: Format, by_channels: &[Cost], by_rate: &[Cost], rate_hz: f64, live: &[Live]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if format == Format::Json {
        let costs = |costs: &[Cost]| -> Vec<Value> {
            let one = |c: &Cost| json!({"channels": c.channels, "rate_hz": c.rate_hz, "ms_a_second": c.ms, "times_real_time": 1e3 / c.ms});
            costs.iter().map(one).collect()
        };
        let one = |(channels, went): &Live| {
            let Went { lost, is_sustained, p99_ms, steps_per_s } = went;
            json!({
                "channels": channels, "rate_hz": rate_hz, "lost": lost, "sustained": is_sustained,
                "p99_ms": p99_ms, "steps_per_s": steps_per_s,
            })
        };
        let live: Vec<Value> = live.iter().map(one).collect();
        let (by_channels, by_rate, build) = (costs(by_channels), costs(by_rate), measure::build());
        let told = json!({"build": build, "by_channels": by_channels, "by_rate": by_rate, "live": live});
        return writeln!(out, "{told}");
    }
    writeln!(out, "At full speed, no training, one core ({} build):\n", measure::build())?;
    writeln!(out, "channels   rate Hz   ms a second   x real time   ns a sample")?;
    for Cost { channels, rate_hz, ms } in by_channels.iter().chain(by_rate) {
        let ns = ms * 1e6 / (*channels as f64 * rate_hz);
        writeln!(out, "{channels:8} {rate_hz:9} {ms:13.2} {:13.1} {ns:13.1}", 1e3 / ms)?;
    }
    writeln!(out, "\nLive, while it trains ({LATE_MS} ms is late):\n")?;
    writeln!(out, "channels   rate Hz   frames lost   p99 ms   steps/s")?;
    for (channels, Went { lost, is_sustained, p99_ms, steps_per_s }) in live {
        let verdict = if *is_sustained { "" } else { "   not sustained" };
        writeln!(out, "{channels:8} {rate_hz:9} {lost:13} {p99_ms:8.1} {steps_per_s:9.1}{verdict}")?;
    }
    Ok(())
}

/// Both curves, on logarithmic axes: a straight line that climbs a decade for a decade is a cost that grows in proportion.
fn picture(by_channels: &[Cost], by_rate: &[Cost], rate_hz: f64, channels: usize) -> anyhow::Result<Vec<u8>> {
    let curve = |name: String, points: Vec<(f64, f64)>, colour| LogCurve { name, points, colour };
    let plot = LogPlot {
        title: "What a second of signal costs: encoder and all before it, one core".to_owned(),
        across: "samples in a second (channels x rate)".to_owned(),
        up: "ms".to_owned(),
        curves: vec![
            curve(
                format!("channels, at {rate_hz} Hz"),
                by_channels.iter().map(|c| (c.channels as f64 * rate_hz, c.ms)).collect(),
                [30, 100, 200],
            ),
            curve(
                format!("rate, of {channels} channels"),
                by_rate.iter().map(|c| (channels as f64 * c.rate_hz, c.ms)).collect(),
                [200, 80, 30],
            ),
        ],
    };
    Ok(plot.to_png()?)
}
