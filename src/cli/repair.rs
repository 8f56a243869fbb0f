//! `repair`: makes a readable file of a broken one.
//!
//! Runs on the main thread. Invariant: the broken file is left as it is unless it is asked to be replaced, and then it is
//! replaced whole or not at all.

use super::arguments::{Format, RepairArguments};
use super::{usable, written};
use neurostream::format::edf::Existing;
use neurostream::format::{edf, xdf};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Repairs one file and says what was set right and what was lost.
pub fn repair(arguments: &RepairArguments) -> anyhow::Result<ExitCode> {
    let from = &arguments.file;
    let to = if arguments.in_place { from.clone() } else { arguments.output.clone().unwrap_or_else(|| beside(from)) };
    usable(arguments.in_place || to != *from, || {
        format!("{}: this is the file to be repaired; --in-place replaces it", to.display())
    })?;
    written::refuse_no_place("--output", &to)?;
    let existing = if arguments.in_place || arguments.force { Existing::Replace } else { Existing::Refuse };
    let told = if xdf::is_xdf(from) {
        let done = xdf::repair(from, &to, existing)?;
        let streams: Vec<Value> =
            done.streams.iter().map(|(name, samples)| json!({"name": name, "n_samples": samples})).collect();
        let (mended, lost) = (done.mended, done.lost);
        json!({"file": done.path.display().to_string(), "format": "XDF", "streams": streams, "mended": mended, "lost": lost})
    } else {
        let done = edf::repair(from, &to, existing)?;
        let (mended, lost) = (done.mended, done.lost);
        json!({"file": done.path.display().to_string(), "format": done.format.to_string(), "records": done.records, "mended": mended, "lost": lost})
    };
    match arguments.format {
        Format::Json => writeln!(io::stdout(), "{told}")?,
        Format::Text => write!(io::stdout(), "{}", in_words(from, &told))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `night.edf` becomes `night.repaired.edf`; `night.edf.partial`, which a writer left behind, becomes `night.edf`.
fn beside(from: &Path) -> PathBuf {
    let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(whole) = name.strip_suffix(".partial") {
        return from.with_file_name(whole);
    }
    let stem = from.file_stem().unwrap_or_default().to_string_lossy();
    let ending = from.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()));
    from.with_file_name(format!("{stem}.repaired{ending}"))
}

fn in_words(from: &Path, told: &Value) -> String {
    use std::fmt::Write;
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let list = |key: &str| told[key].as_array().cloned().unwrap_or_default();
    let mut out = String::new();
    let _ = write!(out, "{} -> {}: {}", from.display(), text(&told["file"]), text(&told["format"]));
    let _ = match told["records"].as_u64() {
        Some(records) => writeln!(out, ", {records} records"),
        None => writeln!(out, ", {} streams", list("streams").len()),
    };
    for stream in list("streams") {
        let _ = writeln!(out, "  {}: {} samples", text(&stream["name"]), stream["n_samples"]);
    }
    let (mended, lost) = (list("mended"), list("lost"));
    for (what, lines) in [("mended", &mended), ("lost", &lost)] {
        for line in lines {
            let _ = writeln!(out, "  {what}: {}", text(line));
        }
    }
    if mended.is_empty() && lost.is_empty() {
        let _ = writeln!(out, "  nothing was wrong; this is a copy");
    } else if lost.is_empty() {
        let _ = writeln!(out, "  nothing was lost");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repaired_file_lies_beside_the_broken_one() {
        for (from, to) in [
            ("a/night.edf", "a/night.repaired.edf"),
            ("a/night.edf.partial", "a/night.edf"),
            ("night", "night.repaired"),
        ] {
            assert_eq!(beside(Path::new(from)), Path::new(to));
        }
    }
}
