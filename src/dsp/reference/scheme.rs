//! What channels are referred to, as a user asks for it.
//!
//! Plain values. Invariant: every word is written in one place, here.

use super::laplacian::Reach;
use crate::signal::electrode::plain_label;
use std::fmt;

/// Two electrodes, of which the second is subtracted from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The first.
    pub anode: String,
    /// The one that is subtracted.
    pub cathode: String,
}

/// What the channels are referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// As recorded.
    AsRecorded,
    /// The mean of the good channels.
    Average,
    /// The mean of the good channels of the same grid or strip.
    AveragePerGrid,
    /// The median of the good channels.
    Median,
    /// The mean of the good ones of these channels, which are not among what comes out.
    Named(Vec<String>),
    /// The differences of these pairs.
    Bipolar(Vec<Pair>),
    /// Pairs from the forehead to the back, over temples and centre (ACNS guideline, 2016: LB-18).
    DoubleBanana,
    /// Pairs from left to right (ACNS guideline, 2016: TB-18).
    Transverse,
    /// The mean of the electrodes around each (Hjorth, 1975; McFarland et al., 1997).
    Laplacian(Reach),
}

impl Reference {
    /// The words for those that need no labels.
    pub const WORDS: [&str; 9] = [
        "average",
        "average-per-grid",
        "median",
        "none",
        "bipolar",
        "double-banana",
        "transverse",
        "small-laplacian",
        "large-laplacian",
    ];

    /// The reference of a word, and of `bipolar` these pairs; none where it is no word.
    #[must_use]
    pub fn of_word(word: &str, pairs: &[Pair]) -> Option<Self> {
        Some(match word {
            "none" => Self::AsRecorded,
            "average" => Self::Average,
            "average-per-grid" => Self::AveragePerGrid,
            "median" => Self::Median,
            "bipolar" => Self::Bipolar(pairs.to_vec()),
            "double-banana" => Self::DoubleBanana,
            "transverse" => Self::Transverse,
            "small-laplacian" => Self::Laplacian(Reach::Nearest),
            "large-laplacian" => Self::Laplacian(Reach::NextNearest),
            _ => return None,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsRecorded => "none",
            Self::Average => "average",
            Self::AveragePerGrid => "average-per-grid",
            Self::Median => "median",
            Self::Named(labels) => {
                let mut names: Vec<String> = labels.iter().map(|label| plain_label(label)).collect();
                names.sort_unstable();
                return f.write_str(&names.join(", "));
            }
            Self::Bipolar(_) => "bipolar",
            Self::DoubleBanana => "double-banana",
            Self::Transverse => "transverse",
            Self::Laplacian(Reach::Nearest) => "small-laplacian",
            Self::Laplacian(Reach::NextNearest) => "large-laplacian",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_and_written() {
        for word in Reference::WORDS {
            assert_eq!(Reference::of_word(word, &[]).unwrap().to_string(), word);
        }
        assert_eq!(Reference::of_word("Cz", &[]), None);
        let ears = |labels: [&str; 2]| Reference::Named(labels.map(str::to_owned).into()).to_string();
        assert_eq!(ears(["EEG A2", "a1"]), ears(["A1", "A2"]), "checkpoints must not depend on how labels are written");
    }
}
