//! Windows around markers.
//!
//! Owned by a consumer's thread. Invariant: one window for each marker that matches, in the order of the markers, as soon
//! as its last frame is there; none that spans a gap or lacks a frame: such a marker is counted as rejected.

use super::Pattern;
use crate::ring::{FrameReader, MarkerReader, Passage};
use crate::signal::Marker;
use std::collections::VecDeque;

/// Where windows lie around their markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From the marker to the first frame; below 0 for windows that begin before it.
    pub from: i64,
    /// Frames of a window, at least one.
    pub length: usize,
}

impl Span {
    /// Frames before the newest one that a marker which is still to come may need.
    #[must_use]
    pub fn before(&self) -> usize {
        usize::try_from(-self.from).unwrap_or(0)
    }
}

/// Cuts windows round the markers that match.
#[derive(Debug)]
pub struct Around {
    span: Span,
    pattern: Pattern,
    markers: MarkerReader,
    /// Frames by which a marker may come later than its own.
    late: usize,
    /// Matching markers whose windows are still to come, in order of their frames.
    pending: VecDeque<Marker>,
    rejected: u64,
}

impl Around {
    /// Before the first marker.
    #[must_use]
    pub fn new(span: Span, pattern: Pattern, markers: MarkerReader) -> Self {
        Self { span, pattern, markers, late: 0, pending: VecDeque::new(), rejected: 0 }
    }

    /// The same for markers that may come up to so many frames after their own, as those of live streams and of keys do:
    /// these frames are held back. Markers that come out of order by more than a window's first frame are rejected.
    #[must_use]
    pub fn with_late_markers(self, late: usize) -> Self {
        Self { late, ..self }
    }

    /// Frames before the newest one that are held back.
    fn held(&self) -> usize {
        self.span.before() + self.late
    }

