//! From the stream's rate to the model's: a polyphase resampler by a ratio of whole numbers.
//!
//! Owns the ratio, its filter and the frames under it; runs on the thread that owns a [`Resampler`] (acquisition).
//! Invariant: what comes out depends on the frames and gaps alone, not on how the frames were cut into blocks, and frame
//! m of what comes out is the signal at frame m · down / up of the source, whatever the filter waits for.
//!
//! **Design.** One low-pass at `up` times the source's rate, a sinc under a Kaiser window (Kaiser, 1974), of which each
//! output needs every `up`th tap (Crochiere and Rabiner, 1983). It is symmetric, so that all frequencies keep their place
//! in time. With r the slower of both rates:
//!
//! | | |
//! |---|---|
//! | pass-band | to 0.4 r, within 0.001 |
//! | stop-band | from 0.5 r on, below −80 dB: nothing folds back |
//! | half width | 26 periods of the slower rate; so long after its moment a frame comes out (0.104 s at 250 Hz) |
//! | taps an output | 53 and, downwards, as many times more as the rate falls |
//!
//! The taps of each output sum to 1: an offset passes as it is, however large. Sums are taken in double precision.

mod between;
mod lowpass;
mod polyphase;
mod ratio;
#[cfg(test)]
mod tests;

pub use between::Between;
pub use polyphase::Resampler;
pub use ratio::Ratio;
