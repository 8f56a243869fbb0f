//! Channels, their kinds and units.
//!
//! Owns the facts about one channel; runs on no thread of its own. Invariant: what a label does not say is guessed from
//! it in one place, here.

use super::electrode::Electrode;
use serde::{Deserialize, Serialize};

/// What a channel measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

impl ChannelKind {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Eeg, Self::Ecog, Self::Eog, Self::Emg, Self::Ecg, Self::Trigger, Self::Other];

    /// The word used in configurations and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Eeg => "eeg",
            Self::Ecog => "ecog",
            Self::Eog => "eog",
            Self::Emg => "emg",
            Self::Ecg => "ecg",
            Self::Trigger => "trigger",
            Self::Other => "other",
        }
    }

    /// True for what a brain makes: EEG and ECoG.
    #[must_use]
    pub fn is_brain(self) -> bool {
        matches!(self, Self::Eeg | Self::Ecog)
    }
}

/// The unit a channel arrives in; voltages can be turned into microvolts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// The whole numbers that samples came as, where they did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Digital {
    /// Bits of a number, 16 or 24; a sign is one of them.
    pub bits: u8,
    /// Value of the lowest number of so many bits, as frames carry it.
    pub low: f64,
    /// Value of the highest.
    pub high: f64,
}

impl Digital {
    /// Numbers of which one step is worth `gain` and 0 is worth `zero`.
    #[must_use]
    pub fn scaled(bits: u8, gain: f64, zero: f64) -> Self {
        let half = f64::from(1_u32 << (bits - 1));
        Self { bits, low: zero - half * gain, high: zero + (half - 1.0) * gain }
    }
}

/// One channel of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// The name as the source gives it, blanks trimmed.
    pub label: String,
    /// The unit it arrived in; its samples are already microvolts where that is a voltage.
    pub unit: Unit,
    /// What it measures.
    pub kind: ChannelKind,
    /// How its samples came, where they were whole numbers; a recording keeps them so.
    pub digital: Option<Digital>,
    /// Where it lies as the source states it, in millimetres from the centre of the head to the right, the front and the top.
    pub location_mm: Option<[f64; 3]>,
    /// Where its electrode lies in the unit disc, once [`Montage::located`](super::Montage::located) has found it; of a
    /// derivation, the middle of its two electrodes.
    pub position: Option<[f32; 2]>,
}

impl Channel {
    /// The electrode of the 10-5 system that it is, once [`Montage::located`](super::Montage::located) has placed it there.
    #[must_use]
    pub fn electrode(&self) -> Option<Electrode> {
        Electrode::of(&self.label).filter(|electrode| self.position == Some(electrode.position))
    }

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
        Self { label: label.trim().to_owned(), unit, kind, digital: None, location_mm: None, position: None }
    }
}
