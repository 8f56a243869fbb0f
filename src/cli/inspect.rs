//! `inspect`: what is in a recording.

use super::arguments::{Format, InspectArguments};
use super::inspect_xdf;
use super::tally::Tally;
use neurostream::format::edf::{EdfError, EdfFile, Record};
use neurostream::format::xdf::is_xdf;
use neurostream::signal::electrode::GridShapes;
use neurostream::signal::{Channel, Montage};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Says what is in each file; one that cannot be read makes the exit code 1 and does not stop the rest.
pub fn inspect(arguments: &InspectArguments) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let mut code = ExitCode::SUCCESS;
    for path in &arguments.files {
        let found = match is_xdf(path) {
            true => inspect_xdf::contents(path, arguments.stats).map_err(anyhow::Error::from),
            false => contents(path, arguments.stats).map_err(anyhow::Error::from),
        };
        if found.is_err() {
            code = ExitCode::from(super::FAILED);
        }
        match (arguments.format, found) {
            (Format::Json, Ok(value)) => writeln!(out, "{value}")?,
            (Format::Json, Err(error)) => {
                writeln!(out, "{}", json!({"file": path.display().to_string(), "error": error.to_string()}))?;
            }
            (Format::Text, Ok(value)) => write!(out, "{}", in_words(path, &value))?,
            (Format::Text, Err(error)) => {
                // Errors go where errors go; what was read stays in order.
                out.flush()?;
                writeln!(io::stderr(), "neurostream: {error}")?;
            }
        }
    }
    Ok(code)
}

fn contents(path: &Path, stats: bool) -> Result<Value, EdfError> {
    let mut file = EdfFile::open(path)?;
    let annotations: Vec<Value> =
        file.annotations()?.iter().map(|a| json!([a.onset_s, a.duration_s, a.text])).collect();
    let discontinuities = file.discontinuities()?.to_vec();
    let header = file.header().clone();
    let signals: Vec<usize> = file.ordinary_signals().collect();
    let mut tallies = vec![Tally::default(); signals.len()];
    if stats {
        let (mut record, mut samples) = (Record::default(), Vec::new());
        for index in 0..header.records {
            file.read_record(index, &mut record)?;
            for (&signal, tally) in signals.iter().zip(&mut tallies) {
                samples.clear();
                record.physical_into(signal, &mut samples)?;
                samples.iter().for_each(|&x| tally.add(x));
            }
        }
    }
    let named = |&signal: &usize| Channel::named(&file.signals()[signal].label, file.signals()[signal].unit());
    let montage = Montage { channels: signals.iter().map(named).collect() }.located(&GridShapes::new());
    let channels: Vec<Value> = signals
        .iter()
        .zip(&tallies)
        .zip(&montage.channels)
        .map(|((&signal, tally), located)| {
            let facts = &file.signals()[signal];
            let mut channel = json!({
                "label": facts.label,
                "dimension": facts.dimension,
                "rate_hz": file.rate_hz(signal),
                "n_samples": header.records * facts.samples_per_record as u64,
                "kind": located.kind.word(),
                "electrode": located.electrode().map(|e| e.name),
                "position": located.position,
            });
            if stats {
                tally.tell(&mut channel);
            }
            channel
        })
        .collect();
    Ok(json!({
        "format": header.format.to_string(),
        "start_datetime": header.start_datetime(),
        "records": header.records,
        "record_duration_s": header.record_duration_s,
        "channels": channels,
        "positions": montage.located_channels(),
        "annotations": annotations,
        "discontinuities": discontinuities,
        "warnings": file.warnings(),
    }))
}

fn in_words(path: &Path, value: &Value) -> String {
    use std::fmt::Write;
    let text = |v: &Value| v.as_str().unwrap_or("unknown").to_owned();
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    let seconds =
        value["records"].as_f64().unwrap_or_default() * value["record_duration_s"].as_f64().unwrap_or_default();
    let is_xdf = value["streams"].is_array();
    let mut out = if is_xdf { inspect_xdf::in_words(path, value) } else { String::new() };
    if !is_xdf {
        let _ = writeln!(
            out,
            "{}: {}, {seconds:.3} s from {} in {} records of {} s",
            path.display(),
            text(&value["format"]),
            text(&value["start_datetime"]),
            value["records"],
            value["record_duration_s"]
        );
        let _ = writeln!(out, "  {} channels, {} with positions", list("channels").len(), value["positions"]);
    }
    for channel in list("channels") {
        let _ = write!(
            out,
            "  {:20} {:>10} Hz  {:8}  {:7}",
            text(&channel["label"]),
            channel["rate_hz"],
            text(&channel["dimension"]),
            text(&channel["kind"])
        );
        if let (Some(mean), Some(std)) = (channel["mean"].as_f64(), channel["std"].as_f64()) {
            let _ = write!(out, "  mean {mean:10.3}  sd {std:10.3}");
        }
        out.push('\n');
    }
    for annotation in list("annotations") {
        let duration = annotation[1].as_f64().map_or_else(String::new, |d| format!(" for {d} s"));
        let _ = writeln!(
            out,
            "  at {:10.3} s{duration}: {}",
            annotation[0].as_f64().unwrap_or_default(),
            text(&annotation[2])
        );
    }
    for gap in list("discontinuities") {
        let _ = writeln!(out, "  gap before record {}, which begins at {} s", gap[0], gap[1]);
    }
    for warning in list("warnings") {
        let _ = writeln!(out, "  warning: {}", text(&warning));
    }
    out
}
