//! `record`: the signal of a source into a file, without a model.
//!
//! Runs on the main thread, which says once a second what has been recorded. Invariant: the exit code is 0 only where the
//! file is complete.

use super::arguments::{Format, RecordArguments};
use super::{interrupt, usable, written};
use anyhow::Context;
use neurostream::format::edf::Gap;
use neurostream::lsl::Library;
use neurostream::pipeline::{MonotonicClock, Recording, Shutdown, configure, open_source};
use neurostream::serve::record::RecordSettings;
use neurostream::signal::{Clock, EventKind};
use neurostream::source::SourceError;
use serde_json::json;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at the recorder.
const NAP: Duration = Duration::from_millis(50);

/// Looks between two status lines.
const LOOKS: u32 = 20;

/// Records until the source ends or somebody asks.
pub fn record(arguments: &RecordArguments) -> anyhow::Result<ExitCode> {
    let mut document = written::document(arguments.config.as_deref(), &arguments.set)?;
    let (replay, speed) = (arguments.replay.as_deref(), arguments.speed.as_deref());
    let (lsl, markers) = (&arguments.lsl, &arguments.markers);
    let is_named = written::put_source(&mut document, replay, lsl, markers, arguments.synthetic, speed);
    usable(is_named || arguments.config.is_some() || !arguments.set.is_empty(), || {
        "say what to record: --lsl [PREDICATE], --synthetic, --replay FILE or --config FILE".to_owned()
    })?;
    document.put(&["record", "file"], arguments.file.display().to_string());
    let config = configure(&document)?;
    if let Some(seconds) = arguments.duration {
        usable(seconds > 0.0 && seconds.is_finite(), || format!("--duration {seconds}: must be above 0 seconds"))?;
    }
    written::refuse_no_place("FILE", &arguments.file)?;
    let clock: Arc<dyn Clock> = Arc::new(MonotonicClock::new());
    let shutdown = Shutdown::default();
    interrupt::listen(&shutdown).context("signals cannot be waited for")?;
    let library = config.source.lsl.as_ref().map(|_| Library::load(config.lsl.library.as_deref())).transpose()?;
    let load = || library.clone().map_or_else(|| Library::load(config.lsl.library.as_deref()), Ok);
    let source = match open_source(&config, load, &*clock, &|| !shutdown.is_requested()) {
        Err(SourceError::Interrupted) => return Ok(ExitCode::from(interrupt::AT_ONCE)),
        opened => opened?,
    };
    let facts = source.facts().clone();
    let settings = RecordSettings {
        gap: if config.record.gaps == "hold" { Gap::Hold } else { Gap::Leave },
        range_uv: config.record.range_uv,
        patient: config.record.patient.clone(),
        clock_offset_s: library.as_ref().map_or(0.0, |library| library.clock_offset(&*clock)),
        ..RecordSettings::new(&arguments.file, &facts)?
    };
    let waits = config.source.speed == neurostream::config::Speed::Max;
    let mut recording = Recording::start(source, &settings, arguments.duration, waits, &clock, &shutdown)?;

    let as_text = arguments.format == Format::Text;
    let mut out = io::stdout();
    if as_text {
        let path = recording.path().display();
        writeln!(out, "recording {} channels at {} Hz into {path}", facts.montage.len(), facts.rate_hz)?;
    }
    let mut looks = 0;
    // Once nobody reads the lines any more the recording itself goes on.
    let mut is_read = true;
    loop {
        let goes_on = recording.attend();
        for event in recording.events.try_iter().filter(|event| event.kind != EventKind::Marker || as_text) {
            is_read = is_read && (!as_text || writeln!(out, "  {}: {}", event.kind.word(), event.text).is_ok());
        }
        if !goes_on {
            break;
        }
        if looks == LOOKS && as_text && is_read {
            let (seconds, bytes, lost) = recording.figures();
            let lost = if lost > 0 { format!(", {lost} frames lost") } else { String::new() };
            is_read = writeln!(out, "  {seconds:.1} s, {:.2} MB{lost}", bytes as f64 / 1e6).is_ok();
            looks = 0;
        }
        looks += 1;
        std::thread::sleep(NAP);
    }
    let reason = shutdown.reason().map(ToString::to_string).unwrap_or_default();
    let (recorded, lost, mut failures) = recording.finish();
    if lost > 0 {
        failures.push(format!("{lost} frames found no room on their way to the file and are missing in it"));
    }
    let _ = if as_text {
        writeln!(out, "{recorded} ({reason})")
    } else {
        let mut told = recorded.to_json();
        (told["lost"], told["reason"]) = (json!(lost), json!(reason));
        writeln!(out, "{told}")
    };
    for failure in &failures {
        let _ = writeln!(io::stderr(), "neurostream: {failure}");
    }
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(super::FAILED) })
}
