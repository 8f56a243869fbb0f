//! `certify`: this machine's own figures for a configuration, with a margin, as a report that a lab can file.
//!
//! Runs on the main thread. Invariant: the verdict is on what was measured here and now, at the configuration's own channels,
//! rate, filters, encoder and training; only the signal is synthetic.

mod report;

use super::arguments::{CertifyArguments, Format};
use super::measure::{self, Load, Went};
use super::{usable, written};
use neurostream::config::Config;
use neurostream::format::atomic;
use neurostream::lsl::Library;
use neurostream::pipeline::{MonotonicClock, configure, open_source};
use neurostream::signal::{Montage, StreamFacts};
use neurostream::source::synthetic::SyntheticBrain;
use report::{Report, Rung};
use std::io::{self, Write};
use std::process::ExitCode;

/// Multiples of real time that are tried, until one is too much.
const LADDER: [f64; 14] = [1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0];

/// Measures and tells.
pub fn certify(arguments: &CertifyArguments) -> anyhow::Result<ExitCode> {
    let CertifyArguments { config: path, minutes, rung, json, .. } = arguments;
    usable((0.05..=1440.0).contains(minutes), || format!("--minutes {minutes}: must be from 0.05 to 1440"))?;
    usable((2.0..=3600.0).contains(rung), || format!("--rung {rung}: must be from 2 to 3600 seconds"))?;
    if let Some(path) = json {
        written::refuse_taken(path, "--json", "certificate", 1_000_000, |v| v["certificate"].is_object())?;
    }
    let config = configure(&written::document(Some(path), &arguments.set)?)?;
    let source = source_of(&config, arguments)?;
    let config = measure::alone(&config);
    let mut load = Load { montage: source.montage.clone(), rate_hz: source.rate_hz, times: Some(1.0) };

    let mut err = io::stderr();
    let seconds = minutes * 60.0;
    writeln!(
        err,
        "{} channels at {} Hz for {seconds:.0} s, then faster for {rung:.0} s each ({})",
        load.montage.len(),
        load.rate_hz,
        source.told
    )?;
    let own = measure::run(&config, &load, seconds)?;
    let mut rungs = Vec::new();
    if Went::of(&own, seconds).is_sustained {
        for times in LADDER {
            load.times = Some(times);
            let rung = Rung { times, went: measure::while_training(&config, &load, *rung)? };
            writeln!(err, "{}", rung.in_words())?;
            let is_over = !rung.went.is_sustained;
            rungs.push(rung);
            if is_over {
                break;
            }
        }
    }
    let report = Report::new(path, &source, seconds, &own, &rungs)?;
    if let Some(path) = json {
        atomic::write(path, report.to_json().as_bytes())?;
    }
    let mut out = io::stdout().lock();
    match arguments.format {
        Format::Text => write!(out, "{}", report.to_text())?,
        Format::Json => writeln!(out, "{}", report.to_line())?,
    }
    Ok(if report.is_sustained() { ExitCode::SUCCESS } else { ExitCode::from(super::FAILED) })
}

/// The shape of the signal, and where it was taken from.
struct Shape {
    montage: Montage,
    rate_hz: f64,
    /// What the configuration names, and that it is not what was measured with.
    told: String,
}

/// The channels and the rate of what the configuration names, unless they are given.
fn source_of(config: &Config, arguments: &CertifyArguments) -> anyhow::Result<Shape> {
    let synthetic = |channels, rate_hz, told: &str| Shape {
        montage: SyntheticBrain::new(0, channels, rate_hz).montage(),
        rate_hz,
        told: told.to_owned(),
    };
    if let (Some(channels), Some(rate_hz)) = (arguments.channels, arguments.rate) {
        measure::refuse_shape(channels, rate_hz)?;
        return Ok(synthetic(channels, rate_hz, "synthetic signal of the shape that was asked for"));
    }
    let clock = MonotonicClock::new();
    let source = open_source(config, || Library::load(config.lsl.library.as_deref()), &clock, &|| true);
    let source = source.map_err(|error| {
        anyhow::Error::from(error).context("the stream's channels and rate must be known: give --channels and --rate")
    })?;
    let StreamFacts { name, montage, rate_hz, .. } = source.facts().clone();
    let told = if config.source.synthetic {
        "the synthetic brain".to_owned()
    } else {
        format!("synthetic signal of the shape of {name}")
    };
    Ok(Shape { montage, rate_hz, told })
}
