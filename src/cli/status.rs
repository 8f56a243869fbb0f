//! The headless display: one status line a second, events as they come.
//!
//! Runs on the main thread. Invariant: the ledger in a line balances: for each consumer consumed + lost + left are the
//! frames acquired.

use super::arguments::Format;
use neurostream::pipeline::view::{Ledger, View};
use neurostream::signal::EventKind;
use serde_json::json;
use std::io::{self, Write};

/// Prints Views.
pub struct StatusLines {
    format: Format,
    next_s: f64,
    told: u64,
}

impl StatusLines {
    /// A display before its first line.
    pub fn new(format: Format) -> Self {
        Self { format, next_s: 1.0, told: 0 }
    }

    /// Prints what is new in a View.
    pub fn show(&mut self, view: &View) -> io::Result<()> {
        self.tell(view)?;
        let mut out = io::stdout().lock();
        if view.wall_s >= self.next_s {
            // Lines keep to whole seconds, whatever a slow terminal does.
            self.next_s = view.wall_s.floor() + 1.0;
            match self.format {
                Format::Text => writeln!(out, "{}", text(view))?,
                Format::Json => writeln!(out, "{}", line(view))?,
            }
        }
        out.flush()
    }

    /// Prints the events that no View before has told.
    pub fn tell(&mut self, view: &View) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let fresh = usize::try_from(view.told - self.told).unwrap_or(usize::MAX);
        self.told = view.told;
        for (at, event) in view.events.iter().skip(view.events.len().saturating_sub(fresh)) {
            match self.format {
                Format::Text => writeln!(out, "{} {:8} {}", clock(*at), event.kind.word(), event.text)?,
                Format::Json => {
                    let line = json!({"event": event.kind.word(), "at_s": at, "text": event.text});
                    writeln!(out, "{line}")?;
                }
            }
            if event.kind == EventKind::Error {
                writeln!(io::stderr(), "neurostream: {}", event.text)?;
            }
        }
        out.flush()
    }
}

fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    format!("{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}

fn text(view: &View) -> String {
    // Each ledger is read at a moment of its own, so each has its own count of frames acquired.
    let ledger = |l: &Ledger| format!("{} {} = {}+{}+{}", l.consumer, l.acquired, l.consumed, l.lost, l.left);
    let ledgers: Vec<String> = view.ledgers.iter().map(ledger).collect();
    let trainer = &view.trainer;
    let loss = trainer.losses.last().map_or_else(|| "-".to_owned(), |(_, loss)| format!("{loss:.3}"));
    format!(
        "{} signal {:.1} s, behind {:.0} ms | acquired = consumed+lost+left: {} | {} embeddings, p50 {:.1} p99 {:.1} ms \
         | {} step {} loss {loss} {:.1}/s, generation {}, {}{}{}",
        clock(view.wall_s),
        view.signal_s,
        view.behind_s * 1e3,
        ledgers.join(", "),
        view.serving.embeddings,
        view.latency.p50,
        view.latency.p99,
        trainer.method,
        trainer.steps,
        trainer.steps_per_s,
        trainer.generation,
        trainer.state.word(),
        recording(view),
        bad_channels(view)
    )
}

/// Whether a recording is written; nothing where none was asked for.
fn recording(view: &View) -> String {
    match &view.recording {
        None => String::new(),
        Some(recording) if recording.trouble.is_some() => " | RECORDING STOPPED".to_owned(),
        Some(recording) => format!(" | recording {:.1} MB", recording.bytes as f64 / 1e6),
    }
}

/// The bad channels, a few by name; nothing where all are good.
fn bad_channels(view: &View) -> String {
    const NAMED: usize = 4;
    let bad: Vec<&str> = bad(view).map(|(label, _)| label).collect();
    match bad.len() {
        0 => String::new(),
        few if few <= NAMED => format!(" | bad {}", bad.join(", ")),
        many => format!(" | bad {} and {} more", bad[..NAMED].join(", "), many - NAMED),
    }
}

fn bad(view: &View) -> impl Iterator<Item = (&str, String)> {
    let labels = view.facts.montage.labels();
    labels.zip(&view.quality).filter(|(_, reasons)| !reasons.is_empty()).map(|(label, why)| (label, why.to_string()))
}

fn line(view: &View) -> serde_json::Value {
    let ledgers: serde_json::Map<String, serde_json::Value> = view
        .ledgers
        .iter()
        .map(|l| {
            let entry = json!({"acquired": l.acquired, "consumed": l.consumed, "lost": l.lost, "left": l.left});
            (l.consumer.to_string(), entry)
        })
        .collect();
    let stages: serde_json::Map<String, serde_json::Value> = view
        .stages
        .iter()
        .map(|(name, latency)| (name.to_string(), json!({"p50": latency.p50, "p99": latency.p99})))
        .collect();
    let trainer = &view.trainer;
    json!({
        "wall_s": view.wall_s,
        "signal_s": view.signal_s,
        "behind_ms": view.behind_s * 1e3,
        "gaps": view.gaps,
        "bad_channels": bad(view).collect::<std::collections::BTreeMap<_, _>>(),
        "frames": ledgers,
        "recording": view.recording.as_ref().map(|recording| {
            json!({"file": recording.name, "bytes": recording.bytes, "error": recording.trouble})
        }),
        "embeddings": view.serving.embeddings,
        "latency_ms": {"p50": view.latency.p50, "p99": view.latency.p99, "max": view.latency.max, "stages": stages},
        "training": {
            "method": trainer.method,
            "state": trainer.state.word(),
            "steps": trainer.steps,
            "steps_per_s": trainer.steps_per_s,
            "loss": trainer.losses.last().map(|(_, loss)| loss),
            "generation": trainer.generation,
        },
    })
}
