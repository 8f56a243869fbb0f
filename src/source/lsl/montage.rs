//! From a stream's own description to a montage.
//!
//! Owns the reading of labels, units and kinds; runs once, when a stream is opened. Invariant: the montage has
//! exactly one channel for each value of a sample, whatever the description leaves out.

use crate::lsl::ChannelNote;
use crate::signal::{Channel, ChannelKind, Montage, Unit};

/// What the stream does not say, and what is assumed instead, in words; and the montage.
pub(super) fn read(notes: &[ChannelNote], channels: usize) -> (Montage, Vec<String>) {
    let (mut nameless, mut unitless, mut other) = (0, 0, Vec::new());
    let empty = ChannelNote::default();
    let mut read = Vec::with_capacity(channels);
    for number in 0..channels {
        let note = notes.get(number).unwrap_or(&empty);
        let mut label = note.label.clone();
        if label.is_empty() {
            nameless += 1;
            label = format!("E{}", number + 1);
        }
        let kind = kind_of(&note.kind);
        let signal = !matches!(kind, Some(ChannelKind::Trigger | ChannelKind::Other));
        let unit = if note.unit.is_empty() && signal {
            unitless += 1;
            Unit::parse("uV")
        } else {
            Unit::parse(&note.unit)
        };
        if let (Unit::Other(text), true) = (&unit, signal) {
            other.push(format!("{label} ({text})"));
        }
        let mut channel = Channel::named(&label, unit);
        channel.kind = kind.unwrap_or(channel.kind);
        channel.location_mm = note.location_mm;
        read.push(channel);
    }
    let mut assumed = Vec::new();
    if nameless > 0 {
        assumed
            .push(format!("{nameless} of {channels} channels have no label in the stream: named E1, E2, … by place"));
    }
    if unitless > 0 {
        assumed.push(format!("{unitless} of {channels} channels have no unit in the stream: taken as microvolts"));
    }
    if !other.is_empty() {
        let names = other.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
        let more = if other.len() > 4 { format!(" and {} more", other.len() - 4) } else { String::new() };
        assumed.push(format!("units that are no voltage are left as they are: {names}{more}"));
    }
    (Montage { channels: read }, assumed)
}

/// The kind that a stream states in words, in the terms of the XDF meta-data conventions.
fn kind_of(text: &str) -> Option<ChannelKind> {
    Some(match text.to_ascii_uppercase().as_str() {
        "EEG" => ChannelKind::Eeg,
        "ECOG" | "SEEG" | "IEEG" | "LFP" | "DBS" => ChannelKind::Ecog,
        "EOG" | "HEOG" | "VEOG" => ChannelKind::Eog,
        "EMG" => ChannelKind::Emg,
        "ECG" | "EKG" => ChannelKind::Ecg,
        "TRIG" | "TRIGGER" | "TRIGGERS" | "STIM" | "MARKER" | "MARKERS" | "STATUS" => ChannelKind::Trigger,
        "AUX" | "MISC" | "ACC" | "GYRO" | "TEMP" | "COUNTER" | "SEQUENCE" | "BATTERY" => ChannelKind::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(label: &str, unit: &str, kind: &str) -> ChannelNote {
        ChannelNote { label: label.into(), unit: unit.into(), kind: kind.into(), location_mm: None }
    }

    #[test]
    fn what_the_stream_says_is_kept() {
        let notes = [note("C3", "microvolts", "EEG"), note("X", "mV", "EOG"), note("count", "", "AUX")];
        let (montage, assumed) = read(&notes, 3);
        assert_eq!(montage.labels().collect::<Vec<_>>(), ["C3", "X", "count"]);
        let kinds: Vec<_> = montage.channels.iter().map(|c| c.kind).collect();
        assert_eq!(kinds, [ChannelKind::Eeg, ChannelKind::Eog, ChannelKind::Other]);
        let factors: Vec<_> = montage.channels.iter().map(|c| c.unit.factor()).collect();
        assert_eq!(factors, [1.0, 1000.0, 1.0]);
        assert_eq!(assumed, Vec::<String>::new());
    }

    #[test]
    fn what_it_leaves_out_is_assumed_and_told() {
        let (montage, assumed) = read(&[note("C3", "", ""), note("", "V", ""), note("D", "celsius", "")], 4);
        assert_eq!(montage.labels().collect::<Vec<_>>(), ["C3", "E2", "D", "E4"]);
        assert!(montage.channels[0].unit.is_voltage());
        assert!(assumed[0].starts_with("2 of 4 channels have no label"), "{assumed:?}");
        assert!(assumed[1].starts_with("2 of 4 channels have no unit"), "{assumed:?}");
        assert!(assumed[2].contains("D (celsius)"), "{assumed:?}");
    }
}
