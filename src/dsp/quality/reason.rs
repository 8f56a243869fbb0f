//! What can be wrong with a channel.
//!
//! Plain values. Invariant: a [`Reasons`] fits in one byte, so that a row of them can travel beside frames.

use crate::signal::ChannelKind;
use serde::{Deserialize, Serialize};

/// One thing that is wrong with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It does not move.
    Flat,
    /// It stays at the end of its range.
    Railed,
    /// It delivers NaN or infinities.
    NotFinite,
    /// The mains are stronger than the brain.
    LineNoise,
    /// It has far more high frequencies than brains make: muscle, or a loose electrode's noise.
    Muscle,
    /// It jumps, as electrodes do when they pop.
    Jumps,
    /// It shares nothing with other channels.
    Uncorrelated,
    /// A person says so: never measured, set by whoever owns the verdicts.
    Marked,
}

impl Reason {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 8] = [
        Self::Flat,
        Self::Railed,
        Self::NotFinite,
        Self::LineNoise,
        Self::Muscle,
        Self::Jumps,
        Self::Uncorrelated,
        Self::Marked,
    ];

    /// A word of at most eight letters for narrow columns.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Railed => "railed",
            Self::NotFinite => "NaN",
            Self::LineNoise => "line",
            Self::Muscle => "muscle",
            Self::Jumps => "jumps",
            Self::Uncorrelated => "alone",
            Self::Marked => "marked",
        }
    }

    /// What follows a channel's name in a sentence.
    #[must_use]
    pub fn predicate(self) -> &'static str {
        match self {
            Self::Flat => "is flat",
            Self::Railed => "is at the end of its range",
            Self::NotFinite => "delivers no numbers",
            Self::LineNoise => "hums with line noise",
            Self::Muscle => "is full of muscle or noise",
            Self::Jumps => "jumps",
            Self::Uncorrelated => "shares nothing with other channels",
            Self::Marked => "is marked as bad by hand",
        }
    }
}

/// A set of [`Reason`]s; empty where a channel is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reasons(u8);

impl Reasons {
    /// Nothing is wrong.
    pub const NONE: Self = Self(0);

    /// The reasons by which a channel of this kind is judged.
    #[must_use]
    pub fn judged(kind: ChannelKind) -> Self {
        let any = Self::NONE.with(Reason::NotFinite);
        let electrode = any.with(Reason::Flat).with(Reason::Railed).with(Reason::LineNoise);
        let brain = electrode.with(Reason::Jumps).with(Reason::Muscle);
        match kind {
            ChannelKind::Eeg => brain.with(Reason::Uncorrelated),
            ChannelKind::Ecog => brain,
            ChannelKind::Eog => electrode.with(Reason::Jumps),
            ChannelKind::Emg | ChannelKind::Ecg => electrode,
            ChannelKind::Trigger | ChannelKind::Other => any,
        }
    }

    /// True when the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when it holds this reason.
    #[must_use]
    pub fn has(self, reason: Reason) -> bool {
        self.0 & Self::bit(reason) != 0
    }

    /// The set and this reason.
    #[must_use]
    pub fn with(self, reason: Reason) -> Self {
        Self(self.0 | Self::bit(reason))
    }

    /// The set less this reason.
    #[must_use]
    pub fn without(self, reason: Reason) -> Self {
        Self(self.0 & !Self::bit(reason))
    }

    /// The reasons in it.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |&reason| self.has(reason))
    }

    /// One bit a reason, in the order of [`Reason::ALL`].
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// The set with these bits: each bit of a byte is a reason.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// What follows a channel's name in a sentence: `is flat and jumps`, or `is good again`.
    #[must_use]
    pub fn sentence(self) -> String {
        let predicates: Vec<&str> = self.iter().map(Reason::predicate).collect();
        if predicates.is_empty() { "is good again".to_owned() } else { predicates.join(" and ") }
    }

    fn bit(reason: Reason) -> u8 {
        1 << reason as u8
    }
}

impl std::ops::BitOr for Reasons {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for Reasons {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl std::fmt::Display for Reasons {
    /// The words, separated by commas; `good` for none.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_empty() {
            return f.write_str("good");
        }
        for (i, reason) in self.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { ", " } else { "" }, reason.word())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut all = Reasons::NONE;
        for (i, reason) in Reason::ALL.into_iter().enumerate() {
            assert!(!all.has(reason), "each has a bit of its own");
            all = all.with(reason);
            assert_eq!(all.iter().count(), i + 1);
            assert!(all.without(reason) != all && all.without(reason).with(reason) == all);
            assert!(reason.word().len() <= 8);
        }
        assert_eq!(Reasons::from_bits(0xff), all);
        assert_eq!(Reasons::from_bits(all.bits()), all);
        assert_eq!(Reasons::NONE.to_string(), "good");
        assert_eq!(Reasons::NONE.with(Reason::Jumps).with(Reason::Flat).to_string(), "flat, jumps");
    }
}
