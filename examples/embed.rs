//! Embeds a recording by a model folder, a line a window, with the library alone:
//!
//!     cargo run --release --example embed -- MODEL RECORDING > embeddings.csv
//!
//! The recording is conditioned as the model's card says, so that the encoder sees what it was trained on. The command
//! `neurostream embed` takes several recordings, and writes files that are whole or not there.
#![allow(clippy::print_stdout, reason = "lines of numbers are what it is for")]

use anyhow::bail;
use neurostream::learn::Model;
use neurostream::pipeline::Embedding;
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, recording] = &arguments[..] else { bail!("usage: embed MODEL RECORDING") };
    let model = Model::load(Path::new(model))?;
    let mut embedding = Embedding::open(&model, Path::new(recording), None)?;
    let names: Vec<String> = (0..model.card.encoder.embedding).map(|d| format!("e{d}")).collect();
    println!("start_s,quality,{}", names.join(","));
    let line = |row: neurostream::format::embedding::Row<'_>| {
        let values: Vec<String> = row.values.iter().map(f32::to_string).collect();
        println!("{:.3},{:.3},{}", row.start_s, row.quality, values.join(","));
    };
    while embedding.step(|row, _is_learnable| line(row))?.is_some() {}
    Ok(())
}
