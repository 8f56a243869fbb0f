//! What several commands are told in the same words: a configuration with values laid over it, a seed, a file to write.
//!
//! Runs before anything starts. Invariant: a file is refused before the work that would fill it, not after.

use super::progress::Progress;
use super::{Unusable, usable};
use neurostream::config::Document;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};

/// The configuration without a file: what `configs/default.toml` was when the program was built.
const DEFAULT: &str = include_str!("../../configs/default.toml");

/// The configuration of a file, or the built-in one, with `KEY=VALUE` settings laid over it.
pub fn document(config: Option<&Path>, settings: &[String]) -> anyhow::Result<Document> {
    let mut document = match config {
        Some(path) => Document::read(path)?,
        None => Document::parse("configs/default.toml (built in)", DEFAULT)?,
    };
    for setting in settings {
        document.set(setting)?;
    }
    Ok(document)
}

/// Lays the flags that name a source, streams of markers and a speed over a configuration; says whether one named a source.
pub fn put_source(
    document: &mut Document,
    replay: Option<&Path>,
    lsl: &[String],
    markers: &[String],
    synthetic: bool,
    speed: Option<&str>,
) -> bool {
    let source = replay.map(|path| ("replay", toml::Value::from(path.display().to_string())));
    let streams = match lsl {
        [] => None,
        [one] => Some(toml::Value::from(one.as_str())),
        several => Some(toml::Value::from(several.to_vec())),
    };
    let source = source.or(streams.map(|streams| ("lsl", streams)));
    let source = source.or(synthetic.then(|| ("synthetic", true.into())));
    let is_named = source.is_some();
    if let Some((kind, value)) = source {
        for other in ["replay", "lsl", "synthetic"] {
            document.remove("source", other);
        }
        if kind != "lsl" {
            document.remove("source", "markers");
        }
        document.put(&["source", kind], value);
    }
    if !markers.is_empty() {
        document.put(&["source", "markers"], toml::Value::from(markers.to_vec()));
    }
    if let Some(speed) = speed {
        let value = speed.parse::<f64>().map_or_else(|_| toml::Value::from(speed), toml::Value::from);
        document.put(&["source", "speed"], value);
    }
    is_named
}

/// Lays recordings over a configuration: where frames come from is said by the arguments, whatever one for a run says.
pub fn put_recordings(document: &mut Document, paths: &[PathBuf]) {
    for source in ["replay", "lsl", "synthetic", "markers"] {
        document.remove("source", source);
    }
    let first = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
    document.put(&["source", "replay"], first);
}

/// Says which recordings could not be used, some of them by name; `all` says where the others are.
pub fn tell_unusable(progress: &mut Progress, unusable: &[Value], told: usize, all: &str) -> io::Result<()> {
    if unusable.is_empty() {
        return Ok(());
    }
    progress.say(&format!("{} recordings could not be used, or not to their end:", unusable.len()))?;
    for one in unusable.iter().take(told) {
        let [file, why] = ["file", "why"].map(|key| one[key].as_str().unwrap_or_default());
        progress.say(&format!("  {file}: {why}"))?;
    }
    if unusable.len() > told {
        progress.say(&format!("  and {} more, which {all} lists", unusable.len() - told))?;
    }
    Ok(())
}

/// Lays `--seed` over a configuration.
pub fn put_seed(document: &mut Document, seed: Option<u64>) -> Result<(), Unusable> {
    if let Some(seed) = seed {
        let seed = i64::try_from(seed).map_err(|_| Unusable(format!("--seed {seed}: must be below 2^63")))?;
        document.put(&["seed"], seed);
    }
    Ok(())
}

/// Refuses a path that no file can be written to.
pub fn refuse_no_place(flag: &str, path: &Path) -> Result<(), Unusable> {
    let name = path.display();
    usable(!path.is_dir(), || format!("{flag} {name}: this is a folder; name a file in it"))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    usable(folder.is_none_or(Path::is_dir), || format!("{flag} {name}: there is no such folder; make it first"))
}

/// Refuses to write what the flag names over anything but an earlier one, which `is_ours` knows, or an empty file, as `mktemp`
/// makes it. Files of `longest` bytes and more are not read for that.
pub fn refuse_taken(
    path: &Path,
    flag: &str,
    what: &str,
    longest: u64,
    is_ours: impl Fn(&Value) -> bool,
) -> Result<(), Unusable> {
    refuse_no_place(flag, path)?;
    let is_summary = || {
        let bytes = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|facts| facts.len());
        match bytes {
            None => false,
            Some(0) => true,
            Some(bytes) => {
                let text = if bytes < longest { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
                serde_json::from_slice(&text).is_ok_and(|v: Value| v["version"].is_u64() && is_ours(&v))
            }
        }
    };
    usable(!path.exists() || is_summary(), || {
        let name = path.display();
        format!("{flag} {name}: this is there already and is no {what}; name another file")
    })
}
