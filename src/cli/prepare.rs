//! `prepare`: windows of recordings are conditioned once and written as shards, from which `pretrain` reads.
//!
//! Runs on the main thread and a pool; the index is made on a thread of its own. Invariant: whatever ends it, the same command
//! goes on where the last whole shard ended.

use super::arguments::PrepareArguments;
use super::progress::{Progress, span};
use super::{Unusable, aside, interrupt, usable, written};
use anyhow::Context;
use neurostream::config::Config;
use neurostream::format::store::Store;
use neurostream::pipeline::{
    MonotonicClock, Part, Preparation, Prepared, Shards, Shutdown, configure, cores, own_pool, peak_mb,
};
use neurostream::signal::Clock;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

/// Recordings that could not be used, of which each is told; JSON has them all.
const TOLD: usize = 20;

/// Writes what is not written yet.
pub fn prepare(arguments: &PrepareArguments) -> anyhow::Result<ExitCode> {
    let config = configuration(arguments)?;
    usable((1..=2000).contains(&arguments.mb), || format!("--mb {}: must be from 1 to 2000", arguments.mb))?;
    for path in &arguments.paths {
        usable(!Shards::are_at(path), || {
            format!("{}: must be recordings, not windows that are prepared", path.display())
        })?;
    }
    let (clock, shutdown) = (MonotonicClock::new(), Shutdown::default());
    interrupt::listen(&shutdown).context("signals cannot be waited for")?;
    let mut progress = Progress::new(arguments.format);
    let store = Store::open(&arguments.to, true).map_err(|error| Unusable(format!("--to {error}")))?;
    let part = arguments.shard.unwrap_or(Part::WHOLE);
    let (paths, asked, full) = (arguments.paths.clone(), shutdown.clone(), arguments.mb as usize * 1_000_000);
    let begin = move |told: &(dyn Fn(usize, usize) + Sync)| {
        Preparation::begin(store, &config, &paths, part, full, &asked, told)
    };
    let Some(begun) = aside::work("index", &mut progress, &shutdown, "index", "files", begin)? else {
        return Ok(ExitCode::from(interrupt::AT_ONCE));
    };
    let mut preparation = begun?;
    describe(&mut progress, &preparation, arguments)?;
    let _pool = own_pool("prepare", cores(), false);
    let began = clock.now();
    while preparation.step()? {
        let took_s = clock.now() - began;
        progress.show(&[line(preparation.tally(), took_s)])?;
    }
    let is_complete = preparation.finish()?;
    let took_s = clock.now() - began;
    progress.clear()?;
    let summary = summary(&preparation, arguments, is_complete, took_s);
    finish(&mut progress, &summary, preparation.tally(), took_s)?;
    Ok(ExitCode::SUCCESS)
}

fn configuration(arguments: &PrepareArguments) -> anyhow::Result<Config> {
    let mut document = written::document(arguments.config.as_deref(), &arguments.set)?;
    if let Some(group) = &arguments.group {
        document.put(&["pretrain", "group"], group.as_str());
    }
    if let Some(stream) = &arguments.stream {
        document.put(&["source", "stream"], stream.as_str());
    }
    written::put_recordings(&mut document, &arguments.paths);
    Ok(configure(&document)?)
}

