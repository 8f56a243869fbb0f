//! What is wrong with a configuration.
//!
//! Plain values. Invariant: each says the key, its value, what is allowed, and where it can, what was probably meant.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key with its section: `train.batch`.
    pub key: String,
    /// The value as written, empty where the key itself is the problem.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
    /// What was probably meant, or what to do.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem with the value of a key.
    #[must_use]
    pub fn of(key: &str, value: impl fmt::Display, allowed: impl Into<String>) -> Self {
        Self { key: key.to_owned(), value: value.to_string(), allowed: allowed.into(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with `did you mean …?` if one of the candidates is close to `written`.
    #[must_use]
    pub fn meant<'a>(self, written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match suggestion(written, candidates) {
            Some(word) => self.hint(format!("did you mean `{word}`?")),
            None => self,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if !self.value.is_empty() {
            write!(f, " = {}", self.value)?;
        }
        write!(f, ": {}", self.allowed)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// The candidate that is closest to what was written, if any is close.
#[must_use]
pub fn suggestion<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let near = |c: &'a str| (strsim::jaro_winkler(&written, &c.to_lowercase()), c);
    let best = candidates.into_iter().map(near).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: the configuration cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{path}: this is no TOML:\n{error}")]
    Syntax {
        /// The file.
        path: String,
        /// The parser's message, with the line.
        error: String,
    },
    /// `--set` without an equals sign, or into something that is no section.
    #[error("--set {0}: write it as section.key=value, for instance --set window.hop_s=0.5")]
    Setting(String),
    /// All that is wrong with it.
    #[error("{path}: {} in the configuration:{}", count(.problems.len()), list(.problems))]
    Problems {
        /// The file.
        path: String,
        /// What is wrong.
        problems: Vec<Problem>,
    },
}

fn count(n: usize) -> String {
    if n == 1 { "one problem".to_owned() } else { format!("{n} problems") }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("\n  {p}")).collect()
}
