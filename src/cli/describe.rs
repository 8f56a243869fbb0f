//! `completions` and `man`: the program describes itself.

use super::arguments::{Arguments, CompletionArguments};
use clap::CommandFactory;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints completions.
pub fn completions(arguments: &CompletionArguments) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "neurostream", &mut text);
    io::stdout().write_all(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page.
pub fn man() -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut text)?;
    io::stdout().write_all(&text)?;
    Ok(ExitCode::SUCCESS)
}
