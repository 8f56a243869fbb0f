//! What was drawn, for people.
//!
//! Owns nothing. Invariant: times are seconds from the start of the window, channels have their labels.

use super::drawn::is_dropped;
use super::{Drawn, channels};
use std::fmt;

/// As many channels as are named; of more, only how many there are.
const NAMED: usize = 8;

impl Drawn {
    /// What is done, in words: `time mask, 0.21 s from 0.80 s`.
    #[must_use]
    pub fn in_words<'a>(&'a self, rate_hz: f64, labels: &'a [&'a str]) -> impl fmt::Display + 'a {
        InWords { drawn: *self, rate_hz, labels }
    }
}

struct InWords<'a> {
    drawn: Drawn,
    rate_hz: f64,
    labels: &'a [&'a str],
}

impl InWords<'_> {
    fn seconds(&self, frames: usize) -> f64 {
        frames as f64 / self.rate_hz
    }

    fn list(&self, f: &mut fmt::Formatter<'_>, which: &[usize]) -> fmt::Result {
        match which.len() {
            0 => f.write_str("none"),
            some if some > NAMED => write!(f, "{some} of {}", self.labels.len()),
            _ => {
                let names: Vec<&str> = which.iter().map(|&channel| self.labels[channel]).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.labels.len();
        match self.drawn {
            Drawn::Amplitude { factor } => write!(f, "amplitude × {factor:.2}"),
            Drawn::Noise { relative, .. } => write!(f, "noise, {relative:.2} of each channel's deviation"),
            Drawn::DcShift { relative } => write!(f, "constant, {relative:+.2} of each channel's deviation"),
            Drawn::TimeShift { frames, later } => {
                let way = if later { "later" } else { "earlier" };
                write!(f, "time shift, {:.3} s {way}", self.seconds(frames))
            }
            Drawn::CropResize { start, kept } => {
                let (from, length) = (self.seconds(start), self.seconds(kept));
                write!(f, "crop, {length:.3} s from {from:.3} s drawn out")
            }
            Drawn::TimeMask { start, length } => {
                write!(f, "time mask, {:.3} s from {:.3} s", self.seconds(length), self.seconds(start))
            }
            Drawn::SmoothMask { start, length } => {
                write!(f, "smooth mask, {:.3} s from {:.3} s", self.seconds(length), self.seconds(start))
            }
            Drawn::ChannelDropout { probability, kept, key } => {
                let dropped: Vec<usize> = (0..count).filter(|&c| is_dropped(c, probability, kept, key)).collect();
                f.write_str("dropped channels, ")?;
                self.list(f, &dropped)
            }
            Drawn::ChannelShuffle { probability, key } => {
                let (mut order, mut chosen) = (vec![0; count], Vec::new());
                channels::permutation(probability, key, &mut order, &mut chosen);
                let moved: Vec<usize> = (0..count).filter(|&place| order[place] != place).collect();
                f.write_str("shuffled channels, ")?;
                self.list(f, &moved)
            }
            Drawn::SignFlip => f.write_str("sign flipped"),
            Drawn::TimeReverse => f.write_str("time reversed"),
            Drawn::BandStop { centre_hz, width_hz } => {
                let (from, to) = (centre_hz - width_hz / 2.0, centre_hz + width_hz / 2.0);
                write!(f, "band stop, {from:.1} to {to:.1} Hz")
            }
            Drawn::Surrogate { magnitude, .. } => {
                write!(f, "surrogate, phases turned by up to {:.0} % of a turn", magnitude * 100.0)
            }
            Drawn::FrequencyShift { by_hz } => write!(f, "frequency shift, {by_hz:+.2} Hz"),
            Drawn::Permutation { segments, .. } => write!(f, "permutation of {segments} pieces"),
            Drawn::Mixup { share } => write!(f, "mixed with {:.0} % of another window", share * 100.0),
        }
    }
}
