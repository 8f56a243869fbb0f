//! Windows: cutting them out of a ring, judging them, and drawing augmented views of them.
//!
//! Plain structs that a consumer's thread owns. A window is `[C, T]` to users and lies `[T, C]` in memory.

mod around;
mod augment;
mod cutter;
mod labels;
mod pattern;
mod quality;
mod slide;

pub use around::{Around, Span};
pub use augment::{Augmentation, AugmentationStep, Augmenter, Drawn, Key, Preset, WindowShape};
pub use cutter::Cutter;
pub use labels::{Labelled, Labels};
pub use pattern::Pattern;
pub use quality::{Judge, MAX_CLIPPED_SHARE};
pub use slide::Slide;
