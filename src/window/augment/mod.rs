//! Augmented views of windows.
//!
//! Plain values and one struct that the trainer's thread owns. An [`Augmentation`] is what a user lists; from it
//! [`Drawn`] numbers are drawn; these alone change a window. Invariant: a view is a pure function of the window (and, for
//! mixup, of its partner), the seed, the draw's number and the view's, so that any view can be made again.

mod augmentation;
mod augmenter;
mod channels;
mod drawn;
mod key;
mod level;
mod mask;
mod preset;
mod spectral;
mod time;
mod words;
mod workspace;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;

pub use augmentation::{Augmentation, AugmentationStep, WindowShape};
pub use augmenter::Augmenter;
pub use drawn::Drawn;
pub use key::Key;
pub use preset::Preset;
