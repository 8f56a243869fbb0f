//! Channels, their kinds and units, and the montage that orders them.
//!
//! Owns the facts about electrodes; runs on no thread of its own. Invariant: a montage's order is the order of
//! the samples inside every frame of its stream.

use std::fmt;

/// What a channel measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// Scalp electroencephalography.
    Eeg,
    /// Intracranial: grids, strips and depth electrodes.
    Ecog,
    /// Eye movements.
    Eog,
    /// Muscle.
    Emg,
    /// Heart.
    Ecg,
    /// Digital trigger lines and status words.
    Trigger,
    /// Anything else (temperature, respiration, counters).
    Other,
}

/// The unit a channel arrives in; voltages can be turned into microvolts.
#[derive(Clone, Debug, PartialEq)]
pub enum Unit {
    /// A voltage: one unit is this many microvolts.
    Volts {
        /// Microvolts in one unit: 1 for µV, 1000 for mV, 1e6 for V, 0.001 for nV.
        microvolts: f64,
    },
    /// Not a voltage, as written in the file or stream (may be empty).
    Other(String),
}

impl Unit {
    /// Reads a unit as EDF files and LSL streams write it: `uV`, `µV`, `microvolts`, `mV`, `V`, …
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let microvolts = match text.trim() {
            "uV" | "µV" | "μV" | "UV" | "uv" | "microvolt" | "microvolts" | "Microvolts" => 1.0,
            "nV" | "nv" | "nanovolts" => 1e-3,
            "mV" | "mv" | "MV" | "millivolts" => 1e3,
            "V" | "v" | "volt" | "volts" => 1e6,
            other => return Self::Other(other.to_owned()),
        };
        Self::Volts { microvolts }
    }

    /// The factor that turns a value in this unit into what frames carry: microvolts, or 1 where it is no voltage.
    #[must_use]
    pub fn factor(&self) -> f64 {
        match self {
            Self::Volts { microvolts } => *microvolts,
            Self::Other(_) => 1.0,
        }
    }

    /// True for voltages.
    #[must_use]
    pub fn is_voltage(&self) -> bool {
        matches!(self, Self::Volts { .. })
    }
}

/// One channel of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// The name as the source gives it, blanks trimmed.
    pub label: String,
    /// The unit it arrived in; its samples are already microvolts where that is a voltage.
    pub unit: Unit,
    /// What it measures.
    pub kind: ChannelKind,
}

impl Channel {
    /// A channel whose kind is guessed from its label and unit, as recording software names them.
    #[must_use]
    pub fn named(label: &str, unit: Unit) -> Self {
        let upper = label.to_ascii_uppercase();
        let has = |word: &str| upper.contains(word);
        let kind = if upper == "STATUS" || has("TRIG") || has("MARKER") || has("STIM") || upper == "STI 014" {
            ChannelKind::Trigger
        } else if has("EOG") {
            ChannelKind::Eog
        } else if has("EMG") {
            ChannelKind::Emg
        } else if has("ECG") || has("EKG") {
            ChannelKind::Ecg
        } else if has("ECOG") || has("SEEG") {
            ChannelKind::Ecog
        } else if unit.is_voltage() {
            ChannelKind::Eeg
        } else {
            ChannelKind::Other
        };
        Self { label: label.trim().to_owned(), unit, kind }
    }
}

/// The channels of a stream, in the order of the samples in a frame.
#[derive(Clone, Debug, Default, PartialEq)]
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
}

impl fmt::Display for Montage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.labels().collect();
        f.write_str(&labels.join(", "))
    }
}
