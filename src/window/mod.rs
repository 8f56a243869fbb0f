//! Windows: cutting them out of a ring, judging them, and drawing augmented views of them.
//!
//! Plain structs that a consumer's thread owns. A window is `[C, T]` to users and lies `[T, C]` in memory.

mod augment;
mod quality;
mod slide;

pub use augment::{Augmentation, AugmentationStep, Augmenter, Drawn, Key, Preset, WindowShape};
pub use quality::{MAX_CLIPPED_SHARE, is_learnable};
pub use slide::Slide;
