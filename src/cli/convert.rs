//! `convert`: a recording in another format, or a part of it.
//!
//! Runs on the main thread. Invariant: the recording that is read stays as it is.

use super::arguments::{ConvertArguments, Format};
use super::{usable, written};
use neurostream::format::edf::{Existing, Gap};
use neurostream::source::recording::{Conversion, convert as converted};
use serde_json::json;
use std::io::{self, Write};
use std::process::ExitCode;

/// Converts one recording and says what had to give.
pub fn convert(arguments: &ConvertArguments) -> anyhow::Result<ExitCode> {
    let (from, to) = (&arguments.from, &arguments.to);
    written::refuse_no_place("OUT", to)?;
    let is_time = |s: f64| s.is_finite() && s >= 0.0;
    for (flag, seconds) in [("--start", arguments.start), ("--end", arguments.end)] {
        usable(seconds.is_none_or(is_time), || format!("{flag}: must be 0 or more seconds"))?;
    }
    let rises = arguments.end.is_none_or(|end| end > arguments.start.unwrap_or(0.0));
    usable(rises, || "--end: must be behind --start".to_owned())?;
    let conversion = Conversion {
        channels: arguments.channels.clone(),
        stream: arguments.stream.clone(),
        from_s: arguments.start,
        to_s: arguments.end,
        rate_hz: arguments.rate,
        gap: if arguments.hold { Gap::Hold } else { Gap::Leave },
    };
    let existing = if arguments.force { Existing::Replace } else { Existing::Refuse };
    let done = converted(from, to, &conversion, existing)?;
    let mut out = io::stdout();
    match arguments.format {
        Format::Json => writeln!(
            out,
            "{}",
            json!({"file": done.path.display().to_string(), "format": done.format, "channels": done.channels,
                "samples": done.samples, "annotations": done.annotations, "notes": done.notes})
        )?,
        Format::Text => {
            writeln!(
                out,
                "{} -> {}: {}, {} channels, {} samples, {} annotations",
                from.display(),
                done.path.display(),
                done.format,
                done.channels,
                done.samples,
                done.annotations
            )?;
            for note in &done.notes {
                writeln!(out, "  note: {note}")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
