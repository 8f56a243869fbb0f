//! Patterns that name channels.
//!
//! Pure. Four ways to say which: a label, `type:eog`, `G1..G16`, and `/a regular expression/`. Invariant: a pattern names
//! the same channels in whatever order they come.

use crate::config::suggestion;
use crate::signal::electrode::plain_label;
use crate::signal::{Channel, ChannelKind};
use regex::{Regex, RegexBuilder};
use std::fmt;

/// Some channels, as a user names them.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Label,
    Kind(ChannelKind),
    /// Plain labels are matched too: `^C[0-9]$` names `EEG C3-Ref`.
    Expression(Regex),
    Range {
        prefix: String,
        from: u32,
        to: u32,
    },
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// With what is allowed, if the type is unknown, the expression cannot be read, or the range is empty.
    pub fn parse(written: &str) -> Result<Self, String> {
        let text = written.trim();
        let what = if let Some(word) = text.strip_prefix("type:") {
            What::Kind(kind(word)?)
        } else if let Some(expression) = text.strip_prefix('/').and_then(|t| t.strip_suffix('/')) {
            let read = RegexBuilder::new(expression).case_insensitive(true).size_limit(1 << 20).build();
            What::Expression(read.map_err(|error| {
                // The last line says what, those before it draw where.
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                format!("must be a regular expression between slashes: {why}")
            })?)
        } else if let Some(range) = range(text) {
            range?
        } else if text.is_empty() {
            return Err("must not be empty".to_owned());
        } else {
            What::Label
        };
        Ok(Self { written: text.to_owned(), what })
    }

    /// Of each channel whether it is named.
    #[must_use]
    pub fn matches(&self, channels: &[Channel]) -> Vec<bool> {
        let each = |is_named: &dyn Fn(&Channel) -> bool| channels.iter().map(is_named).collect();
        match &self.what {
            What::Kind(kind) => each(&|c| c.kind == *kind),
            What::Expression(regex) => each(&|c| regex.is_match(&c.label) || regex.is_match(&plain_label(&c.label))),
            What::Range { prefix, from, to } => each(&|c| {
                let is_inside = |label: &str| {
                    split(label).is_some_and(|(p, n)| p.eq_ignore_ascii_case(prefix) && (*from..=*to).contains(&n))
                };
                is_inside(&c.label) || is_inside(&plain_label(&c.label))
            }),
            What::Label => {
                let spelt = |c: &Channel| c.label.eq_ignore_ascii_case(&self.written);
                if channels.iter().any(spelt) {
                    return each(&spelt);
                }
                let plain = plain_label(&self.written);
                each(&|c| plain_label(&c.label) == plain)
            }
        }
    }

    /// The label that was probably meant, where this is one.
    #[must_use]
    pub fn meant<'a>(&self, channels: &'a [Channel]) -> Option<&'a str> {
        if !matches!(self.what, What::Label) {
            return None;
        }
        let labels = || channels.iter().map(|c| c.label.as_str());
        // `C33` is nearer to the C3 in `EEG C3-Ref` than to the whole.
        let plain: Vec<String> = labels().map(plain_label).collect();
        let by_name = suggestion(&self.written, plain.iter().map(String::as_str));
        let at = by_name.and_then(|name| plain.iter().position(|p| p == name));
        suggestion(&self.written, labels()).or_else(|| at.and_then(|at| labels().nth(at)))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// The kind of channels that a word means.
pub(super) fn kind(word: &str) -> Result<ChannelKind, String> {
    let words = ChannelKind::ALL.map(ChannelKind::word);
    let found = ChannelKind::ALL.into_iter().find(|k| k.word().eq_ignore_ascii_case(word.trim()));
    found.ok_or_else(|| {
        let meant = suggestion(word, words).map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
        format!("there is no such type of channel; there are {}{meant}", words.join(", "))
    })
}

/// A label and the number at its end.
fn split(label: &str) -> Option<(&str, u32)> {
    let label = label.trim();
    let prefix = label.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((prefix, label[prefix.len()..].parse().ok()?))
}

/// `G1..G16`, or nothing where it is none, as `C3..` in recordings that fill labels with dots.
fn range(text: &str) -> Option<Result<What, String>> {
    let (from, to) = text.split_once("..")?;
    let ((prefix, from), (other, to)) = (split(from)?, split(to)?);
    if !prefix.eq_ignore_ascii_case(other) || from > to {
        return Some(Err("must be a range of one prefix that goes up, such as `G1..G16`".to_owned()));
    }
    Some(Ok(What::Range { prefix: prefix.to_owned(), from, to }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Montage;
    use crate::signal::electrode::{Electrode, GridShape};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_written_is_read_or_refused(text in "[A-Ca-c0-9 ._:/()-]{0,12}", other in any::<String>()) {
            for written in [&text, &other] {
                let channels = Montage::of_labels(&["EEG C3-Ref", written]).located(&[].into()).channels;
                if let Ok(pattern) = Pattern::parse(written) {
                    prop_assert_eq!(pattern.matches(&channels).len(), 2);
                    prop_assert!(pattern.meant(&channels).is_none_or(|label| !label.is_empty()));
                }
                prop_assert!(Electrode::of(written).is_none_or(|e| plain_label(e.name) == plain_label(written)));
                prop_assert!(written.parse::<GridShape>().is_ok_and(|s| s.contacts() > 0) || written.parse::<GridShape>().is_err());
            }
        }
    }

    fn named(pattern: &str, labels: &[&str]) -> Vec<usize> {
        let channels = Montage::of_labels(labels).channels;
        let matches = Pattern::parse(pattern).unwrap().matches(&channels);
        (0..labels.len()).filter(|&i| matches[i]).collect()
    }

    #[test]
    fn each_way_names_its_channels() {
        let labels = ["EEG C3-Ref", "C4..", "Fz", "EOG left", "G1", "G02", "G16", "G17", "GX1"];
        assert_eq!(named("c3", &labels), [0]);
        assert_eq!(named("/^C[0-9]$/", &labels), [0, 1]);
        assert_eq!(named("type:EOG", &labels), [3]);
        assert_eq!(named("g1..G16", &labels), [4, 5, 6]);
        assert_eq!(named("C4..", &labels), [1], "dots at the end are no range");
        assert_eq!(named("Q", &labels), [0; 0]);
        assert_eq!(named("T7", &["T3", "T7"]), [1], "a label as it is written comes first");
        assert_eq!(named("T7", &["EEG T3"]), [0]);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (pattern, part) in [
            ("type:eegg", "did you mean `eeg`?"),
            ("/(/", "unclosed group"),
            ("G16..G1", "goes up"),
            ("G1..H4", "one prefix"),
            (" ", "must not be empty"),
            ("/(a{9}{99}{99}){99}/", "regular expression"),
        ] {
            let message = Pattern::parse(pattern).unwrap_err();
            assert!(message.contains(part), "{pattern}: {message}");
        }
    }
}
