//! The montage: the channels of a stream in their order, and where they lie.
//!
//! Plain values. Invariant: a montage's order is the order of the samples inside every frame of its stream.

use super::electrode::{Electrode, GridShapes, contacts, grid_places, in_disc, numbered, plain_label};
use super::{Channel, ChannelKind, Unit};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// The channels of a stream, in the order of the samples in a frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Montage {
    /// The channels.
    pub channels: Vec<Channel>,
}

impl Montage {
    /// A montage of microvolt channels with these labels.
    #[must_use]
    pub fn of_labels<S: AsRef<str>>(labels: &[S]) -> Self {
        let channels = labels.iter().map(|l| Channel::named(l.as_ref(), Unit::parse("uV"))).collect();
        Self { channels }
    }

    /// How many channels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// True when there is no channel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// The labels in order.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().map(|c| c.label.as_str())
    }

    /// The first channel of this label, or where there is none, the first of the same electrode (`EEG C3-Ref` for `C3`).
    #[must_use]
    pub fn find(&self, label: &str) -> Option<usize> {
        let spelt = |c: &Channel| c.label.eq_ignore_ascii_case(label.trim());
        let wanted = plain_label(label);
        self.channels
            .iter()
            .position(spelt)
            .or_else(|| self.channels.iter().position(|c| plain_label(&c.label) == wanted))
    }

    /// Where the electrodes lie in the unit disc, of those of which it is known; [`Montage::located`] finds it out.
    #[must_use]
    pub fn positions(&self) -> Vec<Option<[f32; 2]>> {
        self.channels.iter().map(|c| c.position).collect()
    }

    /// How many channels have a position.
    #[must_use]
    pub fn located_channels(&self) -> usize {
        self.channels.iter().filter(|c| c.position.is_some()).count()
    }

    /// The same channels with their places: EEG by the names of the 10-5 system, ECoG by the numbers of contacts in grids
    /// of these shapes, or of guessed ones; EEG whose names say nothing, where the source states that it lies.
    ///
    /// Names win: one name is one place in all recordings, which is what a model has learnt, and what devices state is in
    /// frames and units of their own. Of that the direction from the centre is taken alone, which no unit changes; it does not
    /// tell how deep a contact in the brain lies.
    ///
    /// Labels such as `C1` to `C64` are no scalp: where most numbers behind a prefix are no electrodes, none of them is.
    #[must_use]
    pub fn located(&self, shapes: &GridShapes) -> Self {
        let prefix = |c: &Channel| numbered(&c.label).map(|(prefix, _)| prefix);
        let mut votes: HashMap<String, i64> = HashMap::new();
        for channel in self.channels.iter().filter(|c| c.kind == ChannelKind::Eeg) {
            if let Some(prefix) = prefix(channel) {
                *votes.entry(prefix).or_default() += if Electrode::of(&channel.label).is_some() { 1 } else { -1 };
            }
        }
        let on_scalp = |c: &Channel| {
            let is_named = prefix(c).and_then(|p| votes.get(&p)).is_none_or(|&votes| votes >= 0);
            Electrode::of(&c.label).filter(|_| is_named && c.kind == ChannelKind::Eeg).map(|e| e.position)
        };
        let in_grids = grid_places(&contacts(&self.channels, shapes));
        let stated = |c: &Channel| c.location_mm.filter(|_| c.kind == ChannelKind::Eeg).and_then(in_disc);
        let place = |(channel, in_grid): (&Channel, Option<[f32; 2]>)| Channel {
            position: on_scalp(channel).or(in_grid).or_else(|| stated(channel)),
            ..channel.clone()
        };
        Self { channels: self.channels.iter().zip(in_grids).map(place).collect() }
    }
}

impl fmt::Display for Montage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.labels().collect();
        f.write_str(&labels.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(labels: &[&str]) -> usize {
        Montage::of_labels(labels).located(&GridShapes::new()).located_channels()
    }

    #[test]
    fn a_label_finds_its_channel_and_its_electrode_where_there_is_no_such_label() {
        let montage = Montage::of_labels(&["EEG T3-Ref", "EEG C3-Ref", "T7", "c4"]);
        assert_eq!(montage.find("T7"), Some(2), "the channel of this label comes first");
        assert_eq!(montage.find("t3"), Some(0));
        assert_eq!((montage.find("C3"), montage.find("EEG C4")), (Some(1), Some(3)));
        assert_eq!(montage.find("Cz"), None);
    }

    #[test]
    fn names_of_the_scalp_have_places_and_numbers_that_look_like_them_have_none() {
        assert_eq!(located(&["Fp1.", "EEG T3", "POz", "C3", "nose", "E12"]), 4);
        let grid: Vec<String> = (1..=64).map(|n| format!("C{n}")).collect();
        let grid: Vec<&str> = grid.iter().map(String::as_str).collect();
        assert_eq!(located(&grid), 0, "C1 to C64 are no scalp, though C1 to C6 are names of it");
        let kind = |c: &Channel| Channel { kind: ChannelKind::Ecog, ..c.clone() };
        let grid = Montage { channels: Montage::of_labels(&grid).channels.iter().map(kind).collect() };
        assert_eq!(grid.located(&GridShapes::new()).located_channels(), 64, "told to be ECoG, they are a grid");
        let mut stated = Montage::of_labels(&["C3", "E1", "E2", "EOG F7", "E3"]);
        for channel in &mut stated.channels {
            channel.location_mm = Some([0.0, 0.0, 90.0]);
        }
        stated.channels[4].location_mm = Some([0.0; 3]);
        let stated = stated.located(&GridShapes::new());
        let c3 = Electrode::of("C3").map(|electrode| electrode.position);
        assert_eq!(stated.positions(), [c3, Some([0.0, 0.0]), Some([0.0, 0.0]), None, None], "a name wins");
        let scalp = |channel: usize| stated.channels[channel].electrode().is_some();
        assert!(scalp(0) && !scalp(1));
        let eog = Montage::of_labels(&["EOG F7", "C3"]);
        assert_eq!(eog.located(&GridShapes::new()).positions()[0], None);
    }
}
