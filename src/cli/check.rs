//! `check`: everything that is wrong with configurations, before anything starts.

use super::arguments::{CheckArguments, Format};
use neurostream::config::{ConfigError, Document, Problem};
use neurostream::learn::Encoder;
use neurostream::learn::nn::{Compute, Init};
use neurostream::pipeline::{MonotonicClock, Plan, PlanError, configure, open_source};
use neurostream::source::SourceError;
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
    let Some(plan) = planned(Document::read(path)?)? else {
        return Ok(format!(
            "{}: nothing is wrong with it (its stream is not there to be checked against)",
            path.display()
        ));
    };
    let encoder = Encoder::new(&mut Init::serving(plan.config.seed, Compute::default()), &plan.identity.encoder);
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

/// The plan for the recording that a configuration names, if it names one.
///
/// What is wrong is looked for again without the keys that were found wrong, so that all of it is told at once.
fn planned(mut document: Document) -> anyhow::Result<Option<Plan>> {
    let (mut problems, mut errors) = (Vec::new(), Vec::new());
    for _ in 0..MOST_LOOKS {
        let error = match look(&document) {
            Ok(plan) if errors.is_empty() => return Ok(plan),
            Ok(_) => break,
            Err(error) => error,
        };
        let found = problems_of(&error);
        errors.push(error);
        // A source that was taken out because of what is wrong with it is no second problem.
        let is_left = |known: &Problem, problem: &Problem| problem.key == "source" && known.key.starts_with("source.");
        let is_known = |problem: &Problem| {
            problems.iter().any(|known: &Problem| known.key == problem.key || is_left(known, problem))
        };
        let new: Vec<Problem> = found.into_iter().filter(|problem| !is_known(problem)).collect();
        if new.is_empty() {
            break;
        }
        for problem in &new {
            let key = problem.key.split('[').next().unwrap_or_default();
            if let Some((section, key)) = key.split_once('.') {
                document.remove(section, key.split('.').next().unwrap_or_default());
            }
        }
        problems.extend(new);
    }
    match (errors.len(), errors.pop()) {
        (1, Some(error)) => Err(error),
        _ => Err(ConfigError::Problems { path: document.name().to_owned(), problems }.into()),
    }
}

/// Times that a configuration is looked at: its values, its channels, what does not fit the recording, and once more.
const MOST_LOOKS: usize = 4;

fn look(document: &Document) -> anyhow::Result<Option<Plan>> {
    let config = configure(document)?;
    if config.source.replay.is_none() {
        return Ok(None);
    }
    let source =
        open_source(&config, || unreachable!("a recording needs no liblsl"), &MonotonicClock::new(), &|| true)?;
    Ok(Some(Plan::new(&config, source.facts())?))
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
    let key = match error.downcast_ref() {
        Some(SourceError::UnknownChannels { .. } | SourceError::MixedRates { .. }) => "signal.channels",
        Some(SourceError::NoChannels { .. }) => "signal.exclude",
        Some(_) => "source.replay",
        None => "configuration",
    };
    // A source says what caused its trouble itself.
    let told = error.downcast_ref::<SourceError>().map_or_else(|| format!("{error:#}"), ToString::to_string);
    vec![Problem::of(key, "", told)]
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({"key": problem.key, "value": problem.value, "allowed": problem.allowed, "hint": problem.hint})
}
