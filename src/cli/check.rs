//! `check`: everything that is wrong with configurations, before anything starts.

use super::arguments::{CheckArguments, Format};
use neurostream::config::{ConfigError, Document, Problem};
use neurostream::learn::Encoder;
use neurostream::learn::nn::{Compute, Init};
use neurostream::pipeline::{MonotonicClock, Plan, PlanError, configure, open_source};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Checks each file; a recording that it names is opened and checked against it too.
pub fn check(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let mut code = ExitCode::SUCCESS;
    for path in &arguments.configs {
        let (message, problems) = match verdict(path) {
            Ok(facts) => (facts, None),
            Err(error) => {
                code = ExitCode::from(super::UNUSABLE);
                (format!("{error:#}"), Some(problems_of(&error)))
            }
        };
        match arguments.format {
            Format::Text => writeln!(out, "{message}")?,
            Format::Json => {
                let problems = problems.map(|list| list.iter().map(as_json).collect::<Vec<_>>());
                let line = json!({"config": path, "ok": problems.is_none(), "message": message, "problems": problems.unwrap_or_default()});
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(code)
}

fn verdict(path: &Path) -> anyhow::Result<String> {
    let config = configure(&Document::read(path)?)?;
    if config.source.replay.is_none() {
        return Ok(format!(
            "{}: nothing is wrong with it (its stream is not there to be checked against)",
            path.display()
        ));
    }
    let source =
        open_source(&config, || unreachable!("a recording needs no liblsl"), &MonotonicClock::new(), &|| true)?;
    let plan = Plan::new(&config, source.facts())?;
    let encoder = Encoder::new(&mut Init::serving(config.seed, Compute::default()), &plan.identity.encoder);
    let (facts, notes) = (&plan.facts, plan.notes.join("; "));
    let notes = if notes.is_empty() { notes } else { format!(" ({notes})") };
    Ok(format!(
        "{}: nothing is wrong with it: {}, {} channels at {} Hz, {} with positions{}, windows of {} frames every {}, {}{notes}",
        path.display(),
        facts.name,
        facts.montage.len(),
        facts.rate_hz,
        facts.montage.located_channels(),
        model(&plan),
        plan.window,
        plan.hop,
        plan.encoder_in_words(&encoder)
    ))
}

/// The channels of the model, where they are not those of the stream.
fn model(plan: &Plan) -> String {
    let montage = &plan.montage;
    if montage.labels().eq(plan.facts.montage.labels()) {
        return String::new();
    }
    format!(", of which the model sees {}: {montage}", montage.len())
}

fn problems_of(error: &anyhow::Error) -> Vec<Problem> {
    if let Some(ConfigError::Problems { problems, .. }) = error.downcast_ref() {
        return problems.clone();
    }
    if let Some(PlanError::Problems { problems, .. }) = error.downcast_ref() {
        return problems.clone();
    }
    vec![Problem::of("configuration", "", format!("{error:#}"))]
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({"key": problem.key, "value": problem.value, "allowed": problem.allowed, "hint": problem.hint})
}
