//! Which channels of a source are taken, and what kinds they are.
//!
//! Pure. Invariant: the order of the source is kept, for a montage's order is that of its samples.

use super::SourceError;
use super::pattern::{Pattern, kind};
use crate::config::{Problem, SignalConfig};
use crate::signal::{Channel, ChannelKind};

/// The channels that a user wants.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Channels to take; empty for all EEG and ECoG channels, or where there is none of these, all voltages, or all.
    channels: Vec<Pattern>,
    /// Channels to leave out.
    exclude: Vec<Pattern>,
    /// What channels measure, where the source does not say it.
    kinds: Vec<(ChannelKind, Pattern)>,
}

impl Selection {
    /// Reads what a configuration says of channels.
    ///
    /// # Errors
    /// With every pattern and every kind that cannot be read.
    pub fn read(signal: &SignalConfig) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut patterns = |key: &str, written: &[String]| -> Vec<Pattern> {
            let read = |text: &String| {
                let wrong = |why| problems.push(Problem::of(key, format!("\"{text}\""), why));
                Pattern::parse(text).map_err(wrong).ok()
            };
            written.iter().filter_map(read).collect()
        };
        let channels = patterns("signal.channels", &signal.channels);
        let exclude = patterns("signal.exclude", &signal.exclude);
        let mut of_kinds = Vec::new();
        for (word, written) in &signal.kinds {
            of_kinds.push((word, patterns(&format!("signal.kinds.{word}"), written)));
        }
        let mut kinds = Vec::new();
        for (word, patterns) in of_kinds {
            match kind(word) {
                Ok(kind) => kinds.extend(patterns.into_iter().map(|pattern| (kind, pattern))),
                Err(why) => problems.push(Problem::of(&format!("signal.kinds.{word}"), "", why)),
            }
        }
        if problems.is_empty() { Ok(Self { channels, exclude, kinds }) } else { Err(problems) }
    }

    /// True if the channels to take are named.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        !self.channels.is_empty()
    }

    /// The channels that are taken, with their places among `channels`; kinds are those of the configuration.
    ///
    /// # Errors
    /// If a pattern names no channel, telling of all that do not, or none is left.
    pub fn pick(&self, name: &str, mut channels: Vec<Channel>) -> Result<Vec<(usize, Channel)>, SourceError> {
        let mut unknown = Vec::new();
        for (kind, pattern) in &self.kinds {
            let named = named(pattern, &channels, &mut unknown);
            for (channel, _) in channels.iter_mut().zip(named).filter(|(_, is_named)| *is_named) {
                channel.kind = *kind;
            }
        }
        let mut any = |patterns: &[Pattern]| {
            let mut marks = vec![false; channels.len()];
            for pattern in patterns {
                let named = named(pattern, &channels, &mut unknown);
                marks.iter_mut().zip(named).for_each(|(mark, is_named)| *mark |= is_named);
            }
            marks
        };
        let (asked, excluded) = (any(&self.channels), any(&self.exclude));
        let all = || channels.iter().map(|c| c.label.as_str()).collect::<Vec<_>>().join(", ");
        if !unknown.is_empty() {
            return Err(SourceError::UnknownChannels { name: name.to_owned(), unknown, channels: all() });
        }
        let is_brain = |c: &Channel| c.kind.is_brain();
        let is_signal = |c: &Channel| c.unit.is_voltage() && c.kind != ChannelKind::Trigger;
        let by_default: &dyn Fn(&Channel) -> bool = if channels.iter().any(is_brain) {
            &is_brain
        } else if channels.iter().any(is_signal) {
            &is_signal
        } else {
            &|c| c.kind != ChannelKind::Trigger
        };
        let is_taken = |i: usize| if self.is_explicit() { asked[i] } else { by_default(&channels[i]) };
        let taken: Vec<(usize, Channel)> =
            (0..channels.len()).filter(|&i| is_taken(i) && !excluded[i]).map(|i| (i, channels[i].clone())).collect();
        if taken.is_empty() {
            return Err(SourceError::NoChannels { name: name.to_owned(), channels: all() });
        }
        Ok(taken)
    }
}

/// Of each channel whether it is named; a pattern that names none is noted with what was probably meant.
fn named(pattern: &Pattern, channels: &[Channel], unknown: &mut Vec<(String, Option<String>)>) -> Vec<bool> {
    let matches = pattern.matches(channels);
    if !matches.contains(&true) {
        unknown.push((pattern.to_string(), pattern.meant(channels).map(str::to_owned)));
    }
    matches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Unit;

    fn channels() -> Vec<Channel> {
        [("EEG C3-Ref", "uV"), ("C4.", "uV"), ("EOG left", "uV"), ("Temp", "degC"), ("Status", "Boolean")]
            .map(|(label, unit)| Channel::named(label, Unit::parse(unit)))
            .into()
    }

    fn pick(channels: &[&str], exclude: &[&str], ecog: &[&str]) -> Result<Vec<usize>, SourceError> {
        let owned = |labels: &[&str]| labels.iter().map(|&l| l.to_owned()).collect::<Vec<_>>();
        let kinds = [("ecog".to_owned(), owned(ecog))].into();
        let signal =
            SignalConfig { channels: owned(channels), exclude: owned(exclude), kinds, ..SignalConfig::default() };
        let taken = Selection::read(&signal).unwrap().pick("x", self::channels())?;
        Ok(taken.into_iter().map(|(i, _)| i).collect())
    }

    #[test]
    fn takes_the_brain_by_default_and_labels_as_people_write_them() {
        assert_eq!(pick(&[], &[], &[]).unwrap(), [0, 1]);
        assert_eq!(pick(&["c4", "C3"], &[], &[]).unwrap(), [0, 1]);
        assert_eq!(pick(&["Temp"], &[], &[]).unwrap(), [3]);
        assert_eq!(pick(&["type:eeg", "/left/"], &["C4"], &[]).unwrap(), [0, 2]);
        assert!(matches!(pick(&[], &["C3", "C4"], &[]), Err(SourceError::NoChannels { .. })));
        let message = pick(&["C33", "nose"], &["type:ecg"], &[]).unwrap_err().to_string();
        for part in ["`C33` (did you mean `EEG C3-Ref`?)", "`nose`", "`type:ecg`"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn kinds_that_the_source_does_not_say_are_told() {
        assert_eq!(pick(&["type:ecog"], &[], &["Temp", "/^EEG/"]).unwrap(), [0, 3]);
        assert_eq!(pick(&[], &[], &["Temp"]).unwrap(), [0, 1, 3]);
        assert!(matches!(pick(&[], &[], &["G1..G8"]), Err(SourceError::UnknownChannels { .. })));
        let kinds = [("eco".to_owned(), vec!["/(/".to_owned()])].into();
        let signal = SignalConfig { channels: vec!["type:x".to_owned()], kinds, ..SignalConfig::default() };
        let problems = Selection::read(&signal).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
    }
}
