//! `attach`: the dashboard of a run in another process.
//!
//! Runs on the main thread. Invariant: leaving ends the dashboard and not the run.

use super::arguments::AttachArguments;
use super::{run, sockets, usable};
use anyhow::bail;
use neurostream::pipeline::MonotonicClock;
use neurostream::pipeline::attach::Attached;
use neurostream::tui;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Shows a run until it is over or a person leaves.
pub fn attach(arguments: &AttachArguments) -> anyhow::Result<ExitCode> {
    let path = socket(arguments.socket.as_deref())?;
    if !io::stdout().is_terminal() {
        return Err(tui::TerminalError::NotATerminal.into());
    }
    let attached = Attached::connect(&path, arguments.control)?;
    let role = tui::Role::Viewer { control: arguments.control };
    let theme = run::theme(arguments.ascii);
    let ended = tui::run(theme, role, &attached.views, &attached.commands, &MonotonicClock::new())?;
    let mut out = io::stdout();
    let _ = match ended {
        tui::Ended::RunOver => writeln!(out, "the run is over, or no longer shown: {}", path.display()),
        tui::Ended::AtOnce => writeln!(out, "the run goes on: neurostream attach {}", path.display()),
        tui::Ended::TerminalLost(_) => Ok(()),
        tui::Ended::Failed(why) => bail!("the dashboard failed ({why}); the run goes on"),
    };
    Ok(ExitCode::SUCCESS)
}

/// The socket that was named, or that of the only run.
fn socket(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let mut runs = sockets::answering();
    let folder = sockets::folder();
    usable(!runs.is_empty(), || {
        format!(
            "no run of this user can be attached to: there is no socket in {}; a run with --socket PATH is found by that path",
            folder.display()
        )
    })?;
    usable(runs.len() == 1, || {
        let paths: Vec<String> = runs.iter().map(|path| format!("\n  {}", path.display())).collect();
        format!("{} runs can be attached to; name one:{}", runs.len(), paths.concat())
    })?;
    Ok(runs.remove(0))
}
