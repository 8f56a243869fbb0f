//! `pretrain`: an encoder learns from recordings and folders of them.
//!
//! Runs on the main thread; the index is made on one of its own. Invariant: whatever ends training, what was learnt is in a
//! checkpoint from which it goes on as if it had not ended.

use super::arguments::PretrainArguments;
use super::progress::{Line, Progress};
use super::{Unusable, aside, interrupt, usable, written};
use anyhow::{Context, bail};
use neurostream::config::{Config, Document};
use neurostream::format::atomic;
use neurostream::learn::{Checkpoint, Model, Validation};
use neurostream::pipeline::{
    Advance, Corpus, Index, MonotonicClock, Pretraining, Shards, Shutdown, configure, own_pool, peak_mb,
};
use neurostream::signal::Clock;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Recordings that could not be used, of which each is told; the summary has them all.
const TOLD: usize = 20;
/// So many steps in a row that are not finite do not come right by themselves.
const SKIPPED: u32 = 20;

/// What is judged and written every so many steps.
struct Point {
    step: u64,
    epochs: f64,
    /// Mean loss since the point before.
    loss: f64,
    validation: Option<Validation>,
}

/// Trains until it is done or somebody asks.
pub fn pretrain(arguments: &PretrainArguments) -> anyhow::Result<ExitCode> {
    let config = configuration(arguments)?;
    if let Some(path) = &arguments.summary {
        written::refuse_taken(path, "--summary", "summary of training", 100_000_000, |v| v["recordings"].is_object())?;
    }
    let out = &arguments.out;
    std::fs::create_dir_all(out).with_context(|| format!("{}: the folder cannot be made", out.display()))?;
    let clock = MonotonicClock::new();
    let shutdown = Shutdown::default();
    interrupt::listen(&shutdown).context("signals cannot be waited for")?;

    let mut progress = Progress::new(arguments.format);
    let Some((index, corpus, config)) = found(arguments, config, &mut progress, &shutdown)? else {
        return Ok(ExitCode::from(interrupt::AT_ONCE));
    };
    let indexed_s = clock.now().0;
    describe(&mut progress, &index, &corpus, indexed_s)?;
    let newest = if arguments.resume { Some(Checkpoint::newest(out)?) } else { None };
    // One core is left to the thread that reads.
    let _pool = own_pool("train", corpus.plan.threads(), false);
    let resumed = newest.as_ref().map(|(path, checkpoint)| (path.as_path(), checkpoint));
    let mut training = Pretraining::new(corpus, resumed, &shutdown)?;
    if let Some((path, _)) = &newest {
        progress.say(&format!("goes on from {}, step {}", path.display(), training.trainer().status().steps))?;
    }
    let run = Checkpoint::new_run(out)?;
    let mut session = Session { arguments, config: &config, run: &run, points: Vec::new() };
    let began = clock.now();
    let ended = session.train(&mut training, &mut progress, &clock)?;
    let trained_s = clock.now() - began;
    let saved = session.save(&training)?;
    let model = if ended == Ended::Stopped { None } else { Some(session.write_model(&training)?) };
    session.write_curve()?;
    progress.clear()?;
    let facts = json!({"index_s": indexed_s, "train_s": trained_s, "checkpoint": saved.display().to_string(),
                       "model": model.as_ref().map(|model| model.display().to_string())});
    let summary = session.summary(&training, &index, ended, &facts);
    if let Some(path) = &arguments.summary {
        let text = serde_json::to_string_pretty(&summary)? + "\n";
        atomic::write(path, text.as_bytes()).with_context(|| path.display().to_string())?;
    }
    finish(&mut progress, &training, &summary, &saved, model.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

fn configuration(arguments: &PretrainArguments) -> anyhow::Result<Config> {
    let mut document = written::document(arguments.config.as_deref(), &arguments.set)?;
    let number = |flag: &str, value: u64| {
        i64::try_from(value).map_err(|_| Unusable(format!("{flag} {value}: must be below 2^63")))
    };
    if let Some(method) = &arguments.method {
        document.put(&["train", "method"], method.as_str());
    }
    if let Some(steps) = arguments.steps {
        document.put(&["train", "steps"], number("--steps", steps)?);
        document.put(&["pretrain", "epochs"], 0);
    }
    if let Some(epochs) = arguments.epochs {
        usable(epochs > 0, || "--epochs 0: must be at least 1".to_owned())?;
        document.put(&["pretrain", "epochs"], number("--epochs", epochs)?);
    }
    if let Some(group) = &arguments.group {
        document.put(&["pretrain", "group"], group.as_str());
    }
    written::put_seed(&mut document, arguments.seed)?;
    written::put_recordings(&mut document, &arguments.paths);
    Ok(configure(&document)?)
}

/// Finds out what there is to learn from, on all cores, and by which configuration; none if somebody would not wait.
fn found(
    arguments: &PretrainArguments,
    config: Config,
    progress: &mut Progress,
    shutdown: &Shutdown,
) -> anyhow::Result<Option<(Index, Corpus, Config)>> {
    let (paths, kept, asked) = (arguments.paths.clone(), arguments.out.join("index.json"), config.clone());
    if paths.iter().any(|path| Shards::are_at(path)) {
        let one = || "prepared windows are one folder or URL, and nothing beside it: name it alone".to_owned();
        usable(paths.len() == 1, one)?;
        let open = move |_: &(dyn Fn(usize, usize) + Sync)| Shards::open(&paths[0]);
        let Some(shards) = aside::work("index", progress, shutdown, "list of shards", "shards", open)? else {
            return Ok(None);
        };
        let (shards, written) = (shards?, written(arguments)?);
        // All that these windows follow from is as it was then.
        let config = shards.configure(&config, |key| written.has(key))?;
        let (index, (count, bytes)) = (shards.index().clone(), shards.size());
        let place = arguments.paths[0].display();
        progress.say(&format!("{place}: {count} shards of prepared windows, {:.1} MB", bytes as f64 / 1e6))?;
        let corpus = Corpus::prepared(&config, shards)?;
        return Ok(Some((index, corpus, config)));
    }
    let make = move |told: &(dyn Fn(usize, usize) + Sync)| Index::make(&paths, &kept, &asked, told);
    let Some(index) = aside::work("index", progress, shutdown, "index", "files", make)? else { return Ok(None) };
    let index = index?;
    let corpus = Corpus::new(&config, &index)?;
    Ok(Some((index, corpus, config)))
}

/// The keys that a person wrote, in a file or with --set.
fn written(arguments: &PretrainArguments) -> anyhow::Result<Document> {
    let mut document = match &arguments.config {
        Some(path) => Document::read(path)?,
        None => Document::parse("--set", "")?,
    };
    for setting in &arguments.set {
        document.set(setting)?;
    }
    Ok(document)
}

/// Says what there is to learn from.
fn describe(progress: &mut Progress, index: &Index, corpus: &Corpus, took_s: f64) -> io::Result<()> {
    let plan = &corpus.plan;
    let hours = corpus.files.iter().map(|file| file.seconds).sum::<f64>() / 3600.0;
    let (files, read) = (index.files.len(), index.read);
    progress.clear()?;
    progress.say(&format!(
        "{files} files in {took_s:.1} s, of which {read} were read; {} can be learnt from",
        corpus.files.len()
    ))?;
    progress.say(&format!(
        "{hours:.2} h of {} channels at {} Hz, windows of {:.3} s every {:.3} s, as in {}",
        plan.montage.len(),
        plan.rate_hz,
        plan.window as f64 / plan.rate_hz,
        plan.hop as f64 / plan.rate_hz,
        corpus.files.first().map_or("", |file| file.name.as_str()),
    ))?;
    let [learnt, judged] = &corpus.groups;
    let by = match judged.len() {
        0 => "nothing is kept to judge by".to_owned(),
        count if count <= 6 => format!("judges by {count}: {}", judged.join(", ")),
        count => format!("judges by {count}"),
    };
    progress.say(&format!("learns from {} groups, up to {} windows; {by}", learnt.len(), corpus.windows()))?;
    for note in &plan.notes {
        progress.say(&format!("  {note}"))?;
    }
    for (note, count) in &corpus.notes {
        let files = if *count == 1 { "1 recording".to_owned() } else { format!("{count} recordings") };
        progress.say(&format!("  {files}: {note}"))?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Steps,
    Epochs,
    Stopped,
}

struct Session<'a> {
    arguments: &'a PretrainArguments,
    config: &'a Config,
    run: &'a Path,
    points: Vec<Point>,
}

impl Session<'_> {
    /// Steps in all, as far as they are known.
    fn total(&self, training: &Pretraining) -> u64 {
        let batch = self.config.train.batch as u64;
        match self.config.pretrain.epochs {
            0 => self.config.train.steps,
            epochs => epochs * (training.corpus().windows() / batch),
        }
    }

    fn train(
        &mut self,
        training: &mut Pretraining,
        progress: &mut Progress,
        clock: &dyn Clock,
    ) -> anyhow::Result<Ended> {
        let (train, every) = (&self.config.train, self.config.pretrain.every);
        let by_steps = self.config.pretrain.epochs == 0;
        let (began, first) = (clock.now(), training.trainer().status().steps);
        let (mut saved_at, mut sum, mut in_a_row) = (began, [0.0; 2], 0);
        loop {
            for text in training.news() {
                progress.say(&text)?;
            }
            let step = training.trainer().status().steps;
            if by_steps && step >= train.steps {
                return Ok(Ended::Steps);
            }
            let report = match training.step(clock)? {
                Advance::Stepped(report) => report,
                Advance::Over => return Ok(Ended::Epochs),
                Advance::Stopped => return Ok(Ended::Stopped),
            };
            let (step, now) = (training.trainer().status().steps, clock.now());
            in_a_row = if report.skipped { in_a_row + 1 } else { 0 };
            if in_a_row == SKIPPED {
                bail!(
                    "{SKIPPED} steps in a row had a loss or gradients that are not finite: lower train.learning_rate"
                );
            }
            if report.skipped {
                // Whatever made it so comes again: a step that is not taken does not count as one.
                progress.say(&format!(
                    "after step {step}: loss or gradients are not finite; the weights stay as they were"
                ))?;
            }
            sum = [sum[0] + f64::from(report.loss), sum[1] + 1.0];
            let is_point = step.is_multiple_of(every) || by_steps && step == train.steps;
            if is_point && !report.skipped {
                let [total, count] = std::mem::take(&mut sum);
                let validation = training.validate();
                let point = Point { step, epochs: training.epochs(), loss: total / count, validation };
                self.points.push(point);
            }
            if now - saved_at >= train.checkpoint_every_s {
                saved_at = now;
                self.save(training)?;
            }
            let took_s = clock.now() - began;
            let steps_per_s = (step - first) as f64 / took_s.max(1e-9);
            let total = self.total(training);
            let line = Line {
                step,
                total,
                epochs: training.epochs(),
                files: [
                    training.tally().files.len(),
                    training.corpus().files.iter().filter(|f| !f.is_validation).count(),
                ],
                loss: report.loss,
                windows_per_s: steps_per_s * train.batch as f64,
                waiting: training.tally().waited_s / took_s.max(1e-9),
                left_s: total.saturating_sub(step) as f64 / steps_per_s.max(1e-9),
            };
            let validation = self.points.last().and_then(|point| point.validation);
            progress.step(&line, validation.as_ref(), is_point, clock.now())?;
        }
    }

    fn save(&self, training: &Pretraining) -> anyhow::Result<PathBuf> {
        Ok(training.checkpoint().save(self.run, training.trainer().status().steps, false)?)
    }

    fn write_model(&self, training: &Pretraining) -> anyhow::Result<PathBuf> {
        let (corpus, folder) = (training.corpus(), self.run.join("model"));
        let Config { signal, window, quality, .. } = self.config;
        let names: Vec<String> = self.arguments.paths.iter().map(|path| path.display().to_string()).collect();
        let trained_on = format!("{} recordings of {}", corpus.files.len(), names.join(", "));
        Model::of(&training.checkpoint(), &trained_on, signal, window, quality)?.save(&folder)?;
        Ok(folder)
    }

    /// The curve as a table for other programs.
    fn write_curve(&self) -> anyhow::Result<()> {
        let mut text = "step,epoch,loss,validation,chance,std,rankme\n".to_owned();
        for Point { step, epochs, loss, validation } in &self.points {
            let of = |value: &dyn Fn(&Validation) -> Option<f64>| {
                validation.as_ref().and_then(value).map(|value| value.to_string()).unwrap_or_default()
            };
            let (judged, chance) = (of(&|v| Some(v.loss)), of(&|v| v.chance));
            let (std, rankme) = (of(&|v| Some(v.health.std)), of(&|v| Some(v.health.rankme)));
            writeln!(text, "{step},{epochs:.4},{loss},{judged},{chance},{std},{rankme}")?;
        }
        let path = self.run.join("curve.csv");
        atomic::write(&path, text.as_bytes()).with_context(|| path.display().to_string())
    }

    fn summary(&self, training: &Pretraining, index: &Index, ended: Ended, facts: &Value) -> Value {
        let (corpus, tally, status) = (training.corpus(), training.tally(), training.trainer().status());
        let train_s = facts["train_s"].as_f64().unwrap_or_default();
        let left_out = corpus.left_out.iter().map(|(file, why)| json!({"file": file, "why": why}));
        let broken =
            tally.broken.iter().map(|(file, why)| json!({"file": corpus.files[*file as usize].name, "why": why}));
        let points = self.points.iter().map(|point| {
            json!({"step": point.step, "epoch": point.epochs, "loss": point.loss,
                   "validation": point.validation.map(|v| json!({
                       "loss": v.loss, "chance": v.chance, "windows": v.windows,
                       "std": v.health.std, "rankme": v.health.rankme, "collapsed": v.health.collapsed()}))})
        });
        let share = |seconds: f64| if train_s > 0.0 { seconds / train_s } else { 0.0 };
        json!({
            "version": 1,
            "reason": match ended { Ended::Steps => "steps are done", Ended::Epochs => "epochs are done", Ended::Stopped => "asked to stop" },
            "seed": self.config.seed,
            "recordings": {"files": index.files.len(), "read": index.read, "used": corpus.files.len(),
                           "hours": corpus.files.iter().map(|file| file.seconds).sum::<f64>() / 3600.0,
                           "channels": corpus.plan.identity.channels, "rate_hz": corpus.plan.identity.rate_hz,
                           "left_out": left_out.chain(broken).collect::<Vec<_>>()},
            "groups": {"learnt": corpus.groups[0], "judged": corpus.groups[1]},
            "windows": {"of_a_pass": corpus.windows(), "learnt": tally.windows, "rejected": tally.rejected, "left": tally.left},
            "training": {"method": corpus.plan.identity.method.word(), "steps": status.steps,
                         "steps_this_run": status.steps_this_run, "skipped": status.skipped, "epochs": training.epochs(),
                         "loss_first": status.loss_first, "loss_last": status.loss_last,
                         "windows_per_s": share(tally.windows as f64), "waited_s": tally.waited_s,
                         "waiting_share": share(tally.waited_s), "threads": corpus.plan.threads(),
                         "weights_sha256": training.trainer().weights_sha256()},
            "curve": points.collect::<Vec<_>>(),
            "index_s": facts["index_s"], "train_s": facts["train_s"],
            "checkpoint": facts["checkpoint"], "model": facts["model"],
            "memory_mb": {"peak": peak_mb()},
        })
    }
}

/// Says what became of it, and which recordings could not be used.
fn finish(
    progress: &mut Progress,
    training: &Pretraining,
    summary: &Value,
    saved: &Path,
    model: Option<&Path>,
) -> io::Result<()> {
    if progress.is_for_scripts() {
        return writeln!(io::stdout(), "{summary}");
    }
    let (status, of) = (training.trainer().status(), &summary["training"]);
    let rate = of["windows_per_s"].as_f64().unwrap_or_default();
    let waiting = 100.0 * of["waiting_share"].as_f64().unwrap_or_default();
    let tally = training.tally();
    progress.say(&format!(
        "{}: {} steps, {:.2} epochs, loss {:.4}; {rate:.0} windows/s, {waiting:.1} % of the time waiting for data",
        summary["reason"].as_str().unwrap_or_default(),
        status.steps,
        training.epochs(),
        status.loss_last.unwrap_or(f32::NAN),
    ))?;
    progress.say(&format!(
        "{} windows learnt from, {} no good, {} left over in their load",
        tally.windows, tally.rejected, tally.left
    ))?;
    let unusable = summary["recordings"]["left_out"].as_array().map(Vec::as_slice).unwrap_or_default();
    written::tell_unusable(progress, unusable, TOLD, "--summary")?;
    match model {
        Some(model) => progress.say(&format!("{}: the model; {}: the checkpoint", model.display(), saved.display())),
        None => progress.say(&format!("{}: the checkpoint; --resume goes on from it", saved.display())),
    }
}