    /// Matching markers round which no window could be made: a frame of it was missing.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// The next window with its marker, in place, or nothing until more frames have come.
    pub fn next<'a>(&mut self, reader: &'a mut FrameReader) -> Option<(Passage<'a>, Marker)> {
        if !self.advance(reader) {
            return None;
        }
        let marker = self.pending.pop_front()?;
        Some((reader.peek(self.span.length)?, marker))
    }

    /// True if the frames at the reader's head are those of the first pending marker.
    fn advance(&mut self, reader: &mut FrameReader) -> bool {
        loop {
            // Markers are looked at after frames: those of every frame in sight have come by then.
            let at_gap = reader.before_gap();
            let (head, ready) = reader.ready();
            let end = head + ready as u64;
            self.listen();
            while let Some(first) = self.pending.front().map(|marker| self.first_of(marker)) {
                let is_gone = first < Some(head);
                let is_cut = at_gap && first < Some(end) && first.is_some_and(|f| f + self.span.length as u64 > end);
                if is_gone || is_cut {
                    self.rejected += 1;
                    self.pending.pop_front();
                } else if let Some(first) = first.filter(|f| f + self.span.length as u64 <= end) {
                    reader.commit((first - head) as usize);
                    return true;
                } else {
                    break;
                }
            }
            let wanted = self.pending.front().and_then(|marker| self.first_of(marker)).unwrap_or(u64::MAX);
            let behind = if at_gap { 0 } else { self.held() as u64 };
            let keep_from = end.saturating_sub(behind).min(wanted);
            reader.commit(keep_from.saturating_sub(head) as usize);
            if !at_gap {
                return false;
            }
        }
    }

    /// Passes over all but the newest `keep` frames, which count as lost.
    pub fn catch_up(&mut self, reader: &mut FrameReader, keep: usize) -> u64 {
        reader.skip_to_newest(keep.max(self.held()))
    }

    /// Takes out all that is left at the end of the stream; markers that still wait are rejected.
    pub fn finish(&mut self, reader: &mut FrameReader) {
        while self.next(reader).is_some() {}
        self.rejected += self.pending.drain(..).count() as u64;
        let rest = reader.ready().1;
        reader.commit(rest);
    }

    /// Number of the first frame of a marker's window; none if that lies before the stream's.
    fn first_of(&self, marker: &Marker) -> Option<u64> {
        marker.frame.checked_add_signed(self.span.from)
    }

    fn listen(&mut self) {
        while let Some(marker) = self.markers.pop() {
            if self.pattern.matches(&marker.text) {
                let place = self.pending.partition_point(|other| other.frame <= marker.frame);
                self.pending.insert(place, marker);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring;
    use crate::signal::Stamp;
    use proptest::prelude::*;

    fn marker(frame: u64, text: &str) -> Marker {
        Marker { frame, duration_s: None, text: text.to_owned() }
    }

    fn starts(around: &mut Around, reader: &mut FrameReader) -> Vec<(u64, u64)> {
        std::iter::from_fn(|| around.next(reader).map(|(window, marker)| (window.first, marker.frame))).collect()
    }

    fn rig(from: i64, length: usize) -> (ring::MarkerWriter, ring::FrameWriter, FrameReader, Around) {
        let (writer, reader) = ring::frames(1, 100.0, 1000, 1000);
        let (says, hears) = ring::markers(64);
        let around = Around::new(Span { from, length }, Pattern::parse("/^T[12]$/").unwrap(), hears);
        (says, writer, reader, around)
    }

    #[test]
    fn a_window_comes_with_its_last_frame_and_others_are_passed_over() {
        let (mut says, mut writer, mut reader, mut around) = rig(-5, 10);
        let mut push = |first, frames: usize| writer.push(&vec![0.0; frames], first, Stamp(0.0), Stamp(0.0));
        says.push(marker(3, "T1"));
        says.push(marker(20, "T0"));
        says.push(marker(22, "T2"));
        says.push(marker(24, "T1"));
        push(0, 26);
        assert_eq!(starts(&mut around, &mut reader), [], "the first begins before the stream");
        push(26, 1);
        assert_eq!(starts(&mut around, &mut reader), [(17, 22)]);
        push(27, 40);
        assert_eq!(starts(&mut around, &mut reader), [(19, 24)], "windows may overlap");
        // A late one, whose frames are still there, since one at the newest frame would need them.
        says.push(marker(67, "T1"));
        push(67, 20);
        assert_eq!(starts(&mut around, &mut reader), [(62, 67)]);
        around.finish(&mut reader);
        assert_eq!((around.rejected(), reader.left(), reader.counts().consumed()), (1, 0, 87));
    }

    #[test]
    fn late_markers_get_their_windows_where_frames_are_held_for_them() {
        let (mut says, mut writer, mut reader, around) = rig(0, 10);
        let mut around = around.with_late_markers(30);
        let mut push = |first, frames: usize| writer.push(&vec![0.0; frames], first, Stamp(0.0), Stamp(0.0));
        push(0, 100);
        assert_eq!(starts(&mut around, &mut reader), []);
        for frame in [69, 70, 99] {
            says.push(marker(frame, "T1"));
        }
        push(100, 5);
        assert_eq!(starts(&mut around, &mut reader), [(70, 70)], "69 came later than that");
        push(105, 4);
        assert_eq!(starts(&mut around, &mut reader), [(99, 99)]);
        around.finish(&mut reader);
        assert_eq!((around.rejected(), reader.left()), (1, 0));
    }

    #[test]
    fn no_window_spans_a_gap() {
        let (mut says, mut writer, mut reader, mut around) = rig(-5, 10);
        let mut push = |first, frames: usize| writer.push(&vec![0.0; frames], first, Stamp(0.0), Stamp(0.0));
        for frame in [44, 48, 70, 103, 105, 110, 199] {
            says.push(marker(frame, "T1"));
        }
        push(0, 50);
        push(100, 100);
        // 48 would need frames up to 52; 70 lies in the gap; 103 would need frames from 98 on.
        assert_eq!(starts(&mut around, &mut reader), [(39, 44), (100, 105), (105, 110)]);
        around.finish(&mut reader);
        assert_eq!((around.rejected(), reader.left()), (4, 0), "the last would need frames beyond the end");
    }

    proptest! {
        /// However frames are cut into blocks, the same markers get the same windows.
        #[test]
        fn blocks_do_not_matter(
            frames in prop::collection::btree_set(0u64..400, 0..30),
            cuts in prop::collection::vec(1usize..60, 1..10),
            (from, length) in (-40i64..40, 1usize..60),
        ) {
            let (mut says, mut writer, mut reader, mut around) = rig(from, length);
            let mut seen = Vec::new();
            let (mut next, mut cuts) = (0u64, cuts.iter().cycle());
            while next < 400 {
                let count = (*cuts.next().unwrap() as u64).min(400 - next);
                frames.range(next..next + count).for_each(|&frame| says.push(marker(frame, "T2")));
                writer.push(&vec![0.0; count as usize], next, Stamp(0.0), Stamp(0.0));
                next += count;
                seen.extend(starts(&mut around, &mut reader));
            }
            around.finish(&mut reader);
            let whole: Vec<(u64, u64)> = frames
                .iter()
                .filter_map(|&frame| Some((frame.checked_add_signed(from)?, frame)))
                .filter(|(first, _)| first + length as u64 <= 400)
                .collect();
            prop_assert_eq!(around.rejected() as usize, frames.len() - whole.len());
            prop_assert_eq!(seen, whole);
        }
    }
}
