//! `embed`: embeddings of recordings by a model folder, in one file.

use super::arguments::{EmbedArguments, Format};
use super::written::refuse_no_place;
use super::{interrupt, usable};
use anyhow::{Context, bail};
use neurostream::format::atomic;
use neurostream::format::embedding::{Beside, EmbeddingFile, EmbeddingFileError, Row};
use neurostream::learn::Model;
use neurostream::pipeline::{Embedding, MonotonicClock, Part, Shutdown, own_pool};
use neurostream::signal::Clock;
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Seconds between two looks at how far it is, on a terminal.
const TELL_EVERY_S: f64 = 0.2;

/// What was found in one recording.
struct Tally {
    file: String,
    windows: u64,
    learnable: u64,
    end_s: f64,
    notes: Vec<String>,
}

/// Embeds all recordings, one after the other.
pub fn embed(arguments: &EmbedArguments) -> anyhow::Result<ExitCode> {
    let (out, facts) = (&arguments.out, facts_of(&arguments.out));
    refuse_no_place("--out", out)?;
    if facts.symlink_metadata().is_ok() {
        return Err(EmbeddingFileError::Exists(facts).into());
    }
    let files = arguments.shard.unwrap_or(Part::WHOLE).of_all(&arguments.files);
    usable(!files.is_empty(), || format!("--shard: of {} recordings nothing is left for it", arguments.files.len()))?;
    let model = Model::load(&arguments.model)?;
    // One thread, as a live run's encoder has it; several commands may run side by side.
    let _pool = own_pool("embed", 1, false);
    let shutdown = Shutdown::default();
    interrupt::listen(&shutdown).context("signals cannot be waited for")?;
    let beside = Beside { files: true, ..Beside::default() };
    let mut file = EmbeddingFile::create(out, model.card.encoder.embedding, &beside)?;
    // All of them are looked at before the first is gone through.
    let refused: Vec<String> = files
        .iter()
        .filter_map(|path| Embedding::open(&model, path, arguments.stream.as_deref()).err())
        .map(|error| error.to_string())
        .collect();
    if !refused.is_empty() {
        file.discard();
        bail!("nothing is written, since not all recordings can be embedded:\n  {}", refused.join("\n  "));
    }
    let clock = MonotonicClock::new();
    let began = clock.now();
    let mut tallies = Vec::new();
    for path in files {
        match one(&model, path, arguments, &mut file, &clock, &shutdown) {
            _ if shutdown.is_requested() => {
                file.discard();
                return Ok(ExitCode::from(interrupt::AT_ONCE));
            }
            Ok(tally) => {
                tell(&tally, arguments.format)?;
                tallies.push(tally);
            }
            Err(error) => {
                file.discard();
                return Err(error.context(format!("{}: nothing is written", path.display())));
            }
        }
    }
    let took_s = clock.now() - began;
    file.finish()?;
    let said = json!({
        "version": 1,
        "embeddings": out.display().to_string(),
        "dimension": model.card.encoder.embedding,
        "windows": tallies.iter().map(|tally| tally.windows).sum::<u64>(),
        "model": of_model(&model, &arguments.model),
        "files": tallies.iter().map(Tally::to_json).collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&said)? + "\n";
    atomic::write(&facts, text.as_bytes()).with_context(|| facts.display().to_string())?;
    finished(out, &tallies, took_s, arguments.format)?;
    Ok(ExitCode::SUCCESS)
}

fn one(
    model: &Model,
    path: &Path,
    arguments: &EmbedArguments,
    file: &mut EmbeddingFile,
    clock: &dyn Clock,
    shutdown: &Shutdown,
) -> anyhow::Result<Tally> {
    let name = path.display().to_string();
    let mut embedding = Embedding::open(model, path, arguments.stream.as_deref())?;
    let notes = embedding.notes().to_vec();
    let mut tally = Tally { file: name.clone(), windows: 0, learnable: 0, end_s: 0.0, notes };
    let (shows, mut shown) = (io::stderr().is_terminal(), clock.now());
    let whole_s = embedding.duration_s();
    while !shutdown.is_requested() {
        let step = embedding.step(|row, is_learnable| {
            tally.windows += 1;
            tally.learnable += u64::from(is_learnable);
            tally.end_s = row.end_s;
            file.push(Row { file: &name, ..row })
        })?;
        let Some(written) = step else { break };
        written?;
        let now = clock.now();
        if shows && now - shown >= TELL_EVERY_S {
            shown = now;
            let share = whole_s.map_or_else(String::new, |whole_s| format!(" of {whole_s:.0}"));
            write!(io::stderr(), "\r{name}: {:.0}{share} s\x1b[K", tally.end_s)?;
        }
    }
    if shows {
        write!(io::stderr(), "\r\x1b[K")?;
    }
    Ok(tally)
}

impl Tally {
    fn to_json(&self) -> Value {
        json!({
            "file": self.file,
            "windows": self.windows,
            "learnable": self.learnable,
            "end_s": self.end_s,
            "notes": self.notes,
        })
    }
}

fn tell(tally: &Tally, format: Format) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if format == Format::Json {
        return writeln!(out, "{}", tally.to_json());
    }
    let Tally { file, windows, learnable, end_s, notes } = tally;
    let poor = windows - learnable;
    write!(out, "{file}: {windows} windows to {end_s:.1} s")?;
    if poor > 0 {
        write!(out, ", {poor} of them of poor quality")?;
    }
    writeln!(out)?;
    notes.iter().try_for_each(|note| writeln!(out, "  {note}"))
}

fn finished(out: &Path, tallies: &[Tally], took_s: f64, format: Format) -> io::Result<()> {
    if format == Format::Json {
        return Ok(());
    }
    let windows: u64 = tallies.iter().map(|tally| tally.windows).sum();
    let signal_s: f64 = tallies.iter().map(|tally| tally.end_s).sum();
    let times = signal_s / took_s.max(1e-9);
    writeln!(io::stdout(), "{}: {windows} embeddings in {took_s:.1} s, {times:.0} times real time", out.display())
}

/// The file of facts beside the embeddings.
fn facts_of(out: &Path) -> PathBuf {
    out.with_extension("json")
}

fn of_model(model: &Model, folder: &Path) -> Value {
    let card = &model.card;
    json!({
        "folder": folder.display().to_string(),
        "sha256": card.sha256,
        "method": card.method.word(),
        "steps": card.steps,
        "generation": card.generation,
        "encoder": card.encoder.architecture.word(),
        "channels": card.channels,
        "rate_hz": card.rate_hz,
        "window_frames": card.window,
        "hop_frames": card.windows.hop_frames(card.rate_hz),
    })
}
