//! `synth`: writes a synthetic recording.

use super::arguments::SynthArguments;
use neurostream::format::edf::Existing;
use neurostream::source::synthetic::{SyntheticRecording, write_edf};
use std::io::{self, Write};
use std::process::ExitCode;

/// Writes the recording and says what it is.
pub fn synth(arguments: &SynthArguments) -> anyhow::Result<ExitCode> {
    let SynthArguments { file, seconds, channels, rate, seed, force } = arguments;
    let fits = (1.0..=86_400.0).contains(seconds) && (1..=1024).contains(channels) && (16.0..=100_000.0).contains(rate);
    let ranges = "--seconds must be from 1 to 86400, --channels from 1 to 1024, --rate from 16 to 100000";
    super::usable(fits, || ranges.to_owned())?;
    anyhow::ensure!(*force || !file.exists(), "{}: there is such a file already; --force replaces it", file.display());
    let recording = SyntheticRecording { seed: *seed, channels: *channels, rate_hz: *rate, seconds: *seconds };
    let existing = if *force { Existing::Replace } else { Existing::Refuse };
    let written = write_edf(file, &recording, existing)?;
    let bytes = std::fs::metadata(&written.path)?.len();
    writeln!(
        io::stdout(),
        "{}: synthetic EEG, {channels} channels at {rate} Hz, {seconds} s, seed {seed}, {:.2} MB",
        written.path.display(),
        bytes as f64 / 1e6
    )?;
    Ok(ExitCode::SUCCESS)
}
