//! How the windows that are served are cut: at equal steps, or round markers.
//!
//! Owned by the encoder's thread. Invariant: that of the two, [`Slide`] and [`Around`].

use super::{Around, Slide};
use crate::ring::{FrameReader, Passage};
use crate::signal::Marker;

/// Cuts windows out of a ring.
#[derive(Debug)]
pub enum Cutter {
    /// One every hop.
    Slide(Slide),
    /// One round each marker that matches.
    Around(Around),
}

impl Cutter {
    /// The next window, in place, with its marker where it has one; nothing until more frames have come.
    pub fn next<'a>(&mut self, reader: &'a mut FrameReader) -> Option<(Passage<'a>, Option<Marker>)> {
        match self {
            Self::Slide(slide) => slide.next(reader).map(|window| (window, None)),
            Self::Around(around) => around.next(reader).map(|(window, marker)| (window, Some(marker))),
        }
    }

    /// Windows that were not made because frames of them are missing.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        match self {
            Self::Slide(slide) => slide.rejected(),
            Self::Around(around) => around.rejected(),
        }
    }

    /// Passes over all but the newest `keep` frames, which count as lost.
    pub fn catch_up(&mut self, reader: &mut FrameReader, keep: usize) -> u64 {
        match self {
            Self::Slide(slide) => slide.catch_up(reader, keep),
            Self::Around(around) => around.catch_up(reader, keep),
        }
    }

    /// Takes out all that is left at the end of the stream.
    pub fn finish(&mut self, reader: &mut FrameReader) {
        match self {
            Self::Slide(slide) => slide.finish(reader),
            Self::Around(around) => around.finish(reader),
        }
    }
}
