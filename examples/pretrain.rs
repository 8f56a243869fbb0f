//! Pretrains an encoder on all recordings of a folder and writes it as a model folder, without a pipeline:
//!
//!     cargo run --release --example pretrain -- RECORDINGS MODEL [STEPS]
//!
//! The recordings must have the same channels and rate. `examples/embed.rs` uses the model.
#![allow(clippy::print_stdout, reason = "it says how it goes")]

use anyhow::{Context, bail, ensure};
use neurostream::config::{Config, SourceConfig, Speed};
use neurostream::learn::{Batch, Model, Trainer};
use neurostream::pipeline::{Plan, Windows};
use neurostream::source::{ReplaySource, Selection, Source};
use std::path::{Path, PathBuf};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, model, rest @ ..] = &arguments[..] else { bail!("usage: pretrain RECORDINGS MODEL [STEPS]") };
    let steps: u64 = rest.first().map_or(Ok(500), |steps| steps.parse()).context("STEPS is a whole number")?;
    ensure!(!Path::new(model).exists(), "{model}: there is such a folder already; name another");

    let mut config =
        Config { source: SourceConfig { speed: Speed::Max, ..SourceConfig::default() }, ..Config::default() };
    config.train.method = "simclr".to_owned();
    config.train.memory.recent_fraction = 0.0;

    let mut training: Option<(Plan, Trainer)> = None;
    let mut stretch = 0;
    for path in recordings(Path::new(folder))? {
        let source = ReplaySource::open(&path, &Selection::default(), None, 1.0, false)?;
        let plan = Plan::new(&config, source.facts())?;
        let (first, trainer) = training.get_or_insert_with(|| (plan.clone(), Trainer::new(plan.trainer.clone())));
        ensure!(plan.identity == first.identity, "{}: other channels or another rate than before", path.display());
        let mut windows = Windows::new(&plan, Box::new(source), stretch);
        while let Some(window) = windows.step()? {
            // More windows than the memory holds push out the first ones.
            if window.is_learnable {
                trainer.admit(window.origin, window.samples);
            }
        }
        stretch = windows.stretch() + 1;
    }

    let Some((plan, mut trainer)) = training else { bail!("{folder}: there is no EDF or BDF recording in it") };
    println!(
        "{} windows, {}",
        trainer.memory().len(),
        plan.encoder_in_words(&trainer.first_generation(Default::default()).encoder)
    );
    ensure!(trainer.is_ready(), "{folder}: less signal than a batch of {} windows needs", plan.trainer.batch);
    let mut batch = Batch::default();
    for step in 1..=steps {
        trainer.draw(&mut batch);
        let report = trainer.step(&batch);
        if step % 50 == 0 || step == steps {
            println!("step {step}: loss {:.3}, by chance {:.3}", report.loss, report.chance.unwrap_or(f32::NAN));
        }
    }
    let Config { signal, window, quality, .. } = &plan.config;
    Model::of(&trainer.checkpoint(&plan.identity, false), folder, signal, window, quality)?.save(Path::new(model))?;
    println!("{model}: written");
    Ok(())
}

/// The EDF and BDF files of a folder in order of their names.
fn recordings(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let is_recording = |path: &PathBuf| {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        ["edf", "bdf"].contains(&extension.to_ascii_lowercase().as_str())
    };
    paths.retain(is_recording);
    paths.sort();
    Ok(paths)
}
