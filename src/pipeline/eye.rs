//! What is done to the signal for the eye alone: filters and a reference of the traces and spectra on screen.
//!
//! Any thread may ask, the telemetry thread obeys. Invariant: nothing that is recorded, learnt or served passes through here.

use crate::dsp::{Conditioning, Derivation};
use crate::signal::{Montage, StreamFacts};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// How the signal is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eye {
    /// Which of the filters, from 0 to [`Eye::FILTERS`] less one.
    pub filters: u8,
    /// Brain channels less the mean of the good ones.
    pub referred: bool,
}

impl Eye {
    /// How many filters there are.
    pub const FILTERS: u8 = 4;

    /// The next filters, the first after the last.
    #[must_use]
    pub fn next_filters(self) -> Self {
        Self { filters: (self.filters % Self::FILTERS + 1) % Self::FILTERS, ..self }
    }

    /// With the other reference.
    #[must_use]
    pub fn other_reference(self) -> Self {
        Self { referred: !self.referred, ..self }
    }

    /// High-pass, low-pass and notch in hertz: the notch that the signal has, or else Europe's mains.
    fn hertz(self, notch_hz: f64) -> [Option<f64>; 3] {
        let line_hz = if notch_hz > 0.0 { notch_hz } else { 50.0 };
        match self.filters {
            0 => [Some(0.5), None, None],
            1 => [Some(0.5), None, Some(line_hz)],
            2 => [Some(1.0), Some(40.0), Some(line_hz)],
            _ => [None; 3],
        }
    }

    /// What it does to a stream; filters at or above half its rate are left out.
    pub(super) fn conditioning(self, facts: &StreamFacts, notch_hz: f64) -> Conditioning {
        let [highpass_hz, lowpass_hz, notch_hz] =
            self.hertz(notch_hz).map(|hz| hz.filter(|hz| *hz < facts.rate_hz / 2.0));
        let channels = facts.montage.len();
        let brain = brain(&facts.montage);
        // The mean of one is that one, and nothing would be left of it.
        let derivation = if self.referred && brain.len() > 1 {
            Derivation::average_of(channels, &brain)
        } else {
            Derivation::as_recorded(channels)
        };
        Conditioning { highpass_hz, lowpass_hz, notch_hz, ..Conditioning::of(derivation) }
    }

    /// The same in words, for the title of the traces.
    pub(super) fn words(self, facts: &StreamFacts, notch_hz: f64) -> String {
        let how = self.conditioning(facts, notch_hz);
        let filter = |name: &str, hz: Option<f64>| hz.map(|hz| format!("{name} {hz}"));
        let is_referred = self.referred && brain(&facts.montage).len() > 1;
        let words = [
            filter("HP", how.highpass_hz),
            filter("LP", how.lowpass_hz),
            filter("notch", how.notch_hz),
            is_referred.then(|| "CAR".to_owned()),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join("  ")
    }
}

fn brain(montage: &Montage) -> Vec<usize> {
    let channels = montage.channels.iter().enumerate();
    channels.filter(|(_, channel)| channel.kind.is_brain()).map(|(place, _)| place).collect()
}

/// What is wanted, for the telemetry thread to read.
#[derive(Debug, Default)]
pub(super) struct EyeBoard {
    filters: AtomicU8,
    referred: AtomicBool,
}

impl EyeBoard {
    pub fn ask(&self, eye: Eye) {
        self.filters.store(eye.filters % Eye::FILTERS, Ordering::Relaxed);
        self.referred.store(eye.referred, Ordering::Relaxed);
    }

    pub fn wanted(&self) -> Eye {
        Eye { filters: self.filters.load(Ordering::Relaxed), referred: self.referred.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::Conditioner;
    use crate::signal::SourceKind;

    fn facts(labels: &[&str], rate_hz: f64) -> StreamFacts {
        let montage = Montage::of_labels(labels);
        StreamFacts { kind: SourceKind::Synthetic, name: String::new(), montage, rate_hz, frames: None, markers: None }
    }

    #[test]
    fn the_mean_is_that_of_good_brain_channels_and_others_stay() {
        let wide = facts(&["C3", "C4", "EOG"], 250.0);
        let mut conditioner = Conditioner::new(&Eye { filters: 3, referred: true }.conditioning(&wide, 0.0), 250.0);
        let mut out = Vec::new();
        conditioner.step(&[10.0, 20.0, 7.0], &[true; 3], &mut out);
        conditioner.step(&[10.0, 20.0, 7.0], &[true, false, true], &mut out);
        assert_eq!(out, [-5.0, 5.0, 7.0, 0.0, 10.0, 7.0]);
    }

    #[test]
    fn filters_come_round_and_say_what_they_are() {
        let wide = facts(&["C3", "C4", "EOG"], 250.0);
        let mut eye = Eye::default();
        let mut words = Vec::new();
        for _ in 0..Eye::FILTERS {
            words.push(eye.words(&wide, 50.0));
            eye = eye.next_filters();
        }
        assert_eq!(words, ["HP 0.5", "HP 0.5  notch 50", "HP 1  LP 40  notch 50", ""]);
        assert_eq!((eye, eye.other_reference().words(&wide, 0.0)), (Eye::default(), "HP 0.5  CAR".to_owned()));
        let slow = facts(&["C3"], 60.0);
        let all = Eye { filters: 2, referred: true };
        assert_eq!(all.words(&slow, 50.0), "HP 1", "what the rate cannot hold, and a mean of one, are left out");
        assert_eq!(Eye { filters: 200, referred: false }.next_filters().filters, 1);
    }
}
