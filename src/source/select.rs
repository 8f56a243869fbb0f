//! Which channels of a source are taken.
//!
//! Pure. Invariant: the order of the source is kept, for a montage's order is that of its samples.

use super::SourceError;
use crate::config::suggestion;
use crate::signal::{Channel, ChannelKind};

/// The channels that a user wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Labels to take; empty for all EEG and ECoG channels, or where there is none of these, all voltages, or all.
    pub channels: Vec<String>,
    /// Labels to leave out.
    pub exclude: Vec<String>,
}

impl Selection {
    /// Indices of the channels that are taken.
    ///
    /// # Errors
    /// If a label is unknown or none is left.
    pub fn pick(&self, name: &str, channels: &[Channel]) -> Result<Vec<usize>, SourceError> {
        let all = || channels.iter().map(|c| c.label.as_str()).collect::<Vec<_>>();
        let known = |label: &String| channels.iter().any(|c| same(&c.label, label));
        let asked = self.channels.iter().chain(&self.exclude);
        let unknown: Vec<String> = asked.filter(|label| !known(label)).cloned().collect();
        if let Some(first) = unknown.first() {
            let suggestion = suggestion(first, all()).map(str::to_owned);
            return Err(SourceError::UnknownChannels {
                name: name.to_owned(),
                unknown,
                suggestion,
                channels: all().join(", "),
            });
        }
        let wanted: Box<dyn Fn(&Channel) -> bool> = if self.channels.is_empty() {
            let is_brain = |c: &Channel| matches!(c.kind, ChannelKind::Eeg | ChannelKind::Ecog);
            let is_signal = |c: &Channel| c.unit.is_voltage() && c.kind != ChannelKind::Trigger;
            if channels.iter().any(is_brain) {
                Box::new(is_brain)
            } else if channels.iter().any(is_signal) {
                Box::new(is_signal)
            } else {
                Box::new(|c| c.kind != ChannelKind::Trigger)
            }
        } else {
            Box::new(|c| self.channels.iter().any(|label| same(&c.label, label)))
        };
        let excluded = |c: &Channel| self.exclude.iter().any(|label| same(&c.label, label));
        let taken: Vec<usize> =
            (0..channels.len()).filter(|&i| wanted(&channels[i]) && !excluded(&channels[i])).collect();
        if taken.is_empty() {
            return Err(SourceError::NoChannels { name: name.to_owned(), channels: all().join(", ") });
        }
        Ok(taken)
    }
}

/// Labels as people write them: `EEG C3-Ref`, `C3.` and `c3` are one electrode.
fn same(a: &str, b: &str) -> bool {
    a == b || plain(a) == plain(b)
}

fn plain(label: &str) -> String {
    let label = label.trim().trim_end_matches('.').to_lowercase();
    let label = label.strip_prefix("eeg ").unwrap_or(&label);
    label.strip_suffix("-ref").unwrap_or(label).to_owned()
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

    #[test]
    fn takes_the_brain_by_default_and_labels_as_people_write_them() {
        let pick = |channels: &[&str], exclude: &[&str]| {
            let owned = |labels: &[&str]| labels.iter().map(|&l| l.to_owned()).collect();
            Selection { channels: owned(channels), exclude: owned(exclude) }.pick("x", &self::channels())
        };
        assert_eq!(pick(&[], &[]).unwrap(), [0, 1]);
        assert_eq!(pick(&["c4", "C3"], &[]).unwrap(), [0, 1]);
        assert_eq!(pick(&["Temp"], &[]).unwrap(), [3]);
        assert!(matches!(pick(&[], &["C3", "C4"]), Err(SourceError::NoChannels { .. })));
        let message = pick(&["C33"], &[]).unwrap_err().to_string();
        assert!(message.contains("`C33`") && message.contains("EEG C3-Ref"), "{message}");
    }
}
