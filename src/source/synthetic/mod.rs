//! A synthetic brain: EEG from a seeded generative model, for demonstrations, tests and benchmarks without a rig.
//!
//! Owns the model's state; the thread that fills blocks runs it. Invariant: the same seed, channels and rate give the
//! same samples, whatever the sizes of the blocks that ask for them.
//!
//! The signal of each channel is a sum, in microvolts:
//!
//! | part | model | where | when | source |
//! |---|---|---|---|---|
//! | background | 1/f noise, part of it shared between neighbours, 10 µV rms | everywhere | always | Donoghue et al. 2020; Nunez and Srinivasan 2006 |
//! | alpha | noise-driven resonance at about 10 Hz, waxing and waning, 22 µV rms | occipital | eyes closed | Berger 1929; Zetterberg 1969 |
//! | theta | the same at about 5.5 Hz, 15 µV rms | fronto-central | drowsy | Iber et al. 2007 (AASM, stage N1) |
//! | blinks | a bump of 0.25–0.4 s and 80–150 µV, about 17 a minute | frontal | eyes open | Bentivoglio et al. 1997; Croft and Barry 2000 |
//! | spikes and waves | 3.3 slowing to 2.7 Hz, 170 µV from peak to peak | everywhere, most frontal | seizure-like burst | Gibbs, Davis and Lennox 1935 |
//! | line noise | a sine of 50 Hz and 0.5–2 µV | everywhere | always | |
//!
//! The states follow a script of three minutes that repeats for ever ([`SCRIPT`]); each begins with a marker.

mod artefact;
mod background;
mod brain;
mod burst;
mod electrodes;
mod export;
mod rhythm;
mod states;

pub use brain::SyntheticBrain;
pub use export::{SyntheticRecording, write_edf};
pub use states::{BrainState, CYCLE_S, SCRIPT, Stretch};
