//! Embeds a recording by a model folder, a line a window, without a pipeline:
//!
//!     cargo run --release --example embed -- MODEL RECORDING > embeddings.csv
//!
//! The recording is conditioned as the model's card says, so that the encoder sees what it was trained on.
#![allow(clippy::print_stdout, reason = "lines of numbers are what it is for")]

use anyhow::{bail, ensure};
use neurostream::config::{Config, ModelConfig};
use neurostream::learn::{Model, nn::Compute};
use neurostream::pipeline::{Plan, Windows};
use neurostream::source::{ReplaySource, Selection, Source};
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, recording] = &arguments[..] else { bail!("usage: embed MODEL RECORDING") };
    let model = Model::load(Path::new(model))?;
    let card = &model.card;
    let encoder = model.encoder(Compute::default())?;

    let Ok(selection) = Selection::read(&card.signal) else {
        bail!("{}: the card's [signal] cannot be used", arguments[0])
    };
    let source = ReplaySource::open(Path::new(recording), &selection, None, 1.0, false)?;
    let config = Config {
        signal: card.signal.clone(),
        window: card.windows.clone(),
        // Its channels in its order, whatever that of the recording is.
        model: ModelConfig { montage: card.channels.clone(), ..ModelConfig::default() },
        ..Config::default()
    };
    let plan = Plan::new(&config, source.facts())?;
    let rate_hz = plan.identity.rate_hz;
    ensure!(rate_hz == card.rate_hz, "{recording}: {rate_hz} Hz, and the model knows {} Hz", card.rate_hz);

    println!("start_s,quality,{}", (0..card.encoder.embedding).map(|d| format!("e{d}")).collect::<Vec<_>>().join(","));
    let mut windows = Windows::new(&plan, Box::new(source), 0);
    while let Some(window) = windows.step()? {
        let embedding = encoder.embed(window.samples.to_vec(), card.channels.len());
        let values: Vec<String> = embedding.iter().map(f32::to_string).collect();
        println!("{:.3},{:.3},{}", window.origin.first as f64 / rate_hz, window.quality, values.join(","));
    }
    Ok(())
}
