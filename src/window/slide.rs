//! Slides a window over a ring.
//!
//! Owned by a consumer's thread. Invariant: a window never spans a gap, and starts `hop` frames after the one before it
//! or at the first frame after a gap.

use crate::ring::{FrameReader, Passage};

/// Cuts windows of `length` frames every `hop` frames.
#[derive(Clone, Debug)]
pub struct Slide {
    length: usize,
    hop: usize,
    /// Frames of the last window that are still to be taken out of the ring.
    owed: usize,
    rejected: u64,
    gaps: u64,
}

impl Slide {
    /// A slide before its first window.
    ///
    /// # Panics
    /// If length or hop are 0: the plan does not let that through.
    #[must_use]
    pub fn new(length: usize, hop: usize) -> Self {
        assert!(length > 0 && hop > 0, "windows and hops have at least one frame");
        Self { length, hop, owed: 0, rejected: 0, gaps: 0 }
    }

    /// Windows that were not made because they would have spanned a gap.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Gaps met so far: a window after another count belongs to another stretch of signal.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// True if [`Slide::next`] would give a window, having taken out what stands in its way.
    pub fn advance(&mut self, reader: &mut FrameReader) -> bool {
        loop {
            let ready = reader.ready().1;
            let paid = self.owed.min(ready);
            reader.commit(paid);
            self.owed -= paid;
            let rest = ready - paid;
            if self.owed == 0 && rest >= self.length {
                return true;
            }
            if !reader.before_gap() {
                return false;
            }
            // Every window that would start in the rest would span the gap.
            self.rejected += rest.div_ceil(self.hop) as u64;
            self.gaps += 1;
            self.owed = 0;
            reader.commit(rest);
        }
    }

    /// The next window, in place, or nothing until more frames have come.
    pub fn next<'a>(&mut self, reader: &'a mut FrameReader) -> Option<Passage<'a>> {
        if !self.advance(reader) {
            return None;
        }
        self.owed = self.hop;
        reader.peek(self.length)
    }

    /// Passes over all but the newest `keep` frames, which count as lost; the next window starts among these.
    pub fn catch_up(&mut self, reader: &mut FrameReader, keep: usize) -> u64 {
        // What the last window has shown is taken out first: it was not lost.
        self.advance(reader);
        let lost = reader.skip_to_newest(keep);
        if lost > 0 {
            self.owed = 0;
        }
        lost
    }

    /// Takes out all that is left at the end of the stream; no window fits into it.
    pub fn finish(&mut self, reader: &mut FrameReader) {
        while self.next(reader).is_some() {}
        let rest = reader.ready().1;
        reader.commit(rest);
        self.owed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring;
    use crate::signal::Stamp;

    fn starts(slide: &mut Slide, reader: &mut FrameReader) -> Vec<u64> {
        let mut starts = Vec::new();
        while let Some(window) = slide.next(reader) {
            starts.push(window.first);
        }
        starts
    }

    #[test]
    fn windows_never_span_a_gap() {
        let (mut writer, mut reader) = ring::frames(1, 100.0, 1000, 32);
        let mut slide = Slide::new(10, 4);
        let push = |writer: &mut ring::FrameWriter, first: u64, frames: usize| {
            writer.push(&vec![0.0; frames], first, Stamp(0.0), Stamp(0.0))
        };
        push(&mut writer, 0, 25);
        assert_eq!(starts(&mut slide, &mut reader), [0, 4, 8, 12]);
        push(&mut writer, 40, 12);
        assert_eq!(starts(&mut slide, &mut reader), [40]);
        // Windows at 16, 20 and 24 would have spanned the gap.
        assert_eq!((slide.rejected(), slide.gaps()), (3, 1));
        slide.finish(&mut reader);
        assert_eq!(reader.left(), 0);
        assert_eq!(reader.counts().consumed(), 37);
    }

    #[test]
    fn a_hop_beyond_the_length_passes_frames_over() {
        let (mut writer, mut reader) = ring::frames(1, 100.0, 1000, 32);
        let mut slide = Slide::new(3, 10);
        for first in (0..30).step_by(5) {
            writer.push(&[0.0; 5], first, Stamp(0.0), Stamp(0.0));
        }
        assert_eq!(starts(&mut slide, &mut reader), [0, 10, 20]);
    }
}
