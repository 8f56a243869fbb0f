//! The program: arguments in, an exit code out.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::main()
}
