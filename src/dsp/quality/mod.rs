//! Quality of each channel while it streams: is it good, and if not, what is wrong with it.
//!
//! Owns the running measures and verdicts of one stream; runs on the thread that owns a [`Quality`] (acquisition), on
//! frames as recorded, before any filter. Invariant: verdicts, figures and masks depend on the frames and gaps alone, not
//! on how the frames were cut into blocks; no figure is NaN.
//!
//! Signal is judged by intervals of half a second (at least 16 frames), each as soon as its last frame is in:
//!
//! | reason | measure | taken over | default: bad, good again |
//! |---|---|---|---|
//! | [`Flat`](Reason::Flat) | peak to peak | the interval | below 0.5 µV, above 1 µV |
//! | [`Railed`](Reason::Railed) | share of samples that are exactly its lowest or highest value | the interval | 10 %, 5 % |
//! | [`NotFinite`](Reason::NotFinite) | NaN and infinities | the interval | one, none |
//! | [`LineNoise`](Reason::LineNoise) | line RMS over 1–30 Hz RMS, where the line stands out | 1.5 s, twice running | 2.5, 1.5 |
//! | [`Muscle`](Reason::Muscle) | density at 30–100 Hz over 1/f from 4–20 Hz | 1.5 s, twice running | 5, 2.5 |
//! | [`Jumps`](Reason::Jumps) | largest step over the usual step | the interval | 20 times and 50 µV |
//! | [`Uncorrelated`](Reason::Uncorrelated) | 98th percentile of correlations with others at 1–20 Hz | 2 s | 0.4, 0.5 |
//!
//! Spectra are of one second (Hann), one every half second; those of line and muscle are averaged over two, those of
//! correlation over three. [`Marked`](Reason::Marked) is never measured: whoever owns a [`Quality`] adds what a person says.
//!
//! **Delays.** A fault is found at the end of the first interval that shows it: 1 s after it began at most for flat,
//! railed and not finite, 0.5 s for a jump, 2 s for line, muscle and lost correlation, the last as a rule: chance
//! correlation can hide a channel for half a second more. A channel is good again when all measures have kept to the good
//! side for `hold_s` (2 s): at most 2.5 s after the end of what is counted, 3.5 s for what the spectrum says and 4 s for
//! correlation, unless the channel was near a threshold before. After a gap verdicts stay until there is enough signal to
//! judge anew; where gaps lie closer than half a second, nothing is judged.
//!
//! **Which channels.** Scalp EEG is judged by all measures. ECoG is not judged by correlation: on a grid, near neighbours
//! need not correlate, and on real grids the measure does not tell a good contact from noise. EOG is not judged by muscle
//! and correlation, EMG and ECG by neither of these nor by jumps; triggers and other channels only by being finite.
//!
//! **Sources.** Correlation with the threshold 0.4 and its 98th percentile, and the idea of judging by short windows:
//! the PREP pipeline (Bigdely-Shamlo et al., 2015, *Front. Neuroinform.* 9:16) and its Python port pyprep (Appelhoff et
//! al.). A channel judged interval by interval against thresholds: FASTER (Nolan et al., 2010, *J. Neurosci. Methods*
//! 192:152) and autoreject (Jas et al., 2017, *NeuroImage* 159:417). Spectrum of muscle, flat or rising above 20 Hz where
//! that of EEG falls: Goncharova et al., 2003, *Clin. Neurophysiol.* 114:1580. Unlike PREP, which takes
//! z-scores over channels, all measures but correlation are absolute: they do not change with the montage, and work with
//! one channel.

mod figures;
#[cfg(test)]
mod golden_tests;
mod history;
mod partners;
mod powers;
mod reason;
mod settings;
#[cfg(test)]
mod signals;
mod spectrum;
mod tally;
mod thin;
mod verdict;
mod watch;
#[cfg(test)]
mod watch_tests;

pub use figures::Figures;
pub use history::History;
pub use partners::Neighbours;
pub use reason::{Reason, Reasons};
pub use settings::{QualitySettings, Threshold};
pub use watch::Quality;
