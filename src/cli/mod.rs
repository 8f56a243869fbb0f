//! Subcommands, one file each.
//!
//! Runs on the main thread. Invariant: exit codes are 0 for a good end, 1 for a failure while running, 2 for arguments or
//! a configuration that cannot be used, 130 for an interruption that would not wait.

mod allocator;
mod arguments;
mod aside;
mod attach;
mod bench;
mod bench_latency;
mod bench_online;
mod bench_throughput;
mod certify;
mod check;
mod convert;
mod describe;
mod doctor;
mod embed;
mod export;
mod inspect;
mod inspect_xdf;
mod interrupt;
mod measure;
mod prepare;
mod pretrain;
mod probe;
mod progress;
mod record;
mod repair;
mod replay;
mod run;
mod sockets;
mod status;
mod streams;
mod synth;
mod tally;
mod views;
mod written;

use arguments::{Arguments, Subcommand};
use clap::Parser;
use neurostream::config::ConfigError;
use neurostream::format::embedding::EmbeddingFileError;
use neurostream::pipeline::{CorpusError, PlanError, PrepareError};
use neurostream::serve::broadcast::BroadcastError;
use neurostream::serve::record::RecordError;
use neurostream::source::SourceError;
use neurostream::source::recording::ConvertError;
use std::io::{self, Write};
use std::process::ExitCode;

/// The arguments or the configuration cannot be used.
const UNUSABLE: u8 = 2;
/// It failed while running.
const FAILED: u8 = 1;

/// An argument that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unusable(String);

/// Refuses an argument unless it can be used.
fn usable(can_be: bool, why: impl FnOnce() -> String) -> Result<(), Unusable> {
    if can_be { Ok(()) } else { Err(Unusable(why())) }
}

/// Parses the arguments and does what they say.
pub fn main() -> ExitCode {
    allocator::keep_memory();
    let arguments = Arguments::parse();
    let done = match arguments.subcommand.unwrap_or(Subcommand::Run(Box::new(arguments.run))) {
        Subcommand::Run(arguments) => run::run(&arguments),
        Subcommand::Attach(arguments) => attach::attach(&arguments),
        Subcommand::Check(arguments) => check::check(&arguments),
        Subcommand::Doctor(arguments) => doctor::doctor(&arguments),
        Subcommand::Embed(arguments) => embed::embed(&arguments),
        Subcommand::Export(arguments) => export::export(&arguments),
        Subcommand::Inspect(arguments) => inspect::inspect(&arguments),
        Subcommand::Prepare(arguments) => prepare::prepare(&arguments),
        Subcommand::Pretrain(arguments) => pretrain::pretrain(&arguments),
        Subcommand::Probe(arguments) => probe::probe(&arguments),
        Subcommand::Record(arguments) => record::record(&arguments),
        Subcommand::Replay(arguments) => replay::replay(&arguments),
        Subcommand::Convert(arguments) => convert::convert(&arguments),
        Subcommand::Repair(arguments) => repair::repair(&arguments),
        Subcommand::Streams(arguments) => streams::streams(&arguments),
        Subcommand::Synth(arguments) => synth::synth(&arguments),
        Subcommand::Views(arguments) => views::views(&arguments),
        Subcommand::Bench(benchmark) => bench::bench(&benchmark),
        Subcommand::Certify(arguments) => certify::certify(&arguments),
        Subcommand::Completions(arguments) => describe::completions(&arguments),
        Subcommand::Man => describe::man(),
    };
    match done {
        Ok(code) => code,
        // Nobody reads on: `neurostream inspect … | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is gone too there is nobody left to tell.
            let _ = writeln!(io::stderr(), "neurostream: {}", in_full(&error));
            ExitCode::from(code_of(&error))
        }
    }
}

/// The message with its causes, those left out that it tells itself.
fn in_full(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| {
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn code_of(error: &anyhow::Error) -> u8 {
    let unusable = error.is::<Unusable>()
        || error.is::<ConfigError>()
        || error.downcast_ref::<PlanError>().is_some_and(|e| matches!(e, PlanError::Problems { .. }))
        || error.downcast_ref::<CorpusError>().is_some_and(|e| matches!(e, CorpusError::Problem(_)))
        || error
            .downcast_ref::<PrepareError>()
            .is_some_and(|e| matches!(e, PrepareError::Corpus(CorpusError::Problem(_))))
        || error.downcast_ref::<SourceError>().is_some_and(SourceError::is_choice)
        || error.downcast_ref::<ConvertError>().is_some_and(ConvertError::is_choice)
        || error.downcast_ref::<BroadcastError>().is_some_and(|e| matches!(e, BroadcastError::Nothing { .. }))
        || error.downcast_ref::<EmbeddingFileError>().is_some_and(|e| matches!(e, EmbeddingFileError::Ending(_)))
        || error.downcast_ref::<RecordError>().is_some_and(|e| matches!(e, RecordError::Ending(_)));
    if unusable { UNUSABLE } else { FAILED }
}