fn describe(progress: &mut Progress, preparation: &Preparation, arguments: &PrepareArguments) -> io::Result<()> {
    let (corpus, Prepared { stretches: [known, all], .. }) = (preparation.corpus(), preparation.tally());
    let (plan, to) = (&corpus.plan, arguments.to.display());
    let hours = corpus.files.iter().map(|file| file.seconds).sum::<f64>() / 3600.0;
    progress.clear()?;
    progress.say(&format!(
        "{} recordings, {hours:.2} h of {} channels at {} Hz, windows of {:.3} s every {:.3} s, as in {}",
        corpus.files.len(),
        plan.montage.len(),
        plan.rate_hz,
        plan.window as f64 / plan.rate_hz,
        plan.hop as f64 / plan.rate_hz,
        preparation.manifest().lead.name,
    ))?;
    for note in &plan.notes {
        progress.say(&format!("  {note}"))?;
    }
    for (note, count) in &corpus.notes {
        let files = if *count == 1 { "1 recording".to_owned() } else { format!("{count} recordings") };
        progress.say(&format!("  {files}: {note}"))?;
    }
    match known {
        0 => Ok(()),
        _ if known == all => progress.say(&format!("{to}: all of it is there already")),
        _ => progress.say(&format!("{to}: goes on behind {known} of {all} stretches that are there already")),
    }
}

fn line(tally: Prepared, took_s: f64) -> String {
    let Prepared { stretches: [done, all], known, windows, bytes, .. } = tally;
    let left_s = took_s * (all - done) as f64 / (done - known).max(1) as f64;
    format!("stretch {done}/{all}, {windows} windows, {} MB written, {} left", bytes / 1_000_000, span(left_s))
}

fn summary(preparation: &Preparation, arguments: &PrepareArguments, is_complete: bool, took_s: f64) -> Value {
    let (corpus, manifest, tally) = (preparation.corpus(), preparation.manifest(), preparation.tally());
    let left_out = corpus.left_out.iter().map(|(file, why)| json!({"file": file, "why": why}));
    let broken = manifest.broken.iter().map(|entry| {
        let at_s = entry.first as f64 / manifest.rate_hz;
        json!({"file": manifest.recordings[entry.recording].name, "why": format!("from {at_s:.0} s on: {}", entry.why)})
    });
    json!({
        "version": 1,
        "to": arguments.to.display().to_string(),
        "part": manifest.part.part, "of": manifest.part.of,
        "complete": is_complete,
        "recordings": {"used": corpus.files.len(), "left_out": left_out.chain(broken).collect::<Vec<_>>()},
        "stretches": {"done": tally.stretches[0], "of": tally.stretches[1], "known": tally.known},
        "windows": {"written": tally.windows, "rejected": tally.rejected,
                    "in_all": manifest.shards.iter().map(|shard| shard.rows).sum::<u64>()},
        "shards": {"count": manifest.shards.len(), "bytes": manifest.shards.iter().map(|shard| shard.bytes).sum::<u64>()},
        "settings_sha256": manifest.settings_sha256,
        "signal_s": tally.seconds, "took_s": took_s,
        "memory_mb": {"peak": peak_mb()},
    })
}

/// Says what became of it, and which recordings could not be used.
fn finish(progress: &mut Progress, summary: &Value, tally: Prepared, took_s: f64) -> io::Result<()> {
    if progress.is_for_scripts() {
        return writeln!(io::stdout(), "{summary}");
    }
    let times = tally.seconds / took_s.max(1e-9);
    progress.say(&format!(
        "{} windows written, {} no good; {times:.0} times real time. Now {} windows in {} shards, {:.1} MB",
        tally.windows,
        tally.rejected,
        summary["windows"]["in_all"],
        summary["shards"]["count"],
        summary["shards"]["bytes"].as_f64().unwrap_or_default() / 1e6,
    ))?;
    let unusable = summary["recordings"]["left_out"].as_array().map(Vec::as_slice).unwrap_or_default();
    written::tell_unusable(progress, unusable, TOLD, "--format json")?;
    let to = summary["to"].as_str().unwrap_or_default();
    let [part, of] = ["part", "of"].map(|key| summary[key].as_u64().unwrap_or_default());
    if summary["complete"] == false {
        return progress.say("asked to stop; the same command goes on from here");
    }
    if of > 1 {
        return progress
            .say(&format!("part {part} of {of} is done; once all are: neurostream pretrain {to} --out DIR"));
    }
    progress.say(&format!("neurostream pretrain {to} --out DIR learns from them"))
}
