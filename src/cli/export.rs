//! `export`: the encoder of the newest checkpoint as a folder to give away.

use super::arguments::ExportArguments;
use anyhow::Context;
use neurostream::config::Document;
use neurostream::learn::{Checkpoint, Model};
use neurostream::pipeline::configure;
use std::io::{self, Write};
use std::process::ExitCode;

/// Writes the folder and says what is in it.
pub fn export(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let config = configure(&Document::read(&arguments.config)?)?;
    let folder = arguments.checkpoint.as_ref().unwrap_or(&config.train.checkpoint);
    let (path, checkpoint) = Checkpoint::newest(folder)?;
    let source = &config.source;
    let trained_on = match (&source.replay, &source.lsl) {
        (Some(recording), _) => recording.display().to_string(),
        (_, Some(stream)) => format!("the stream {stream}"),
        _ => "the synthetic brain".to_owned(),
    };
    let model = Model::of(&checkpoint, &trained_on, &config.signal, &config.window, &config.quality)
        .with_context(|| path.display().to_string())?;
    model.save(&arguments.model)?;
    writeln!(
        io::stdout(),
        "{}: encoder {} of {}, {} steps of {}",
        arguments.model.display(),
        model.card.encoder.architecture.word(),
        path.display(),
        model.card.steps,
        model.card.method.word()
    )?;
    Ok(ExitCode::SUCCESS)
}
