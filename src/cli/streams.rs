//! `streams`: what is on the network, and how fresh it is.
//!
//! Owns the inlets through which it listens; runs on the main thread until its time is over or somebody interrupts.
//! Invariant: a stream that answers is listed, whether it can be listened to or not.

use super::arguments::{Format, StreamsArguments};
use neurostream::lsl::{Inlet, Library, MarkerInlet, SampleFormat, StreamInfo, Watcher, resolve};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// How long a stream may take to answer when it is opened.
const OPEN_S: f64 = 2.0;
/// How long one pull waits: all streams take turns.
const PULL_S: f64 = 0.02;
/// What an inlet keeps and brings at once, in seconds.
const KEPT_S: u16 = 2;
/// Everything: each stream has a name.
const ALL: &str = "name!=''";

/// Lists the streams once, or again and again.
pub fn streams(arguments: &StreamsArguments) -> anyhow::Result<ExitCode> {
    let library = Library::load(arguments.library.as_deref())?;
    let predicate = arguments.predicate.as_deref().unwrap_or(ALL);
    let mut listeners = BTreeMap::new();
    if !arguments.watch {
        let found = resolve(&library, Some(predicate), arguments.wait)?;
        listen(&library, &found, &mut listeners, arguments.listen);
        print(&library, &found, &listeners, arguments.format, false)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut watcher = Watcher::start(&library, predicate)?;
    let clears = io::stdout().is_terminal() && arguments.format == Format::Text;
    loop {
        let found = watcher.found()?;
        listeners.retain(|uid, _| found.iter().any(|stream| stream.uid() == *uid));
        if found.is_empty() {
            // The search goes on in liblsl's thread; this one has nothing to listen to meanwhile.
            resolve(&library, Some(predicate), arguments.listen)?;
        }
        listen(&library, &found, &mut listeners, arguments.listen);
        print(&library, &found, &listeners, arguments.format, clears)?;
    }
}

/// One stream that is listened to.
struct Listener {
    end: End,
    /// When something came last, on LSL's clock of this host.
    heard: Option<f64>,
    samples: u64,
}

enum End {
    Numbers(Box<Inlet>),
    Texts(MarkerInlet),
    /// It was found and cannot be opened.
    Deaf(String),
}

impl Listener {
    fn open(stream: &StreamInfo) -> Self {
        let end = if stream.format() == Some(SampleFormat::String) {
            MarkerInlet::open(stream, OPEN_S).map(End::Texts)
        } else {
            Inlet::open(stream, KEPT_S, f64::from(KEPT_S), OPEN_S).map(|inlet| End::Numbers(Box::new(inlet)))
        };
        let end = end.unwrap_or_else(|error| End::Deaf(error.to_string()));
        Self { end, heard: None, samples: 0 }
    }

    /// Takes what has come.
    fn pull(&mut self, library: &Library, room: &mut (Vec<f32>, Vec<f64>)) {
        let pulled = match &mut self.end {
            End::Numbers(inlet) => inlet.pull(PULL_S, &mut room.0, &mut room.1),
            End::Texts(inlet) => inlet.pull(PULL_S).map(|marker| usize::from(marker.is_some())),
            End::Deaf(_) => return,
        };
        match pulled {
            Ok(0) => {}
            Ok(samples) => {
                self.samples += samples as u64;
                self.heard = Some(library.local_clock());
            }
            Err(error) => self.end = End::Deaf(error.to_string()),
        }
    }
}

/// Opens what is new and listens to all of it for `seconds`.
fn listen(library: &Library, found: &[StreamInfo], listeners: &mut BTreeMap<String, Listener>, seconds: f64) {
    for stream in found {
        listeners.entry(stream.uid()).or_insert_with(|| Listener::open(stream));
    }
    let until = library.local_clock() + seconds;
    let mut room = (Vec::new(), Vec::new());
    while listeners.values().any(|listener| !matches!(listener.end, End::Deaf(_))) && library.local_clock() < until {
        listeners.values_mut().for_each(|listener| listener.pull(library, &mut room));
    }
}

fn print(
    library: &Library,
    found: &[StreamInfo],
    listeners: &BTreeMap<String, Listener>,
    format: Format,
    clears: bool,
) -> io::Result<()> {
    let now = library.local_clock();
    let mut rows: Vec<Value> = found.iter().map(|stream| facts(stream, listeners.get(&stream.uid()), now)).collect();
    rows.sort_by_key(|row| ["name", "host", "source_id"].map(|key| row[key].as_str().unwrap_or_default().to_owned()));
    let mut out = io::stdout().lock();
    if format == Format::Json {
        rows.iter().try_for_each(|row| writeln!(out, "{row}"))?;
        return out.flush();
    }
    if clears {
        write!(out, "\x1b[H\x1b[J")?;
    }
    if rows.is_empty() {
        writeln!(out, "no stream answers; `neurostream doctor` looks for the reason")?;
    } else {
        table(&mut out, &rows)?;
    }
    out.flush()
}

fn facts(stream: &StreamInfo, listener: Option<&Listener>, now: f64) -> Value {
    let trouble = match listener.map(|listener| &listener.end) {
        Some(End::Deaf(why)) => Some(why.clone()),
        _ => None,
    };
    json!({
        "name": stream.name(),
        "type": stream.content_type(),
        "channels": stream.channels(),
        "rate_hz": stream.rate_hz(),
        "format": stream.format().map_or("undefined", SampleFormat::word),
        "host": stream.hostname(),
        "source_id": stream.source_id(),
        "uid": stream.uid(),
        "samples": listener.map_or(0, |listener| listener.samples),
        "last_sample_s": listener.and_then(|listener| listener.heard).map(|heard| (now - heard).max(0.0)),
        "trouble": trouble,
    })
}

/// The rows under their heads, each column as wide as it has to be.
fn table(out: &mut impl Write, rows: &[Value]) -> io::Result<()> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let cells = |row: &Value| {
        let rate = row["rate_hz"].as_f64().unwrap_or_default();
        [
            text(row, "name"),
            text(row, "type"),
            row["channels"].to_string(),
            if rate > 0.0 { format!("{rate} Hz") } else { "irregular".to_owned() },
            text(row, "format"),
            text(row, "host"),
            text(row, "source_id"),
            row["last_sample_s"].as_f64().map_or_else(|| "none yet".to_owned(), |age_s| format!("{age_s:.1} s ago")),
        ]
    };
    let heads = ["name", "type", "channels", "rate", "format", "host", "source_id", "last sample"].map(str::to_owned);
    let lines: Vec<[String; 8]> = [heads].into_iter().chain(rows.iter().map(cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    for line in &lines {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())?;
    }
    for row in rows {
        if let Some(trouble) = row["trouble"].as_str() {
            writeln!(out, "{}: {trouble}", text(row, "name"))?;
        }
    }
    for twins in twins(rows) {
        writeln!(out, "{twins}")?;
    }
    Ok(())
}

/// Streams that receivers cannot tell apart.
fn twins(rows: &[Value]) -> Vec<String> {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows {
        let of = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        *seen.entry((of("name"), of("source_id"))).or_default() += 1;
    }
    let several = seen.into_iter().filter(|((_, id), count)| *count > 1 && !id.is_empty());
    several
        .map(|((name, id), count)| {
            format!(
                "{count} streams are called {name} and have the source_id {id}: after a loss a receiver may take one for the other"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_twins_are_named() {
        let row = |name: &str, age: Option<f64>| {
            json!({"name": name, "type": "EEG", "channels": 8, "rate_hz": 250.0, "format": "float32", "host": "lab",
                   "source_id": "sn1", "last_sample_s": age, "trouble": null})
        };
        let mut out = Vec::new();
        table(&mut out, &[row("amp", Some(0.04)), row("amp", None), row("longer name", Some(12.0))]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "name         type  channels  rate    format   host  source_id  last sample");
        assert_eq!(lines[1], "amp          EEG   8         250 Hz  float32  lab   sn1        0.0 s ago");
        assert!(lines[2].ends_with("none yet") && lines[3].ends_with("12.0 s ago"), "{text}");
        assert!(lines[4].starts_with("2 streams are called amp"), "{text}");
    }
}
