//! From text to a configuration.
//!
//! Owns the document while settings and flags are laid over it. Invariant: each key is tried alone, so that one wrong key
//! does not hide another.

use super::schema::RIVALS;
use super::{Config, ConfigError, Problem};
use serde::Deserialize;
use std::path::Path;
use toml::{Table, Value};

/// A configuration file with what the command line lays over it.
#[derive(Clone, Debug)]
pub struct Document {
    /// What to call it in messages.
    name: String,
    table: Table,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read or is no TOML.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&name, &text),
            Err(error) => Err(ConfigError::Unreadable { path: name, error }),
        }
    }

    /// Reads text; `name` stands for it in messages.
    ///
    /// # Errors
    /// If it is no TOML.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        match text.parse() {
            Ok(table) => Ok(Self { name: name.to_owned(), table }),
            Err(error) => Err(ConfigError::Syntax { path: name.to_owned(), error: error.to_string() }),
        }
    }

    /// Lays `section.key=value` over it. The value is TOML where it can be read so, otherwise text.
    ///
    /// # Errors
    /// If there is no equals sign or the path leads through something that is no section.
    pub fn set(&mut self, setting: &str) -> Result<(), ConfigError> {
        let refused = || ConfigError::Setting(setting.to_owned());
        let (key, written) = setting.split_once('=').ok_or_else(refused)?;
        let value = format!("v = {written}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
        let path: Vec<&str> = key.split('.').map(str::trim).collect();
        if path.iter().any(|part| part.is_empty()) {
            return Err(refused());
        }
        self.put(&path, value.unwrap_or_else(|| Value::String(written.trim().to_owned()))).ok_or_else(refused)
    }

    /// Lays a value over it, in place of keys that say the same in other words; `None` if the path leads through something that is no section.
    pub fn put(&mut self, path: &[&str], value: impl Into<Value>) -> Option<()> {
        let (last, sections) = path.split_last()?;
        let mut table = &mut self.table;
        for section in sections {
            table = table.entry(*section).or_insert_with(|| Value::Table(Table::new())).as_table_mut()?;
        }
        table.insert((*last).to_owned(), value.into());
        if let ["window", key] = path {
            let rivals = RIVALS.iter().filter(|(laid, _)| laid == key).flat_map(|(_, rivals)| *rivals);
            rivals.for_each(|rival| self.remove("window", rival));
        }
        Some(())
    }

    /// Takes a key out.
    pub fn remove(&mut self, section: &str, key: &str) {
        if let Some(section) = self.table.get_mut(section).and_then(Value::as_table_mut) {
            section.remove(key);
        }
    }

    /// True if it holds this key with its section, or all of a list or section that it leads into.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        let mut table = &self.table;
        for part in key.split('.') {
            match table.get(part) {
                Some(Value::Table(inner)) => table = inner,
                Some(_) => return true,
                None => return false,
            }
        }
        true
    }

    /// What to call it in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration as far as it can be read, and every key that cannot.
    #[must_use]
    pub fn config(&self) -> (Config, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut good = Table::new();
        sift(&self.table, &mut Vec::new(), &mut good, &mut problems);
        // What is wrong has been sifted out, so this reads; were it not to, that would be one problem more.
        let config = Config::deserialize(Value::Table(good)).unwrap_or_else(|error| {
            problems.push(Problem::of("configuration", "", error.to_string()));
            Config::default()
        });
        (config, problems)
    }
}

/// Copies to `good` each leaf of `table` that the schema takes, and tells of the others. Sections of a list count from 1.
fn sift(table: &Table, path: &mut Vec<String>, good: &mut Table, problems: &mut Vec<Problem>) {
    for (key, value) in table {
        path.push(key.clone());
        match value {
            Value::Table(inner) if !inner.is_empty() && accepts(path, &Value::Table(Table::new())).is_ok() => {
                let mut kept = Table::new();
                sift(inner, path, &mut kept, problems);
                good.insert(key.clone(), Value::Table(kept));
            }
            Value::Array(list) if is_list_of_sections(path, list) => {
                let kept = list.iter().enumerate().map(|(place, section)| {
                    path.push(format!("[{}]", place + 1));
                    let mut kept = Table::new();
                    if let Value::Table(section) = section {
                        sift(section, path, &mut kept, problems);
                    }
                    path.pop();
                    Value::Table(kept)
                });
                let kept = kept.collect();
                good.insert(key.clone(), Value::Array(kept));
            }
            value => match accepts(path, value) {
                Ok(()) => {
                    good.insert(key.clone(), value.clone());
                }
                Err(message) => problems.push(explained(&path.join(".").replace(".[", "["), key, value, &message)),
            },
        }
        path.pop();
    }
}

/// Whether the schema has sections in this list.
fn is_list_of_sections(path: &[String], list: &[Value]) -> bool {
    let one = Value::Array(vec![Value::Table(Table::new())]);
    !list.is_empty() && list.iter().all(Value::is_table) && accepts(path, &one).is_ok()
}

/// Whether the schema takes this value in this place, all other keys having their defaults.
fn accepts(path: &[String], value: &Value) -> Result<(), String> {
    let nested = path.iter().rev().fold(value.clone(), |inner, key| match key.starts_with('[') {
        true => Value::Array(vec![inner]),
        false => Value::Table(Table::from_iter([(key.clone(), inner)])),
    });
    Config::deserialize(nested).map(|_| ()).map_err(|error| error.message().to_owned())
}

/// The schema's message in our words.
fn explained(path: &str, key: &str, value: &Value, message: &str) -> Problem {
    if let Some((_, expected)) = message.split_once("unknown field") {
        // "unknown field `x`, expected one of `a`, `b`": every second piece is a name, the first of them the key itself.
        let names: Vec<&str> = expected.split('`').skip(3).step_by(2).collect();
        let allowed = format!("there is no such key; there are {}", names.join(", "));
        return Problem { key: path.to_owned(), value: String::new(), allowed, hint: None }.meant(key, names);
    }
    let message = message.lines().next().unwrap_or_default();
    if let Some(name) = message.strip_prefix("missing field ") {
        return Problem::of(path, value, format!("{name} is missing"));
    }
    let expected = message.rsplit_once(", expected ").map_or(message, |(_, expected)| in_words(expected));
    let whole = [LIST, SPAN].contains(&expected);
    let what = if value.is_array() && !whole { "each must be" } else { "must be" };
    Problem::of(path, value, format!("{what} {expected}"))
}

const LIST: &str = "a list";
const SPAN: &str = "a number or [from, to]";

/// A type of the schema for people.
fn in_words(expected: &str) -> &str {
    match expected {
        "usize" | "u64" => "a whole number, 0 or above",
        "f64" => "a number",
        "a sequence" => LIST,
        "a string" => "text",
        "path string" => "a path",
        "a boolean" => "true or false",
        _ if expected.starts_with("struct ") => "a section",
        _ => expected,
    }
}
