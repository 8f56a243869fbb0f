//! What the scalp tells of each channel.
//!
//! Pure. Invariant: [`Topic::next`] comes round.

use crate::dsp::spectra::Rhythm;

/// What the scalp tells of each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// Its power in a band.
    Band(Rhythm),
    /// How far the served embedding moves without it.
    Saliency,
}

impl Topic {
    /// The next one, from the slowest band to the fastest and on to what the model looks at.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Band(band) if Some(&band) == Rhythm::ALL.last() => Self::Saliency,
            Self::Band(band) => Self::Band(band.next()),
            Self::Saliency => Self::Band(Rhythm::ALL[0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_round() {
        let mut topic = Topic::Band(Rhythm::Alpha);
        let seen: Vec<Topic> = (0..6)
            .map(|_| {
                topic = topic.next();
                topic
            })
            .collect();
        assert_eq!(
            (seen[2], seen[3], seen[5]),
            (Topic::Saliency, Topic::Band(Rhythm::Delta), Topic::Band(Rhythm::Alpha))
        );
    }
}
